"""The aggregates of a view over its pairs of row and application, for all windows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, MIN, SHARE, SUM, SUM_UNIT, Aggregate
from features.bands import Bands, Cells, Values
from features.distinct_values import Slots, slots
from features.equal_values import flags
from features.pair_columns import PairColumns
from features.schema_check import LARGEST
from features.windowed import Windowed

Bytes = NDArray[np.uint8]
Small = NDArray[np.int32]
Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Read = Callable[[pl.Series], pl.Series]
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
            series, row = self.columns.column(column)
            series, at = read(series), np.empty(0, dtype=np.int32) if row is None else row
            self.read[column, read] = Values(series.fill_null(0).to_numpy(), flags(series.is_not_null()), at)
        return self.read[column, read]


@dataclass(frozen=True, kw_only=True)
class Picked:
    """The pairs of a view that fulfil some conditions.

    Attributes:
        sight: All pairs.
        chosen: Of each pair, 1 when it fulfils them, else 0.
    """

    sight: Sight
    chosen: Bytes


def window_values(columns: PairColumns, parts: Iterable[Windowed]) -> Iterator[tuple[Windowed, Real]]:
    """Yield each feature with its values, one for each application; NaN where no row says anything.

    Args:
        columns: Columns of the view of all the features.
        parts: The features.
    """
    parts = tuple(parts)
    sight = Sight.of(columns, Bands.between(part.window for part in parts))
    for picking in _alike(parts, lambda part: (part.history.stem, part.where)):
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


def _whole(values: pl.Series) -> pl.Series:
    real = values.cast(pl.Float64)
    small = (real.abs() < LARGEST).fill_null(value=False)
    return (real.set(~small, None) * SUM_UNIT).round().cast(pl.Int64)


def _real(values: pl.Series) -> pl.Series:
    return values.cast(pl.Float64).fill_null(np.nan)


def _negative(values: pl.Series) -> pl.Series:
    return -_real(values)


def _true(values: pl.Series) -> pl.Series:
    return values.cast(pl.Boolean).cast(pl.Int64)


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
    """Count the values of an application by the band of their latest row."""
    sight, found = picked.sight, picked.sight.different(column)
    latest = found.smallest(picked.chosen, sight.band, len(sight.bands))
    met = latest < len(sight.bands)
    cells = Cells.of(sight.cells.applications, sight.bands, latest, found.applications)
    return cells.counts(met.view(np.uint8))


_COMPUTED: Final[Mapping[Aggregate, Callable[[Picked, str], NDArray[np.generic]]]] = {
    COUNT: _count,
    DISTINCT: _distinct,
    SUM: _sum,
    MEAN: _mean,
    MAX: _max,
    MIN: _min,
    SHARE: _share,
}
