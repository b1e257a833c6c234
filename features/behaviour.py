"""Features of how the applicant used the app or the site before handing in the application."""

from __future__ import annotations

from typing import Final

import polars as pl

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, SHARE, SUM, Aggregate
from features.declaration import REASON_GROUPS, Direction, Meaning
from features.feature import Feature
from features.history import DAYS_AGO, NIGHT, History, View
from features.rowwise import Rowwise, of, ratio
from features.tables import BEHAVIOUR_EVENTS, EVENT_KINDS
from features.windowed import Windowed, over

BEHAVIOUR: Final = History(
    stem="behaviour",
    view=View(
        table=BEHAVIOUR_EVENTS,
        columns={
            **{kind: pl.col("kind") == kind for kind in EVENT_KINDS},
            "night": NIGHT,
            "edit": pl.col("kind").is_in(["edit_income", "edit_contact", "edit_employer"]),
            "other_device": pl.col("device_id") != pl.col("this_device_id"),
            "sessions": pl.col("session_id"),
            "devices": pl.col("device_id"),
            "active_days": pl.col("local_happened_at").dt.date(),
            "days_ago": DAYS_AGO,
        },
    ),
)


def _meaning(en: str, zh: str, *, null: str = "", direction: Direction = 0, unit: str = "") -> Meaning:
    return Meaning(
        source="behaviour",
        direction=direction,
        group=REASON_GROUPS["application_conduct"],
        null_means=null or "no event of the applicant is known",
        en=en,
        zh=zh,
        unit=unit,
        changeable=True,
    )


def _events(
    aggregate: Aggregate, meaning: Meaning, *days: int, where: tuple[str, ...] = (), column: str = ""
) -> tuple[Windowed, ...]:
    feature = Windowed(history=BEHAVIOUR, aggregate=aggregate, meaning=meaning, where=where, column=column)
    return over(feature, *days) if days else (feature,)


NONE_IN_WINDOW: Final = "no such event in the window, or no event of the applicant is known"

ACTIVITY: Final = (
    *_events(COUNT, _meaning("Events in the last {days} days", "近{days}天操作次数"), 1, 7, 30),
    *_events(DISTINCT, _meaning("Sessions in the last {days} days", "近{days}天会话数"), 1, 7, 30, column="sessions"),
    *_events(
        DISTINCT,
        _meaning("Local days with any event in the last {days} days", "近{days}天活跃天数", unit="days"),
        30,
        90,
        column="active_days",
    ),
    *_events(
        SUM,
        _meaning("Time spent in the last {days} days", "近{days}天停留总时长", unit="seconds", null=NONE_IN_WINDOW),
        1,
        30,
        column="seconds",
    ),
    *_events(
        MAX,
        _meaning("Days since the first event", "距首次访问天数", unit="days"),
        column="days_ago",
    ),
    *_events(
        SHARE,
        _meaning(
            "Share of events between midnight and six o'clock in the last {days} days",
            "近{days}天凌晨(零点至六点)操作占比",
            null=NONE_IN_WINDOW,
        ),
        7,
        30,
        column="night",
    ),
)

DEVICES: Final = (
    *_events(
        DISTINCT, _meaning("Devices used in the last {days} days", "近{days}天使用设备数"), 30, 180, column="devices"
    ),
    *_events(
        SHARE,
        _meaning(
            "Share of events on another device than the application's in the last {days} days",
            "近{days}天非申请设备操作占比",
            null="no event in the window with a known device, or no event of the applicant is known",
        ),
        30,
        column="other_device",
    ),
)

FORM_FILLING: Final = (
    *_events(
        COUNT,
        _meaning("Edits of the stated income in the last {days} days", "近{days}天修改收入次数", direction=1),
        1,
        30,
        where=("edit_income",),
    ),
    *_events(
        COUNT,
        _meaning("Edits of the employer in the last {days} days", "近{days}天修改单位次数"),
        30,
        where=("edit_employer",),
    ),
    *_events(
        COUNT,
        _meaning("Edits of the contact in the last {days} days", "近{days}天修改联系人次数"),
        30,
        where=("edit_contact",),
    ),
    *_events(
        COUNT,
        _meaning("Times the identity number was pasted in the last {days} days", "近{days}天粘贴身份证号次数"),
        30,
        where=("paste_id",),
    ),
    *_events(
        COUNT,
        _meaning("Times the identity number was typed in the last {days} days", "近{days}天手输身份证号次数"),
        30,
        where=("type_id",),
    ),
    *_events(COUNT, _meaning("Uploads in the last {days} days", "近{days}天上传次数"), 30, where=("upload",)),
)

