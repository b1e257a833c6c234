"""Counting different values without comparing all rows: each value of an application has a slot of its own.

A value lies in a window when its latest row does. So the latest row of each slot says all about it, and one look at
every row serves all windows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.equal_values import numbered
from features.pair_columns import PairColumns

Whole = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Slots:
    """One slot for each different value of each application.

    Attributes:
        slot: Of each pair, the slot of its value; -1 for null.
        applications: Of each slot, its application.
    """

    slot: Whole
    applications: Whole

    def smallest(
        self, pairs: Whole | slice, band: NDArray[np.unsignedinteger], none: int
    ) -> NDArray[np.unsignedinteger]:
        """Return for each slot the smallest band of its pairs, where there is one, else ``none``."""
        slot, band = self.slot[pairs], band[pairs]
        smallest = np.full(len(self.applications) + 1, none, dtype=band.dtype)
        np.minimum.at(smallest, slot, band)
        return smallest[:-1]


def slots(columns: PairColumns, name: str) -> Slots:
    """Return the slots of a column's values."""
    values, row = columns.column(name)
    if row is None or columns.view.matched == "key":
        return _slots_of_pairs(columns, values if row is None else values.gather(row))
    return _slots_of_rows(columns, values)


def _slots_of_pairs(columns: PairColumns, values: pl.Series) -> Slots:
    """Number the values of each application, pair by pair."""
    present = np.flatnonzero(values.is_not_null().to_numpy())
    owners = columns.known.applications[present]
    number = numbered(values.drop_nulls(), owners)
    slot = np.full(len(values), -1, dtype=np.int64)
    slot[present] = number
    applications = np.empty(_size(number), dtype=np.int64)
    applications[number] = owners
    return Slots(slot=slot, applications=applications)


def _slots_of_rows(columns: PairColumns, values: pl.Series) -> Slots:
    """Number the values of each applicant, row by row, and give each a run of slots: one for each application."""
    known = columns.known
    present = np.flatnonzero(values.is_not_null().to_numpy())
    number = numbered(values.drop_nulls(), known.owners[present])
    owners = np.empty(_size(number), dtype=np.int64)
    owners[number] = known.owners[present]
    lengths = known.starts[owners + 1] - known.starts[owners]
    shift = np.cumsum(lengths) - lengths - known.starts[owners]
    shifts = np.zeros(len(values), dtype=np.int64)
    shifts[present] = shift[number]
    slot = shifts[known.row] + known.place
    if len(present) < len(values):
        slot[values.is_null().to_numpy()[known.row]] = -1
    places = np.arange(lengths.sum()) - np.repeat(shift, lengths)
    return Slots(slot=slot, applications=known.seats[places])


def _size(number: NDArray[np.integer]) -> int:
    return int(number.max(initial=-1)) + 1
