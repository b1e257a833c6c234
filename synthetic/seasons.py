"""How demand moves over days and hours: growth, weekdays, festivals, sales, and the macro shock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from synthetic.clock import LOCAL, Clock
from synthetic.draws import Flags, Floats, Ints
from synthetic.recipe import Calendar

SPRING_FESTIVALS = tuple(
    date.fromisoformat(day)
    for day in (
        "2018-02-16", "2019-02-05", "2020-01-25", "2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10",
        "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-03",
    )
)  # fmt: skip
"""First day of the lunar year."""

DAY_HOURS = (
    0.6, 0.3, 0.2, 0.1, 0.1, 0.2, 0.8, 2.0, 4.2, 6.3, 7.6, 7.2,
    6.4, 6.2, 6.8, 6.6, 6.0, 5.4, 5.2, 6.2, 7.4, 7.0, 4.6, 2.2,
)  # fmt: skip
"""Weight of each local hour for those who do not apply at night."""

NIGHT_HOURS = (9.0, 8.0, 6.0, 4.0, 3.0, 2.0)
"""Weight of each hour from midnight to 6 for those who do."""


@dataclass(frozen=True)
class Seasons:
    """Demand by day, and the strength of the macro shock at any time.

    Attributes:
        calendar: The recipe's calendar.
        clock: Its clock.
    """

    calendar: Calendar
    clock: Clock

    def shock(self, days: Floats) -> Floats:
        """Return the strength of the macro shock from 0 to 1; it builds up and fades over three weeks."""
        start = self.clock.day_of(self.calendar.shock_start)
        rise = np.clip((days - start) / 21.0, 0.0, 1.0)
        fall = np.clip((start + self.calendar.shock_days + 21.0 - days) / 21.0, 0.0, 1.0)
        strength: Floats = np.minimum(rise, fall)
        return strength

    def demand(self) -> Floats:
        """Return the relative number of applications on each local day of the calendar."""
        return _demand(self)

    def draw_days(self, rng: np.random.Generator, size: int) -> Ints:
        """Draw local days in proportion to demand."""
        cumulative = np.cumsum(self.demand())
        return np.searchsorted(cumulative / cumulative[-1], rng.random(size), side="right").astype(np.int64)

    def times_of_day(self, rng: np.random.Generator, local_days: Ints, night: Flags) -> Floats:
        """Return UTC days with an hour drawn for each local day; ``night`` ones fall between midnight and 6."""
        profile = np.cumsum(np.asarray(DAY_HOURS) / sum(DAY_HOURS))
        dark = np.cumsum(np.asarray(NIGHT_HOURS) / sum(NIGHT_HOURS))
        drawn = rng.random(len(local_days))
        hour = np.where(night, np.searchsorted(dark, drawn, "right"), np.searchsorted(profile, drawn, "right"))
        hour = np.minimum(hour, 23)
        return local_days + (hour + rng.random(len(local_days))) / 24.0 - LOCAL


@lru_cache(maxsize=8)
def _demand(seasons: Seasons) -> Floats:
    calendar, clock = seasons.calendar, seasons.clock
    days = np.arange(clock.days, dtype=np.float64)
    weekday = (days.astype(np.int64) + calendar.start.weekday()) % 7
    demand = (1.0 + calendar.growth_per_year) ** (days / 365.0)
    demand *= np.where(weekday >= 5, calendar.weekend, 1.0) * np.where(weekday == 0, 1.06, 1.0)
    demand *= 1.0 + calendar.shock_demand * seasons.shock(days)
    for festival in SPRING_FESTIVALS:
        since = days - clock.day_of(festival)
        demand *= np.where((since >= -21) & (since < -1), 1.0 + calendar.spring_festival_rise, 1.0)
        demand *= np.where((since >= -1) & (since < 7), 1.0 - calendar.spring_festival_dip, 1.0)
    for year in range(calendar.start.year, calendar.start.year + 1 + clock.days // 365 + 1):
        demand *= 1.0 + calendar.june_sale * _bump(days - clock.day_of(date(year, 6, 17)))
        demand *= 1.0 + calendar.november_sale * _bump(days - clock.day_of(date(year, 11, 10)))
    return np.asarray(demand, dtype=np.float64)


def _bump(since: Floats) -> Floats:
    """Return 1 within three days of a sale, falling to 0 a week further away."""
    bump: Floats = np.clip((10.0 - np.abs(since)) / 7.0, 0.0, 1.0)
    return bump
