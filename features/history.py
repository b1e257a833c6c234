"""How a raw table is looked at when its rows are summed up per application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

from features.expression import Expression, column, days_between, expected
from features.tables import Table
from features.topic import Topic

Matched = Literal["applicant", "key"]
"""Whose rows are an application's: those of the same person, or those that list one of its keys."""

THIS: Final = "this_"
"""Prefix of the scored application's own columns beside its history rows, such as ``this_device_id``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """A raw table with the columns that features need, one row per application and row known before it.

    An expression may read the table's columns (late ones masked), the parent's under the prefix of its key
    (``loan_lender_type``), the application's under ``this_``, and ``applied_at``.

    Attributes:
        table: Contract of the table.
        columns: Derived columns by name.
        parent: Table that the rows refer to; a row counts only when its parent row is known, too.
        applicant: Column that holds the applicant.
        happened: Column that holds when the row took place.
        known: Column that holds when the row became known.
        matched: ``applicant``: rows of the same person. ``key``: rows that list the application's phone, identity
            number, device or contact.

    Raises:
        DeclarationError: a derived column is not an `Expression`.
    """

    table: Table
    columns: Mapping[str, Expression] = field(default_factory=dict)
    parent: Table | None = None
    applicant: str = "applicant_id"
    happened: str = "happened_at"
    known: str = "known_at"
    matched: Matched = "applicant"

    def __post_init__(self) -> None:
        for name, expression in self.columns.items():
            expected(expression, f"column {name!r} of a view of {self.table.name!r}")

    @property
    def tables(self) -> frozenset[str]:
        """Names of the raw tables it reads."""
        return frozenset({self.table.name} | ({self.parent.name} if self.parent else set()))

    def column(self, name: str) -> Expression:
        """Return a derived column, or a column of the table as it is."""
        return self.columns.get(name, column(name))


@dataclass(frozen=True, kw_only=True, eq=False)
class History(Topic):
    """The rows of a view that tell of one thing, such as loans with other lenders.

    Attributes:
        view: Where the rows come from.
        rows: Which rows of the view belong; None means all.

    Raises:
        DeclarationError: ``rows`` is not an `Expression`.
    """

    view: View
    rows: Expression | None = None

    def __post_init__(self) -> None:
        if self.rows is not None:
            expected(self.rows, f"rows of {self.stem!r}")

    @cached_property
    def condition(self) -> str:
        """What its rows fulfil, in words that are equal for equal conditions alone; empty: all rows belong.

        The stem tells nothing of that: a lender may narrow a built-in history and keep its stem.
        """
        return "" if self.rows is None else f"rows of {json.dumps(self.rows.definition)}"


DAYS_AGO: Final = days_between("happened_at", "applied_at")
"""Whole days from the row to the application."""

NIGHT: Final = column("happened_at").local_hour() < 6
"""Whether the row took place between midnight and six o'clock, local time."""
