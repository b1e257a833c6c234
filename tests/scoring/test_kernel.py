"""Margins and contributions against LightGBM, over models and rows drawn at random."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import chain, combinations
from math import factorial

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelling.export_trees import trees_from_booster
from scoring.bounds import Limits
from scoring.conditions import goes_left
from scoring.fast import accelerated
from scoring.kernel import prepare, prepare_margins
from scoring.paths import grouped, paths_of

TINY = float(np.float32(1e-35))
FEATURES = 10
CATEGORICAL = [5, 6]

draws = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**31 - 1),
        "objective": st.sampled_from(["binary", "regression"]),
        "boosting": st.sampled_from(["gbdt", "gbdt", "dart"]),
        "num_leaves": st.sampled_from([2, 5, 16, 31, 64]),
        "max_depth": st.sampled_from([-1, -1, 3, 6]),
        "use_missing": st.booleans(),
        "zero_as_missing": st.booleans(),
        "min_data_in_leaf": st.sampled_from([1, 5, 20]),
        "max_cat_to_onehot": st.sampled_from([1, 4]),
        "feature_fraction": st.sampled_from([0.4, 1.0]),
        "bagging_fraction": st.sampled_from([0.5, 1.0]),
        "path_smooth": st.sampled_from([0.0, 1.0]),
        "extra_trees": st.booleans(),
        "monotone": st.booleans(),
        "trees": st.integers(1, 12),
    }
)


def train(draw):
    draw = dict(draw)
    rng = np.random.default_rng(draw["seed"])
    rows = int(rng.integers(150, 600))
    matrix = rng.normal(size=(rows, FEATURES))
    matrix[:, 1] = np.round(matrix[:, 1])
    matrix[:, 2] = np.where(rng.random(rows) < 0.5, 0.0, matrix[:, 2])
    matrix[:, 3] *= 1e-35
    matrix[:, 5], matrix[:, 6] = rng.integers(0, 6, rows), rng.integers(0, 90, rows)
    missing = rng.random(matrix.shape) < rng.choice([0.0, 0.2])
    target = matrix[:, 0] + matrix[:, 1] + matrix[:, 2] * matrix[:, 4] + (matrix[:, 6] % 3) + matrix[:, 7:].sum(axis=1)
    target += rng.normal(size=rows)
    matrix[missing] = np.nan
    if draw["objective"] == "binary":
        target = (target > np.median(target)).astype(float)
    trees = draw.pop("trees")
    if draw.pop("monotone"):
        draw |= {
            "monotone_constraints": [1, 0, 0, 0, -1, *[0] * (FEATURES - 5)],
            "monotone_constraints_method": "intermediate",
        }
    draw |= {"verbose": -1, "num_threads": 1, "bagging_freq": 1, "min_data_per_group": 1, "deterministic": True}
    data = lgb.Dataset(matrix, target, categorical_feature=CATEGORICAL, free_raw_data=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lgb.train(draw, data, trees), matrix


def awkward_rows(matrix, trees, seed):
    """Rows near and on every border: exact thresholds and their neighbours, zeros, tiny numbers, codes never seen."""
    rng = np.random.default_rng(seed)
    rows = matrix[rng.integers(0, len(matrix), 120)].copy()
    numeric = np.flatnonzero((trees.categorical == 0) & np.isfinite(trees.threshold))
    for row in rows[:80]:
        if len(numeric):
            node = rng.choice(numeric)
            threshold = trees.threshold[node]
            row[trees.feature[node]] = rng.choice([threshold, np.nextafter(threshold, 9), np.nextafter(threshold, -9)])
    specials = [0.0, -0.0, TINY, -TINY, np.nextafter(TINY, 1), 2 * TINY, -2 * TINY, 1e-300, 1e300, -1e300, np.nan]
    for row in rows[60:]:
        row[rng.integers(0, 5)] = rng.choice(specials)
        row[rng.choice(CATEGORICAL)] = rng.choice([np.nan, 0, 5, 6, 31, 32, 63, 64, 89, 90, 95, 96, 5000, -1])
    return rows


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(draw=draws)
def test_margins_have_lightgbms_bits_and_contributions_are_pred_contrib(draw):
    booster, matrix = train(draw)
    trees = trees_from_booster(booster)
    kernel = prepare(trees)
    rows = awkward_rows(matrix, trees, draw["seed"])

    margins, contributions = kernel.explain_many(rows)

    theirs = booster.predict(rows, raw_score=True)
    assert margins.tobytes() == (theirs + 0.0).tobytes()
    explained = booster.predict(rows, pred_contrib=True)
    np.testing.assert_allclose(contributions, explained[:, :-1], rtol=0, atol=1e-9)
    assert kernel.expected == pytest.approx(explained[0, -1], abs=1e-9)
    np.testing.assert_allclose(kernel.expected + contributions.sum(axis=1), margins, rtol=0, atol=1e-9)
    assert kernel.margins(rows).tobytes() == margins.tobytes()
    assert prepare_margins(trees).margins(rows).tobytes() == margins.tobytes()
    for way in (replace(kernel, few=0), accelerated(kernel)):
        again, explanations = way.explain_many(rows)
        assert again.tobytes() == margins.tobytes()
        assert explanations.tobytes() == contributions.tobytes()
    for row, margin, contribution in zip(rows[::7], margins[::7], contributions[::7], strict=True):
        assert kernel.margin(row) == margin
        for one in (kernel, accelerated(kernel)):
            alone, explanation = one.explain(row)
            assert alone == margin
            assert explanation.tobytes() == contribution.tobytes()


def test_a_row_of_a_shallow_models_tables_is_one_fetch_from_memory():
    """Of 64 bytes, one after another; a group of more than seven features would not fit, so its leaves part."""
    rng = np.random.default_rng(6)
    matrix = rng.normal(size=(2000, 60))
    settings_ = {"objective": "regression", "num_leaves": 16, "max_depth": 4, "verbose": -1, "num_threads": 1}
    booster = lgb.train(settings_, lgb.Dataset(matrix, np.sin(3 * matrix).sum(axis=1)), 60)
    trees = trees_from_booster(booster)
    rows = prepare(trees).tables.rows
    assert rows.ctypes.data % 64 == 0
    assert rows.strides == (64, 8)
    together = [set(chain.from_iterable(path.features for path in group.paths)) for group in grouped(paths_of(trees))]
    assert max(map(len, together)) == 7


@pytest.mark.parametrize("table_bytes", [1, 1 << 23])
def test_a_row_beyond_its_limits_is_not_explained_however_the_kernel_is_prepared(monkeypatch, table_bytes):
    """In one block of conditions or in several, compiled or not, with trees that ask nothing, and without limits."""
    monkeypatch.setattr("scoring.cells.TABLE_BYTES", table_bytes)
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(400, 5))
    settings_ = {"objective": "regression", "num_leaves": 8, "verbose": -1, "num_threads": 1}
    limits = Limits(np.full(5, -1.0), np.full(5, 1.0))
    for least_in_leaf in (400, 40):
        booster = lgb.train(settings_ | {"min_data_in_leaf": least_in_leaf}, lgb.Dataset(matrix, matrix.sum(axis=1)), 6)
        trees = trees_from_booster(booster)
        kernel = prepare(trees, limits=limits)
        for way in (kernel, accelerated(kernel)):
            for row in matrix[:50]:
                found = way.explain_within(row)
                assert (found is not None) == (np.abs(row).max() <= 1.0)
                if found is not None:
                    assert found[0] == way.explain(row)[0]
                    assert found[1].tobytes() == way.explain(row)[1].tobytes()
        assert prepare(trees).explain_within(matrix[0] + 9) is not None


@pytest.fixture(scope="module")
def deep():
    """A model whose paths are long and compare many features."""
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(1500, 30))
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    target = np.nansum(np.sin(3 * matrix), axis=1) + rng.normal(size=1500)
    settings_ = {"objective": "regression", "num_leaves": 127, "verbose": -1, "num_threads": 1, "min_data_in_leaf": 2}
    return lgb.train(settings_ | {"feature_fraction_bynode": 0.3}, lgb.Dataset(matrix, target), 8), matrix[:300]


@pytest.mark.parametrize("table_bytes", [0, 200_000, 1 << 28])
def test_long_paths_are_explained_with_any_memory(deep, table_bytes):
    booster, rows = deep
    kernel = prepare(trees_from_booster(booster), table_bytes=table_bytes)
    margins, contributions = kernel.explain_many(rows)
    again, explanations = accelerated(kernel).explain_many(rows)
    assert again.tobytes() == margins.tobytes()
    assert explanations.tobytes() == contributions.tobytes()
    assert kernel.far
    assert kernel.tables.rows.nbytes <= table_bytes
    assert margins.tobytes() == booster.predict(rows, raw_score=True).tobytes()
    assert prepare_margins(trees_from_booster(booster)).margins(rows).tobytes() == margins.tobytes()
    np.testing.assert_allclose(contributions, booster.predict(rows, pred_contrib=True)[:, :-1], rtol=0, atol=1e-9)
    fast = accelerated(kernel)
    for row, contribution in zip(rows[:20], contributions, strict=False):
        assert kernel.explain(row)[1].tobytes() == contribution.tobytes()
        assert fast.explain(row)[1].tobytes() == contribution.tobytes()


def test_a_batch_of_any_size_has_the_same_bits(deep):
    booster, rows = deep
    kernel = prepare(trees_from_booster(booster))
    many = np.tile(rows, (15, 1))
    margins, contributions = kernel.explain_many(many)
    again, explained = kernel.explain_many(rows[:37])
    assert margins[300:337].tobytes() == again.tobytes()
    assert contributions[300:337].tobytes() == explained.tobytes()


def test_no_rows_give_no_rows(deep):
    kernel = prepare(trees_from_booster(deep[0]))
    margins, contributions = kernel.explain_many(np.empty((0, 30)))
    assert margins.shape == (0,)
    assert contributions.shape == (0, 30)
    assert kernel.margins(np.empty((0, 30))).shape == (0,)


def test_contributions_are_the_shapley_values_of_the_path_dependent_game():
    """Against the definition: an average over all coalitions, each valued by walking the paths."""
    booster, matrix = train({**dict.fromkeys(("use_missing", "zero_as_missing", "extra_trees", "monotone"), False),
                             "seed": 3, "objective": "regression", "boosting": "gbdt", "num_leaves": 9, "max_depth": -1,
                             "min_data_in_leaf": 5, "max_cat_to_onehot": 4, "feature_fraction": 1.0,
                             "bagging_fraction": 1.0, "path_smooth": 0.0, "trees": 3})  # fmt: skip
    trees = trees_from_booster(booster)
    kernel = prepare(trees)
    row = matrix[0]
    bits = [
        bool(goes_left(np.array([node]), row[[feature]], trees)[0, 0]) for node, feature in enumerate(trees.feature)
    ]
    paths = list(paths_of(trees))

    def worth(known):
        total = 0.0
        for path in paths:
            weight = float(trees.leaf_value[path.leaf])
            for place, feature in enumerate(path.features):
                ways = zip(path.nodes, path.went_left, path.owner, strict=True)
                holds = all(bits[node] == left for node, left, owner in ways if owner == place)
                weight *= float(holds) if feature in known else path.shares[place]
            total += weight
        return total

    slow = np.zeros(FEATURES)
    for feature in range(FEATURES):
        others = [each for each in range(FEATURES) if each != feature]
        for size in range(FEATURES):
            weight = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES)
            for known in combinations(others, size):
                slow[feature] += weight * (worth({*known, feature}) - worth(known))
    np.testing.assert_allclose(kernel.explain(row)[1], slow, rtol=0, atol=1e-12)
    assert kernel.expected == pytest.approx(worth(()), abs=1e-12)
