"""Monotone sweep: what keeps its direction passes, and one kink in one case is found and measured."""

import lightgbm as lgb
import numpy as np
import pytest

from modelling.errors import MetricError
from modelling.sweep import monotone_sweep
from scoring.spec import FeatureSpec


def feature(name, direction, kind="number"):
    return FeatureSpec(
        name=name, kind=kind, source="bureau", direction=direction, reason_group="g", null_means="", en="", zh=""
    )


def matrix(n=300, columns=3, seed=0):
    random = np.random.default_rng(seed)
    values = random.normal(size=(n, columns))
    values[random.random(values.shape) < 0.1] = np.nan
    return values


FEATURES = (feature("up", 1), feature("down", -1), feature("free", 0))


def straight(rows):
    filled = np.nan_to_num(rows)
    return 2 * filled[:, 0] - filled[:, 1] + np.sin(5 * filled[:, 2])


def test_promised_directions_kept_are_found_kept():
    found = monotone_sweep(straight, matrix(), FEATURES)

    assert [(one.feature, one.direction, one.broken, one.worst) for one in found] == [
        ("up", 1, 0, 0),
        ("down", -1, 0, 0),
    ]
    assert [(one.cases, one.values) for one in found] == [(100, 20)] * 2


def test_the_wrong_direction_is_found_everywhere():
    found = monotone_sweep(lambda rows: -straight(rows), matrix(), FEATURES)

    assert [one.broken for one in found] == [100, 100]


def test_a_dip_in_few_cases_is_found_and_measured():
    """The margin falls by 0.5 above 1, only where the second feature is above 1."""

    def dips(rows):
        return np.minimum(np.nan_to_num(rows[:, 0]), 1) - 0.5 * ((rows[:, 0] > 1) & (rows[:, 1] > 1))

    values = matrix()
    found = monotone_sweep(dips, values, FEATURES, cases=300, values=400)[0]

    assert found.broken == int(np.sum(values[:, 1] > 1))
    assert found.worst == pytest.approx(0.5, abs=0.05)


def test_rounding_is_no_break():
    def wobbles(rows):
        return np.nan_to_num(rows[:, 0]) * 0 + 1e-12 * np.cos(rows[:, 0] * 1e6)

    assert monotone_sweep(lambda rows: np.nan_to_num(wobbles(rows)), matrix(), FEATURES)[0].broken == 0


def test_lightgbm_keeps_its_constraints_and_breaks_them_without():
    values = matrix(1000)
    y = np.random.default_rng(1).random(1000) < 1 / (1 + np.exp(-np.sin(2 * np.nan_to_num(values[:, 0]))))
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 1, "num_leaves": 7}
    constrained = settings | {"monotone_constraints": [1, -1, 0], "monotone_constraints_method": "intermediate"}

    def broken(parameters):
        booster = lgb.train(parameters, lgb.Dataset(values, label=y.astype(float)), num_boost_round=15)
        found = monotone_sweep(lambda rows: booster.predict(rows, raw_score=True), values, FEATURES, cases=30)
        return sum(one.broken for one in found)

    assert broken(constrained) == 0
    assert broken(settings) > 20


def test_a_feature_never_seen_or_constant_has_nothing_to_try():
    values = matrix(50)
    values[:, 0], values[:, 1] = np.nan, 3.0

    assert [(one.values, one.broken) for one in monotone_sweep(straight, values, FEATURES)] == [(0, 0), (1, 0)]


def test_categories_have_no_direction_to_keep():
    assert monotone_sweep(straight, matrix(), (feature("c", 1, "category"), *FEATURES[1:]))[0].feature == "down"


def test_the_seed_settles_the_sample():
    def seen(seed):
        rows = []
        monotone_sweep(lambda given: rows.append(given) or straight(given), matrix(), FEATURES, cases=5, seed=seed)
        return rows[0].tolist()

    assert str(seen(1)) == str(seen(1))
    assert str(seen(1)) != str(seen(2))


@pytest.mark.parametrize("shape", [(0, 3), (5, 2)])
def test_a_matrix_that_does_not_fit_is_refused(shape):
    with pytest.raises(MetricError, match=rf"matrix has shape \({shape[0]}, {shape[1]}\), must be \(cases, 3\)"):
        monotone_sweep(straight, np.zeros(shape), FEATURES)
