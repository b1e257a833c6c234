"""How a raw table is looked at when its rows are summed up per application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import polars as pl

from features.tables import Table

THIS: Final = "this_"
"""Prefix of the scored application's own columns beside its history rows, such as ``this_device_id``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """A raw table with the columns that features need, one row per application and row known before it.

    An expression may read the table's columns (late ones masked), the parent's under the prefix of its key
    (``loan_lender_type``), the application's under ``this_``, ``applied_at``, ``local_happened_at`` and
    ``local_applied_at`` (in the lender's time zone).

    Attributes:
        table: Contract of the table.
        columns: Derived columns by name.
        parent: Table that the rows refer to; a row counts only when its parent row is known, too.
        applicant: Column that holds the applicant.
        happened: Column that holds when the row took place.
        known: Column that holds when the row became known.
        matched: ``applicant``: rows of the same person. ``key``: rows that list the application's phone, identity
            number, device or contact.
    """

    table: Table
    columns: Mapping[str, pl.Expr] = field(default_factory=dict)
    parent: Table | None = None
    applicant: str = "applicant_id"
    happened: str = "happened_at"
    known: str = "known_at"
    matched: Literal["applicant", "key"] = "applicant"

    @property
    def tables(self) -> frozenset[str]:
        """Names of the raw tables it reads."""
        return frozenset({self.table.name} | ({self.parent.name} if self.parent else set()))


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """The rows of a view that tell of one thing, such as loans with other lenders.

    Attributes:
        stem: First part of the names of its features, such as ``loans``.
        view: Where the rows come from.
        rows: Which rows of the view belong; None means all.
    """

    stem: str
    view: View
    rows: pl.Expr | None = None


def days_between(earlier: str, later: str) -> pl.Expr:
    """Return whole days from one time column to another; part of a day does not count."""
    return (pl.col(later) - pl.col(earlier)).dt.total_days()


DAYS_AGO: Final = days_between("happened_at", "applied_at")
"""Whole days from the row to the application."""

NIGHT: Final = pl.col("local_happened_at").dt.hour() < 6
"""Whether the row took place between midnight and six o'clock, local time."""
