"""Features of devices, phones and contacts shared with others, directly and through them, and of how these fared."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from features.declaration import REASON_GROUPS, Direction, Meaning
from features.expression import of, ratio
from features.feature import Feature
from features.linked_groups import LinkedGroup, MeasureName
from features.network_events import SEASONED_DAYS, EventName
from features.rowwise import Rowwise
from features.shared_keys import SharedKey

KEY_WORDS: Final = {
    "device": ("device", "设备"),
    "phone": ("phone", "手机号"),
    "id": ("identity number", "身份证号"),
    "contact": ("emergency contact", "紧急联系人"),
}
EVENT_WORDS: Final[dict[EventName, tuple[str, str]]] = {
    "applicants": ("Other applicants before with the same {key}", "此前使用相同{key}的其他申请人数"),
    "applications": (
        "Applications of others with the same {key} in the last {days} days",
        "近{days}天使用相同{key}的他人申请次数",
    ),
    "declined": ("Other applicants declined before with the same {key}", "此前使用相同{key}且被拒的其他申请人数"),
    "bad_30dpd": (
        "Other applicants with the same {key} known to have stood 30 days past due",
        "使用相同{key}且已知逾期30天的其他申请人数",
    ),
    "bad_60dpd": (
        "Other applicants with the same {key} known to have stood 60 days past due",
        "使用相同{key}且已知逾期60天的其他申请人数",
    ),
}


def _meaning(en: str, zh: str, null: str, *, direction: Direction = 1, unit: str = "") -> Meaning:
    return Meaning(
        source="network",
        direction=direction,
        group=REASON_GROUPS["network"],
        null_means=null,
        en=en,
        zh=zh,
        unit=unit,
    )


def _shared(key: str, event: EventName, days: int | None = None) -> SharedKey:
    (en, zh), (key_en, key_zh) = EVENT_WORDS[event], KEY_WORDS[key]
    meaning = _meaning(
        en.format(key=key_en, days=days),
        zh.format(key=key_zh, days=days),
        f"{key_en} not given"
        + (", or outcomes are not at hand" if event not in {"applicants", "applications"} else ""),
    )
    return SharedKey(key=key, event=event, meaning=meaning, window=timedelta(days=days) if days else None)


SHARED: Final = (
    *(_shared(key, "applicants") for key in KEY_WORDS),
    _shared("device", "applications", 7),
    _shared("device", "applications", 30),
    _shared("phone", "applications", 30),
    _shared("contact", "applications", 30),
    _shared("device", "declined"),
    _shared("contact", "declined"),
    _shared("device", "bad_30dpd"),
    *(_shared(key, "bad_60dpd") for key in ("device", "phone", "contact")),
    _shared("contact", "bad_30dpd"),
    SharedKey(
        key="phone",
        theirs="contact",
        event="applicants",
        meaning=_meaning(
            "Other applicants before who named this phone as their contact",
            "此前将该手机号填为联系人的其他申请人数",
            "phone not given",
            direction=0,
        ),
    ),
    SharedKey(
        key="contact",
        theirs="phone",
        event="applicants",
        meaning=_meaning(
            "Other applicants before whose phone is this applicant's contact",
            "此前以该联系人号码申请的其他申请人数",
            "emergency contact not given",
            direction=0,
        ),
    ),
    SharedKey(
        key="contact",
        theirs="phone",
        event="bad_60dpd",
        meaning=_meaning(
            "Applicants whose phone is this applicant's contact, known to have stood 60 days past due",
            "联系人本人为已知逾期60天的申请人数",
            "emergency contact not given, or outcomes are not at hand",
        ),
    ),
)

GROUP_EN: Final = "linked by device, phone, identity number or contact, directly or through others"
GROUP_ZH: Final = "通过设备、手机号、身份证号或联系人直接或间接关联的"


def _linked(
    measure: MeasureName, en: str, zh: str, *days: int, direction: Direction = 1, unit: str = ""
) -> tuple[LinkedGroup, ...]:
    """Declare a measure of the linked group, once for each window in days; its null law follows from the measure."""
    first = timedelta(days=days[0]) if days else None
    feature = LinkedGroup(measure=measure, meaning=_meaning("", "", ""), window=first)
    null = "no key given" + ("" if feature.without_others == 0 else ", or nobody is linked")
    null += ", or outcomes are not at hand" if feature.tables else ""
    return tuple(
        LinkedGroup(
            measure=measure,
            window=timedelta(days=count) if count else None,
            meaning=_meaning(
                en.format(days=count, linked=GROUP_EN),
                zh.format(days=count, linked=GROUP_ZH),
                null,
                direction=direction,
                unit=unit,
            ),
        )
        for count in days or (0,)
    )


(_GROUP,) = _linked("applicants", "Other applicants {linked}", "{linked}其他申请人数")
_NEW: Final = _linked(
    "new_applicants",
    "Other applicants {linked}, whose first application came in the last {days} days",
    "{linked}、近{days}天首次申请的其他申请人数",
    7,
    30,
    90,
)
(_DECLINED,) = _linked("declined", "Other applicants {linked}, declined before", "{linked}、此前被拒的其他申请人数")
(_BAD,) = _linked(
    "bad_60dpd",
    "Other applicants {linked}, known to have stood 60 days past due",
    "{linked}、已知逾期60天的其他申请人数",
)
(_SEASONED,) = _linked(
    "seasoned",
    f"Other applicants {{linked}}, paid out {SEASONED_DAYS} days before or longer, or known to be bad",
    f"{{linked}}、放款满{SEASONED_DAYS}天或已知逾期60天的其他申请人数",
    direction=0,
)


def _share_of_group(name: str, parts: tuple[LinkedGroup, LinkedGroup], en: str, zh: str, null: str) -> Rowwise:
    return Rowwise(
        stem="network_group",
        column=name,
        expression=ratio(of(parts[0]), of(parts[1])),
        meaning=_meaning(en.format(linked=GROUP_EN), zh.format(linked=GROUP_ZH), null),
        lower=0,
        upper=1,
    )


LINKED: Final[tuple[Feature, ...]] = (
    _GROUP,
    *_NEW,
    _share_of_group(
        "new_applicants_share_30d",
        (_NEW[1], _GROUP),
        "Share of other applicants {linked}, whose first application came in the last 30 days",
        "{linked}其他申请人中近30天首次申请的占比",
        "no key given, or nobody is linked",
    ),
    *_linked(
        "groups_joined",
        "Groups of other applicants, apart until now, that this application joins",
        "本次申请所连接的、此前互不关联的其他申请人群组数",
        direction=0,
    ),
    *_linked("devices", "Devices of the applicants {linked}", "{linked}申请人使用的设备数"),
    *_linked("keys", "Devices, phones and identity numbers of the applicants {linked}", "{linked}申请人的要素总数"),
    _DECLINED,
    _share_of_group(
        "declined_share",
        (_DECLINED, _GROUP),
        "Share of other applicants {linked}, declined before",
        "{linked}其他申请人中此前被拒的占比",
        "no key given, nobody is linked, or outcomes are not at hand",
    ),
    _BAD,
    _share_of_group(
        "bad_60dpd_share",
        (_BAD, _SEASONED),
        f"Share known to stand 60 days past due, of other applicants {{linked}}, paid out {SEASONED_DAYS} days before",
        f"{{linked}}、放款满{SEASONED_DAYS}天的其他申请人中已知逾期60天的占比",
        "no key given, nobody linked was paid out long enough before, or outcomes are not at hand",
    ),
    *_linked(
        "first_days_ago",
        "Days since the first application of the first of the applicants {linked}",
        "距{linked}最早申请人首次申请天数",
        direction=0,
        unit="days",
    ),
    *_linked(
        "last_days_ago",
        "Days since the first application of the latest of the applicants {linked}",
        "距{linked}最新申请人首次申请天数",
        direction=-1,
        unit="days",
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*SHARED, *LINKED)
"""Network features, in the order of the catalogue."""
