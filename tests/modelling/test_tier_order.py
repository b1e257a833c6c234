"""Order of tiers: strictness, when a sample is large enough to be asked, and inversions beyond chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelling.tier_order import enough_cases, rises, turned_round_p

tiers = st.lists(st.tuples(st.integers(1, 300), st.floats(0, 1)), min_size=2, max_size=5)


@given(tiers)
def test_rising_is_what_rates_say(drawn):
    n = [size for size, _ in drawn]
    bads = [round(size * share) for size, share in drawn]

    assert rises(n, bads) == all(np.diff([b / size for b, size in zip(bads, n, strict=True)]) > 0)


def test_equal_rates_do_not_rise():
    assert rises([10, 20], [1, 2]) is False


def test_an_empty_tier_leaves_the_order_open():
    assert rises([10, 0, 10], [1, 0, 2]) is None


def test_thousands_are_enough_and_dozens_are_not():
    pds = (0.02, 0.05, 0.12)

    assert enough_cases([5000] * 3, pds)[0]
    assert enough_cases([40] * 3, pds) == (
        False,
        "chance alone would turn the closest two tiers round with probability 0.23",
    )
    assert enough_cases([5000, 29, 5000], pds) == (False, "a tier has 29 cases, needed are 30")


def test_a_sample_that_is_large_enough_is_rarely_out_of_order_by_chance():
    """Tiers just large enough to be asked: a true order of three must fail in about 1 of 1,000 months."""
    pds = np.array([0.03, 0.06, 0.11])
    n = next(size for size in range(30, 5000) if enough_cases([size] * 3, pds.tolist())[0])
    drawn = np.random.default_rng(0).binomial(n, pds, size=(100_000, 3))

    failed = np.mean([not rises([n] * 3, row.tolist()) for row in drawn])

    assert 0.0001 < failed < 0.003
    smaller = np.random.default_rng(1).binomial(n // 8, pds, size=(5000, 3))
    assert np.mean([not rises([n // 8] * 3, row.tolist()) for row in smaller]) > 0.1


def test_inversions_by_chance_are_not_held_against_a_tier():
    """Two tiers of equal rate: the p-value of an inversion is below 5 % in about 5 % of the samples."""
    drawn = np.random.default_rng(2).binomial(400, 0.1, size=(4000, 2))

    p = np.array([turned_round_p([400, 400], row.tolist()) for row in drawn])

    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.015)


def test_a_true_inversion_is_found():
    assert turned_round_p([1000, 1000, 1000], [20, 120, 60]) < 0.001
    assert turned_round_p([1000, 1000, 1000], [20, 60, 120]) == 1
    assert turned_round_p([1000, 0, 1000], [120, 0, 20]) < 0.001
