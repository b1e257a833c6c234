"""The patterns of one row: most conditions hold up to a bound or beyond it, and all of these are compared at once.

For many rows it is sooner to go feature by feature (`scoring.cells`); one row would pay for every feature's calls. Both
are made from the same answers of the nodes about one value per cell.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the conditions of one feature say in every cell of it.

    Attributes:
        feature: Which feature.
        breaks: Upper bounds of its cells, rising; the last is +∞, the cell of missing values.
        bits: Where each condition stands among the bits of all columns, eight a column, lowest first; rising.
        holds: 1 where a condition holds, else 0, shape (conditions, cells).
    """

    feature: int
    breaks: Array
    bits: Places
    holds: Bytes

    def packed(self) -> tuple[Places, Bytes]:
        """Return the columns with these conditions, and what each cell says to each, shape (columns, cells)."""
        columns, first = np.unique(self.bits >> 3, return_index=True)
        shifted = self.holds << (self.bits & 7).astype(np.uint8)[:, np.newaxis]
        return columns, np.bitwise_or.reduceat(shifted, first)


class Set(NamedTuple):
    """The conditions of a feature that no single bound tells: sets of codes, and zeros that count as missing.

    Attributes:
        feature: Which feature.
        breaks: Upper bounds of its cells.
        patterns: What each cell says to all columns, their bytes as one whole number; the last is that of missing.
    """

    feature: int
    breaks: list[float]
    patterns: list[int]


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Bounds:
    """Conditions prepared for one row.

    Attributes:
        width: How many columns there are.
        floors: Makes two of every row, as it is and with −∞ where a value is missing: NaN is at most nothing, and −∞ at
            most everything. Shape (2, 1).
        operand: What each bit compares: the place of a feature in the one or, counted on, in the other.
        most: The bit is 1 when its operand is at most this; NaN where there is no condition.
        turned: Bits that are 1 when it is not, where no set says so; None when there are none.
        sets: The features with conditions that no bound tells. All patterns of the first one say the turned bits, too.
    """

    width: int
    floors: Array
    operand: Places
    most: Array
    turned: Bytes | None
    sets: tuple[Set, ...]

    def of_row(self, row: Array) -> Bytes:
        """Return the patterns of one row (float64 per feature, NaN where missing, never infinite)."""
        operands = np.fmax(row, self.floors)
        # Every place is there, so there is nothing to clip: to say so is sooner than to have each place checked.
        found = np.packbits(operands.take(self.operand, mode="clip") <= self.most, bitorder="little")
        if self.sets:
            found ^= np.frombuffer(self._of_sets(row).to_bytes(self.width, "little"), dtype=np.uint8)
        elif self.turned is not None:
            found ^= self.turned
        return found

    def _of_sets(self, row: Array) -> int:
        found = 0
        for feature, breaks, patterns in self.sets:
            value: Any = row.item(feature)
            missing = value != value  # noqa: PLR0124 - the cheapest test for NaN
            found |= patterns[-1 if missing else bisect_left(breaks, value)]
        return found


def bounds_of(answers: Iterable[Answers], width: int, features: int) -> Bounds:
    """Prepare conditions for one row.

    Args:
        answers: Of every feature with conditions.
        width: How many columns there are.
        features: Features of a row.
    """
    operand, most = np.zeros(8 * width, dtype=np.intp), np.full(8 * width, np.nan)
    turned, sets = np.zeros(8 * width, dtype=np.bool_), []
    for each in answers:
        real, missing = each.holds[:, :-1], each.holds[:, -1]
        told = np.count_nonzero(real[:, 1:] != real[:, :-1], axis=1) < 2
        beyond = real[:, 0] < real[:, -1]
        cells = np.count_nonzero(real != beyond[:, np.newaxis], axis=1)
        bits = each.bits[told]
        operand[bits] = each.feature + features * (missing != beyond)[told]
        most[bits] = np.append(-np.inf, each.breaks)[cells[told]]
        turned[bits] = beyond[told]
        if not told.all():
            sets.append(_set(each, ~told, width))
    packed = np.packbits(turned, bitorder="little") if turned.any() else None
    if packed is not None and sets:
        always, first = int.from_bytes(packed.tobytes(), "little"), sets[0]
        sets[0] = first._replace(patterns=[always | pattern for pattern in first.patterns])
        packed = None
    return Bounds(
        width=width, floors=np.array([[np.nan], [-np.inf]]), operand=operand, most=most, turned=packed, sets=tuple(sets)
    )


def _set(answers: Answers, untold: NDArray[np.bool_], width: int) -> Set:
    columns, said = Answers(answers.feature, answers.breaks, answers.bits[untold], answers.holds[untold]).packed()
    table = np.zeros((len(answers.breaks), width), dtype=np.uint8)
    table[:, columns] = said.T
    return Set(answers.feature, answers.breaks.tolist(), [int.from_bytes(row.tobytes(), "little") for row in table])
