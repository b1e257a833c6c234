"""The aggregates of a view over its pairs of row and application, for all windows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, MIN, SHARE, SUM, SUM_UNIT, Aggregate
from features.bands import Bands, Cells
from features.distinct_values import Slots, slots
from features.pair_columns import PairColumns
from features.windowed import Windowed

Whole = NDArray[np.int64]
Real = NDArray[np.float64]
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
    """

    columns: PairColumns
    bands: Bands
    band: NDArray[np.unsignedinteger]
    cells: Cells
    slots: dict[str, Slots] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: PairColumns, bands: Bands) -> Sight:
        """Put the pairs into cells."""
        known = columns.known
        band = bands.of(known.ages)
        cells = Cells(len(known.numbers), bands, known.applications * len(bands) + band)
        return cls(columns=columns, bands=bands, band=band, cells=cells)

    def different(self, column: str) -> Slots:
        """Return the slots of a column's values."""
        if column not in self.slots:
            self.slots[column] = slots(self.columns, column)
        return self.slots[column]


@dataclass(frozen=True, kw_only=True)
class Picked:
    """The pairs of a view that fulfil some conditions.

    Attributes:
        sight: All pairs.
        pairs: Positions of the pairs among all.
        cells: Of each pair, its cell.
    """

    sight: Sight
    pairs: Whole | slice
    cells: Cells

    @classmethod
    def where(cls, sight: Sight, some: Windowed) -> Picked:
        """Return the pairs that a feature counts, in whatever window."""
        flags = sight.columns.where(some.history, some.where)
        if flags is None:
            return cls(sight=sight, pairs=slice(None), cells=sight.cells)
        pairs = np.flatnonzero(flags)
        return cls(sight=sight, pairs=pairs, cells=sight.cells.only(pairs))

    def values(self, column: str, read: Callable[[pl.Series], pl.Series]) -> tuple[Cells, NDArray[Any]]:
        """Return the values of a column that are not null, and their cells."""
        series, row = self.sight.columns.column(column)
        series = read(series)
        position = self.pairs if row is None else row[self.pairs]
        values = series.fill_null(value=0).to_numpy()[position]
        if not series.null_count():
            return self.cells, values
        present = np.flatnonzero(series.is_not_null().to_numpy()[position])
        return self.cells.only(present), values[present]


def window_values(columns: PairColumns, parts: Iterable[Windowed]) -> Iterator[tuple[Windowed, Real]]:
    """Yield each feature with its values, one for each application; NaN where no row says anything.

    Args:
        columns: Columns of the view of all the features.
        parts: The features.
    """
    parts = tuple(parts)
    sight = Sight.of(columns, Bands.between(part.window for part in parts))
    for picking in _alike(parts, lambda part: (part.history.stem, part.where)):
        picked = Picked.where(sight, picking[0])
        for same in _alike(picking, lambda part: (part.aggregate.name, part.column)):
            wide = _COMPUTED[same[0].aggregate](picked, same[0].column)
            for part in same:
                yield part, wide[:, sight.bands.last(part.window)].astype(np.float64)


def _alike(parts: Iterable[Windowed], key: Callable[[Windowed], Key]) -> list[list[Windowed]]:
    groups: dict[Key, list[Windowed]] = {}
    for part in parts:
        groups.setdefault(key(part), []).append(part)
    return list(groups.values())


def _whole(values: pl.Series) -> pl.Series:
    return (values.cast(pl.Float64) * SUM_UNIT).round().cast(pl.Int64)


def _real(values: pl.Series) -> pl.Series:
    return values.cast(pl.Float64).fill_nan(None)


def _ratio(parts: Whole, wholes: Whole) -> Real:
    """Return the quotients, NaN where the whole is 0."""
    quotients: Real = np.full(parts.shape, np.nan)
    np.divide(parts, wholes, out=quotients, where=wholes != 0)
    return quotients


def _count(picked: Picked, _: str) -> Whole:
    return picked.cells.counts


def _sum(picked: Picked, column: str) -> Real:
    cells, values = picked.values(column, _whole)
    return _ratio(cells.sums(values), np.where(cells.counts, SUM_UNIT, 0))


def _mean(picked: Picked, column: str) -> Real:
    cells, values = picked.values(column, _whole)
    return _ratio(cells.sums(values), cells.counts * SUM_UNIT)


def _share(picked: Picked, column: str) -> Real:
    cells, values = picked.values(column, lambda flags: flags.cast(pl.Boolean))
    return _ratio(cells.only(np.flatnonzero(values)).counts, cells.counts)


def _max(picked: Picked, column: str) -> Real:
    cells, values = picked.values(column, _real)
    return np.where(cells.counts, cells.largest(values), np.nan)


def _min(picked: Picked, column: str) -> Real:
    cells, values = picked.values(column, lambda numbers: -_real(numbers))
    return np.where(cells.counts, 0.0 - cells.largest(values), np.nan)


def _distinct(picked: Picked, column: str) -> Whole:
    """Count the values of an application by the band of their latest row."""
    found = picked.sight.different(column)
    latest = found.smallest(picked.pairs, picked.sight.band, len(picked.sight.bands))
    met = np.flatnonzero(latest < len(picked.sight.bands))
    cell = found.applications[met] * len(picked.sight.bands) + latest[met]
    return Cells(picked.cells.applications, picked.sight.bands, cell).counts


_COMPUTED: Final[Mapping[Aggregate, Callable[[Picked, str], NDArray[np.generic]]]] = {
    COUNT: _count,
    DISTINCT: _distinct,
    SUM: _sum,
    MEAN: _mean,
    MAX: _max,
    MIN: _min,
    SHARE: _share,
}
