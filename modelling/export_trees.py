"""A LightGBM Booster as the scorer's plain trees; what the scorer cannot reproduce is refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scoring.trees import Trees, check_trees

if TYPE_CHECKING:
    from lightgbm import Booster

OBJECTIVES = ("binary", "regression")
"""Objectives whose raw score is what the scorer calls a margin or a value."""


class UnsupportedModelError(ValueError):
    """A model that the scorer cannot reproduce bit for bit."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"The scorer cannot hold this model: {what}. {instead}")


def trees_from_booster(booster: Booster) -> Trees:
    """Turn a trained Booster into plain trees, cut at its best iteration.

    The trees' sum equals ``booster.predict(..., raw_score=True)`` bit for bit.

    Args:
        booster: Trained with objective ``binary`` or ``regression``.

    Raises:
        UnsupportedModelError: Linear trees, several classes, another objective, a random forest (its trees are
            averaged), categories that pandas encoded, or no tree at all.
        TreesError: The Booster's own arrays are not trees (covers that do not add up).
    """
    best = booster.best_iteration if booster.best_iteration > 0 else None
    return trees_from_text(booster.model_to_string(num_iteration=best))


def trees_from_text(text: str) -> Trees:
    """Turn LightGBM's model text into plain trees; it must come from LightGBM itself: see `trees_from_booster`."""
    header, *blocks = text.split("\nTree=")
    facts = _facts(header)
    _check_header(facts)
    _, mark, encoded = text.rpartition("\npandas_categorical:")
    if mark and encoded.strip() not in {"null", "[]"}:
        raise UnsupportedModelError(
            "its categories were encoded by pandas", "Encode them by a vocabulary, and train on a matrix."
        )
    if not blocks:
        raise UnsupportedModelError("it has no trees", "Train at least one iteration.")
    trees = [_facts(block.partition("\n")[2].partition("\n\n")[0]) for block in blocks]
    for tree in trees:
        _check_tree(tree)
    found = _gathered(trees, int(facts["max_feature_idx"]) + 1)
    check_trees(found)
    return found


def _facts(block: str) -> dict[str, str]:
    """Return the ``name=value`` lines of a block; a line without ``=`` is a mark and has an empty value."""
    return {name: value for name, _, value in (line.partition("=") for line in block.splitlines()) if name}


def _check_header(facts: Mapping[str, str]) -> None:
    if facts.get("num_class") != "1" or facts.get("num_tree_per_iteration") != "1":
        raise UnsupportedModelError("it has several classes", "Train one model per class.")
    if "average_output" in facts:
        raise UnsupportedModelError("it is a random forest, whose trees are averaged", "Use boosting gbdt or dart.")
    name, *options = facts.get("objective", "none").split(" ")
    if name not in OBJECTIVES:
        raise UnsupportedModelError(f"its objective is {name!r}", f"Train with one of {', '.join(OBJECTIVES)}.")
    odd = [option for option in options if option != "sigmoid:1"]
    if odd:
        raise UnsupportedModelError(
            f"its objective is {name} with {' '.join(odd)}", "Train without: the raw score must be what is predicted."
        )


def _check_tree(tree: Mapping[str, str]) -> None:
    if tree.get("is_linear", "0") != "0":
        raise UnsupportedModelError("its leaves are linear models (linear_tree)", "Train with linear_tree=False.")


def _numbers(tree: Mapping[str, str], name: str, kind: type[int | float]) -> list[int] | list[float]:
    words = tree.get(name, "").split()
    return [int(word) for word in words] if kind is int else [float(word) for word in words]


def _gathered(trees: list[dict[str, str]], features: int) -> Trees:
    nodes = [int(tree["num_leaves"]) - 1 for tree in trees]
    kinds = np.array(_all(trees, "decision_type"), dtype=np.int64)
    thresholds = np.array(_all(trees, "threshold", float), dtype=np.float64)
    categorical = kinds & 1
    words, words_end = _categories(trees)
    return Trees(
        features=features,
        tree_nodes=np.array(nodes, dtype=np.int32),
        feature=np.array(_all(trees, "split_feature"), dtype=np.int32),
        threshold=np.where(categorical == 1, 0.0, thresholds),
        categorical=categorical.astype(np.uint8),
        missing=np.where(categorical == 1, 0, kinds >> 2 & 3).astype(np.uint8),
        default_left=np.where(categorical == 1, 0, kinds >> 1 & 1).astype(np.uint8),
        left=np.array(_all(trees, "left_child"), dtype=np.int32),
        right=np.array(_all(trees, "right_child"), dtype=np.int32),
        cover=np.array(_all(trees, "internal_count"), dtype=np.int64),
        words_end=words_end,
        words=words,
        leaf_value=np.array(_all(trees, "leaf_value", float), dtype=np.float64),
        leaf_cover=np.array(list(_leaf_covers(trees)), dtype=np.int64),
    )


def _all(trees: list[dict[str, str]], name: str, kind: type[int | float] = int) -> list[int | float]:
    """Return an array of all trees one after another; a tree of a single leaf has arrays of leaves only."""
    skipped = not name.startswith("leaf_")
    return [
        number for tree in trees if not (skipped and tree["num_leaves"] == "1") for number in _numbers(tree, name, kind)
    ]


def _leaf_covers(trees: list[dict[str, str]]) -> Iterator[int]:
    """Give the rows of every leaf; LightGBM leaves the number out, or 0, for a tree of a single leaf."""
    for tree in trees:
        if tree["num_leaves"] == "1":
            yield 0
        else:
            yield from (int(word) for word in tree["leaf_count"].split())


def _categories(trees: list[dict[str, str]]) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Return the bits of all categorical nodes in the order of the nodes, and where each node's end.

    In a tree, the threshold of a categorical node is the number of its bit set.
    """
    words: list[int] = []
    ends: list[int] = []
    for tree in trees:
        if tree["num_leaves"] == "1":
            continue
        bounds = [int(word) for word in tree.get("cat_boundaries", "").split()]
        bits = [int(word) for word in tree.get("cat_threshold", "").split()]
        for kind, threshold in zip(tree["decision_type"].split(), tree["threshold"].split(), strict=True):
            if int(kind) & 1:
                number = int(float(threshold))
                words.extend(bits[bounds[number] : bounds[number + 1]])
            ends.append(len(words))
    return np.array(words, dtype=np.uint32), np.array(ends, dtype=np.int32)
