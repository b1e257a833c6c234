"""Arrays that are not trees are refused before anything walks them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modelling.export_trees import trees_from_booster
from scoring.errors import TreesError
from scoring.trees import Trees, check_trees


@pytest.fixture(scope="module")
def trees(booster):
    return trees_from_booster(booster)


def changed(trees, name, place, value):
    array = getattr(trees, name).copy()
    array[place] = value
    return replace(trees, **{name: array})


@pytest.mark.parametrize(
    ("name", "place", "value", "says"),
    [
        ("feature", 3, 8, "not among the 8"),
        ("feature", 3, -1, "not among the 8"),
        ("threshold", 0, np.nan, "threshold is not a number"),
        ("leaf_value", 0, np.inf, "value of a leaf"),
        ("leaf_value", 0, 1e13, "add up to more"),
        ("categorical", 0, 2, "neither 0 nor 1"),
        ("missing", 0, 3, "kind of missing"),
        ("left", 1, 0, "not a later node"),
        ("left", 0, 0, "not a later node"),
        ("right", 0, 10_000, "not a later node"),
        ("left", 0, -10_000, "leaf that its tree does not have"),
        ("left", 0, -(2**31), "leaf that its tree does not have"),
        ("left", 0, 2**31 - 1, "not a later node"),
        ("cover", 0, 0, "no training row"),
        ("cover", 0, 2**62, "too large"),
        ("leaf_cover", 0, 99_999, "sum of its children"),
        ("words_end", -1, 2**31 - 1, "does not divide words"),
        ("words_end", 0, 1, "numeric node has categories|does not divide"),
        ("tree_nodes", 0, -1, "negative"),
        ("tree_nodes", 0, 2**31 - 1, "more than"),
        ("tree_nodes", 0, 12, "entries for"),
    ],
)
def test_one_wrong_number_is_refused(trees, name, place, value, says):
    with pytest.raises(TreesError, match=says):
        check_trees(changed(trees, name, place, value))


def test_a_node_with_two_parents_is_refused(trees):
    left = trees.left.copy()
    left[1] = trees.right[0]
    with pytest.raises(TreesError, match="exactly one node"):
        check_trees(replace(trees, left=left))


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.zeros((2, 2), dtype=np.int32), [1, 2]], ids=["type", "shape", "list"]
)
def test_an_array_of_another_kind_is_refused(trees, array):
    with pytest.raises(TreesError, match="feature must be a one-dimensional array of <i4"):
        check_trees(replace(trees, feature=array))


def test_a_chain_that_would_take_forever_is_refused():
    """4,000 nodes one under another have eight million conditions on their ways."""
    nodes = 4000
    chain = Trees(
        features=1,
        tree_nodes=np.array([nodes], dtype=np.int32),
        feature=np.zeros(nodes, dtype=np.int32),
        threshold=np.zeros(nodes),
        categorical=np.zeros(nodes, dtype=np.uint8),
        missing=np.zeros(nodes, dtype=np.uint8),
        default_left=np.zeros(nodes, dtype=np.uint8),
        left=np.array([*range(1, nodes), ~nodes], dtype=np.int32),
        right=~np.arange(nodes, dtype=np.int32),
        cover=np.arange(nodes + 1, 1, -1, dtype=np.int64),
        words_end=np.zeros(nodes, dtype=np.int32),
        words=np.zeros(0, dtype=np.uint32),
        leaf_value=np.zeros(nodes + 1),
        leaf_cover=np.ones(nodes + 1, dtype=np.int64),
    )
    with pytest.raises(TreesError, match="ways to all leaves"):
        check_trees(chain)


def test_equal_trees_have_equal_bits(trees):
    assert trees == replace(trees, left=trees.left.copy())
    assert hash(trees) == hash(replace(trees, left=trees.left.copy()))
    assert trees != changed(trees, "leaf_value", 0, 0.125)
