"""What was known at the time: the one place where rows of history meet applications.

A row counts for an application when it happened and was known strictly before ``applied_at``. A column that is
learned later than its row (``known_by``) is null until then. A row that refers to a parent, as an instalment to its
loan, counts only when the parent is known, too, and is the same applicant's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from features.history import THIS, View
from features.in_polars import in_polars
from features.tables import APPLICATIONS, Table

ROW: Final = "row"
"""Number of the application in the build, from 0; beside every row of history."""

KEYS: Final[Mapping[str, str]] = {
    "phone": "phone_hash",
    "id": "id_hash",
    "device": "device_id",
    "contact": "contact_hash",
}
"""Kind of key, as on the watchlist, to the column of ``applications`` that holds it."""


def open_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that features may read: all but protected ones."""
    return tuple(column.name for column in table.columns if not column.protected)


def known_rows(
    applications: pl.LazyFrame, view: View, tables: Mapping[str, pl.DataFrame], time_zone: str
) -> pl.LazyFrame:
    """Return each row of history once for every application that it was known before.

    Args:
        applications: Applications to build, numbered by ``row``.
        view: The table and its derived columns.
        tables: Raw tables; those of the view must be there.
        time_zone: Name of the zone of local hours and days.
    """
    history = _rows(view, tables)
    sides = _by_applicant(applications, history) if view.matched == "applicant" else _by_key(applications, history)
    known = sides.filter(pl.col("known_at") < pl.col("applied_at"), pl.col("happened_at") < pl.col("applied_at"))
    derived = [in_polars(expression, time_zone).alias(name) for name, expression in view.columns.items()]
    return known.with_columns(_masks(view)).with_columns(derived)


def _rows(view: View, tables: Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    """Return the table under the names that views use, its parent's columns beside it."""
    rows = tables[view.table.name].lazy().select(open_columns(view.table))
    known = pl.col(view.known)
    if view.parent is not None:
        rows = rows.join(_parent(view.parent, tables), on=view.parent.key, how="inner")
        if view.applicant in view.table.schema:
            rows = rows.filter(pl.col(view.applicant) == pl.col(f"{prefix(view.parent)}applicant_id"))
        known = pl.max_horizontal(known, *(f"{prefix(view.parent)}{name}" for name in _times(view.parent)))
    named = {"happened_at": pl.col(view.happened), "known_at": known}
    if view.matched == "applicant":
        named["applicant_id"] = pl.col(view.applicant)
    return rows.with_columns(**named).drop("applied_at", strict=False)


def prefix(table: Table) -> str:
    """Return what stands before a parent's columns, such as ``loan_``."""
    return f"{table.key.removesuffix('_id')}_"


def _times(table: Table) -> tuple[str, ...]:
    """Return the times that must all have passed before a row of the table counts."""
    return ("applied_at",) if table is APPLICATIONS else ("happened_at", "known_at")


def _parent(table: Table, tables: Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    names = {name: f"{prefix(table)}{name}" for name in open_columns(table) if name != table.key}
    return tables[table.name].lazy().select(table.key, *names).rename(names)


def _by_applicant(applications: pl.LazyFrame, history: pl.LazyFrame) -> pl.LazyFrame:
    return _this(applications, "applicant_id", "applied_at").join(history, on="applicant_id", how="inner")


def _by_key(applications: pl.LazyFrame, history: pl.LazyFrame) -> pl.LazyFrame:
    """Match history by kind of key and key, whoever the applicant is."""
    this = _this(applications, "applied_at")
    keyed = [
        this.with_columns(key_type=pl.lit(kind), key_hash=pl.col(f"{THIS}{column}")) for kind, column in KEYS.items()
    ]
    return pl.concat(keyed).join(history, on=["key_type", "key_hash"], how="inner")


def _this(applications: pl.LazyFrame, *plain: str) -> pl.LazyFrame:
    renamed = [pl.col(name).alias(f"{THIS}{name}") for name in open_columns(APPLICATIONS) if name not in plain]
    return applications.select(ROW, *plain, *renamed)


def _masks(view: View) -> list[pl.Expr]:
    """Return the late columns, null where they were not known before the application."""
    masks = _table_masks(view.table, "")
    return masks + _table_masks(view.parent, prefix(view.parent)) if view.parent else masks


def _table_masks(table: Table, before: str) -> list[pl.Expr]:
    teller = {column.name: column.known_by for column in table.columns if column.known_by}
    teller |= {name: name for name in teller.values()}
    return [
        pl.when(pl.col(f"{before}{by}") < pl.col("applied_at")).then(pl.col(f"{before}{name}")).alias(f"{before}{name}")
        for name, by in teller.items()
    ]
