"""What of a raw table was known at a decision, by the contracts alone: no feature is asked.

A world is the raw tables with two columns more: every row says for which scored application it stands and when that
was handed in. One world can hold many applications, each with a copy of the rows it could be computed from, so that
each is judged by its own time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import polars as pl

from features.schema_check import UNREAD
from features.tables import APPLICATIONS, OUTCOMES, TIME, Table

World: TypeAlias = Mapping[str, pl.DataFrame]

CASE: Final = "leak_case"
"""Id of the scored application that a row of a world stands beside."""

AT: Final = "leak_at"
"""When that application was handed in."""


def is_scored() -> pl.Expr:
    """Return whether a row is, or belongs to, the scored application itself."""
    return (pl.col(APPLICATIONS.key) == pl.col(CASE)).fill_null(value=False)


def known_row(table: Table) -> pl.Expr:
    """Return whether a row was known at the decision: all its times lie before.

    The scored application is known to itself; what became of it is not, whatever its times say.
    """
    if table.name in UNREAD or not table.times:
        return pl.lit(value=False)
    before = pl.all_horizontal((pl.col(name) < pl.col(AT)).fill_null(value=False) for name in table.times)
    if table is APPLICATIONS:
        return before | is_scored()
    return before & ~is_scored() if table is OUTCOMES else before


def late_groups(table: Table) -> dict[str, tuple[str, ...]]:
    """Return each column that tells when others became known, with the columns learned by then, itself among them."""
    tellers = dict.fromkeys(column.known_by for column in table.columns if column.known_by)
    return {
        teller: (teller, *(c.name for c in table.columns if c.known_by == teller and c.name != teller))
        for teller in tellers
        if teller
    }


def known_group(table: Table, teller: str) -> pl.Expr:
    """Return whether columns learned later than their row were known at the decision.

    A time among them counts, too: what took place after the decision was not known before it, whatever the row says
    of when it was learned.
    """
    times = [name for name in late_groups(table)[teller] if table.column(name).dtype == TIME and name != teller]
    told = (pl.col(teller) < pl.col(AT)).fill_null(value=False)
    return pl.all_horizontal(told, *((pl.col(name) < pl.col(AT)).fill_null(value=True) for name in times))


def unknown(table: Table, column: str) -> pl.Expr:
    """Return whether a cell must not move any feature: not known at the decision, or protected."""
    if table.column(column).protected:
        return pl.lit(value=True)
    teller = teller_of(table, column)
    return ~known_row(table) if teller is None else ~(known_row(table) & known_group(table, teller))


def teller_of(table: Table, column: str) -> str | None:
    """Return the column that tells when a column became known; None when it is known with its row."""
    return next((teller for teller, names in late_groups(table).items() if column in names), None)


def given_columns(table: Table, frame: pl.DataFrame) -> list[str]:
    """Return the columns of the contract that a frame holds: a protected one may be absent."""
    return [column.name for column in table.columns if column.name in frame.columns]
