"""Features of the watchlist: which keys are listed, by whom, how long ago, and how far that can be trusted."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, DISTINCT, MAX, MIN, SHARE, SUM
from features.expression import column, days_between, when
from features.feature import Feature
from features.history import DAYS_AGO, History, View
from features.network import KEY_WORDS
from features.tables import WATCHLIST
from features.windowed import summed

NONE_LISTED: Final = "none is listed, no key is given, or there is no watchlist"
FORGOTTEN_DAYS: Final = 730
"""Age of a deed, in days, from which an entry says no more about today."""
CONFIDENCE: Final = (
    when(column("source") == "police").then(1.0).otherwise(when(column("source") == "own").then(0.9).otherwise(0.6))
)
"""How far an entry is trusted by its source: the police and our own cases are looked into, the industry's seldom."""
_ACTIVE: Final = column("expires_at").is_null() | (column("expires_at") > column("applied_at"))

LISTED: Final = History(
    stem="watchlist",
    source="network",
    group="network",
    nothing="no key is given, or there is no watchlist",
    view=View(
        table=WATCHLIST,
        matched="key",
        columns={
            **{kind: column("key_type") == kind for kind in KEY_WORDS},
            "active": _ACTIVE,
            "expired": ~_ACTIVE,
            "fraud": column("reason").is_in("fraud", "identity_theft", "agent"),
            "trusted": column("source").is_in("own", "police"),
            "hits": column("key_type"),
            "sources": column("source"),
            "confidence": CONFIDENCE,
            "fresh_confidence": CONFIDENCE * (1 - DAYS_AGO / FORGOTTEN_DAYS).clip(0, 1),
            "older": DAYS_AGO >= 365,
            "days_ago": DAYS_AGO,
            "reported_days_ago": days_between("known_at", "applied_at"),
            "expired_lately": ~_ACTIVE & (days_between("expires_at", "applied_at") < 90),
        },
    ),
)

ON_THE_WATCHLIST: Final = (
    summed(
        LISTED,
        DISTINCT,
        "Keys of the applicant (phone, identity number, device, contact) on the watchlist",
        "命中有效名单的要素数（手机号、身份证、设备、联系人）",
        where="active",
        column="hits",
        direction=1,
    ),
    *(
        summed(
            LISTED,
            COUNT,
            f"Active watchlist entries of the {en}",
            f"{zh}命中的有效名单条数",
            where=("active", kind),
            direction=1,
        )
        for kind, (en, zh) in KEY_WORDS.items()
    ),
    summed(
        LISTED,
        COUNT,
        "Active watchlist entries for fraud, identity theft or coaching",
        "欺诈类有效名单命中条数",
        where=("active", "fraud"),
        direction=1,
    ),
    summed(
        LISTED,
        COUNT,
        "Active watchlist entries of our own or of the police",
        "自有或公安来源有效名单命中条数",
        where=("active", "trusted"),
        direction=1,
    ),
    summed(
        LISTED,
        MIN,
        "Days since the latest deed on an active watchlist entry",
        "距最近一条有效名单事件天数",
        where="active",
        column="days_ago",
        unit="days",
        null=NONE_LISTED,
    ),
    summed(LISTED, COUNT, "Expired watchlist entries", "已过期名单命中条数", where="expired"),
    summed(
        LISTED,
        SUM,
        "Confidence in the active watchlist entries by their sources, added up",
        "有效名单按来源可信度加总",
        where="active",
        column="confidence",
        direction=1,
        null=NONE_LISTED,
    ),
    summed(
        LISTED,
        MAX,
        f"Confidence in the strongest active watchlist entry, fading over {FORGOTTEN_DAYS} days from the deed",
        f"最强有效名单可信度（自事件起{FORGOTTEN_DAYS}天内递减）",
        where="active",
        column="fresh_confidence",
        direction=1,
        null=NONE_LISTED,
    ),
    summed(
        LISTED,
        SHARE,
        "Share of active watchlist entries of our own or of the police",
        "有效名单中自有或公安来源占比",
        where="active",
        column="trusted",
        direction=1,
        null=NONE_LISTED,
    ),
    summed(
        LISTED,
        SHARE,
        "Share of active watchlist entries whose deed is a year old or older",
        "有效名单中事件满一年占比",
        where="active",
        column="older",
        direction=-1,
        null=NONE_LISTED,
    ),
    summed(
        LISTED,
        MIN,
        "Days since the newest active watchlist entry reached us",
        "距最新有效名单入库天数",
        where="active",
        column="reported_days_ago",
        unit="days",
        null=NONE_LISTED,
    ),
    summed(
        LISTED,
        DISTINCT,
        "Sources with an active watchlist entry",
        "命中有效名单的来源数",
        where="active",
        column="sources",
        direction=1,
    ),
    summed(
        LISTED,
        COUNT,
        "Watchlist entries that expired in the last 90 days",
        "近90天过期的名单命中条数",
        where="expired_lately",
    ),
)

FEATURES: Final[tuple[Feature, ...]] = ON_THE_WATCHLIST
"""Features of the watchlist, in the order of the catalogue."""
