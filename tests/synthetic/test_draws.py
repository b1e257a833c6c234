import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from synthetic.draws import choose, choose_by_row, count_by, owners, ranks, share_logit, sigmoid

COUNTS = st.lists(st.integers(0, 6), max_size=30).map(lambda counts: np.asarray(counts, dtype=np.int64))


@given(COUNTS)
def test_owners_and_ranks_agree_with_a_slow_loop(counts):
    pairs = [(owner, rank) for owner, count in enumerate(counts) for rank in range(count)]

    assert list(zip(owners(counts), ranks(counts), strict=True)) == pairs


def test_choose_draws_in_proportion_to_weights(alpha):
    weights = np.asarray([0.5, 3.0, 0.0, 1.5])
    drawn = np.bincount(choose(np.random.default_rng(1), weights, 20_000), minlength=4)

    assert drawn[2] == 0
    expected = np.delete(weights, 2) / weights.sum() * 20_000
    assert stats.chisquare(np.delete(drawn, 2), expected).pvalue > alpha


def test_choose_by_row_draws_in_proportion_to_exponentials(alpha):
    weights = np.log([0.2, 0.5, 0.3])
    drawn = np.bincount(choose_by_row(np.random.default_rng(1), np.tile(weights, (20_000, 1))), minlength=3)

    assert stats.chisquare(drawn, np.exp(weights) * 20_000).pvalue > alpha


@pytest.mark.parametrize("share", [0.02, 0.12, 0.9])
def test_share_logit_keeps_its_share_whatever_the_scores(share, alpha):
    rng = np.random.default_rng(2)
    flags = share_logit(rng, rng.normal(3.0, 2.0, 30_000), share)

    assert stats.binomtest(int(flags.sum()), 30_000, share).pvalue > alpha


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (1.0, 5)])
def test_share_logit_at_its_ends_is_sure(share, expected):
    assert share_logit(np.random.default_rng(1), np.zeros(5), share).sum() == expected


def test_share_logit_of_nobody_is_nobody():
    assert len(share_logit(np.random.default_rng(1), np.zeros(0), 0.5)) == 0


def test_sigmoid_does_not_overflow():
    assert sigmoid(np.asarray([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]


def test_count_by_has_an_entry_for_owners_without_rows():
    assert count_by(np.asarray([2, 2]), 4).tolist() == [0, 0, 2, 0]
