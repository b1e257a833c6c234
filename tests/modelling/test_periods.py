"""Periods: months begin when they begin where the lender is."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from modelling.errors import SplitError
from modelling.periods import months, starts

NEW_YEAR = pl.Series(
    "time", [datetime(2023, 12, 31, 15, 59, tzinfo=UTC), datetime(2023, 12, 31, 16, 0, tzinfo=UTC), None]
)


def test_a_month_begins_at_local_midnight():
    assert months(NEW_YEAR).to_list() == ["2023-12", "2024-01", None]
    assert months(NEW_YEAR, "UTC").to_list() == ["2023-12", "2023-12", None]
    assert months(NEW_YEAR, "America/New_York").to_list() == ["2023-12", "2023-12", None]


@pytest.mark.parametrize("time", [date(2024, 1, 31), datetime(2024, 1, 31, 23, 59)])  # noqa: DTZ001 - naive is meant
def test_times_without_a_zone_are_local_already(time):
    assert months(pl.Series("time", [time])).to_list() == ["2024-01"]


def test_other_periods_start_on_their_first_day():
    assert starts(NEW_YEAR, "1w").to_list() == [date(2023, 12, 25), date(2024, 1, 1), None]
    assert starts(NEW_YEAR, "1q").to_list() == [date(2023, 10, 1), date(2024, 1, 1), None]


def test_a_column_of_nothing_has_no_months():
    assert months(pl.Series("time", [None, None])).to_list() == [None, None]


def test_words_are_no_times():
    with pytest.raises(SplitError, match="column 'time' holds String, must hold dates or times"):
        months(pl.Series("time", ["2024-01-01"]))
