"""Columns as plain arrays say what the columns of Polars say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.numbers import Numbers, are_numbers, flags

KINDS = {
    pl.Boolean: st.booleans(),
    pl.Int64: st.integers(-(1 << 62), 1 << 62),
    pl.Float64: st.floats(),
}
columns = st.sampled_from(list(KINDS)).flatmap(
    lambda kind: st.lists(st.lists(st.none() | KINDS[kind], max_size=5), min_size=1, max_size=3).map(
        lambda parts: [pl.Series(part, dtype=kind) for part in parts]
    )
)


@given(parts=columns, data=st.data())
def test_parts_taken_joined_and_given_back_are_the_columns(parts, data):
    whole = pl.concat(parts)
    at = data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=8) if len(whole) else st.just([]))

    joined = Numbers.joined([Numbers.of(part) for part in parts])

    assert joined.series().equals(whole, null_equal=True)
    assert joined.told().tolist() == whole.is_not_null().to_list()
    assert joined.take(np.array(at, dtype=np.intp)).series().equals(whole[at], null_equal=True)
    assert joined[1:3].series().equals(whole[1:3], null_equal=True)
    assert not joined.values[joined.told() == 0].any()


@given(parts=st.lists(st.none() | st.booleans(), max_size=9))
def test_flags_that_are_null_are_not_true(parts):
    column = pl.Series(parts, dtype=pl.Boolean)

    assert Numbers.of(column).values.tolist() == flags(column).tolist() == [part is True for part in parts]


@pytest.mark.parametrize("kind", [pl.String, pl.Date, pl.Datetime("us", "UTC")])
def test_texts_and_times_are_no_numbers(kind):
    assert not are_numbers(pl.Series([], dtype=kind))
    assert all(are_numbers(pl.Series([], dtype=number)) for number in KINDS)
