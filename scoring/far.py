"""Leaves whose paths compare too many features for a table: explained by the integral itself, row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring.explain import shapley
from scoring.paths import Path

Array = NDArray[np.float64]
Bits = NDArray[np.uint8]
Places = NDArray[np.intp]

_NUMBERS_AT_ONCE: Final = 1 << 17
_SIZES: Final = (4, 8, 12, 16)
_STEP: Final = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Far:
    """Long paths, filled up to one number of features.

    What fills a path up always holds and lets every training row through, so it changes nothing.

    Attributes:
        bits: The bit of each feature, shape (d, leaves).
        features: The features, and the number of features where there is none, shape (d, leaves).
        shares: Their shares of training rows, shape (d, leaves, 1).
        values: Value of each leaf, shape (leaves, 1).
    """

    bits: Places
    features: Places
    shares: Array
    values: Array

    def contributions(self, bits: Bits) -> Iterator[tuple[Places, Array]]:
        """Give, block by block, the leaves' features (leaves, d) and Shapley values (leaves, d, rows).

        Leaf after leaf, so that the order of additions does not depend on the size of the blocks.
        """
        size, leaves = self.bits.shape
        block = max(1, _NUMBERS_AT_ONCE // (size * max(1, bits.shape[1])))
        for start in range(0, leaves, block):
            some = slice(start, start + block)
            held = bits[self.bits[:, some]].astype(np.float64)
            values = shapley(self.shares[:, some], held, self.values[some])
            yield self.features[:, some].T, values.transpose(1, 0, 2)

    def reached(self, bits: Bits) -> Array:
        """Return the value of each leaf where it is reached, else 0, shape (leaves, rows)."""
        held = bits[self.bits[0]]
        for each in self.bits[1:]:
            held &= bits[each]
        return np.where(held.view(np.bool_), self.values, 0.0)


def gathered_far(
    found: Sequence[tuple[int, list[int], Path]], leaf_value: Array, *, features: int, always: int
) -> tuple[tuple[Far, ...], list[int]]:
    """Gather long paths by size.

    Args:
        found: Each path with its place among the pieces of the ensemble and the bits of its features.
        leaf_value: Value of every leaf.
        features: How many features a row has.
        always: The bit that always holds.

    Returns:
        The gathered paths, and their pieces in the order in which they now stand.
    """
    by_size: defaultdict[int, list[tuple[int, list[int], Path]]] = defaultdict(list)
    for each in found:
        by_size[_size(len(each[2].features))].append(each)
    gathered = tuple(
        Far(
            bits=_columns([_filled(bits, size, always) for _, bits, _ in some], np.intp),
            features=_columns([_filled(path.features, size, features) for _, _, path in some], np.intp),
            shares=_columns([_filled(path.shares, size, 1.0) for _, _, path in some], np.float64)[:, :, np.newaxis],
            values=leaf_value[[path.leaf for _, _, path in some]][:, np.newaxis],
        )
        for size, some in by_size.items()
    )
    return gathered, [piece for some in by_size.values() for piece, _, _ in some]


def _size(features: int) -> int:
    """Return the number of features up to which a path is filled, so that few sizes are left."""
    near = [size for size in _SIZES if size >= features]
    return near[0] if near else -(-features // _STEP) * _STEP


def _filled(numbers: Sequence[float], size: int, filling: float) -> list[float]:
    return [*numbers, *[filling] * (size - len(numbers))]


def _columns(rows: list[list[float]], kind: type[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(np.array(rows, dtype=kind).T)
