"""What the scorer cannot hold is refused at export, by name."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from modelling.export_trees import UnsupportedModelError, trees_from_booster, trees_from_text
from scoring.kernel import prepare

rng = np.random.default_rng(0)
MATRIX = rng.normal(size=(300, 3))
BAD = (MATRIX[:, 0] > 0).astype(float)


def train(rounds=3, target=BAD, **settings):
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 4, **settings}
    return lgb.train(settings, lgb.Dataset(MATRIX, target), rounds)


def own_objective(scores, data):
    return scores - data.get_label(), np.ones_like(scores)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"linear_tree": True, "objective": "regression"}, "linear_tree"),
        ({"objective": "multiclass", "num_class": 3}, "several classes"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "random forest"),
        ({"objective": "poisson"}, "objective is 'poisson'"),
        ({"objective": "cross_entropy"}, "objective is 'cross_entropy'"),
        ({"objective": own_objective}, "objective is '(none|custom)'"),
        ({"sigmoid": 2.0}, "sigmoid:2"),
        ({"objective": "regression", "reg_sqrt": True}, "sqrt"),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_the_unsupported_is_named(settings, says):
    with pytest.raises(UnsupportedModelError, match=says):
        trees_from_booster(train(**settings))


def test_categories_that_pandas_encoded_are_refused():
    frame = pd.DataFrame({"a": MATRIX[:, 0], "b": pd.Categorical(np.where(MATRIX[:, 1] > 0, "x", "y"))})
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1}
    with pytest.raises(UnsupportedModelError, match="encoded by pandas"):
        trees_from_booster(lgb.train(settings, lgb.Dataset(frame, BAD), 2))


@pytest.mark.parametrize(
    "settings",
    [
        {"data_sample_strategy": "goss"},
        {"use_quantized_grad": True},
        {"scale_pos_weight": 3.0},
        {"is_unbalance": True},
        {"boost_from_average": False},
        {"lambda_l1": 0.1, "max_delta_step": 0.3},
        {"max_bin": 3},
        {"interaction_constraints": [[0, 1], [2]]},
        {"objective": "regression", "target": MATRIX[:, 1]},
        {"num_leaves": 200, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0.0},
        {"num_leaves": 2, "rounds": 1},
        {"boosting": "dart", "drop_rate": 0.5, "rounds": 12},
    ],
    ids=",".join,
)
def test_all_other_settings_are_held(settings):
    booster = train(**settings)
    margins, contributions = prepare(trees_from_booster(booster)).explain_many(MATRIX)
    assert margins.tolist() == booster.predict(MATRIX, raw_score=True).tolist()
    explained = booster.predict(MATRIX, pred_contrib=True)[:, :-1]
    np.testing.assert_allclose(contributions, explained, rtol=0, atol=1e-9)


def test_no_trees_are_refused():
    text = train().model_to_string(num_iteration=1)
    header = text.split("\nTree=")[0]
    with pytest.raises(UnsupportedModelError, match="no trees"):
        trees_from_text(header)


def test_trees_are_cut_at_the_best_iteration():
    booster = train(rounds=10)
    booster.best_iteration = 4
    trees = trees_from_booster(booster)
    assert trees.count == 4
    assert prepare(trees).margins(MATRIX).tobytes() == booster.predict(MATRIX, raw_score=True).tobytes()
    assert prepare(trees).margins(MATRIX).tolist() != train(rounds=10).predict(MATRIX, raw_score=True).tolist()


def test_trees_of_a_single_leaf_are_their_value():
    booster = train(min_data_in_leaf=1000)
    trees = trees_from_booster(booster)
    margins, contributions = prepare(trees).explain_many(MATRIX[:5])
    assert trees.tree_nodes.tolist() == [0] * trees.count
    assert margins.tolist() == booster.predict(MATRIX[:5], raw_score=True).tolist()
    assert not contributions.any()
