"""What one feature gives away on its own, against scipy and against a loop over all pairs."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modelling.single_feature import FEW, LEAK_AUC, SURE, binned_auc, leak_suspected, trend

CASES = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 4)), st.sampled_from([0, 1, None])), min_size=1, max_size=40
)


def columns(cases):
    values, labels = zip(*cases, strict=True)
    return pl.Series(values, dtype=pl.Float64), pl.Series(labels, dtype=pl.Int8)


@given(CASES)
def test_the_trend_is_that_of_mann_and_whitney_among_cases_with_value_and_label(cases):
    known = [(value, label) for value, label in cases if value is not None and label is not None]
    bad, good = ([value for value, label in known if label == one] for one in (1, 0))

    found = trend(*columns(cases))

    if not bad or not good:
        assert found is None
        return
    expected = stats.mannwhitneyu(bad, good, method="asymptotic", use_continuity=False).statistic
    assert found.auc == pytest.approx(expected / (len(bad) * len(good)))
    assert (found.bads, found.goods) == (len(bad), len(good))


def test_z_is_that_of_scipy_where_nothing_is_tied():
    random = np.random.default_rng(1)
    bad, good = random.normal(0.2, 1, 200), random.normal(0, 1, 900)
    found = trend(pl.Series([*bad, *good]), pl.Series([1] * 200 + [0] * 900))

    p = stats.mannwhitneyu(bad, good, method="asymptotic", use_continuity=False).pvalue
    assert 2 * stats.norm.sf(abs(found.z)) == pytest.approx(p)


@pytest.mark.parametrize(("values", "seen"), [(range(400), 1), (range(400, 0, -1), -1), ([7] * 400, 0)])
def test_a_direction_is_seen_where_it_is_beyond_chance(values, seen):
    found = trend(pl.Series(values), pl.Series([0, 1] * 100 + [1] * 200))

    assert found.direction == seen
    assert (abs(found.z) >= SURE) is bool(seen)


def test_few_cases_with_a_value_separate_nothing():
    values, labels = [1.0] * (FEW - 1) + [0.0] * 500, [1] * (FEW - 1) + [0] * 500

    assert trend(pl.Series(values), pl.Series(labels)).separation == 0.5
    assert trend(pl.Series([*values, 1.0]), pl.Series([*labels, 1])).separation == 1.0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=6))
def test_the_auc_of_bins_is_that_of_all_pairs_ordered_by_bad_rate(counts):
    goods, bads = (np.array(column, dtype=np.int64) for column in zip(*counts, strict=True))
    if not goods.sum() or not bads.sum():
        return
    rates = [bad / (good + bad) if good + bad else 0.0 for good, bad in counts]
    won = sum(
        bads[i] * goods[j] * (1.0 if rates[i] > rates[j] else 0.5 if rates[i] == rates[j] else 0.0)
        for i in range(len(counts))
        for j in range(len(counts))
    )

    assert binned_auc(goods, bads) == pytest.approx(won / (goods.sum() * bads.sum()))


def test_a_leak_is_suspected_from_the_bound_on_enough_cases():
    assert leak_suspected(LEAK_AUC, FEW, FEW)
    assert not leak_suspected(LEAK_AUC - 1e-9, FEW, FEW)
    assert not leak_suspected(1.0, FEW - 1, 10_000)
    assert not leak_suspected(None, 10_000, 10_000)
