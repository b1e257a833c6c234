"""The tables of all groups of leaves, one under another, so that one look-up serves all groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.paths import MOST_CONDITIONS

Array = NDArray[np.float64]
Bits = NDArray[np.uint8]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Table:
    """The table of one group.

    Attributes:
        bits: The bits that make up the pattern, lowest first.
        features: The feature of each column.
        points: Contribution per pattern and feature, shape (patterns, features).
        reached: Value of the leaf reached per pattern, 0 when it is none of the group's.
    """

    bits: Sequence[int]
    features: tuple[int, ...]
    points: Array
    reached: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """All tables.

    Attributes:
        bits: Which bits make up each group's pattern, lowest first, filled up with one that is always 0;
            shape (groups, 8).
        start: Where each group's table begins.
        patterns: How many rows it has.
        features: The feature of each column, and the number of features where there is none, shape (groups, width).
        used: How many columns each group uses.
        points: Contributions, shape (rows, width).
        reached: Value of the leaf reached, shape (rows,).
    """

    bits: Places
    start: Places
    patterns: Places
    features: Places
    used: tuple[int, ...]
    points: Array
    reached: Array

    def rows_of(self, bits: Bits) -> Places:
        """Return the row of each group's table for one case's bits."""
        return self.start + np.packbits(bits[self.bits], axis=1, bitorder="little")[:, 0]

    def patterns_of(self, bits: Bits) -> Bits:
        """Return the pattern of each group for many cases' bits, shape (groups, cases)."""
        found = np.zeros((len(self.start), bits.shape[1]), dtype=np.uint8)
        for place in range(MOST_CONDITIONS):
            found |= bits[self.bits[:, place]] << np.uint8(place)
        return found

    def reached_by(self, group: int, patterns: Bits) -> Array:
        """Return the value of the leaf that each case reaches in one group."""
        reached: Array = self.reached[self.start[group] : self.start[group] + self.patterns[group]]
        found: Array = reached.take(patterns[group])
        return found

    def add_to(self, total: Array, patterns: Bits) -> None:
        """Add every group's contributions to the totals, shape (features, cases), one group after another."""
        some = np.empty(patterns.shape[1])
        for group, (start, size) in enumerate(zip(self.start.tolist(), self.patterns.tolist(), strict=True)):
            pattern = patterns[group].astype(np.intp)
            columns = self.points[start : start + size].T
            for place in range(self.used[group]):
                columns[place].take(pattern, out=some, mode="clip")
                total[self.features[group, place]] += some


def gathered_tables(found: Sequence[Table], *, features: int, never: int) -> Tables:
    """Put tables one under another.

    Args:
        found: The tables.
        features: How many features a row has.
        never: The bit that never holds.
    """
    width = max((len(table.features) for table in found), default=0)
    sizes = np.array([len(table.reached) for table in found], dtype=np.intp)
    start = np.cumsum(sizes) - sizes
    points = np.zeros((int(sizes.sum()), width))
    bits = np.full((len(found), MOST_CONDITIONS), never, dtype=np.intp)
    columns = np.full((len(found), width), features, dtype=np.intp)
    for group, table in enumerate(found):
        bits[group, : len(table.bits)] = table.bits
        columns[group, : len(table.features)] = table.features
        points[start[group] : start[group] + sizes[group], : len(table.features)] = table.points
    return Tables(
        bits=bits,
        start=start,
        patterns=sizes,
        features=columns,
        used=tuple(len(table.features) for table in found),
        points=points,
        reached=np.concatenate([np.empty(0), *(table.reached for table in found)]),
    )
