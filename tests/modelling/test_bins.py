"""Bins: every value has exactly one, missing and special values have their own, transforms change none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelling.bins import category_bins, quantile_bins
from modelling.errors import MetricError

numbers = st.lists(st.one_of(st.integers(-50, 50).map(float), st.just(float("nan"))), min_size=1, max_size=80)


@given(numbers, numbers, st.integers(2, 12))
def test_each_value_lies_where_its_label_says(learned, values, count):
    bins = quantile_bins(learned, bins=count, special=(0.0,))

    for value, code in zip(values, bins.codes(values), strict=True):
        at = code - 1
        if np.isnan(value):
            assert bins.labels[code] == "missing"
        elif value == 0:
            assert bins.labels[code] == "x = 0"
        else:
            assert at == 0 or value > bins.edges[at - 1]
            assert at == len(bins.edges) or value <= bins.edges[at]


@given(numbers, st.integers(2, 12))
def test_no_bin_but_the_missing_one_is_empty_where_it_was_learned(learned, count):
    bins = quantile_bins(learned, bins=count)

    counts = np.bincount(bins.codes(learned), minlength=len(bins.labels))

    assert (counts[:-1] > 0).all() or np.isnan(learned).all()
    assert len(bins.edges) < count


@given(numbers, st.integers(2, 12))
def test_a_rising_transform_keeps_every_bin(learned, count):
    values = np.array(learned)
    shifted = np.exp(values / 20)

    straight, bent = quantile_bins(values, bins=count), quantile_bins(shifted, bins=count)

    assert straight.codes(values).tolist() == bent.codes(shifted).tolist()


def test_many_distinct_values_fill_equal_bins():
    values = np.random.default_rng(0).permutation(1000).astype(float)

    assert np.bincount(quantile_bins(values).codes(values)).tolist() == [100] * 10


def test_a_rare_flag_is_told_apart():
    """Quantiles alone would put 3 % of zeros and 97 % of ones into one bin."""
    values = np.array([0.0] * 3 + [1.0] * 97)

    assert np.bincount(quantile_bins(values).codes(values), minlength=2)[:2].tolist() == [3, 97]


def test_open_ends_take_what_development_never_saw():
    bins = quantile_bins([1.0, 2.0, 3.0], bins=3)

    assert bins.codes([-np.inf, -9, 99, np.inf]).tolist() == [0, 0, 2, 2]


def test_labels_read_like_conditions():
    assert quantile_bins([1.0, 2.0, 3.0], bins=3, special=(7,)).labels == (
        "x = 7",
        "x <= 1",
        "1 < x <= 2",
        "x > 2",
        "missing",
    )


def test_frequent_categories_come_first_and_the_rest_is_other():
    bins = category_bins(["b", "a", "a", "c", None, "b"], most=2)

    assert bins.labels == ("a", "b", "other", "missing")
    assert bins.codes(["a", "c", None, "new", "b"]).tolist() == [0, 2, 3, 2, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": [1.0], "bins": 1}, "bins == 1, must be at least 2"),
        ({"values": [1.0], "special": (float("nan"),)}, "special values hold NaN"),
        ({"values": ["a"]}, "bin categories with category_bins"),
    ],
)
def test_what_cannot_be_binned_is_refused(arguments, message):
    with pytest.raises(MetricError, match=message):
        quantile_bins(**arguments)
