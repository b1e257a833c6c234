import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from synthetic.profile import auc, profile
from synthetic.strength import difference, mean, share, wilson


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_auc_agrees_with_scikit_learn(pairs):
    values, bad = (np.asarray(column) for column in zip(*pairs, strict=True))
    if bad.all() or not bad.any():
        assert math.isnan(auc(values.astype(float), bad))
    else:
        assert auc(values.astype(float), bad) == pytest.approx(roc_auc_score(bad, values))


@given(st.integers(1, 500), st.data())
def test_wilson_agrees_with_scipy(n, data):
    hits = data.draw(st.integers(0, n))
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")

    assert wilson(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_share_leaves_nulls_out():
    found = share("x", "y", pl.Series([True, None, False, False]))

    assert (found.found, found.n) == (1 / 3, 3)


def test_a_share_of_nothing_is_not_a_number():
    assert math.isnan(share("x", "y", pl.Series([], dtype=pl.Boolean)).found)


def test_a_mean_has_the_interval_of_its_standard_error():
    values = np.random.default_rng(1).normal(3, 2, 400)
    found = mean("x", "y", pl.Series(values))

    assert (found.lower, found.upper) == pytest.approx(stats.norm.interval(0.95, values.mean(), stats.sem(values)))


def test_a_difference_has_welchs_interval():
    one, two = np.random.default_rng(1).normal(3, 2, 400), np.random.default_rng(2).normal(1, 1, 300)
    marked = pl.Series([True] * 400 + [False] * 300)
    found = difference("x", "y", pl.Series(np.concatenate([one, two])), marked)
    half = stats.norm.isf(0.025) * math.hypot(stats.sem(one), stats.sem(two))

    assert found.found == pytest.approx(one.mean() - two.mean())
    assert found.upper - found.found == pytest.approx(half)


def test_a_profile_counts_every_application_once(lender, recipe):
    made = profile(lender.tables, recipe=recipe, extract_at=lender.extract_at)
    truth = lender.tables["truth"].height

    # Planted conflicts and broken references in outcomes take single applications out.
    assert 0 <= truth - made.applications <= 2 * recipe.dirt.conflict
    for groups in (made.months, made.channels, made.tiers):
        assert sum(rates.applications for rates in groups) == made.applications
    assert [rates.group for rates in made.tiers] == list("ABCDE")
    assert all(
        safer.would_be_bad < worse.would_be_bad for safer, worse in zip(made.tiers, made.tiers[1:], strict=False)
    )


def test_the_true_probability_ranks_best_of_all_columns(lender, recipe):
    columns = profile(lender.tables, recipe=recipe, extract_at=lender.extract_at).columns
    strength = {column.column: abs(column.auc - 0.5) for column in columns}

    assert max(strength, key=strength.get) == "default_probability"
    assert 0.82 < 0.5 + strength["default_probability"] < 0.91
    assert strength["true_income"] > strength["declared_income"]
    assert strength["true_other_lenders"] > strength["declared_other_lenders"]
