"""The tables of all groups of leaves, one under another, so that one look-up serves all groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Places = NDArray[np.intp]

_LINE: Final = 64
"""Bytes that the processor fetches from memory at a time."""


@dataclass(frozen=True, slots=True)
class Table:
    """The table of one group.

    Attributes:
        features: The feature of each column.
        points: Contribution per pattern and feature, shape (patterns, features).
        reached: Value of the leaf reached per pattern, 0 when it is none of the group's.
    """

    features: tuple[int, ...]
    points: Array
    reached: Array


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Tables:
    """All tables.

    Attributes:
        start: Where each group's table begins.
        patterns: How many rows it has.
        columns: What each column of a group is added to, shape (groups, width): a feature; the number of features for a
            column of zeros; one more for the last column, the value of the leaf reached.
        slots: The same, group after group.
        used: How many features each group has.
        rows: Contributions, and in the last column the value of the leaf reached, shape (rows, width).
    """

    start: Places
    patterns: Places
    columns: Places
    slots: Places
    used: tuple[int, ...]
    rows: Array

    def reached_by(self, patterns: Bytes) -> Array:
        """Return the value of the leaf that a case reaches in each group."""
        return self.rows.take(self.start + patterns, axis=0)[:, -1]

    def reached_in(self, group: int, patterns: Bytes) -> Array:
        """Return the value of the leaf that each case reaches in one group, from the patterns of all groups."""
        rows = self.rows[self.start[group] : self.start[group] + self.patterns[group], -1]
        found: Array = rows.take(patterns[group])
        return found

    def sums(self, patterns: Bytes, features: int) -> Array:
        """Return what a case's features get, one more number that means nothing, and last the sum of leaves reached.

        Everything is added in the order of the groups.
        """
        # Bytes are made places first: to add numbers of two kinds takes numpy longer than both.
        weights = self.rows.take(self.start + patterns.astype(np.intp), axis=0)
        found = np.bincount(self.slots, weights.ravel(), features + 2)
        return found.astype(np.float64, copy=False)  # without any table they are no floats

    def add_to(self, total: Array, patterns: Bytes) -> None:
        """Add every group's contributions to totals, shape (features, cases), one group after another."""
        some = np.empty(patterns.shape[1])
        for group, (start, size) in enumerate(zip(self.start.tolist(), self.patterns.tolist(), strict=True)):
            pattern = patterns[group].astype(np.intp)
            columns = np.ascontiguousarray(self.rows[start : start + size].T)
            for place, feature in enumerate(self.columns[group, : self.used[group]].tolist()):
                columns[place].take(pattern, out=some, mode="clip")
                total[feature] += some


def gathered_tables(found: Sequence[Table], *, features: int) -> Tables:
    """Put tables one under another.

    Args:
        found: The tables.
        features: How many features a row has.
    """
    width = max((len(table.features) for table in found), default=0) + 1
    if _LINE // 16 < width < _LINE // 8:
        width = _LINE // 8  # so that no row is in two fetches
    sizes = np.array([len(table.reached) for table in found], dtype=np.intp)
    start = np.cumsum(sizes) - sizes
    rows = _zeros(int(sizes.sum()), width)
    columns = np.full((len(found), width), features, dtype=np.intp)
    columns[:, -1] = features + 1
    for group, table in enumerate(found):
        columns[group, : len(table.features)] = table.features
        some = slice(start[group], start[group] + sizes[group])
        rows[some, : len(table.features)] = table.points
        rows[some, -1] = table.reached
    return Tables(
        start=start,
        patterns=sizes,
        columns=columns,
        slots=columns.ravel(),
        used=tuple(len(table.features) for table in found),
        rows=rows,
    )


def _zeros(rows: int, width: int) -> Array:
    """Return zeros that begin where a fetch does."""
    numbers = np.zeros(rows * width + _LINE // 8)
    first = -numbers.ctypes.data % _LINE // 8
    return numbers[first : first + rows * width].reshape(rows, width)
