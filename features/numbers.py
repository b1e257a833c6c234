"""Columns of numbers and flags as plain arrays: numpy moves them sooner than Polars moves columns with nulls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column of numbers or flags.

    Attributes:
        values: The numbers, or flags as bytes of 0 and 1; 0 where null.
        present: 0 for null, else 1; empty where none is null.
    """

    values: NDArray[Any]
    present: Bytes

    @classmethod
    def of(cls, column: pl.Series) -> Numbers:
        """Return a column for which `are_numbers` holds."""
        if not column.null_count():
            return cls(_values(column), np.empty(0, dtype=np.uint8))
        zero = False if column.dtype == pl.Boolean else 0
        return cls(_values(column.fill_null(zero)), flags(column.is_not_null()))

    @classmethod
    def joined(cls, parts: Sequence[Numbers]) -> Numbers:
        """Return columns one after another."""
        if len(parts) == 1:
            return parts[0]
        values = np.concatenate([part.values for part in parts])
        if not any(len(part.present) for part in parts):
            return cls(values, np.empty(0, dtype=np.uint8))
        return cls(values, np.concatenate([part.told() for part in parts]))

    def __getitem__(self, some: slice) -> Numbers:
        return Numbers(self.values[some], self.present[some])

    def told(self) -> Bytes:
        """Return for each value 0 when it is null, else 1."""
        return self.present if len(self.present) else np.ones(len(self.values), dtype=np.uint8)

    def take(self, at: NDArray[np.intp]) -> Numbers:
        """Return the values at some positions."""
        return Numbers(self.values.take(at), self.present.take(at) if len(self.present) else self.present)

    def series(self) -> pl.Series:
        """Return the column for Polars."""
        values = pl.Series(self.values if self.values.dtype != np.uint8 else self.values.view(np.bool_))
        return values.set(pl.Series(self.present == 0), None) if len(self.present) else values


def are_numbers(column: pl.Series) -> bool:
    """Return whether a column holds numbers or flags, and no texts or times."""
    return column.dtype.is_numeric() or column.dtype == pl.Boolean


def flags(column: pl.Series) -> Bytes:
    """Return a Boolean column as bytes of 0 and 1; null is 0."""
    return (column.fill_null(value=False) if column.null_count() else column).to_numpy().view(np.uint8)


def _values(column: pl.Series) -> NDArray[Any]:
    return flags(column) if column.dtype == pl.Boolean else column.to_numpy()
