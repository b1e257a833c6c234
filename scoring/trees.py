"""An ensemble of decision trees as flat arrays, and the check that they are one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.errors import TreesError

MISSING_NONE: Final = 0
MISSING_ZERO: Final = 1
MISSING_NAN: Final = 2

MOST_NODES: Final = 1_000_000
MOST_WORDS: Final = 10_000_000
MOST_RUNS: Final = 2_000_000
"""Most runs of neighbouring codes in the sets of all categorical nodes together."""

MOST_CONDITIONS: Final = 4_000_000
"""Most nodes on the ways to all leaves together: what preparing an ensemble costs time in."""

LARGEST_SUM: Final = 1e12
"""Most that the absolute values of all leaves add up to, so that no sum of them is ever infinite."""

DTYPES: Final = {
    "tree_nodes": "<i4",
    "feature": "<i4",
    "threshold": "<f8",
    "categorical": "|u1",
    "missing": "|u1",
    "default_left": "|u1",
    "left": "<i4",
    "right": "<i4",
    "cover": "<i8",
    "words_end": "<i4",
    "words": "<u4",
    "leaf_value": "<f8",
    "leaf_cover": "<i8",
}
"""Name of every array to its type; all are one-dimensional."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trees:
    """Trees whose leaf values are added up; the sum is the margin (log-odds of bad, or yuan for a value of call).

    Nodes of all trees lie one after another, and so do leaves. A tree of *k* nodes has *k* + 1 leaves; *k* may be 0.
    Its node 0 is the root, and a child is the number of a node inside the tree when it is 0 or more, or else ``~leaf``.

    A row goes left at a numeric node when its value is at most the threshold, and at a categorical node when the bit of
    its code is set. Missing (numeric): kind 0 takes NaN for 0; kind 1 sends NaN and 0 to the default side; kind 2 sends
    NaN there. At a categorical node NaN and codes without a bit go right. This is LightGBM's law.

    Attributes:
        features: How many features a row has.
        tree_nodes: Number of nodes of each tree.
        feature: Feature compared, per node.
        threshold: Compared with, per node; 0 at a categorical node. Infinite where only missing values part.
        categorical: 1 where the node looks a code up, else 0.
        missing: Kind of missing: 0, 1 or 2.
        default_left: 1 where missing goes left.
        left: Child of those that go left.
        right: Child of the others.
        cover: Training rows that reached the node.
        words_end: Where the node's bits end in ``words``; they begin where those of the node before it end.
        words: Bits of the categorical nodes, 32 codes a word, lowest code in the lowest bit.
        leaf_value: Value of each leaf.
        leaf_cover: Training rows in each leaf.
    """

    features: int
    tree_nodes: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    categorical: NDArray[np.uint8]
    missing: NDArray[np.uint8]
    default_left: NDArray[np.uint8]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    cover: NDArray[np.int64]
    words_end: NDArray[np.int32]
    words: NDArray[np.uint32]
    leaf_value: NDArray[np.float64]
    leaf_cover: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many trees there are."""
        return len(self.tree_nodes)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return every array by its name, in the types of `DTYPES`."""
        return {name: np.ascontiguousarray(getattr(self, name), dtype=dtype) for name, dtype in DTYPES.items()}

    def __eq__(self, other: object) -> bool:
        """Return whether two ensembles hold the same bits."""
        if not isinstance(other, Trees):
            return NotImplemented
        mine, theirs = self.arrays(), other.arrays()
        return self.features == other.features and all(
            mine[name].tobytes() == theirs[name].tobytes() for name in DTYPES
        )

    def __hash__(self) -> int:
        """Return a hash of the leaf values and shape."""
        return hash((self.features, self.leaf_value.tobytes()))


def node_starts(trees: Trees) -> NDArray[np.int64]:
    """Return where each tree's nodes begin, and one more: how many nodes there are."""
    return np.concatenate([[0], np.cumsum(trees.tree_nodes, dtype=np.int64)])


def check_trees(trees: Trees) -> None:
    """Refuse arrays that are not an ensemble of trees, so that none of them can crash or hang what reads them.

    Raises:
        TreesError: Names the array that is wrong and why.
    """
    _check_shapes(trees)
    _check_values(trees)
    _check_children(trees)
    _check_depths(trees)
    _check_words(trees)
    _check_covers(trees)


def _refuse(wrong: object, what: str) -> None:
    if wrong:
        raise TreesError(f"These are not trees: {what}.")


def _check_shapes(trees: Trees) -> None:
    for field in fields(trees):
        if field.name != "features":
            array = getattr(trees, field.name)
            fits = isinstance(array, np.ndarray) and array.ndim == 1 and array.dtype == np.dtype(DTYPES[field.name])
            _refuse(not fits, f"{field.name} must be a one-dimensional array of {DTYPES[field.name]}")
    _refuse((trees.tree_nodes < 0).any(), "tree_nodes holds a negative number")
    nodes = int(trees.tree_nodes.sum(dtype=np.int64))
    _refuse(nodes + trees.count > MOST_NODES, f"there are more than {MOST_NODES} nodes and trees")
    _refuse(len(trees.words) > MOST_WORDS, "there are too many categories")
    for name in (
        "feature",
        "threshold",
        "categorical",
        "missing",
        "default_left",
        "left",
        "right",
        "cover",
        "words_end",
    ):
        _refuse(len(getattr(trees, name)) != nodes, f"{name} has {len(getattr(trees, name))} entries for {nodes} nodes")
    for name in ("leaf_value", "leaf_cover"):
        found, leaves = len(getattr(trees, name)), nodes + trees.count
        _refuse(found != leaves, f"{name} has {found} entries for {leaves} leaves")


