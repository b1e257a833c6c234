"""Features of when the applicant used the app or the site: hours, pauses, haste, and what is new of late."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, MIN, SHARE
from features.behaviour import BEHAVIOUR, NONE_IN_WINDOW
from features.expression import of, ratio
from features.feature import Feature
from features.rowwise import derived
from features.windowed import summed, windows

HOURS: Final = (
    *windows(
        BEHAVIOUR,
        DISTINCT,
        "Hours of the day with any event in the last {days} days",
        "近{days}天活跃时段数（小时）",
        *(30, 90),
        column="hours",
    ),
    *windows(
        BEHAVIOUR,
        SHARE,
        "Share of events in working hours in the last {days} days",
        "近{days}天工作时间操作占比",
        30,
        column="working",
    ),
    *windows(
        BEHAVIOUR,
        SHARE,
        "Share of events on weekends in the last {days} days",
        "近{days}天周末操作占比",
        90,
        column="weekend",
    ),
)

_DEVICES: Final = of(summed(BEHAVIOUR, DISTINCT, column="devices"))
_OLDER_DEVICES: Final = of(summed(BEHAVIOUR, DISTINCT, column="older_devices"))

NEW: Final[tuple[Feature, ...]] = (
    summed(
        BEHAVIOUR,
        MIN,
        "Days since the last visit before the day of the application",
        "申请日之前最近一次访问距今天数",
        where="before_today",
        column="days_ago",
        unit="days",
    ),
    summed(
        BEHAVIOUR,
        MAX,
        "Days since the first event on the application's device",
        "申请设备首次使用距今天数",
        where="this_device",
        column="days_ago",
        unit="days",
        null=f"no event on the application's device is known, the device was not seen, or {BEHAVIOUR.nothing}",
    ),
    derived(
        BEHAVIOUR,
        "new_devices_7d",
        _DEVICES - _OLDER_DEVICES,
        "Devices that were used in the last 7 days and never before",
        "近7天首次出现的设备数",
    ),
)

HASTE: Final = (
    *windows(
        BEHAVIOUR,
        MAX,
        "Minutes from the first event of the last {days} days to the application",
        "近{days}天首次操作至提交申请的分钟数",
        1,
        column="minutes_ago",
        unit="minutes",
    ),
    *windows(
        BEHAVIOUR,
        MIN,
        "Minutes from the last event to the application, in the last {days} days",
        "近{days}天末次操作至提交申请的分钟数",
        1,
        column="minutes_ago",
        unit="minutes",
    ),
    *windows(
        BEHAVIOUR,
        MIN,
        "Minutes from the last view of the terms to the application, in the last {days} days",
        "近{days}天末次查看条款至提交申请的分钟数",
        7,
        where="view_terms",
        column="minutes_ago",
        unit="minutes",
    ),
    *windows(
        BEHAVIOUR,
        MEAN,
        "Mean time per event in the last {days} days",
        "近{days}天单次操作平均时长",
        *(1, 30),
        column="seconds",
        unit="seconds",
    ),
    *windows(
        BEHAVIOUR,
        MAX,
        "Longest time on one event in the last {days} days",
        "近{days}天单次操作最长时长",
        1,
        column="seconds",
        unit="seconds",
    ),
    *windows(BEHAVIOUR, COUNT, "Edits of the form in the last {days} days", "近{days}天修改表单次数", 1, where="edit"),
)

_DAY, _WEEK, _QUARTER = (of(summed(BEHAVIOUR, COUNT, days=days)) for days in (1, 7, 90))
_ACTIVE: Final = of(summed(BEHAVIOUR, DISTINCT, days=90, column="active_days"))
_FIRST, _LAST = (of(summed(BEHAVIOUR, aggregate, days=90, column="days_ago")) for aggregate in (MAX, MIN))
_ABANDONED: Final = of(summed(BEHAVIOUR, COUNT, days=90, where="abandon"))
_SESSIONS: Final = of(summed(BEHAVIOUR, DISTINCT, days=90, column="sessions"))

TRENDS: Final = (
    derived(
        BEHAVIOUR,
        "day_share_of_week",
        ratio(_DAY, _WEEK),
        "Share of the last 7 days' events that fall in the last day",
        "近1天操作占近7天比例",
        null=NONE_IN_WINDOW,
        upper=1,
    ),
    derived(
        BEHAVIOUR,
        "week_rate_to_quarter",
        ratio(_WEEK * 90, _QUARTER * 7),
        "Events a day in the last 7 days over those in the last 90",
        "近7天与近90天日均操作次数之比",
        null=NONE_IN_WINDOW,
    ),
    derived(
        BEHAVIOUR,
        "days_between_active_days_90d",
        ratio(_FIRST - _LAST, _ACTIVE - 1),
        "Mean days between days with any event, in the last 90 days",
        "近90天平均活跃间隔天数",
        null=f"fewer than two days with an event in the last 90, or {BEHAVIOUR.nothing}",
        unit="days",
    ),
    derived(
        BEHAVIOUR,
        "abandons_per_session_90d",
        ratio(_ABANDONED, _SESSIONS),
        "Applications abandoned per session in the last 90 days",
        "近90天平均每次会话放弃次数",
        null=NONE_IN_WINDOW,
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*HOURS, *NEW, *HASTE, *TRENDS)
"""Features of rhythm, in the order of the catalogue."""
