"""What was known at the time: the one place where rows of history meet applications.

A row counts for an application when it happened and was known strictly before ``applied_at``. A column that is
learned later than its row (``known_by``) is null until then. A row that refers to a parent, as an instalment to its
loan, counts only when the parent is known, too, and is the same applicant's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.equal_values import Index
from features.history import View
from features.tables import Table

ROW: Final = "row"
"""Number of the application in the build, from 0."""

KEYS: Final[Mapping[str, str]] = {
    "phone": "phone_hash",
    "id": "id_hash",
    "device": "device_id",
    "contact": "contact_hash",
}
"""Kind of key, as on the watchlist, to the column of ``applications`` that holds it."""

PIECE: Final = 1 << 18
"""Rows that are worked on at once: few enough for the caches of a processor, enough that calls cost nothing."""

OWNER: Final = "owner of the row"
SINCE: Final = "since when the row counts"
"""Columns beside those of the table, under names that no table has."""

NEVER: Final = np.iinfo(np.int64).max

Whole = NDArray[np.int64]
Small = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is wanted of the rows of a view.

    Attributes:
        reads: Columns of the table that are read.
        kept: Those of them that stay beside the rows.
        derived: Columns computed from a row alone, which stay beside it.
    """

    reads: frozenset[str]
    kept: frozenset[str]
    derived: Sequence[pl.Expr]

    def of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return what is wanted of some rows: few bytes for each, for moving rows costs by the byte."""
        kept = [name for name in rows.columns if name in self.kept or name == "happened_at"]
        return rows.with_columns(self.derived).select(*kept, *(one.meta.output_name() for one in self.derived))


@dataclass(frozen=True, kw_only=True)
class Known:
    """Rows of history, and each once for every application that it was known before: a pair.

    Owners are what history is matched by: applicants, or keys. The applications of one owner stand beside each other
    in a line, earliest first, so the ones that know a row are the last ones.

    Attributes:
        rows: What is wanted of the rows known before any of the applications.
        owners: Of each row, the number of its owner.
        row: Of each pair, the position of its row.
        place: Of each pair, the place of its application in the line of all owners.
        starts: Of each owner, the first place of its applications, and the end of the line after the last one.
        seats: Of each place, which of ``numbers`` its application is.
        numbers: Numbers of the applications in the build.
        ages: Of each pair, how long before the application its row happened, in microseconds.
    """

    rows: pl.DataFrame
    owners: Small
    row: Small
    place: Small
    starts: Whole
    seats: Whole
    numbers: Whole
    ages: Whole

    @cached_property
    def applications(self) -> Whole:
        """Of each pair, which of ``numbers`` its application is."""
        return self.seats[self.place]


def open_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that features may read: all but protected ones."""
    return tuple(column.name for column in table.columns if not column.protected)


def prefix(table: Table) -> str:
    """Return what stands before a parent's columns, such as ``loan_``."""
    return f"{table.key.removesuffix('_id')}_"


