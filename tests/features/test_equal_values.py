"""Equal values get equal numbers, whatever their hashes are."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features import equal_values
from features.equal_values import Index, numbered
from features.loops import ODD

texts = st.sampled_from(["", "a", "b", "ab", "a longer text than twelve bytes", "a longer text than twelve bytes!"])
owned = st.lists(st.tuples(st.integers(0, 3), st.none() | texts), max_size=40)
unpatched = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=["hashed", "all alike", "at the end", "some alike"])
def hashing(request, monkeypatch):
    """Hash as in earnest, or so badly that different values look the same, or all meet where the table begins again."""
    last = pow(int(ODD), -1, 1 << 64) * ((1 << 64) - 1) % (1 << 64)

    def alike(values):
        return np.full(len(values), last if request.param == "at the end" else 0, dtype=np.uint64)

    def some_alike(values):
        return values.cast(pl.String).str.len_bytes().fill_null(0).cast(pl.UInt64).to_numpy()

    if request.param != "hashed":
        monkeypatch.setattr(equal_values, "_hashes", some_alike if request.param == "some alike" else alike)


@unpatched
@given(rows=owned)
def test_equal_values_of_one_owner_share_a_number_and_no_others(hashing, rows):
    values = pl.Series([text for _, text in rows], dtype=pl.String)

    found = numbered(values, np.array([owner for owner, _ in rows], dtype=np.int32))

    numbers = found.number
    told = {(owner, number) for (owner, _), number in zip(rows, numbers.tolist(), strict=True) if number >= 0}
    assert told == {(owner, number) for number, owner in enumerate(found.owners.tolist())}
    assert [number == -1 for number in numbers.tolist()] == [text is None for _, text in rows]
    pairs = {(row, number) for row, number in zip(rows, numbers.tolist(), strict=True) if number >= 0}
    given_numbers = {number for _, number in pairs}
    assert len(pairs) == len({row for row in rows if row[1] is not None}) == len(given_numbers)
    assert given_numbers == set(range(len(pairs)))


@unpatched
@given(among=st.lists(texts, unique=True), values=st.lists(st.none() | texts, max_size=40))
def test_a_value_is_found_where_it_stands_among_others(hashing, among, values):
    index = Index.of(pl.Series(among, dtype=pl.String))

    found = index.positions(pl.Series(values, dtype=pl.String)).tolist()

    assert found == [among.index(value) if value in among else len(among) for value in values]


@pytest.mark.parametrize(
    "values",
    [
        [1.5, 2.5, 1.5, 7.0],
        [0.0, -0.0, 1.0, 0.0],
        [True, False, True, False],
        [0, 3, 3, 0],
        [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 1), date(2025, 1, 1)],
    ],
    ids=["real", "zeros", "flags", "whole", "dates"],
)
def test_values_that_are_no_texts_are_told_apart_as_well(hashing, values):
    numbers = numbered(pl.Series(values), np.zeros(4, dtype=np.int32)).number.tolist()

    assert [[a == b for b in numbers] for a in numbers] == [[a == b for b in values] for a in values]


def test_all_nan_are_one_value(hashing):
    numbers = numbered(pl.Series([math.nan, 1.0, -math.nan, None]), np.zeros(4, dtype=np.int32)).number.tolist()

    assert numbers[0] == numbers[2] != numbers[1]
    assert numbers[3] == -1
