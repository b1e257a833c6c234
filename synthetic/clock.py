"""Time inside a synthetic lender: days since its start in UTC, and local days of Asia/Shanghai."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from features.tables import TIME
from synthetic.draws import Floats, Ints, as_floats
from synthetic.recipe import Calendar

LOCAL = 8.0 / 24.0
"""Asia/Shanghai is eight hours ahead of UTC all year."""

_DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Days since the start of a lender.

    Attributes:
        start: First day of applications.
        days: Number of days of applications.
        extract: Day of the extract, as a number of days since the start, in UTC.
    """

    start: date
    days: int
    extract: float

    @classmethod
    def of(cls, calendar: Calendar) -> Clock:
        """Return the clock of a calendar."""
        months = calendar.start.year * 12 + calendar.start.month - 1 + calendar.months
        end = date(months // 12, months % 12 + 1, calendar.start.day)
        days = (end - calendar.start).days
        return cls(start=calendar.start, days=days, extract=days + calendar.extract_after_days - LOCAL)

    @property
    def extract_at(self) -> datetime:
        """When the extract was drawn: local midnight."""
        midnight = datetime.combine(self.start, datetime.min.time(), tzinfo=UTC)
        return midnight + timedelta(seconds=round(self.extract * _DAY))

    def day_of(self, day: date) -> int:
        """Return a calendar day as local days since the start."""
        return (day - self.start).days

    def times(self, days: Floats, *, per_second: int = 1) -> pl.Series:
        """Return days as UTC times, cut to whole parts of a second; NaN becomes null."""
        missing = np.isnan(days)
        # The thousandth keeps a whole second that floating point missed by a hair from falling into the one before.
        ticks = np.floor(np.where(missing, 0.0, days) * (_DAY * per_second) + 1e-3).astype(np.int64)
        origin = (self.start - date(1970, 1, 1)).days * _DAY * 1_000_000
        series = pl.Series("time", origin + ticks * (1_000_000 // per_second)).cast(TIME)
        return series.set(pl.Series(missing), None) if missing.any() else series

    def months(self, days: Floats) -> Ints:
        """Return the months since January 1970 of local days, and nothing finer."""
        return (
            (np.datetime64(self.start, "D") + np.floor(days + LOCAL).astype(np.int64)).astype("M8[M]").astype(np.int64)
        )

    def same_day_later(self, days: Floats, months: Ints) -> Floats:
        """Return the start of the local day that is so many months later, on the same day of the month.

        Days after the 28th become the 28th, as lenders do.
        """
        local = np.datetime64(self.start, "D") + np.floor(days + LOCAL).astype(np.int64)
        month = local.astype("M8[M]")
        day = np.minimum((local - month.astype("M8[D]")).astype(np.int64), 27)
        due = (month + months).astype("M8[D]") + day
        return as_floats((due - np.datetime64(self.start, "D")).astype(np.float64) - LOCAL)
