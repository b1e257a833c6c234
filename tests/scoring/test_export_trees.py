"""What the scorer cannot hold is refused at export, by name."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
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
