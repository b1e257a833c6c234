"""Local hours by table are those that Polars gives time by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from features.local_hours import local_hours

ZONES = ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Monrovia", "UTC"]
START = datetime(1900, 1, 1, tzinfo=UTC)
ANY_TIME = st.timedeltas(timedelta(0), timedelta(days=73_000)).map(lambda later: START + later)
SHORT = st.timedeltas(timedelta(0), timedelta(days=900))


def by_polars(times, zone):
    return times.dt.convert_time_zone(zone).dt.hour().cast(pl.Float64)


@given(zone=st.sampled_from(ZONES), first=ANY_TIME, later=st.lists(st.none() | SHORT, max_size=20))
def test_hours_of_times_near_each_other(zone, first, later):
    values = [first, *(None if more is None else first + more for more in later)]
    times = pl.Series("time", values, pl.Datetime("us", "UTC"))

    assert_series_equal(local_hours(times, zone), by_polars(times, zone))


@given(zone=st.sampled_from(ZONES), values=st.lists(st.none() | ANY_TIME, max_size=20))
def test_hours_of_times_a_century_apart(zone, values):
    times = pl.Series("time", values, pl.Datetime("us", "UTC"))

    assert_series_equal(local_hours(times, zone), by_polars(times, zone))


@given(zone=st.sampled_from(ZONES), first=ANY_TIME, later=st.lists(SHORT, min_size=1, max_size=30), masked=st.randoms())
def test_hours_of_sorted_times_of_which_some_are_masked(zone, first, later, masked):
    """Polars keeps the mark of being sorted on a column whose rows it masks: neither end of it need be a time then."""
    values = sorted([first, *(first + more for more in later)])
    times = pl.Series("time", values, pl.Datetime("us", "UTC"))
    keep = pl.Series([masked.random() < 0.5 for _ in values])
    frame = pl.DataFrame({"time": times.set_sorted(), "keep": keep})
    hours = pl.col("time").map_batches(
        partial(local_hours, time_zone=zone), return_dtype=pl.Float64, is_elementwise=True
    )
    found = frame.select(pl.when("keep").then(hours))["time"]

    assert_series_equal(found, by_polars(times, zone).set(~keep, None))


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
        ("Africa/Monrovia", datetime(1972, 1, 7, 0, 44, 30, tzinfo=UTC)),
        ("Africa/El_Aaiun", datetime(1934, 1, 1, 0, 52, 48, tzinfo=UTC)),
        ("Asia/Shanghai", datetime(1986, 5, 3, 18, tzinfo=UTC)),
    ],
)
def test_hours_around_a_change_of_the_clocks(zone, change):
    steps = [timedelta(microseconds=step) for step in (-1, 0, 1, -900_000_000, 899_999_999, -3_600_000_000)]
    times = pl.Series([change + step for step in steps], dtype=pl.Datetime("us", "UTC"))

    assert_series_equal(local_hours(times, zone), by_polars(times, zone))