HESITATION: Final = (
    *_events(
        COUNT,
        _meaning("Views of the terms in the last {days} days", "近{days}天查看条款次数"),
        30,
        where=("view_terms",),
    ),
    *_events(
        SUM,
        _meaning(
            "Time spent on the terms in the last {days} days",
            "近{days}天阅读条款总时长",
            unit="seconds",
            null=NONE_IN_WINDOW,
        ),
        30,
        where=("view_terms",),
        column="seconds",
    ),
    *_events(
        MEAN,
        _meaning(
            "Mean time per view of the terms in the last {days} days",
            "近{days}天单次阅读条款平均时长",
            unit="seconds",
            null=NONE_IN_WINDOW,
        ),
        30,
        where=("view_terms",),
        column="seconds",
    ),
    *_events(
        COUNT,
        _meaning("Uses of the calculator in the last {days} days", "近{days}天使用计算器次数"),
        30,
        where=("calculator",),
    ),
    *_events(
        COUNT,
        _meaning("Applications abandoned in the last {days} days", "近{days}天中途放弃次数"),
        7,
        30,
        where=("abandon",),
    ),
    *_events(
        COUNT, _meaning("Returns to the form in the last {days} days", "近{days}天返回填写次数"), 30, where=("return",)
    ),
    *_events(COUNT, _meaning("Logins in the last {days} days", "近{days}天登录次数"), 7, 30, where=("login",)),
)

_WEEK, _MONTH = _events(COUNT, _meaning("events in {days} days", "{days}天操作"), 7, 30)
(_SESSIONS,) = _events(DISTINCT, _meaning("sessions in {days} days", "{days}天会话"), 30, column="sessions")
(_EDITS,) = _events(COUNT, _meaning("edits in {days} days", "{days}天修改"), 30, where=("edit",))
(_PASTES,) = _events(COUNT, _meaning("pastes in {days} days", "{days}天粘贴"), 30, where=("paste_id",))
(_TYPES,) = _events(COUNT, _meaning("typings in {days} days", "{days}天手输"), 30, where=("type_id",))

PATTERNS: Final = (
    Rowwise(
        stem=BEHAVIOUR.stem,
        column="week_share_of_month",
        inputs=(_WEEK, _MONTH),
        expression=ratio(of(_WEEK), of(_MONTH)),
        meaning=_meaning(
            "Share of the last 30 days' events that fall in the last 7", "近7天操作占近30天比例", null=NONE_IN_WINDOW
        ),
        lower=0,
        upper=1,
    ),
    Rowwise(
        stem=BEHAVIOUR.stem,
        column="events_per_session_30d",
        inputs=(_MONTH, _SESSIONS),
        expression=ratio(of(_MONTH), of(_SESSIONS)),
        meaning=_meaning("Events per session in the last 30 days", "近30天平均每次会话操作数", null=NONE_IN_WINDOW),
        lower=1,
    ),
    Rowwise(
        stem=BEHAVIOUR.stem,
        column="edits_per_session_30d",
        inputs=(_EDITS, _SESSIONS),
        expression=ratio(of(_EDITS), of(_SESSIONS)),
        meaning=_meaning(
            "Edits of the form per session in the last 30 days", "近30天平均每次会话修改数", null=NONE_IN_WINDOW
        ),
        lower=0,
    ),
    Rowwise(
        stem=BEHAVIOUR.stem,
        column="paste_share_30d",
        inputs=(_PASTES, _TYPES),
        expression=ratio(of(_PASTES), of(_PASTES) + of(_TYPES)),
        meaning=_meaning(
            "Share of entries of the identity number that were pasted in the last 30 days",
            "近30天身份证号粘贴占比",
            null="the number was neither pasted nor typed in the window, or no event of the applicant is known",
        ),
        lower=0,
        upper=1,
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*ACTIVITY, *DEVICES, *FORM_FILLING, *HESITATION, *PATTERNS)
"""Features of behaviour, in the order of the catalogue."""
