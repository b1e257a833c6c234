"""The raw rows about one application as they were known when it was handed in, and nothing learned since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from features.tables import TABLES, Table

KEYS: Final = {"phone": "phone_hash", "id": "id_hash", "device": "device_id", "contact": "contact_hash"}
"""Kind of a listed key to the column of the application that holds such a key."""

HIDDEN: Final = frozenset({"truth", "outcomes", "applications"})
"""Tables without history: what is true, what came later, and the application itself, which stands by its own."""

SHOWN: Final = 40
"""Rows of a table that are kept, the latest; the others are counted."""


class UnknownApplicationError(LookupError):
    """An application that the tables do not hold."""

    def __init__(self, application_id: str, rows: int) -> None:
        super().__init__(
            f"application_id == {application_id!r} is not among the {rows:,} applications of these tables; "
            "name an application of the tables that the decision was made from"
        )


@dataclass(frozen=True, kw_only=True)
class KnownRows:
    """Rows of one table, as known at a time.

    Attributes:
        table: Contract of the table.
        rows: The latest rows, in the order of time; columns learned later are null.
        total: Rows known by then, shown or not.
    """

    table: Table
    rows: pl.DataFrame
    total: int


@dataclass(frozen=True, kw_only=True)
class KnownFacts:
    """All that was known of one application when it was handed in.

    Attributes:
        application: Column of ``applications`` to value; protected columns are left out.
        applied_at: When it was handed in, UTC.
        history: Rows about the applicant by table, tables without any row included.
    """

    application: Mapping[str, object]
    applied_at: datetime
    history: tuple[KnownRows, ...]


def known_facts(tables: Mapping[str, pl.DataFrame], application_id: str) -> KnownFacts:
    """Collect what was known of an application: rows with ``known_at`` before ``applied_at``.

    A column that its table's contract says is learned later than its row counts as null until then. Watchlist entries
    are those of the application's own phone, identity, device and contact. ``outcomes`` and ``truth`` are never read.

    Raises:
        UnknownApplicationError: there is no such application.
    """
    applications = tables["applications"]
    found = applications.filter(pl.col("application_id") == application_id)
    if found.is_empty():
        raise UnknownApplicationError(application_id, applications.height)
    row = found.row(0, named=True)
    protected = {column.name for column in TABLES["applications"].columns if column.protected}
    history = tuple(
        _known_rows(TABLES[name], frame, row)
        for name, frame in tables.items()
        if name in TABLES and name not in HIDDEN and "known_at" in frame.columns
    )
    return KnownFacts(
        application={name: value for name, value in row.items() if name not in protected},
        applied_at=row["applied_at"],
        history=history,
    )


def _known_rows(table: Table, frame: pl.DataFrame, application: Mapping[str, object]) -> KnownRows:
    now = pl.lit(application["applied_at"])
    known = frame.filter(_concerns(table, application) & (pl.col("known_at") < now)).sort("happened_at", table.key)
    late = {column.name: column.known_by for column in table.columns if column.known_by}
    clocks = {clock: clock for clock in late.values()}  # a time that has not come yet isn't known either
    seen = known.with_columns(
        pl.when(pl.col(clock) < now).then(pl.col(name)).alias(name) for name, clock in {**late, **clocks}.items()
    )
    return KnownRows(table=table, rows=seen.tail(SHOWN), total=seen.height)


def _concerns(table: Table, application: Mapping[str, object]) -> pl.Expr:
    if any(column.name == "applicant_id" for column in table.columns):
        return pl.col("applicant_id").eq(application["applicant_id"])
    listed = [
        pl.col("key_type").eq(kind) & pl.col("key_hash").eq(application[column])
        for kind, column in KEYS.items()
        if application.get(column) is not None
    ]
    return pl.any_horizontal(pl.lit(value=False), *listed)
