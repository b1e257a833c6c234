"""Counting different values without comparing all rows: each value of an application has a slot of its own.

A value lies in a window when its latest row does. So the latest row of each slot says all about it, and one look at
every row serves all windows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.bands import Cells, Chosen
from features.compiled import compiled
from features.equal_values import numbered
from features.pair_columns import PairColumns

Small = NDArray[np.int32]
Whole = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Slots:
    """One slot for each different value of each application.

    Attributes:
        slot: Of each pair, the slot of its value; -1 for null.
        applications: Of each slot, its application.
    """

    slot: Small
    applications: Small

    def counts(self, chosen: Chosen, band: Small, cells: Cells) -> Whole:
        """Count values of chosen pairs, each in the band of its latest row.

        Args:
            chosen: The pairs that count.
            band: Of each pair.
            cells: Of the pairs.

        Returns:
            Shaped as the counts of pairs.
        """
        none = len(cells.bands)
        latest = np.full(len(self.applications), none, dtype=np.int32)
        compiled().smallest_of_slots(self.slot, chosen.flags, chosen.by, band, latest)
        return cells.counts_of_slots(latest, self.applications, none)


def slots(columns: PairColumns, name: str) -> Slots:
    """Return the slots of a column's values."""
    values, row = columns.column(name)
    if row is None or columns.view.matched == "key":
        return _slots_of_pairs(columns, values if row is None else values.gather(row))
    return _slots_of_rows(columns, values)


def _slots_of_pairs(columns: PairColumns, values: pl.Series) -> Slots:
    """Number the values of each application, pair by pair."""
    found = numbered(values, columns.known.applications)
    return Slots(slot=found.number, applications=found.owners)


def _slots_of_rows(columns: PairColumns, values: pl.Series) -> Slots:
    """Number the values of each applicant, row by row, and give each a run of slots: one for each application."""
    known = columns.known
    found = numbered(values, known.owners)
    count = int(np.diff(known.starts)[found.owners].sum())
    bases, applications = np.empty(len(found.owners), dtype=np.int64), np.empty(count, dtype=np.int32)
    compiled().slots_of_numbers(found.owners, known.starts, known.seats, bases, applications)
    slot = np.empty(len(known.row), dtype=np.int32)
    compiled().slots_of_rows(found.number, bases, known.row, known.place, slot)
    return Slots(slot=slot, applications=applications)
