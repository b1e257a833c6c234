"""What was known at the time: the one place where rows of history meet applications.

A row counts for an application when it happened and was known strictly before ``applied_at``. A column that is
learned later than its row (``known_by``) is null until then. A row that refers to a parent, as an instalment to its
loan, counts only when the parent is known, too, and is the same applicant's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.compiled import compiled
from features.equal_values import Index
from features.history import View
from features.line import KEYS, Line, key, microseconds
from features.numbers import Numbers, are_numbers
from features.tables import Table

ROW: Final = "row"
"""Number of the application in the build, from 0."""

PIECE: Final = 1 << 19
"""Rows that are worked on at once: few enough for the caches of a processor, enough that calls cost nothing."""

PAIRS: Final = 1 << 22
"""Pairs that a share makes at most: a row makes two or three, but thousands where one applicant applies every day."""

OWNER: Final = "owner of the row"
HAPPENED: Final = "when the row took place"
KNOWN: Final = "when the row became known"
"""Columns beside those of the table, under names that no table has."""

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

    def of(self, rows: pl.DataFrame, known: NDArray[np.uint32]) -> Columns:
        """Return what is wanted of the rows at some positions, in their order.

        What is derived is computed before rows are moved, for moving them costs by the byte; but not for many rows that
        nobody wants.
        """
        if 8 * len(known) < len(rows):
            rows, known = rows[pl.Series(known)], np.arange(len(known), dtype=np.uint32)
        names = [one.meta.output_name() for one in self.derived]
        wanted = rows.with_columns(self.derived)
        numbers = {name: Numbers.of(wanted[name]) for name in names if are_numbers(wanted[name])}
        kept = [name for name in rows.columns if name in self.kept]
        others = wanted.select(*kept, *(name for name in names if name not in numbers))
        at = known.astype(np.intp)
        return Columns(
            {name: column.take(at) for name, column in numbers.items()},
            others[pl.Series(known)] if others.columns else others,
        )


@dataclass(frozen=True)
class Columns:
    """What is wanted of some rows.

    Attributes:
        numbers: Derived columns of numbers and flags.
        others: All other columns.
    """

    numbers: Mapping[str, Numbers]
    others: pl.DataFrame

    @classmethod
    def joined(cls, parts: Sequence[Columns]) -> Columns:
        """Return the columns of parts one after another."""
        return cls(
            {name: Numbers.joined([part.numbers[name] for part in parts]) for name in parts[0].numbers},
            pl.concat([part.others for part in parts], rechunk=True),
        )

    def part(self, start: int, end: int) -> Columns:
        """Return the columns of some of the rows."""
        return Columns({name: column[start:end] for name, column in self.numbers.items()}, self.others[start:end])


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
        applications: Of each pair, which of ``numbers`` its application is.
        happened: Of each row, when it took place, in microseconds.
        times: Of each place, when its application was handed in, in microseconds.
    """

    rows: Columns
    owners: Small
    row: Small
    place: Small
    starts: Whole
    seats: Small
    numbers: Whole
    applications: Small
    happened: Whole
    times: Whole


def open_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that features may read: all but protected ones."""
    return tuple(column.name for column in table.columns if not column.protected)


def prefix(table: Table) -> str:
    """Return what stands before a parent's columns, such as ``loan_``."""
    return f"{table.key.removesuffix('_id')}_"


