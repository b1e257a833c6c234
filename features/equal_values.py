"""Finds equal values in long columns: by a hash table that is filled and read in one pass.

A hash only says where to look. Values are compared themselves afterwards, so no two different ones are ever taken for
one; should two of them look the same, all are told apart again without hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.compiled import compiled

Bytes = NDArray[np.uint8]
Small = NDArray[np.int32]
Hashes = NDArray[np.uint64]

_ROOM: Final = 2
"""Places of a table for each value, at least: with so many, most values find theirs at the first look."""


def numbered(values: pl.Series, owners: Small) -> Small:
    """Return a number for each value, equal for equal values of one owner alone, from 0 without gaps; -1 for null.

    Args:
        values: Values; all NaN are one, and so are 0 and −0.
        owners: Whose value each is.
    """
    present, firsts = flags(values.is_not_null()), np.empty(len(values), dtype=np.int32)
    numbers, (table, shift) = np.empty(len(values), dtype=np.int32), _table(len(values))
    compiled().number_hashes(_hashes(values), owners, present, table, shift, firsts, numbers)
    alike = values.eq_missing(values[pl.Series(firsts.view(np.uint32))]).all() and np.array_equal(
        owners, owners[firsts]
    )
    return numbers if alike else _numbered_without_hashes(values, owners)


@dataclass(frozen=True, eq=False)
class Index:
    """Different values, made ready for finding others among them.

    Attributes:
        values: The values, all different, none null.
        table: Where each stands, by its hash.
        shift: How far a hash is shifted to give a place in the table.
    """

    values: pl.Series
    table: Hashes
    shift: int

    @classmethod
    def of(cls, values: pl.Series) -> Index:
        """Make values ready."""
        (table, shift), unasked = _table(len(values)), np.empty(len(values), dtype=np.int32)
        one, present = np.zeros(len(values), dtype=np.int32), np.ones(len(values), dtype=np.uint8)
        compiled().number_hashes(_hashes(values), one, present, table, shift, unasked, unasked.copy())
        return cls(values, table, shift)

    def positions(self, values: pl.Series) -> Small:
        """Return where each value stands; the number of all where it does not, and for null."""
        none, found = len(self.values), np.empty(len(values), dtype=np.int32)
        if none == 0:
            return np.zeros_like(found)
        compiled().find_hashes(_hashes(values), self.table, self.shift, none, found)
        nearest = self.values[pl.Series(np.minimum(found, none - 1).view(np.uint32))]
        unlike = np.flatnonzero(flags(values == nearest) == 0)
        # Those are found nowhere, or another stands where their hash leads: of two with one hash the table holds one.
        if (found[unlike] != none).any():
            found[unlike] = self._found_without_hashes(values[unlike])
        return found

    def _found_without_hashes(self, values: pl.Series) -> Small:
        return np.array([self._by_value.get(value, len(self.values)) for value in values], dtype=np.int32)

    @cached_property
    def _by_value(self) -> dict[object, int]:
        return {value: i for i, value in enumerate(self.values)}


def flags(column: pl.Series) -> Bytes:
    """Return a Boolean column as bytes of 0 and 1; null is 0."""
    return (column.fill_null(value=False) if column.null_count() else column).to_numpy().view(np.uint8)


def _table(values: int) -> tuple[Hashes, int]:
    """Return an empty table for so many values, and how far a hash is shifted to give a place in it."""
    bits = max((_ROOM * values).bit_length(), 1)
    return np.zeros(1 << bits, dtype=np.uint64), 64 - bits


def _hashes(values: pl.Series) -> Hashes:
    return values.hash().to_numpy()


def _numbered_without_hashes(values: pl.Series, owners: Small) -> Small:
    pairs = pl.DataFrame({"owner": owners, "value": values})
    numbers = pairs.select(pl.when(pl.col("value").is_not_null()).then(pl.struct("owner", "value").rank("dense")))
    dense = numbers.to_series().rank("dense")
    return (dense.cast(pl.Int32) - 1).fill_null(-1).to_numpy()
