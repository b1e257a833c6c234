"""Features of how the applicant used the app or the site before handing in the application."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, SHARE, SUM
from features.expression import between, column, of, ratio, when
from features.feature import Feature
from features.history import DAYS_AGO, NIGHT, History, View
from features.rowwise import derived
from features.tables import BEHAVIOUR_EVENTS, EVENT_KINDS
from features.windowed import summed, windows

_WORKING: Final = (
    (column("happened_at").local_weekday() <= 5)
    & (column("happened_at").local_hour() >= 9)
    & (column("happened_at").local_hour() < 18)
)

BEHAVIOUR: Final = History(
    stem="behaviour",
    source="behaviour",
    group="application_conduct",
    nothing="no event of the applicant is known",
    changeable=True,
    view=View(
        table=BEHAVIOUR_EVENTS,
        columns={
            **{kind: column("kind") == kind for kind in EVENT_KINDS},
            "night": NIGHT,
            "edit": column("kind").is_in("edit_income", "edit_contact", "edit_employer"),
            "other_device": column("device_id") != column("this_device_id"),
            "sessions": column("session_id"),
            "devices": column("device_id"),
            "active_days": column("happened_at").local_date(),
            "days_ago": DAYS_AGO,
            "minutes_ago": between("happened_at", "applied_at", "minutes"),
            "before_today": column("happened_at").local_date() != column("applied_at").local_date(),
            "hours": column("happened_at").local_hour(),
            "working": _WORKING,
            "weekend": column("happened_at").local_weekday() >= 6,
            "this_device": column("device_id") == column("this_device_id"),
            "older_devices": when(DAYS_AGO >= 7).then(column("device_id")),
        },
    ),
)

ACTIVITY: Final = (
    *windows(BEHAVIOUR, COUNT, "Events in the last {days} days", "近{days}天操作次数", 1, 7, 30),
    *windows(BEHAVIOUR, DISTINCT, "Sessions in the last {days} days", "近{days}天会话数", 1, 7, 30, column="sessions"),
    *windows(
        BEHAVIOUR,
        DISTINCT,
        "Local days with any event in the last {days} days",
        "近{days}天活跃天数",
        *(30, 90),
        column="active_days",
        unit="days",
    ),
    *windows(
        BEHAVIOUR,
        SUM,
        "Time spent in the last {days} days",
        "近{days}天停留总时长",
        *(1, 30),
        column="seconds",
        unit="seconds",
    ),
    summed(BEHAVIOUR, MAX, "Days since the first event", "距首次访问天数", column="days_ago", unit="days"),
    *windows(
        BEHAVIOUR,
        SHARE,
        "Share of events between midnight and six o'clock in the last {days} days",
        "近{days}天凌晨（零点至六点）操作占比",
        *(7, 30),
        column="night",
    ),
)

DEVICES: Final = (
    *windows(
        BEHAVIOUR, DISTINCT, "Devices used in the last {days} days", "近{days}天使用设备数", 30, 180, column="devices"
    ),
    summed(
        BEHAVIOUR,
        SHARE,
        "Share of events on another device than the application's in the last {days} days",
        "近{days}天非申请设备操作占比",
        days=30,
        column="other_device",
        null="no event in the window with a known device, or no event of the applicant is known",
    ),
)

FORM_FILLING: Final = (
    *windows(
        BEHAVIOUR,
        COUNT,
        "Edits of the stated income in the last {days} days",
        "近{days}天修改收入次数",
        *(1, 30),
        where="edit_income",
        direction=1,
    ),
    *(
        summed(BEHAVIOUR, COUNT, f"{en} in the last {{days}} days", f"近{{days}}天{zh}次数", days=30, where=kind)
        for kind, en, zh in (
            ("edit_employer", "Edits of the employer", "修改单位"),
            ("edit_contact", "Edits of the contact", "修改联系人"),
            ("paste_id", "Times the identity number was pasted", "粘贴身份证号"),
            ("type_id", "Times the identity number was typed", "手输身份证号"),
            ("upload", "Uploads", "上传"),
        )
    ),
)

HESITATION: Final = (
    *windows(
        BEHAVIOUR, COUNT, "Views of the terms in the last {days} days", "近{days}天查看条款次数", 30, where="view_terms"
    ),
    *windows(
        BEHAVIOUR,
        SUM,
        "Time spent on the terms in the last {days} days",
        "近{days}天阅读条款总时长",
        30,
        where="view_terms",
        column="seconds",
        unit="seconds",
    ),
    *windows(
        BEHAVIOUR,
        MEAN,
        "Mean time per view of the terms in the last {days} days",
        "近{days}天单次阅读条款平均时长",
        30,
        where="view_terms",
        column="seconds",
        unit="seconds",
    ),
    *windows(
        BEHAVIOUR,
        COUNT,
        "Uses of the calculator in the last {days} days",
        "近{days}天使用计算器次数",
        30,
        where="calculator",
    ),
    *windows(
        BEHAVIOUR,
        COUNT,
        "Applications abandoned in the last {days} days",
        "近{days}天中途放弃次数",
        *(7, 30),
        where="abandon",
    ),
    *windows(
        BEHAVIOUR, COUNT, "Returns to the form in the last {days} days", "近{days}天返回填写次数", 30, where="return"
    ),
    *windows(BEHAVIOUR, COUNT, "Logins in the last {days} days", "近{days}天登录次数", 7, 30, where="login"),
)

_WEEK, _MONTH = (of(summed(BEHAVIOUR, COUNT, days=days)) for days in (7, 30))
_SESSIONS: Final = of(summed(BEHAVIOUR, DISTINCT, days=30, column="sessions"))
_EDITS, _PASTES, _TYPES = (
    of(summed(BEHAVIOUR, COUNT, days=30, where=kind)) for kind in ("edit", "paste_id", "type_id")
)
NONE_IN_WINDOW: Final = f"no such event in the window, or {BEHAVIOUR.nothing}"

PATTERNS: Final = (
    derived(
        BEHAVIOUR,
        "week_share_of_month",
        ratio(_WEEK, _MONTH),
        "Share of the last 30 days' events that fall in the last 7",
        "近7天操作占近30天比例",
        null=NONE_IN_WINDOW,
        upper=1,
    ),
    derived(
        BEHAVIOUR,
        "events_per_session_30d",
        ratio(_MONTH, _SESSIONS),
        "Events per session in the last 30 days",
        "近30天平均每次会话操作数",
        null=NONE_IN_WINDOW,
        lower=1,
    ),
    derived(
        BEHAVIOUR,
        "edits_per_session_30d",
        ratio(_EDITS, _SESSIONS),
        "Edits of the form per session in the last 30 days",
        "近30天平均每次会话修改数",
        null=NONE_IN_WINDOW,
    ),
    derived(
        BEHAVIOUR,
        "paste_share_30d",
        ratio(_PASTES, _PASTES + _TYPES),
        "Share of entries of the identity number that were pasted in the last 30 days",
        "近30天身份证号粘贴占比",
        null="the number was neither pasted nor typed in the window, or no event of the applicant is known",
        upper=1,
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*ACTIVITY, *DEVICES, *FORM_FILLING, *HESITATION, *PATTERNS)
"""Features of behaviour, in the order of the catalogue."""
