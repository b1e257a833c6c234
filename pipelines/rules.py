"""What a row must satisfy: each rule is declared once, for Polars and for Great Expectations alike.

A rule names the rows that break it by a Polars expression, and the Great Expectations check that counts the same rows.
Both are evaluated on the same frame and must agree (see `pipelines.expectations`). Null breaks no rule but `NotNull`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import polars as pl


class Check(Protocol):
    """One kind of check."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns it reads."""
        ...

    @property
    def kind(self) -> str:
        """Class name of the Great Expectations check."""
        ...

    @property
    def arguments(self) -> Mapping[str, object]:
        """Arguments of the Great Expectations check."""
        ...

    def broken(self) -> pl.Expr:
        """True where a row breaks it; never null."""
        ...


@dataclass(frozen=True)
class _OneColumn:
    """What all checks of a single column share."""

    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    @property
    def arguments(self) -> Mapping[str, object]:
        """The column."""
        return {"column": self.column}


@dataclass(frozen=True)
class NotNull(_OneColumn):
    """The column has a value."""

    kind = "ExpectColumnValuesToNotBeNull"

    def broken(self) -> pl.Expr:
        """True where the column is null."""
        return pl.col(self.column).is_null()


@dataclass(frozen=True)
class IsNull(_OneColumn):
    """The column has no value."""

    kind = "ExpectColumnValuesToBeNull"

    def broken(self) -> pl.Expr:
        """True where the column has one."""
        return pl.col(self.column).is_not_null()


@dataclass(frozen=True)
class InSet(_OneColumn):
    """The column holds one of the allowed values, or null."""

    values: tuple[str, ...]
    kind = "ExpectColumnValuesToBeInSet"

    @property
    def arguments(self) -> Mapping[str, object]:
        """The column and the values."""
        return {"column": self.column, "value_set": list(self.values)}

    def broken(self) -> pl.Expr:
        """True where the column holds another value."""
        return (~pl.col(self.column).is_in(self.values)).fill_null(value=False)


@dataclass(frozen=True)
class Between(_OneColumn):
    """The column lies between two bounds, both inclusive; None is no bound."""

    lower: float | datetime | None = None
    upper: float | datetime | None = None
    kind = "ExpectColumnValuesToBeBetween"

    @property
    def arguments(self) -> Mapping[str, object]:
        """The column and the bounds."""
        return {"column": self.column, "min_value": self.lower, "max_value": self.upper}

    def broken(self) -> pl.Expr:
        """True where the column lies outside."""
        outside = pl.lit(value=False)
        if self.lower is not None:
            outside = outside | (pl.col(self.column) < self.lower)
        if self.upper is not None:
            outside = outside | (pl.col(self.column) > self.upper)
        return outside.fill_null(value=False)


@dataclass(frozen=True)
class Unique(_OneColumn):
    """No two rows hold the same value; nulls are not compared."""

    kind = "ExpectColumnValuesToBeUnique"

    def broken(self) -> pl.Expr:
        """True in every row whose value another row holds too."""
        return pl.col(self.column).is_duplicated() & pl.col(self.column).is_not_null()


@dataclass(frozen=True)
class NotBefore:
    """The first time or number is not below the second; rows where one is null are not compared."""

    later: str
    earlier: str
    kind = "ExpectColumnPairValuesAToBeGreaterThanB"

    @property
    def columns(self) -> tuple[str, ...]:
        """Both columns."""
        return (self.later, self.earlier)

    @property
    def arguments(self) -> Mapping[str, object]:
        """Both columns."""
        return {
            "column_A": self.later,
            "column_B": self.earlier,
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        }

    def broken(self) -> pl.Expr:
        """True where the first time is before the second."""
        return (pl.col(self.later) < pl.col(self.earlier)).fill_null(value=False)


@dataclass(frozen=True)
class Holds:
    """A flag derived from several columns or tables is true in every row (see `pipelines.derived`).

    Attributes:
        flag: Derived column; never null.
        shown: Columns that show why it does not hold.
    """

    flag: str
    shown: tuple[str, ...]
    kind = "ExpectColumnValuesToBeInSet"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that show why."""
        return self.shown

    @property
    def arguments(self) -> Mapping[str, object]:
        """The flag, which must be true."""
        return {"column": self.flag, "value_set": [True]}

    def broken(self) -> pl.Expr:
        """True where the flag is not."""
        return ~pl.col(self.flag)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Something that every row of a table must satisfy.

    Attributes:
        id: Short name, the reason of a quarantined row, such as ``known_before_happened``.
        says: What must hold, in a sentence.
        check: How it is checked.
    """

    id: str
    says: str
    check: Check
