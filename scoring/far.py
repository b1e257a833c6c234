"""Leaves whose paths compare too many features for a table: explained by the integral itself, row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.cells import Condition, conditions_of
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
        filling: 1 where there is no feature, shape (d, leaves).
        features: The features, leaf after leaf, and where they stand among leaves and places.
        shares: Their shares of training rows, shape (d, leaves, 1).
        values: Value of each leaf, shape (leaves, 1).
    """

    bits: Places
    filling: Bits
    features: tuple[Places, Places]
    shares: Array
    values: Array

    def add_to(self, total: Array, bits: Bits) -> None:
        """Add contributions to totals, leaf after leaf.

        Args:
            total: Shape (features,) for one case, or (features, cases).
            bits: 1 where a condition holds, shape (conditions,) or (conditions, cases).
        """
        held = self._held(bits)
        features, places = self.features
        if bits.ndim == 1:
            values = shapley(self.shares, held[:, :, np.newaxis].astype(np.float64), self.values)
            np.add.at(total, features, values.transpose(1, 0, 2).ravel().take(places))
            return
        size, leaves = self.bits.shape
        block = max(1, _NUMBERS_AT_ONCE // (size * max(1, bits.shape[1])))
        ends = np.searchsorted(places, np.arange(leaves + 1) * size)
        for start in range(0, leaves, block):
            some = slice(start, start + block)
            values = shapley(self.shares[:, some], held[:, some].astype(np.float64), self.values[some])
            flat = values.transpose(1, 0, 2).reshape(-1, bits.shape[1])
            within = slice(ends[start], ends[min(start + block, leaves)])
            for feature, place in zip(features[within].tolist(), places[within].tolist(), strict=True):
                total[feature] += flat[place - start * size]

    def reached(self, bits: Bits) -> Array:
        """Return the value of each leaf where it is reached, else 0, shape (leaves,) or (leaves, cases)."""
        held = np.bitwise_and.reduce(self._held(bits), axis=0).view(np.bool_)
        return np.where(held, self.values[:, 0] if bits.ndim == 1 else self.values, 0.0)

    def _held(self, bits: Bits) -> Bits:
        found: Bits = bits[self.bits] | self.filling.reshape(*self.filling.shape, *(1,) * (bits.ndim - 1))
        return found


def gathered_far(
    found: Sequence[tuple[int, Path]], leaf_value: Array
) -> tuple[tuple[Far, ...], list[Condition], list[int]]:
    """Gather long paths by size.

    Args:
        found: Each path with its place among the pieces of the ensemble.
        leaf_value: Value of every leaf.

    Returns:
        The gathered paths; the conditions of their bits; and their pieces in the order in which they now stand.
    """
    by_size: defaultdict[int, list[tuple[int, Path]]] = defaultdict(list)
    for each in found:
        by_size[_size(len(each[1].features))].append(each)
    conditions: list[Condition] = []
    gathered = []
    for size, some in by_size.items():
        gathered.append(_far([path for _, path in some], size, leaf_value, first=len(conditions)))
        conditions += [condition for _, path in some for condition in conditions_of(path)]
    return tuple(gathered), conditions, [piece for some in by_size.values() for piece, _ in some]


def _far(paths: Sequence[Path], size: int, leaf_value: Array, *, first: int) -> Far:
    lengths = np.array([len(path.features) for path in paths])
    real = np.arange(size) < lengths[:, np.newaxis]
    bits, shares = np.zeros(real.shape, dtype=np.intp), np.ones(real.shape)
    bits[real] = first + np.arange(lengths.sum())
    shares[real] = [share for path in paths for share in path.shares]
    features = np.array([feature for path in paths for feature in path.features], dtype=np.intp)
    return Far(
        bits=np.ascontiguousarray(bits.T),
        filling=np.ascontiguousarray(~real.T).view(np.uint8),
        features=(features, np.flatnonzero(real)),
        shares=np.ascontiguousarray(shares.T)[:, :, np.newaxis],
        values=leaf_value[[path.leaf for path in paths]][:, np.newaxis],
    )


def _size(features: int) -> int:
    """Return the number of features up to which a path is filled, so that few sizes are left."""
    near = [size for size in _SIZES if size >= features]
    return near[0] if near else -(-features // _STEP) * _STEP
