"""Which way a node sends a value, by LightGBM's law."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.trees import MISSING_NAN, MISSING_NONE, Trees

ZERO: Final = float(np.float32(1e-35))
"""LightGBM takes every value this near to 0 for 0."""

Array = NDArray[np.float64]
Places = NDArray[np.intp]


def goes_left(nodes: Places, values: Array, trees: Trees) -> NDArray[np.bool_]:
    """Return whether each node sends each value left, shape (nodes, values).

    Args:
        nodes: Numbers of nodes of checked trees.
        values: float64, NaN where missing, never infinite.
        trees: The trees.
    """
    left = np.empty((len(nodes), len(values)), dtype=np.bool_)
    codes = trees.categorical[nodes] == 1
    left[~codes] = _compared(nodes[~codes], values, trees)
    for place in np.flatnonzero(codes).tolist():
        left[place] = _looked_up(words_of(int(nodes[place]), trees), values)
    return left


def words_of(node: int, trees: Trees) -> NDArray[np.uint32]:
    """Return the set of codes of a categorical node."""
    start = int(trees.words_end[node - 1]) if node else 0
    return trees.words[start : int(trees.words_end[node])]


def unpacked(words: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return one byte per code, 1 when it is in the set."""
    return np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little")


def _compared(nodes: Places, values: Array, trees: Trees) -> NDArray[np.bool_]:
    """Compare with thresholds. Values very near to 0 become 0 first, as LightGBM's reader has it."""
    missing = np.isnan(values)
    either = missing | (np.abs(values) <= ZERO)
    plain = np.where(either, 0.0, values) <= trees.threshold[nodes, np.newaxis]
    kind = trees.missing[nodes, np.newaxis]
    absent = np.where(kind == MISSING_NAN, missing, either) & (kind != MISSING_NONE)
    return np.where(absent, trees.default_left[nodes, np.newaxis] == 1, plain)


def _looked_up(words: NDArray[np.uint32], values: Array) -> NDArray[np.bool_]:
    """Look codes up: a value is cut to a whole number, and what is no code of the set goes right."""
    held = unpacked(words)
    legal = (values > -1.0) & (values < len(held))
    found: NDArray[np.bool_] = legal & (held[np.where(legal, values, 0.0).astype(np.int64)] == 1)
    return found