def _check_values(trees: Trees) -> None:
    outside = (trees.feature < 0) | (trees.feature >= trees.features)
    _refuse(outside.any(), f"a node compares a feature that is not among the {trees.features} of the model")
    _refuse(np.isnan(trees.threshold).any(), "a threshold is not a number")
    _refuse(not np.isfinite(trees.leaf_value).all(), "the value of a leaf is not a finite number")
    with np.errstate(over="ignore"):
        _refuse(np.abs(trees.leaf_value).sum() > LARGEST_SUM, f"the leaves add up to more than {LARGEST_SUM:g}")
    _refuse((trees.categorical > 1).any() or (trees.default_left > 1).any(), "a flag is neither 0 nor 1")
    _refuse((trees.missing > MISSING_NAN).any(), "a kind of missing is none of 0, 1 and 2")


def _check_children(trees: Trees) -> None:
    """Every node but the root, and every leaf, is the child of exactly one node that comes before it."""
    starts = node_starts(trees)
    inside = np.arange(len(trees.left)) - np.repeat(starts[:-1], trees.tree_nodes)
    sizes = np.repeat(trees.tree_nodes, trees.tree_nodes)
    children = np.concatenate([trees.left, trees.right]).astype(np.int64)
    parents, sizes = np.tile(inside, 2), np.tile(sizes, 2)
    node = children >= 0
    _refuse((node & ((children <= parents) | (children >= sizes))).any(), "the child of a node is not a later node")
    _refuse((~node & (~children > sizes)).any(), "the child of a node is a leaf that its tree does not have")
    node_base = np.tile(np.repeat(starts[:-1], trees.tree_nodes), 2)
    leaf_base = np.tile(np.repeat(starts[:-1] + np.arange(trees.count), trees.tree_nodes), 2)
    seen = np.bincount(children[node] + node_base[node], minlength=len(trees.left))
    seen[starts[:-1][trees.tree_nodes > 0]] += 1
    held = np.bincount(~children[~node] + leaf_base[~node], minlength=len(trees.leaf_value))
    held[(starts[:-1] + np.arange(trees.count))[trees.tree_nodes == 0]] += 1
    _refuse((seen != 1).any() or (held != 1).any(), "a node or leaf is not the child of exactly one node")


def _check_depths(trees: Trees) -> None:
    starts = np.repeat(node_starts(trees)[:-1], trees.tree_nodes).tolist()
    depths = [0] * len(starts)
    conditions = 0
    for node, (left, right) in enumerate(zip(trees.left.tolist(), trees.right.tolist(), strict=True)):
        below = depths[node] + 1
        for child in (left, right):
            if child < 0:
                conditions += below
            else:
                depths[starts[node] + child] = below
    _refuse(conditions > MOST_CONDITIONS, f"the ways to all leaves have more than {MOST_CONDITIONS} nodes")


def _check_words(trees: Trees) -> None:
    lengths = np.diff(trees.words_end.astype(np.int64), prepend=0)
    total = int(trees.words_end[-1]) if len(trees.words_end) else 0
    _refuse((lengths < 0).any() or total != len(trees.words), "words_end does not divide words")
    _refuse((lengths[trees.categorical == 0] > 0).any(), "a numeric node has categories")
    _refuse((lengths[trees.categorical == 1] == 0).any(), "a categorical node has no categories")
    begins = trees.words & ~(trees.words << np.uint32(1))
    _refuse(int(np.bitwise_count(begins).sum()) > MOST_RUNS, f"the sets of categories have more than {MOST_RUNS} runs")


def _check_covers(trees: Trees) -> None:
    """Covers must add up from the leaves, or the explanation of a row would not."""
    _refuse((trees.leaf_cover < 0).any() or (trees.cover <= 0).any(), "a node was reached by no training row")
    _refuse((trees.cover > 2**53).any() or (trees.leaf_cover > 2**53).any(), "a cover is too large")
    starts = np.repeat(node_starts(trees)[:-1], trees.tree_nodes)
    leaf_starts = starts + np.repeat(np.arange(trees.count), trees.tree_nodes)
    below = np.zeros(len(trees.cover), dtype=np.int64)
    for child in (trees.left.astype(np.int64), trees.right.astype(np.int64)):
        node = child >= 0
        below[node] += trees.cover[(starts + child)[node]]
        below[~node] += trees.leaf_cover[(leaf_starts + ~child)[~node]]
    _refuse((below != trees.cover).any(), "the cover of a node is not the sum of its children's")
