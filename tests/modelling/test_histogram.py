"""Histograms count every value once, whatever the shape."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelling.histogram import BARS, histogram

NUMBERS = st.lists(
    st.one_of(st.none(), st.floats(-1e9, 1e9), st.just(math.nan), st.just(math.inf), st.integers(0, 3)), max_size=120
)


@given(NUMBERS)
def test_every_finite_value_is_counted_once(numbers):
    finite = [value for value in numbers if value is not None and math.isfinite(value)]

    found = histogram(pl.Series("x", numbers, dtype=pl.Float64))

    if not finite:
        assert found is None
        return
    assert sum(found.counts) == len(finite)
    assert len(found.edges) == len(found.counts) + (not found.single)
    assert list(found.edges) == sorted(found.edges)
    assert (found.smallest, found.largest) == (min(finite), max(finite))
    assert found.smallest <= found.lower_quartile <= found.median <= found.upper_quartile <= found.largest


def test_few_values_have_a_bar_each():
    found = histogram(pl.Series("x", [3.0, 1.0, 3.0, None, 2.5]))

    assert (found.single, found.edges, found.counts) == (True, (1.0, 2.5, 3.0), (1, 1, 2))


def test_one_odd_value_hides_no_shape():
    values = np.concatenate([np.linspace(0, 1, 5000), [1e9]])
    found = histogram(pl.Series("x", values))

    assert len(found.counts) == BARS
    assert found.edges[-1] < 1.01
    assert max(found.counts) < 0.06 * len(values)


@pytest.mark.parametrize("constant", [0.0, -5.0])
def test_where_nearly_all_share_one_value_the_others_are_still_counted(constant):
    values = [constant] * 10_000 + [float(place) for place in range(1, 40)]
    found = histogram(pl.Series("x", values))

    assert sum(found.counts) == len(values)
    assert found.edges[0] < found.edges[-1]
