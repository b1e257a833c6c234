"""Which way a node sends a value, by LightGBM's law."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.trees import MISSING_NAN, MISSING_NONE, MOST_WORDS, Trees

ZERO: Final = float(np.float32(1e-35))
"""LightGBM takes every value this near to 0 for 0."""

_NO_CODE: Final = 32 * MOST_WORDS

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
    by_code = trees.categorical[nodes] == 1
    left[~by_code] = _compared(nodes[~by_code], values, trees)
    codes = _codes(values)
    for place in np.flatnonzero(by_code).tolist():
        # One bit more than the set has, so that every code beyond it finds the last, which is none of the set.
        left[place] = unpacked(words_of(int(nodes[place]), trees), more=1).take(codes, mode="clip")
    return left


def words_of(node: int, trees: Trees) -> NDArray[np.uint32]:
    """Return the set of codes of a categorical node."""
    start = int(trees.words_end[node - 1]) if node else 0
    return trees.words[start : int(trees.words_end[node])]


def unpacked(words: NDArray[np.uint32], *, more: int = 0) -> NDArray[np.uint8]:
    """Return one byte per code, 1 when it is in the set, and 0 for so many more codes."""
    packed = words.astype("<u4", copy=False).view(np.uint8)
    return np.unpackbits(packed, count=8 * len(packed) + more, bitorder="little")


def _compared(nodes: Places, values: Array, trees: Trees) -> NDArray[np.bool_]:
    """Compare with thresholds. Values very near to 0 become 0 first, as LightGBM's reader has it."""
    missing = np.isnan(values)
    either = missing | (np.abs(values) <= ZERO)
    plain = np.where(either, 0.0, values) <= trees.threshold[nodes, np.newaxis]
    kind = trees.missing[nodes, np.newaxis]
    absent = np.where(kind == MISSING_NAN, missing, either) & (kind != MISSING_NONE)
    return np.where(absent, trees.default_left[nodes, np.newaxis] == 1, plain)


def _codes(values: Array) -> Places:
    """Return the code of each value: it is cut to a whole number; what is no code becomes one that is in no set."""
    legal = (values > -1.0) & (values < _NO_CODE)
    return np.where(legal, values, _NO_CODE).astype(np.intp)
