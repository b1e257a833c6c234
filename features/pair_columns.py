"""Columns of a view beside its pairs of row and application, each computed where it costs least.

What depends on the row alone, as the kind of a lender, is computed once for each row, and looked up for each pair. Only
what depends on the application, too, as the days between both or a status learned late, is computed for each pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.bands import Chosen
from features.expression import Expression
from features.history import THIS, History, View
from features.in_polars import in_polars
from features.numbers import Numbers, flags
from features.point_in_time import Known, Wanted, learned_later
from features.windowed import Windowed

Small = NDArray[np.int32]

_NOWHERE: Final = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, kw_only=True)
class PairColumns:
    """The columns of a view that some features need.

    Attributes:
        view: The view.
        known: Rows and pairs.
        by_pair: Columns with one value for each pair; those with one for each row stand beside the rows.
    """

    view: View
    known: Known
    by_pair: pl.DataFrame

    def column(self, name: str) -> tuple[pl.Series, Small | None]:
        """Return a column, and the position of each pair in it; None: one value for each pair, in their order."""
        if name in self.by_pair:
            return self.by_pair[name], None
        told, rows = _derived(name), self.known.rows
        return (rows.numbers[told].series() if told in rows.numbers else rows.others[told]), self.known.row

    def numbers(self, name: str) -> tuple[Numbers, Small]:
        """Return a column of numbers or flags, and the position of each pair in it; none: one value for each pair."""
        if name in self.by_pair:
            return Numbers.of(self.by_pair[name]), _NOWHERE
        return self.known.rows.numbers[_derived(name)], self.known.row

    def where(self, history: History, names: Iterable[str]) -> Chosen:
        """Return which pairs belong to the history and fulfil all conditions."""
        asked = [history.condition] if history.condition else []
        asked += [name for name in names if name not in asked]
        pairs = [flags(self.by_pair[name]) for name in asked if name in self.by_pair]
        rows = [self.known.rows.numbers[_derived(name)].values for name in asked if name not in self.by_pair]
        if not pairs:
            every = np.ones(len(self.known.owners), dtype=np.uint8)
            return Chosen(np.bitwise_and.reduce(rows) if rows else every, self.known.row)
        if rows:
            pairs.append(np.bitwise_and.reduce(rows)[self.known.row])
        return Chosen(np.bitwise_and.reduce(pairs), _NOWHERE)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is read of a view for some features.

    Attributes:
        view: The view of all the features.
        by_row: Columns that depend on the row alone, by name.
        by_pair: Columns that depend on the application, too.
        time_zone: Zone of local hours and dates.
    """

    view: View
    by_row: Mapping[str, Expression]
    by_pair: Mapping[str, Expression]
    time_zone: str

    @classmethod
    def of(cls, view: View, parts: Iterable[Windowed], time_zone: str) -> Reading:
        """Return what the features read."""
        needed, late = _needed(view, parts), learned_later(view)
        by_pair = {name: one for name, one in needed.items() if any(_of_application(r, late) for r in one.reads)}
        by_row = {name: one for name, one in needed.items() if name not in by_pair}
        return cls(view=view, by_row=by_row, by_pair=by_pair, time_zone=time_zone)

    @property
    def wanted(self) -> Wanted:
        """What is wanted of the rows."""
        late = learned_later(self.view)
        kept = _reads(self.by_pair.values())
        kept |= {late[name] for name in kept if name in late}
        derived = [in_polars(one, self.time_zone).alias(_derived(name)) for name, one in self.by_row.items()]
        return Wanted(reads=kept | _reads(self.by_row.values()), kept=kept, derived=derived)

    def columns(self, known: Known, applications: pl.DataFrame) -> PairColumns:
        """Compute the columns for some pairs."""
        derived = [in_polars(one, self.time_zone).alias(name) for name, one in self.by_pair.items()]
        pairs = _pairs(applications, known, self.by_pair, learned_later(self.view))
        return PairColumns(
            view=self.view,
            known=known,
            by_pair=pairs.with_columns(derived).select(list(self.by_pair)),
        )


def _of_application(column: str, late: Mapping[str, str]) -> bool:
    return column in late or column == "applied_at" or column.startswith(THIS)


def _derived(name: str) -> str:
    """Return under which name a derived column stands beside the table's own."""
    return f"derived {name}"


def _reads(expressions: Iterable[Expression]) -> frozenset[str]:
    return frozenset[str]().union(*(expression.reads for expression in expressions))


def _needed(view: View, parts: Iterable[Windowed]) -> dict[str, Expression]:
    needed: dict[str, Expression] = {}
    for part in parts:
        if part.history.rows is not None:
            needed[part.history.condition] = part.history.rows
        needed |= {name: view.column(name) for name in (*part.where, part.column) if name}
    return needed


def _pairs(
    applications: pl.DataFrame, known: Known, columns: Mapping[str, Expression], late: Mapping[str, str]
) -> pl.DataFrame:
    """Return the columns that expressions read, one value for each pair, late ones null where not known by then."""
    if not columns:
        return pl.DataFrame()
    reads = _reads(columns.values())
    tellers = {late[name] for name in reads if name in late}
    others = known.rows.others
    kept = [name for name in others.columns if name in reads | tellers]
    rows = others.select(kept)[known.row] if kept else pl.DataFrame()  # a frame without columns has no rows to pick
    this = [name for name in applications.columns if f"{THIS}{name}" in reads or name == "applied_at"]
    mine = applications.select(this)[known.numbers[known.applications]]
    mine = mine.rename({name: f"{THIS}{name}" for name in this if name != "applied_at"})
    masks = [
        pl.when(pl.col(late[name]) < pl.col("applied_at")).then(pl.col(name)).alias(name)
        for name in rows.columns
        if name in late
    ]
    return pl.concat([rows, mine], how="horizontal").with_columns(masks)
