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


class Limits(NamedTuple):
    """What the values of a row may be; missing ones may always be.

    Attributes:
        least: Smallest legal value of each feature, finite.
        most: Largest legal value of each, finite.
    """

    least: Array
    most: Array

    def hold(self, row: Array) -> bool:
        """Return whether every value of a row is legal."""
        # Looking for one byte among few is sooner done than any of numpy's own ways to say whether one is True.
        return b"\1" not in (row > self.most).tobytes() and b"\1" not in (row < self.least).tobytes()


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Bounds:
    """Conditions prepared for one row.

    Attributes:
        width: How many columns there are.
        legal: Bytes after those of the columns in the answer of a row within its limits.
        floors: Makes two of every row, as it is and with −∞ where a value is missing: NaN is at most nothing, and −∞ at
            most everything. Shape (2, 1).
        operand: What each bit compares: the place of a feature in the one or, counted on, in the other.
        most: The bit is 1 when its operand is at most this; NaN where there is no condition.
        turned: Bits that are 1 when it is not, where no set says so; None when there are none.
        sets: The features with conditions that no bound tells. All patterns of the first one say the turned bits, too.
    """

    width: int
    legal: bytes
    floors: Array
    operand: Places
    most: Array
    turned: Bytes | None
    sets: tuple[Set, ...]

    def of_row(self, row: Array) -> Bytes:
        """Return the patterns of one row (float64 per feature, NaN where missing, never infinite)."""
        return self._answers(row)[: self.width]

    def of_row_within(self, row: Array) -> Bytes | None:
        """Return the patterns of one row, or None when a value is beyond its limits; it may be infinite, too."""
        found = self._answers(row)
        return found[: self.width] if found.tobytes().endswith(self.legal) else None

    def _answers(self, row: Array) -> Bytes:
        operands = np.fmax(row, self.floors)
        # Every place is there, so there is nothing to clip: to say so is sooner than to have each place checked.
        found = np.packbits(operands.take(self.operand, mode="clip") <= self.most, bitorder="little")
        if self.sets:
            found ^= np.frombuffer(self._of_sets(row).to_bytes(len(found), "little"), dtype=np.uint8)
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


def bounds_of(answers: Iterable[Answers], width: int, features: int, limits: Limits | None = None) -> Bounds:
    """Prepare conditions for one row.

    Args:
        answers: Of every feature with conditions.
        width: How many columns there are.
        features: Features of a row.
        limits: Of a row, compared along with the conditions for `Bounds.of_row_within`; None has none.
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
    if limits is not None:
        beyond_operand, beyond_most, beyond_turned = _beyond(limits, features)
        operand, most = np.append(operand, beyond_operand), np.append(most, beyond_most)
        turned = np.append(turned, beyond_turned)
    packed = np.packbits(turned, bitorder="little") if turned.any() else None
    if packed is not None and sets:
        always, first = int.from_bytes(packed.tobytes(), "little"), sets[0]
        sets[0] = first._replace(patterns=[always | pattern for pattern in first.patterns])
        packed = None
    return Bounds(
        width=width,
        legal=bytes(len(operand) // 8 - width),
        floors=np.array([[np.nan], [-np.inf]]),
        operand=operand,
        most=most,
        turned=packed,
        sets=tuple(sets),
    )


def _beyond(limits: Limits, features: int) -> tuple[Places, Array, NDArray[np.bool_]]:
    """Return operands, bounds and turns of bits, in whole bytes, that are 1 where a value is above or below a limit."""
    spare = -2 * features % 8
    with np.errstate(over="ignore"):  # what is below the smallest number is infinite, as it should be
        below = np.nextafter(limits.least, -np.inf)
    # Missing values are -∞ to the upper limits and NaN to the lower ones: at most the former, and not the latter.
    operand = np.concatenate([np.arange(features, 2 * features), np.arange(features), np.zeros(spare, dtype=np.intp)])
    most = np.concatenate([limits.most, below, np.full(spare, np.nan)])
    return operand, most, np.arange(2 * features + spare) < features


def _set(answers: Answers, untold: NDArray[np.bool_], width: int) -> Set:
    columns, said = Answers(answers.feature, answers.breaks, answers.bits[untold], answers.holds[untold]).packed()
    table = np.zeros((len(answers.breaks), width), dtype=np.uint8)
    table[:, columns] = said.T
    return Set(answers.feature, answers.breaks.tolist(), [int.from_bytes(row.tobytes(), "little") for row in table])
