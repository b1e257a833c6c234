"""Numbers read the same everywhere."""

import doctest
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import formats


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(formats).failed == 0


def yuan(value):
    return formats.money(value, "yuan")


@pytest.mark.parametrize(
    "write",
    [formats.number, formats.percent, formats.points, yuan, formats.count, formats.p_value, formats.moment],
)
def test_nothing_measured_reads_as_a_dash(write):
    assert write(None) == "–"


@pytest.mark.parametrize("write", [formats.number, formats.percent, formats.points, yuan, formats.p_value])
def test_nan_reads_as_a_dash(write):
    assert write(math.nan) == "–"


@given(st.floats(-1e9, 1e9))
def test_a_written_number_reads_back_to_its_digits(value):
    read = float(formats.number(value, 3).replace("−", "-").replace(",", ""))

    assert read == pytest.approx(value, abs=0.000501)


def test_a_number_that_rounds_to_zero_has_no_sign():
    assert (formats.number(-0.001, 1), formats.number(0.001, 1, signed=True)) == ("0.0", "0.0")


def test_a_p_value_is_never_written_as_zero():
    assert formats.p_value(1e-300) == "< 0.001"


def test_a_moment_is_written_in_utc():
    shanghai = datetime(2024, 5, 1, 8, 30, tzinfo=timezone(timedelta(hours=8)))

    assert formats.moment(shanghai) == formats.moment(datetime(2024, 5, 1, 0, 30, tzinfo=UTC)) == "2024-05-01 00:30 UTC"


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match=r"must carry a time zone; use UTC"):
        formats.moment(datetime(2024, 5, 1))  # noqa: DTZ001 - the very thing that is refused


def test_an_interval_with_an_unknown_end_is_not_written():
    assert formats.with_interval(0.5, None, 0.6) == "0.50"
