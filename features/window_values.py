"""The aggregates of a view over its pairs of row and application, for all windows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, MIN, SHARE, SUM, SUM_UNIT, Aggregate
from features.bands import Bands, Cells, Chosen, Values
from features.distinct_values import Slots, slots
from features.numbers import Numbers
from features.pair_columns import PairColumns
from features.schema_check import LARGEST
from features.windowed import Windowed

Small = NDArray[np.int32]
Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Read = Callable[[Numbers], Numbers]
Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True)
class Sight:
    """All pairs of a view, put into cells of application and band.

    Attributes:
        columns: The pairs with their columns.
        bands: The bands of all windows.
        band: Of each pair, its band.
        cells: Of each pair, its cell.
        slots: Slots of the columns whose different values were counted so far.
        read: Values of columns, and how they were read, so far.
    """

    columns: PairColumns
    bands: Bands
    band: Small
    cells: Cells
    slots: dict[str, Slots] = field(default_factory=dict)
    read: dict[tuple[str, Read], Values] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: PairColumns, bands: Bands) -> Sight:
        """Put the pairs into cells."""
        known = columns.known
        band = bands.of_pairs(known.row, known.place, known.happened, known.times)
        cells = Cells.of(len(known.numbers), bands, band, known.applications)
        return cls(columns=columns, bands=bands, band=band, cells=cells)

    def different(self, column: str) -> Slots:
        """Return the slots of a column's values."""
        if column not in self.slots:
            self.slots[column] = slots(self.columns, column)
        return self.slots[column]

    def values(self, column: str, read: Read) -> Values:
        """Return the values of a column, read in one of the ways below."""
        if (column, read) not in self.read:
            numbers, at = self.columns.numbers(column)
            numbers = read(numbers)
            self.read[column, read] = Values(numbers.values, numbers.present, at)
        return self.read[column, read]


@dataclass(frozen=True, kw_only=True)
class Picked:
    """The pairs of a view that fulfil some conditions.

    Attributes:
        sight: All pairs.
        chosen: The pairs that fulfil them.
    """

    sight: Sight
    chosen: Chosen


def window_values(columns: PairColumns, parts: Iterable[Windowed]) -> Iterator[tuple[Windowed, Real]]:
    """Yield each feature with its values, one for each application; NaN where no row says anything.

    Args:
        columns: Columns of the view of all the features.
        parts: The features.
    """
    parts = tuple(parts)
    sight = Sight.of(columns, Bands.between(part.window for part in parts))
    for picking in _alike(parts, lambda part: (part.history.condition, part.where)):
        picked = Picked(sight=sight, chosen=columns.where(picking[0].history, picking[0].where))
        for same in _alike(picking, lambda part: (part.aggregate.name, part.column)):
            wide = _COMPUTED[same[0].aggregate](picked, same[0].column)
            for part in same:
                yield part, wide[sight.bands.last(part.window)].astype(np.float64)


def _alike(parts: Iterable[Windowed], key: Callable[[Windowed], Key]) -> list[list[Windowed]]:
    groups: dict[Key, list[Windowed]] = {}
    for part in parts:
        groups.setdefault(key(part), []).append(part)
    return list(groups.values())


def _whole(numbers: Numbers) -> Numbers:
    real, present = numbers.values.astype(np.float64, copy=False), numbers.present
    small = np.abs(real) < LARGEST
    if not small.all():
        real, present = np.where(small, real, 0.0), numbers.told() & small
    return Numbers(np.rint(real * SUM_UNIT).astype(np.int64), present)


def _real(numbers: Numbers) -> Numbers:
    real = numbers.values.astype(np.float64, copy=False)
    return Numbers(np.where(numbers.present, real, np.nan) if len(numbers.present) else real, numbers.present)


def _negative(numbers: Numbers) -> Numbers:
    return Numbers(-_real(numbers).values, numbers.present)


def _true(numbers: Numbers) -> Numbers:
    return Numbers(numbers.values.astype(np.int64), numbers.present)


def _ratio(parts: Whole | Real, wholes: Whole) -> Real:
    """Return the quotients, NaN where part and whole are 0."""
    with np.errstate(invalid="ignore"):
        return np.asarray(parts / wholes)


def _count(picked: Picked, _: str) -> Whole:
    return picked.sight.cells.counts(picked.chosen)


def _sum(picked: Picked, column: str) -> Real:
    sums, counts = picked.sight.cells.sums(picked.chosen, picked.sight.values(column, _whole))
    return np.where(counts, sums / SUM_UNIT, np.nan)


def _mean(picked: Picked, column: str) -> Real:
    sums, counts = picked.sight.cells.sums(picked.chosen, picked.sight.values(column, _whole))
    return _ratio(sums, counts * SUM_UNIT)


def _share(picked: Picked, column: str) -> Real:
    return _ratio(*picked.sight.cells.sums(picked.chosen, picked.sight.values(column, _true)))


def _max(picked: Picked, column: str) -> Real:
    return picked.sight.cells.largest(picked.chosen, picked.sight.values(column, _real))


def _min(picked: Picked, column: str) -> Real:
    return 0.0 - picked.sight.cells.largest(picked.chosen, picked.sight.values(column, _negative))


def _distinct(picked: Picked, column: str) -> Whole:
    sight = picked.sight
    return sight.different(column).counts(picked.chosen, sight.band, sight.cells)


_COMPUTED: Final[Mapping[Aggregate, Callable[[Picked, str], NDArray[np.generic]]]] = {
    COUNT: _count,
    DISTINCT: _distinct,
    SUM: _sum,
    MEAN: _mean,
    MAX: _max,
    MIN: _min,
    SHARE: _share,
}
