"""Sums over nested windows: each row is put into one band between windows, and bands are added up.

A row that lies in the window of 7 days lies in that of 30 days, too. So it is enough to add it to the band that ends at
7 days, once, and to give the window of 30 days the sum of all bands up to its own: five windows cost little more
than one. Counts, whole sums and extremes all add up like that, in any order and exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Number = TypeVar("Number", np.int64, np.float64)

MICROSECOND: Final = timedelta(microseconds=1)


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

    def of(self, ages: Whole) -> NDArray[np.unsignedinteger]:
        """Return the band of each age in microseconds."""
        band: NDArray[np.unsignedinteger] = np.zeros(len(ages), dtype=np.uint8 if len(self) < 256 else np.uint16)
        for end in self.ends:
            band += ages > end
        return band


@dataclass(frozen=True)
class Cells:
    """Rows of history by application and band.

    Attributes:
        applications: How many applications there are.
        bands: The bands.
        cell: Of each row, ``application * len(bands) + band``.
    """

    applications: int
    bands: Bands
    cell: Whole

    def only(self, kept: NDArray[np.integer]) -> Cells:
        """Return some of the rows, by their positions."""
        return Cells(self.applications, self.bands, self.cell[kept])

    @cached_property
    def counts(self) -> Whole:
        """Rows, one line for each application and one column for each window that ends with a band."""
        return np.cumsum(self._wide(np.bincount(self.cell, minlength=self._size)), axis=1)

    def sums(self, values: Whole) -> Whole:
        """Return the sums of values, one for each row; shaped as ``counts``."""
        total = np.zeros(self._size, dtype=np.int64)
        np.add.at(total, self.cell, values)
        return np.cumsum(self._wide(total), axis=1)

    def largest(self, values: Real) -> Real:
        """Return the largest of the values; minus infinity where there is no row; shaped as ``counts``."""
        best = np.full(self._size, -np.inf)
        np.maximum.at(best, self.cell, values)
        return np.asarray(np.maximum.accumulate(self._wide(best), axis=1))

    @property
    def _size(self) -> int:
        return self.applications * len(self.bands)

    def _wide(self, flat: NDArray[Number]) -> NDArray[Number]:
        return flat.reshape(self.applications, len(self.bands))