def known_rows(
    line: Line,
    view: View,
    tables: Mapping[str, pl.DataFrame],
    wanted: Wanted,
    *,
    threads: Executor,
    piece: int = PIECE,
) -> Iterator[Share]:
    """Begin to share out the rows of history that any application knew, and yield the shares once they are there.

    Args:
        line: The applications to build, matched as the view says.
        view: The table.
        tables: Raw tables; those of the view must be there.
        wanted: What of the rows is wanted.
        threads: What works on several parts at once.
        piece: How many rows are looked at at once; about so many are in a share.
    """
    history = _rows(view, tables)
    own = [_owner(view).alias(OWNER), pl.col("happened_at").alias(HAPPENED), pl.col("known_at").alias(KNOWN)]
    # In memory, columns stay in one piece each. The streaming engine cuts them up, and gathering from pieces is slow.
    rows = history.select(*own, *sorted(wanted.reads & set(history.collect_schema()))).collect(engine="in-memory")
    # An application has several keys, and rows of one application must not fall into several shares.
    count = -(-len(rows) // piece) if view.matched == "applicant" else 1
    size = max(-(-len(line.owners) // max(count, 1)), 1)
    # As many owners as the nearest power of two says: to shift takes a fraction of the time to divide.
    bits = round(math.log2(size)) if count > 1 else size.bit_length()
    shares = max(-(-len(line.owners) >> bits), 1)
    deal = _Deal(index=line.index, lasts=line.lasts, bits=bits, shares=shares, wanted=wanted)
    pieces = [rows[start : start + piece] for start in range(0, max(len(rows), 1), piece)]
    return _shares(line, 1 << bits, threads.map(deal.shared_out, pieces))


def _shares(line: Line, size: int, dealt: Iterator[list[Piece]]) -> Iterator[Share]:
    starts = range(0, max(len(line.owners), 1), size)
    for start, hand in zip(starts, zip(*dealt, strict=True), strict=True):
        yield Share(hand, line.part(start, start + size), int(line.starts[start]))


@dataclass(frozen=True, kw_only=True)
class _Deal:
    """Shares rows out by their owners.

    Attributes:
        index: All owners.
        lasts: Of each owner, the time of the last application; −∞ for who is none.
        bits: Owners of one share have equal numbers but for so many lower bits.
        shares: How many shares there are.
        wanted: What of the rows is wanted.
    """

    index: Index
    lasts: Whole
    bits: int
    shares: int
    wanted: Wanted

    def shared_out(self, rows: pl.DataFrame) -> list[Piece]:
        """Return for each share the rows that the last application of their owner knew."""
        rows = rows.rechunk()
        owners, happened, known = self.index.positions(rows[OWNER]), *map(microseconds, (rows[HAPPENED], rows[KNOWN]))
        # One more count than shares: who has no application may fall behind the last one, and is never known.
        counts, picked = np.zeros(self.shares + 1, dtype=np.int64), np.empty(len(rows), dtype=np.uint32)
        count = compiled().pick_known(owners, happened, known, self.lasts, self.bits, picked, counts)
        ends = np.cumsum(counts[: self.shares])
        starts = ends - counts[: self.shares]
        at, whose = np.empty(count, dtype=np.uint32), np.empty(count, dtype=np.int32)
        since, times = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
        compiled().deal_known(picked[:count], owners, happened, known, self.bits, starts, at, whose, since, times)
        dealt = self.wanted.of(rows, at)
        bounds = pairwise([0, *ends.tolist()])
        return [Piece(whose[a:b], since[a:b], times[a:b], dealt.part(a, b)) for a, b in bounds]


@dataclass(frozen=True)
class Piece:
    """Some of the rows of a share.

    Attributes:
        owners: Of each row, the number of its owner among those of the share.
        since: Of each row, since when it counts.
        happened: Of each row, when it took place.
        rows: What is wanted of the rows.
    """

    owners: Small
    since: Whole
    happened: Whole
    rows: Columns


@dataclass(frozen=True)
class Share:
    """The rows of some owners, still to be put beside their applications.

    Attributes:
        pieces: The rows.
        line: The applications of the owners.
        first: Which of all ``numbers`` the first of them is.
    """

    pieces: Sequence[Piece]
    line: Line
    first: int

    @cached_property
    def most(self) -> int:
        """How many pairs there are at most: each row with all applications of its owner."""
        return sum(int(np.diff(self.line.starts)[piece.owners].sum()) for piece in self.pieces)

    def parts(self, most: int) -> list[Share]:
        """Return the share, or shares of some of its applications each, which make at most so many pairs.

        One application alone is never divided.
        """
        if self.most <= most:
            return [self]
        rows = np.zeros(len(self.line.owners), dtype=np.int64)
        for piece in self.pieces:
            rows += np.bincount(piece.owners, minlength=len(rows))
        pairs = np.bincount(self.line.seats, np.repeat(rows, np.diff(self.line.starts)), len(self.line.numbers))
        number = np.cumsum(pairs) // most
        firsts = np.flatnonzero(np.append(True, number[1:] != number[:-1])).tolist()
        bounds = pairwise([*firsts, len(pairs)])
        return [Share(self.pieces, self.line.some(first, end), self.first + first) for first, end in bounds]

    def known(self) -> Known:
        """Put each row beside the applications of its owner that knew it."""
        line, owners = self.line, np.concatenate([piece.owners for piece in self.pieces])
        since, most = np.concatenate([piece.since for piece in self.pieces]), self.most
        row, place = np.empty(most, np.int32), np.empty(most, np.int32)
        pairs = compiled().fill_pairs(owners, since, line.starts, line.times, row, place)
        row, place = row[:pairs], place[:pairs]
        return Known(
            rows=Columns.joined([piece.rows for piece in self.pieces]),
            owners=owners,
            row=row,
            place=place,
            starts=line.starts,
            seats=line.seats,
            numbers=line.numbers,
            applications=line.seats[place],
            happened=np.concatenate([piece.happened for piece in self.pieces]),
            times=line.times,
        )


def _owner(view: View) -> pl.Expr:
    if view.matched == "applicant":
        return pl.col("applicant_id")
    kind = pl.col("key_type")
    return pl.when(kind.is_in(list(KEYS))).then(key(kind, pl.col("key_hash")))


def _rows(view: View, tables: Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    """Return the table under the names that views use, its parent's columns beside it."""
    rows = tables[view.table.name].lazy().select(open_columns(view.table))
    if view.parent is not None:
        rows = rows.join(_parent(view.parent, tables), on=view.parent.key, how="inner")
        if view.applicant in view.table.schema:
            rows = rows.filter(pl.col(view.applicant) == pl.col(f"{prefix(view.parent)}applicant_id"))
    named = {"happened_at": pl.col(view.happened), "known_at": _known(view)}
    if view.matched == "applicant":
        named["applicant_id"] = pl.col(view.applicant)
    return rows.with_columns(**named).drop("applied_at", strict=False)


def _known(view: View) -> pl.Expr:
    """Return when a row became known: not before its parent had taken place and was known; null: never."""
    known = pl.col(view.known)
    if view.parent is None:
        return known
    latest = pl.max_horizontal(known, *(f"{prefix(view.parent)}{name}" for name in view.parent.times))
    return pl.when(known.is_not_null()).then(latest)  # the latest of several times leaves out those that are null


def _parent(table: Table, tables: Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    names = {name: f"{prefix(table)}{name}" for name in open_columns(table) if name != table.key}
    return tables[table.name].lazy().select(table.key, *names).rename(names)


def learned_later(view: View) -> dict[str, str]:
    """Return the columns of the rows that were not known with the row, and for each the one that tells since when."""
    late = _late(view.table, "")
    return {**late, **_late(view.parent, prefix(view.parent))} if view.parent else late


def _late(table: Table, before: str) -> dict[str, str]:
    teller = {column.name: column.known_by for column in table.columns if column.known_by}
    teller |= {name: name for name in teller.values()}
    return {f"{before}{name}": f"{before}{by}" for name, by in teller.items()}
