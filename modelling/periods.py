"""Months and other periods of cases, on the lender's own calendar."""

from __future__ import annotations

from typing import Final

import polars as pl

from modelling.errors import SplitError

TIME_ZONE: Final = "Asia/Shanghai"
"""Where a day begins, unless the lender's contract says otherwise."""


def local(times: pl.Series, time_zone: str = TIME_ZONE) -> pl.Series:
    """Return the wall-clock times of a time zone; dates and times without a zone are taken as local already.

    Raises:
        SplitError: the column holds no times.
    """
    if isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone:
        return times.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    if not isinstance(times.dtype, pl.Date | pl.Datetime | pl.Null):
        raise SplitError(f"column {times.name!r} holds {times.dtype}, must hold dates or times")
    return times


def starts(times: pl.Series, period: str, time_zone: str = TIME_ZONE) -> pl.Series:
    """Return the first day of the period of each time, such as the first of its month; null stays null."""
    calendar = local(times, time_zone)
    if isinstance(calendar.dtype, pl.Null):
        return calendar.cast(pl.Date)
    return calendar.dt.truncate(period).cast(pl.Date)


def months(times: pl.Series, time_zone: str = TIME_ZONE) -> pl.Series:
    """Return the month of each time as ``2024-05``; null stays null."""
    return starts(times, "1mo", time_zone).dt.strftime("%Y-%m")
