"""Equal values get equal numbers, whatever their hashes are."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features import equal_values
from features.equal_values import Index, numbered

texts = st.sampled_from(["", "a", "b", "ab", "a longer text than twelve bytes", "a longer text than twelve bytes!"])
owned = st.lists(st.tuples(st.integers(0, 3), texts), max_size=40)
unpatched = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=["hashed", "all in one place", "at the end"])
def hashing(request, monkeypatch):
    """Hash as in earnest, or so badly that all values meet, once where the table ends and begins again."""
    if request.param != "hashed":

        def same_place(values, owners, size):
            return np.full(len(values), size - 1 if request.param == "at the end" else 0, dtype=np.int32)

        monkeypatch.setattr(equal_values, "_places", same_place)


@unpatched
@given(rows=owned)
def test_equal_values_of_one_owner_share_a_number_and_no_others(hashing, rows):
    values = pl.Series([text for _, text in rows], dtype=pl.String)

    numbers = numbered(values, np.array([owner for owner, _ in rows], dtype=np.int32))

    pairs = set(zip(rows, numbers.tolist(), strict=True))
    assert len(pairs) == len(set(rows)) == len(set(numbers.tolist()))
    assert set(numbers.tolist()) == set(range(len(pairs)))


@unpatched
@given(among=st.lists(texts, unique=True), values=st.lists(st.none() | texts, max_size=40))
def test_a_value_is_found_where_it_stands_among_others(hashing, among, values):
    index = Index.of(pl.Series(among, dtype=pl.String))

    found = index.positions(pl.Series(values, dtype=pl.String)).tolist()

    assert found == [among.index(value) if value in among else len(among) for value in values]


@pytest.mark.parametrize("values", [[1.5, 2.5, 1.5, 7.0], [True, False, True, False], [0, 3, 3, 0]])
def test_values_that_are_no_texts_are_told_apart_as_well(values):
    numbers = numbered(pl.Series(values), np.zeros(4, dtype=np.int32)).tolist()

    assert [[a == b for b in numbers] for a in numbers] == [[a == b for b in values] for a in values]