def known_rows(
    applications: pl.DataFrame,
    view: View,
    tables: Mapping[str, pl.DataFrame],
    wanted: Wanted,
    *,
    threads: Executor,
    piece: int = PIECE,
) -> list[Share]:
    """Return the rows of history that any application knew, in shares of other owners.

    Args:
        applications: Applications to build; they are numbered by their order.
        view: The table.
        tables: Raw tables; those of the view must be there.
        wanted: What of the rows is wanted.
        threads: What works on several parts at once.
        piece: How many rows are looked at at once; about so many are in a share.
    """
    line = _line(applications, view)
    history = _rows(view, tables)
    read = sorted((wanted.reads | {"happened_at", "known_at"}) & set(history.collect_schema()))
    rows = history.select(_owner(view).alias(OWNER), *read).collect()
    # An application has several keys, and rows of one application must not fall into several shares.
    count = -(-len(rows) // piece) if view.matched == "applicant" else 1
    size = max(-(-len(line.owners) // max(count, 1)), 1)
    deal = _Deal(line=line, index=Index.of(line.owners), size=size, wanted=wanted)
    pieces = [rows[start : start + piece] for start in range(0, max(len(rows), 1), piece)]
    hands = zip(*threads.map(deal.shared_out, pieces), strict=True)
    return [Share(hand, line.part(i * deal.size, (i + 1) * deal.size)) for i, hand in enumerate(hands)]


@dataclass(frozen=True, kw_only=True)
class _Deal:
    """Shares rows out by their owners.

    Attributes:
        line: The applications of all owners.
        index: The owners.
        size: How many owners a share has.
        wanted: What of the rows is wanted.
    """

    line: _Line
    index: Index
    size: int
    wanted: Wanted

    def shared_out(self, rows: pl.DataFrame) -> list[tuple[Small, pl.DataFrame]]:
        """Return for each share the rows that the last application of their owner knew, and the owners within it."""
        lasts = np.append(np.append(self.line.times, -NEVER)[self.line.starts[1:] - 1], -NEVER)
        owners, since = self.index.positions(rows[OWNER]), _since(rows)
        known = np.flatnonzero(since < lasts[owners])
        share = (owners[known] // self.size).astype(np.uint16)
        known = known[np.argsort(share, kind="stable")]
        owners, rows = owners[known], self.wanted.of(rows.drop(OWNER)[known])
        rows = rows.with_columns(pl.Series(SINCE, since[known]))
        count = max(-(-len(self.line.owners) // self.size), 1)
        ends = np.cumsum(np.bincount(share, minlength=count))
        bounds = pairwise([0, *ends.tolist()])
        return [(owners[start:end] - np.int32(i * self.size), rows[start:end]) for i, (start, end) in enumerate(bounds)]


@dataclass(frozen=True, kw_only=True)
class _Line:
    """The applications, those of one owner beside each other and by time."""

    owners: pl.Series
    starts: Whole
    seats: Whole
    numbers: Whole
    times: Whole

    def part(self, start: int, end: int) -> _Line:
        """Return the line of some of the owners alone."""
        if start == 0 and end >= len(self.owners):
            return self
        starts = self.starts[start : end + 1]
        places = slice(starts[0], starts[-1])
        return _Line(
            owners=self.owners[start:end],
            starts=starts - starts[0],
            seats=np.arange(starts[-1] - starts[0]),
            numbers=self.numbers[places],
            times=self.times[places],
        )


@dataclass(frozen=True)
class Share:
    """The rows of some owners, still to be put beside their applications.

    Attributes:
        pieces: The rows, and of each the number of its owner in the line, piece by piece.
        line: The applications of the owners.
    """

    pieces: Sequence[tuple[Small, pl.DataFrame]]
    line: _Line

    def known(self) -> Known:
        """Put each row beside the applications of its owner, from the last one back, as far as they knew it."""
        line, owners = self.line, np.concatenate([owners for owners, _ in self.pieces])
        rows = pl.concat([rows for _, rows in self.pieces], rechunk=True)
        since, begins = rows[SINCE].to_numpy(), line.starts[owners]
        row, place = np.arange(len(rows), dtype=np.int32), line.starts[owners + 1].astype(np.int32) - np.int32(1)
        chunks = [(row, place)]
        while len(row):
            place = place - np.int32(1)
            earlier = place >= begins[row]
            earlier[earlier] = since[row[earlier]] < line.times[place[earlier]]
            row, place = row[earlier], place[earlier]
            chunks.append((row, place))
        row, place = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
        return Known(
            rows=rows,
            owners=owners,
            row=row,
            place=place,
            starts=line.starts,
            seats=line.seats,
            numbers=line.numbers,
            ages=line.times[place] - _microseconds(rows["happened_at"])[row],
        )


def _line(applications: pl.DataFrame, view: View) -> _Line:
    numbered = applications.select(pl.int_range(pl.len()).alias("number"), "applied_at", "applicant_id", *KEYS.values())
    owned = [numbered.select("number", "applied_at", owner) for owner in _own(view)]
    line = pl.concat(owned).drop_nulls("owner").sort("owner", "applied_at")
    lengths = line.group_by("owner", maintain_order=True).len()
    numbers = line["number"].to_numpy()
    each = view.matched == "applicant"
    return _Line(
        owners=lengths["owner"],
        starts=np.concatenate([[0], np.cumsum(lengths["len"].to_numpy(), dtype=np.int64)]),
        seats=np.arange(len(numbers)) if each else numbers,
        numbers=numbers if each else np.arange(len(applications)),
        times=_microseconds(line["applied_at"]),
    )


def _own(view: View) -> list[pl.Expr]:
    """Return whose history an application has: its applicant's, or that of each of its keys."""
    if view.matched == "applicant":
        return [pl.col("applicant_id").alias("owner")]
    return [_key(pl.lit(kind), pl.col(column)).alias("owner") for kind, column in KEYS.items()]


def _owner(view: View) -> pl.Expr:
    return pl.col("applicant_id") if view.matched == "applicant" else _key(pl.col("key_type"), pl.col("key_hash"))


def _key(kind: pl.Expr, key: pl.Expr) -> pl.Expr:
    return pl.concat_str(kind, key, separator=" ")


def _rows(view: View, tables: Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    """Return the table under the names that views use, its parent's columns beside it."""
    rows = tables[view.table.name].lazy().select(open_columns(view.table))
    known = pl.col(view.known)
    if view.parent is not None:
        rows = rows.join(_parent(view.parent, tables), on=view.parent.key, how="inner")
        if view.applicant in view.table.schema:
            rows = rows.filter(pl.col(view.applicant) == pl.col(f"{prefix(view.parent)}applicant_id"))
        known = pl.max_horizontal(known, *(f"{prefix(view.parent)}{name}" for name in view.parent.times))
    named = {"happened_at": pl.col(view.happened), "known_at": known}
    if view.matched == "applicant":
        named["applicant_id"] = pl.col(view.applicant)
    return rows.with_columns(**named).drop("applied_at", strict=False)


def _parent(table: Table, tables: Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    names = {name: f"{prefix(table)}{name}" for name in open_columns(table) if name != table.key}
    return tables[table.name].lazy().select(table.key, *names).rename(names)


def _since(rows: pl.DataFrame) -> Whole:
    """Return from when on a row counts: when it had happened and was known."""
    return np.maximum(_microseconds(rows["happened_at"]), _microseconds(rows["known_at"]))


def _microseconds(times: pl.Series) -> Whole:
    """Return times as whole numbers; null is later than all others."""
    whole = times.to_physical()
    return (whole.fill_null(NEVER) if whole.null_count() else whole).to_numpy()


def learned_later(view: View) -> dict[str, str]:
    """Return the columns of the rows that were not known with the row, and for each the one that tells since when."""
    late = _late(view.table, "")
    return {**late, **_late(view.parent, prefix(view.parent))} if view.parent else late


def _late(table: Table, before: str) -> dict[str, str]:
    teller = {column.name: column.known_by for column in table.columns if column.known_by}
    teller |= {name: name for name in teller.values()}
    return {f"{before}{name}": f"{before}{by}" for name, by in teller.items()}
