"""The local hour of many times at once: the offset of a zone is looked up by quarter of an hour, not for each time."""

from __future__ import annotations

from datetime import MAXYEAR, UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.compiled import compiled
from features.loops import QUARTER

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

_MOST_YEARS: Final = 40
"""Years that a table may span: 11 MB."""


def local_hours(times: pl.Series, time_zone: str) -> pl.Series:
    """Return the hour of day in a zone, 0 to 23, as Float64; null for null.

    Zones have changed their offsets at whole quarters of an hour for a century. Where one changes within a quarter, or
    where times span many years, each time is converted by itself.

    Args:
        times: UTC, microseconds.
        time_zone: Name of the zone, such as ``Asia/Shanghai``.
    """
    # When Polars masks rows for `when`, a sorted column keeps its mark of being sorted, and what trusts that mark errs,
    # such as Series.min: numpy looks at the times themselves.
    utc = times.to_physical().drop_nulls().to_numpy()
    known = _hours(utc, time_zone) if len(utc) else np.empty(0)
    if len(known) == len(times):
        return pl.Series(times.name, known)
    hours = np.full(len(times), np.nan)
    hours[times.is_not_null().to_numpy()] = known
    return pl.Series(times.name, hours, nan_to_null=True)


def _hours(utc: Whole, time_zone: str) -> Real:
    first, last = _year(utc.min()), _year(utc.max())
    near = last - first < _MOST_YEARS and last < MAXYEAR
    offsets = _offsets(time_zone, first, last + 1) if near else None
    if offsets is None or len(utc) == 1:
        local = pl.Series(utc).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(time_zone)
        return local.dt.hour().cast(pl.Float64).to_numpy()
    hours = np.empty(len(utc))
    compiled().local_hours(utc, offsets, _microseconds(first) // QUARTER, hours)
    return hours


@lru_cache(maxsize=8)
def _offsets(time_zone: str, first: int, end: int) -> Whole | None:
    """Return the offsets of the quarters from one year to before another; None where one changes within a quarter."""
    starts = np.arange(_microseconds(first), _microseconds(end), QUARTER)
    begin, last = _offset(starts, time_zone), _offset(starts + (QUARTER - 1), time_zone)
    return begin if np.array_equal(begin, last) else None


def _offset(utc: Whole, time_zone: str) -> Whole:
    local = pl.Series(utc).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    return local.to_physical().to_numpy() - utc


def _year(microseconds: np.int64) -> int:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(microseconds))).year


def _microseconds(year: int) -> int:
    return round(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
