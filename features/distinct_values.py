"""Counting different values without comparing all rows: each value of an application has a slot of its own.

A value lies in a window when its latest row does. So the latest row of each slot says all about it, and one look at
every row serves all windows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.compiled import compiled
from features.equal_values import numbered
from features.pair_columns import PairColumns

Bytes = NDArray[np.uint8]
Small = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Slots:
    """One slot for each different value of each application.

    Attributes:
        slot: Of each pair, the slot of its value; -1 for null.
        applications: Of each slot, its application.
    """

    slot: Small
    applications: Small

    def smallest(self, chosen: Bytes, band: Small, none: int) -> Small:
        """Return for each slot the smallest band of its chosen pairs, where there is one, else ``none``."""
        smallest = np.full(len(self.applications), none, dtype=np.int32)
        compiled().smallest_of_slots(self.slot, chosen, band, smallest)
        return smallest


def slots(columns: PairColumns, name: str) -> Slots:
    """Return the slots of a column's values."""
    values, row = columns.column(name)
    if row is None or columns.view.matched == "key":
        return _slots_of_pairs(columns, values if row is None else values.gather(row))
    return _slots_of_rows(columns, values)


def _slots_of_pairs(columns: PairColumns, values: pl.Series) -> Slots:
    """Number the values of each application, pair by pair."""
    slot = numbered(values, columns.known.applications)
    return Slots(slot=slot, applications=_owners(slot, columns.known.applications))


def _slots_of_rows(columns: PairColumns, values: pl.Series) -> Slots:
    """Number the values of each applicant, row by row, and give each a run of slots: one for each application."""
    known = columns.known
    number = numbered(values, known.owners)
    owners = _owners(number, known.owners)
    lengths = known.starts[owners + 1] - known.starts[owners]
    bases = np.cumsum(lengths) - lengths - known.starts[owners]
    slot = np.empty(len(known.row), dtype=np.int32)
    compiled().slots_of_rows(number, bases, known.row, known.place, slot)
    places = np.arange(lengths.sum()) - np.repeat(bases, lengths)
    return Slots(slot=slot, applications=known.seats[places])


def _owners(number: Small, owners: Small) -> Small:
    """Return whose each number is."""
    found = np.empty(int(number.max(initial=-1)) + 1, dtype=np.int32)
    there = np.flatnonzero(number >= 0)
    found[number[there]] = owners[there]
    return found
