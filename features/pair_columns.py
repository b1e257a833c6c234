"""Columns of a view beside its pairs of row and application, each computed where it costs least.

What depends on the row alone, as the kind of a lender, is computed once for each row, and looked up for each pair. Only
what depends on the application, too, as the days between both or a status learned late, is computed for each pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.expression import Expression
from features.history import THIS, History, View
from features.in_polars import in_polars
from features.point_in_time import Known, learned_later
from features.windowed import Windowed

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class PairColumns:
    """The columns of a view that some features need.

    Attributes:
        view: The view.
        known: Rows and pairs.
        by_row: Columns with one value for each row.
        by_pair: Columns with one value for each pair.
    """

    view: View
    known: Known
    by_row: pl.DataFrame
    by_pair: pl.DataFrame

    def column(self, name: str) -> tuple[pl.Series, NDArray[np.integer] | None]:
        """Return a column, and the position of each pair in it; None: one value for each pair, in their order."""
        return (self.by_row[name], self.known.row) if name in self.by_row else (self.by_pair[name], None)

    def where(self, history: History, names: Iterable[str]) -> Flags | None:
        """Return for each pair whether it belongs to the history and all conditions hold; None: for all pairs."""
        flags = [_rows_of(history)] if history.rows is not None else []
        flags += [name for name in names if name not in flags]
        rows = [_flags(self.by_row[name]) for name in flags if name in self.by_row]
        pairs = [_flags(self.by_pair[name]) for name in flags if name in self.by_pair]
        if rows:
            pairs.append(np.logical_and.reduce(rows)[self.known.row])
        return np.logical_and.reduce(pairs) if pairs else None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is read of a view for some features.

    Attributes:
        view: The view of all the features.
        needed: Columns to compute, by name.
        time_zone: Zone of local hours and dates.
    """

    view: View
    needed: Mapping[str, Expression]
    time_zone: str

    @classmethod
    def of(cls, view: View, parts: Iterable[Windowed], time_zone: str) -> Reading:
        """Return what the features read."""
        return cls(view=view, needed=_needed(view, parts), time_zone=time_zone)

    @property
    def reads(self) -> frozenset[str]:
        """Columns of the rows and of the application that are read."""
        reads, late = _reads(self.needed.values()), learned_later(self.view)
        return reads | {late[name] for name in reads if name in late}

    def columns(self, known: Known, applications: pl.DataFrame) -> PairColumns:
        """Compute the columns for some pairs."""
        late = learned_later(self.view)
        plain = frozenset(known.rows.columns) - late.keys()
        by_row = {name: one for name, one in self.needed.items() if one.reads <= plain}
        by_pair = {name: one for name, one in self.needed.items() if name not in by_row}
        pairs = _pairs(applications, known, by_pair, late)
        return PairColumns(
            view=self.view,
            known=known,
            by_row=known.rows.with_columns(_named(by_row, self.time_zone)).select(list(by_row)),
            by_pair=pairs.with_columns(_named(by_pair, self.time_zone)).select(list(by_pair)),
        )


def _reads(expressions: Iterable[Expression]) -> frozenset[str]:
    return frozenset[str]().union(*(expression.reads for expression in expressions))


def _needed(view: View, parts: Iterable[Windowed]) -> dict[str, Expression]:
    needed: dict[str, Expression] = {}
    for part in parts:
        if part.history.rows is not None:
            needed[_rows_of(part.history)] = part.history.rows
        needed |= {name: view.column(name) for name in (*part.where, part.column) if name}
    return needed


def _rows_of(history: History) -> str:
    return f"rows of {history.stem}"


def _named(columns: Mapping[str, Expression], time_zone: str) -> list[pl.Expr]:
    return [in_polars(expression, time_zone).alias(name) for name, expression in columns.items()]


def _pairs(
    applications: pl.DataFrame, known: Known, columns: Mapping[str, Expression], late: Mapping[str, str]
) -> pl.DataFrame:
    """Return the columns that expressions read, one value for each pair, late ones null where not known by then."""
    if not columns:
        return pl.DataFrame()
    reads = _reads(columns.values())
    tellers = {late[name] for name in reads if name in late}
    rows = known.rows.select(name for name in known.rows.columns if name in reads | tellers)[known.row]
    this = [name for name in applications.columns if f"{THIS}{name}" in reads or name == "applied_at"]
    mine = applications.select(this)[known.numbers[known.applications]]
    mine = mine.rename({name: f"{THIS}{name}" for name in this if name != "applied_at"})
    masks = [
        pl.when(pl.col(late[name]) < pl.col("applied_at")).then(pl.col(name)).alias(name)
        for name in rows.columns
        if name in late
    ]
    return pl.concat([rows, mine], how="horizontal").with_columns(masks)


def _flags(column: pl.Series) -> Flags:
    return column.fill_null(value=False).to_numpy()
