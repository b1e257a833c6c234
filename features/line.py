"""The line of applications: those of one owner stand beside each other, earliest first.

An owner is what history is matched by: an applicant, or one of an application's keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.equal_values import Index, numbered
from features.history import Matched

Small = NDArray[np.int32]
Whole = NDArray[np.int64]

KEYS: Final[Mapping[str, str]] = {
    "phone": "phone_hash",
    "id": "id_hash",
    "device": "device_id",
    "contact": "contact_hash",
}
"""Kind of key, as on the watchlist, to the column of ``applications`` that holds it."""

NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """The applications, those of one owner beside each other and by time.

    Attributes:
        owners: Whose they are, each once.
        starts: Of each owner, the first place of its applications, and the end of the line after the last one.
        seats: Of each place, which of ``numbers`` its application is.
        numbers: Numbers of the applications in the build, each once.
        times: Of each place, when its application was handed in, in microseconds.
    """

    owners: pl.Series
    starts: Whole
    seats: Small
    numbers: Whole
    times: Whole

    @classmethod
    def of(cls, applications: pl.DataFrame, matched: Matched) -> Line:
        """Line up applications, numbered by their order, by applicant or by each of their keys."""
        named = pl.int_range(pl.len()).alias("number")
        each = applications.select(named, "applied_at", "applicant_id", *KEYS.values())
        owned = [each.select("number", "applied_at", owner) for owner in _own(matched)]
        line = pl.concat(owned).drop_nulls("owner").sort("applied_at", maintain_order=True)
        # Numbers of owners are put in order in a third of the time that texts would take.
        owner = numbered(line["owner"], np.zeros(len(line), dtype=np.int32)).number
        line = line[pl.Series(np.argsort(owner, kind="stable").astype(np.uint32))]
        starts = np.append(0, np.cumsum(np.bincount(owner)))
        numbers = line["number"].to_numpy()
        once = matched == "applicant"
        return cls(
            owners=line["owner"][pl.Series(starts[:-1].astype(np.uint32))],
            starts=starts,
            seats=np.arange(len(numbers), dtype=np.int32) if once else numbers.astype(np.int32),
            numbers=numbers if once else np.arange(len(applications)),
            times=microseconds(line["applied_at"]),
        )

    @cached_property
    def index(self) -> Index:
        """The owners, ready for finding whose a row is."""
        return Index.of(self.owners)

    @cached_property
    def lasts(self) -> Whole:
        """Of each owner, the time of the last application; −∞ for who is none, as one that follows the last."""
        return np.append(np.append(self.times, -NEVER)[self.starts[1:] - 1], -NEVER)

    @cached_property
    def seats_of_numbers(self) -> Whole:
        """Of each application in the build, which of ``numbers`` it is."""
        seats = np.empty(len(self.numbers), dtype=np.int64)
        seats[self.numbers] = np.arange(len(self.numbers))
        return seats

    def part(self, start: int, end: int) -> Line:
        """Return the line of some of the owners alone."""
        if start == 0 and end >= len(self.owners):
            return self
        starts = self.starts[start : end + 1]
        places = slice(starts[0], starts[-1])
        return Line(
            owners=self.owners[start:end],
            starts=starts - starts[0],
            seats=np.arange(starts[-1] - starts[0], dtype=np.int32),
            numbers=self.numbers[places],
            times=self.times[places],
        )

    def some(self, first: int, end: int) -> Line:
        """Return the line of some of the applications alone, by their places among ``numbers``; all owners stay."""
        kept = (self.seats >= first) & (self.seats < end)
        return Line(
            owners=self.owners,
            starts=np.append(0, np.cumsum(kept, dtype=np.int64))[self.starts],
            seats=self.seats[kept] - np.int32(first),
            numbers=self.numbers[first:end],
            times=self.times[kept],
        )


def _own(matched: Matched) -> list[pl.Expr]:
    """Return whose history an application has: its applicant's, or that of each of its keys."""
    if matched == "applicant":
        return [pl.col("applicant_id").alias("owner")]
    return [key(pl.lit(kind), pl.col(column)).alias("owner") for kind, column in KEYS.items()]


def key(kind: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Return a key under its kind, as one text."""
    return pl.concat_str(kind, value, separator=" ")


def microseconds(times: pl.Series) -> Whole:
    """Return times as whole numbers; null is later than all others."""
    whole = times.to_physical()
    return (whole.fill_null(NEVER) if whole.null_count() else whole).to_numpy()
