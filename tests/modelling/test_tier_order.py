"""Order of tiers: strictness, of which neighbours it can be asked, and inversions beyond chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modelling.tier_order import LEAST_CASES, PAIR_LEVEL, rises, tier_pairs, turned_round_p

tiers = st.lists(st.tuples(st.integers(1, 300), st.floats(0, 1)), min_size=2, max_size=5)


def pairs_of(n, bads, pds=None):
    return tier_pairs("ABCDE"[: len(n)], n, bads, pds or [0.1] * len(n))


@given(tiers)
def test_rising_is_what_rates_say(drawn):
    n = [size for size, _ in drawn]
    bads = [round(size * share) for size, share in drawn]

    assert rises(pairs_of(n, bads)) == all(np.diff([b / size for b, size in zip(bads, n, strict=True)]) > 0)


def test_equal_rates_do_not_rise():
    assert rises(pairs_of([10, 20], [1, 2])) is False


def test_an_empty_tier_leaves_the_order_open():
    assert rises(pairs_of([10, 0, 10], [1, 0, 2], [0.1, None, 0.2])) is None
    assert rises(pairs_of([10, 0], [1, 0], [0.1, None])) is None


def test_each_pair_is_asked_for_itself():
    """Far apart and close, many cases and few: only the first pair has both cases and distance."""
    found = pairs_of([5000, 5000, 5000, LEAST_CASES - 1], [100, 600, 610, 20], [0.02, 0.12, 0.122, 0.6])

    assert [pair.asked for pair in found] == [True, False, False]
    assert [pair.chance is None for pair in found] == [False, False, True]
    assert [(pair.safer, pair.riskier) for pair in found] == [("A", "B"), ("B", "C"), ("C", "D")]


def test_what_was_observed_has_no_say_in_what_is_asked():
    pds = [0.02, 0.12]
    kept, turned = pairs_of([2000, 2000], [40, 240], pds)[0], pairs_of([2000, 2000], [240, 40], pds)[0]

    assert (kept.asked, kept.broken) == (True, False)
    assert (turned.asked, turned.broken) == (True, True)
    assert turned.chance == kept.chance


@pytest.mark.parametrize(("low", "high"), [(0.03, 0.06), (0.08, 0.12), (0.01, 0.2)])
def test_a_pair_just_asked_is_turned_round_by_chance_as_rarely_as_it_says(low, high):
    """Exact chance, by summing both binomials: near the level where a pair begins to be asked, not far above it."""
    n = next(size for size in range(LEAST_CASES, 5000) if pairs_of([size] * 2, [0, 0], [low, high])[0].asked)
    counts = np.arange(n + 1)

    exact = float(np.sum(stats.binom.pmf(counts, n, high) * stats.binom.sf(counts - 1, n, low)))

    # The normal approximation counts half a tie less, so ties, which are no rise, may add a little.
    assert exact < 2 * PAIR_LEVEL
    if n > LEAST_CASES:
        assert exact > PAIR_LEVEL / 4


def test_inversions_by_chance_are_not_held_against_a_tier():
    """Two tiers of equal rate: the p-value of an inversion is below 5 % in about 5 % of the samples."""
    drawn = np.random.default_rng(2).binomial(400, 0.1, size=(4000, 2))

    p = np.array([turned_round_p([400, 400], row.tolist()) for row in drawn])

    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.015)


def test_a_true_inversion_is_found():
    assert turned_round_p([1000, 1000, 1000], [20, 120, 60]) < 0.001
    assert turned_round_p([1000, 1000, 1000], [20, 60, 120]) == 1
    assert turned_round_p([1000, 0, 1000], [120, 0, 20]) < 0.001
