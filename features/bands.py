"""Sums over nested windows: each row is put into one band between windows, and bands are added up.

A row that lies in the window of 7 days lies in that of 30 days, too. So it is enough to add it to the band that ends at
7 days, once, and to give the window of 30 days the sum of all bands up to its own: five windows cost little more
than one. Counts, whole sums and extremes all add up like that, in any order and exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled

Bytes = NDArray[np.uint8]
Small = NDArray[np.int32]
Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Number = TypeVar("Number", np.int64, np.float64)

MICROSECOND: Final = timedelta(microseconds=1)

_HALF: Final = 32
_LOWER_HALF: Final = (1 << _HALF) - 1


@dataclass(frozen=True)
class Bands:
    """The bands between windows, from the shortest window on; the last reaches back all the way.

    Attributes:
        ends: How far back each band but the last reaches, in microseconds; a row of exactly that age is in it.
    """

    ends: tuple[int, ...]

    @classmethod
    def between(cls, windows: Iterable[timedelta | None]) -> Bands:
        """Return the bands that the windows need; None is the window without end."""
        return cls(tuple(sorted({window // MICROSECOND for window in windows if window is not None})))

    def __len__(self) -> int:
        return len(self.ends) + 1

    def last(self, window: timedelta | None) -> int:
        """Return the number of the last band in a window."""
        return len(self.ends) if window is None else self.ends.index(window // MICROSECOND)

    def of_pairs(self, row: Small, place: Small, happened: Whole, times: Whole) -> Small:
        """Return the band of each pair, by how long before its application its row happened.

        Args:
            row: Of each pair, its row.
            place: Of each pair, the place of its application.
            happened: Of each row, when it took place, in microseconds.
            times: Of each place, when its application was handed in.
        """
        band = np.empty(len(row), dtype=np.int32)
        compiled().band_pairs(row, place, happened, times, np.array(self.ends, dtype=np.int64), band)
        return band


@dataclass(frozen=True, eq=False)
class Chosen:
    """Which pairs of row and application count.

    Attributes:
        flags: 1 for what counts, else 0.
        by: Of each pair, where its flag stands; empty where there is one for each pair.
    """

    flags: Bytes
    by: Small


@dataclass(frozen=True)
class Values:
    """Values of pairs of row and application, where they stand.

    Attributes:
        values: The values.
        present: 0 for null, else 1; one for each value, or none at all when none is null.
        at: Of each pair, where its value stands; empty where pairs and values are one and the same.
    """

    values: NDArray[Any]
    present: Bytes
    at: Small


@dataclass(frozen=True)
class Cells:
    """Pairs of row and application by band and application.

    Attributes:
        applications: How many applications there are.
        bands: The bands.
        cell: Of each pair, ``band * applications + application``.
    """

    applications: int
    bands: Bands
    cell: Small

    @classmethod
    def of(cls, applications: int, bands: Bands, band: Small, application: Small) -> Cells:
        """Put pairs into cells."""
        return cls(applications, bands, band * np.int32(applications) + application)

    def counts(self, chosen: Chosen) -> Whole:
        """Count pairs.

        Args:
            chosen: The pairs that count.

        Returns:
            A line for each window that ends with a band, a column for each application.
        """
        counts = self._empty(0)
        compiled().count_cells(self.cell, chosen.flags, chosen.by, counts)
        return self._added(counts, np.add)

    def counts_of_slots(self, bands: Small, applications: Small, none: int) -> Whole:
        """Count slots, each in a band of an application, or in ``none``; shaped as ``counts``."""
        counts = self._empty(0)
        compiled().count_slots(bands, none, applications, self.applications, counts)
        return self._added(counts, np.add)

    def sums(self, chosen: Chosen, whole: Values) -> tuple[Whole | Real, Whole]:
        """Return sums of the chosen pairs' values, and how many they are; both shaped as ``counts``.

        Sums that may be too large for 64 bits are taken over both halves of the values, and rounded once.
        """
        if max(int(whole.values.max(initial=0)), -int(whole.values.min(initial=0))) * len(self.cell) < 1 << 63:
            return self._sums(chosen, whole)
        lower, counts = self._sums(chosen, replace(whole, values=whole.values & _LOWER_HALF))
        upper, _ = self._sums(chosen, replace(whole, values=whole.values >> _HALF))
        upper += lower >> _HALF
        return upper * float(1 << _HALF) + (lower & _LOWER_HALF), counts

    def _sums(self, chosen: Chosen, whole: Values) -> tuple[Whole, Whole]:
        sums, counts = self._empty(0), self._empty(0)
        compiled().sum_cells(self.cell, chosen.flags, chosen.by, whole.at, whole.values, whole.present, sums, counts)
        return self._added(sums, np.add), self._added(counts, np.add)

    def largest(self, chosen: Chosen, real: Values) -> Real:
        """Return the largest of the chosen pairs' values; NaN where there is none; shaped as ``counts``."""
        largest = self._empty(np.nan)
        compiled().largest_of_cells(self.cell, chosen.flags, chosen.by, real.at, real.values, largest)
        return self._added(largest, np.fmax)

    def _empty(self, value: float) -> Any:  # noqa: ANN401 -- whole or real, as the value is
        return np.full(self.applications * len(self.bands), value)

    def _added(self, flat: NDArray[Number], add: np.ufunc) -> NDArray[Number]:
        """Add to each band all shorter ones. Whole rows at a time: numpy's own ``accumulate`` goes number by number."""
        wide = flat.reshape(len(self.bands), self.applications)
        for shorter, longer in pairwise(wide):
            add(longer, shorter, out=longer)
        return wide
