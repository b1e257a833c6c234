"""Finds equal values in long columns: by a hash table that is filled and read for all values at once.

A hash only says where to look. Values are compared themselves, so no two different ones are ever taken for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Small = NDArray[np.int32]
Positions = NDArray[np.uint32]

_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
"""Odd and without pattern: products with it spread over the upper bits (Knuth's multiplicative hashing)."""
_ROOM: Final = 8
"""Places of a table for each value: with so many, nearly all values find theirs at the first look."""
_FREE: Final = -1


def numbered(values: pl.Series, owners: NDArray[np.integer]) -> Small:
    """Return a number for each value, equal for equal values of one owner alone, from 0 without gaps.

    Args:
        values: Values without null.
        owners: Whose value each is.
    """
    first = _Table.of(values, owners).first
    is_first = np.zeros(len(first), dtype=bool)
    is_first[first] = True
    return np.asarray((np.cumsum(is_first, dtype=np.int32) - np.int32(1))[first])


@dataclass(frozen=True)
class Index:
    """Different values, made ready for finding others among them.

    Attributes:
        values: The values, all different, none null.
        table: Where each stands.
    """

    values: pl.Series
    table: _Table

    @classmethod
    def of(cls, values: pl.Series) -> Index:
        """Make values ready."""
        return cls(values, _Table.of(values, None))

    def positions(self, values: pl.Series) -> Small:
        """Return where each value stands; the number of all where it does not, and for null."""
        table = self.table.places
        found = np.full(len(values), len(self.values), dtype=np.int32)
        places = _places(values, None, len(table))
        waiting = np.arange(len(values), dtype=np.uint32)
        while len(waiting):
            stands = table[places]
            there = np.flatnonzero(stands != _FREE)
            if len(there) < len(stands):
                waiting, places, stands = waiting[there], places[there], stands[there]
            equal = _same(values, waiting, self.values, stands)
            met, left = np.flatnonzero(equal), np.flatnonzero(~equal)
            found[waiting[met]] = stands[met]
            waiting, places = waiting[left], _next(places[left], len(table))
        return found


@dataclass(frozen=True)
class _Table:
    """An open hash table over values.

    Attributes:
        places: What stands at each place: the position of a value, or -1.
        first: For each value, the position of the one that stands for all its equals.
    """

    places: Small
    first: Small

    @classmethod
    def of(cls, values: pl.Series, owners: NDArray[np.integer] | None) -> _Table:
        """Enter values with their owners: those that find another in their place move on to the next, all at once."""
        table = np.full(1 << max((_ROOM * len(values)).bit_length() - 1, 1), _FREE, dtype=np.int32)
        first = np.empty(len(values), dtype=np.int32)
        places = _places(values, owners, len(table))
        waiting = np.arange(len(values), dtype=np.uint32)
        while len(waiting):
            free = np.flatnonzero(table[places] == _FREE)
            table[places[free]] = waiting[free]
            stands = table[places]
            equal = _same(values, waiting, values, stands)
            if owners is not None:
                equal &= owners[stands] == owners[waiting]
            met, left = np.flatnonzero(equal), np.flatnonzero(~equal)
            first[waiting[met]] = stands[met]
            waiting, places = waiting[left], _next(places[left], len(table))
        return cls(table, first)


def _places(values: pl.Series, owners: NDArray[np.integer] | None, size: int) -> Small:
    hashed = values.hash().to_numpy()
    if owners is not None:
        hashed = (hashed ^ (owners.astype(np.uint64) * _ODD)) * _ODD
    return np.asarray((hashed >> np.uint64(65 - size.bit_length())).astype(np.int32))


def _next(places: Small, size: int) -> Small:
    return (places + np.int32(1)) & np.int32(size - 1)


def _same(values: pl.Series, at: Positions, others: pl.Series, where: Small) -> NDArray[np.bool_]:
    """Return whether values and others at some positions are equal; null equals nothing."""
    left = values if len(at) == len(values) else values[at]
    equal = left == others[where]
    return (equal.fill_null(value=False) if equal.null_count() else equal).to_numpy()
