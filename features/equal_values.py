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
from features.numbers import flags

Small = NDArray[np.int32]
Hashes = NDArray[np.uint64]

_ROOM: Final = 2
"""Places of a table for each value, at least: with so many, most values find theirs at the first look."""


@dataclass(frozen=True, eq=False)
class Numbered:
    """Values with numbers: equal for equal values of one owner alone, from 0 without gaps.

    Attributes:
        number: Of each value; -1 for null.
        owners: Of each number, whose value it is.
    """

    number: Small
    owners: Small


def numbered(values: pl.Series, owners: Small) -> Numbered:
    """Give values numbers.

    Args:
        values: Values; all NaN are one, and so are 0 and −0.
        owners: Whose value each is.
    """
    firsts, number, whose = (np.empty(len(values), dtype=np.int32) for _ in range(3))
    present, (table, shift) = flags(values.is_not_null()), _table(len(values))
    count = compiled().number_hashes(_hashes(values), owners, present, table, shift, firsts, number, whose)
    # Null is its own first and says neither yes nor no. Owners need no look: those of equal values, whose hashes are
    # equal, differ in the lower half of what is mixed, for there products with an odd number tell 32-bit numbers apart.
    alike = (values == values[pl.Series(firsts.view(np.uint32))]).all()
    return Numbered(number, whose[:count]) if alike else _numbered_without_hashes(values, owners)


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
        (table, shift), unasked = _table(len(values)), [np.empty(len(values), dtype=np.int32) for _ in range(3)]
        one, present = np.zeros(len(values), dtype=np.int32), np.ones(len(values), dtype=np.uint8)
        compiled().number_hashes(_hashes(values), one, present, table, shift, *unasked)
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


def _table(values: int) -> tuple[Hashes, int]:
    """Return an empty table for so many values, and how far a hash is shifted to give a place in it."""
    bits = max((_ROOM * values).bit_length(), 1)
    return np.zeros(1 << bits, dtype=np.uint64), 64 - bits


def _hashes(values: pl.Series) -> Hashes:
    return values.hash().to_numpy()


def _numbered_without_hashes(values: pl.Series, owners: Small) -> Numbered:
    pairs = pl.DataFrame({"owner": owners, "value": values})
    numbers = pairs.select(pl.when(pl.col("value").is_not_null()).then(pl.struct("owner", "value").rank("dense")))
    dense = numbers.to_series().rank("dense")
    number = (dense.cast(pl.Int32) - 1).fill_null(-1).to_numpy()
    whose, there = np.empty(int(number.max(initial=-1)) + 1, dtype=np.int32), np.flatnonzero(number >= 0)
    whose[number[there]] = owners[there]
    return Numbered(number, whose)
