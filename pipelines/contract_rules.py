"""The rules that follow from a table's contract: nulls, allowed values, bounds, unique keys, possible times, text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import polars as pl

from features.schema_check import FIRST_YEAR, LAST_YEAR
from features.tables import TABLES, TIME, Column, Table
from pipelines.contract import TablesContract
from pipelines.rules import Between, Holds, InSet, NotNull, Rule, Unique
from scoring.encode import FORBIDDEN_CATEGORIES

LONGEST_TEXT: Final = 200
"""Characters that a text may have in a raw table: identifiers, hashes and names are far shorter."""

FINITE: Final = "_finite"
POSSIBLE_TIMES: Final = "_possible_times"
PLAIN_TEXT: Final = "_plain_text"

_FIRST: Final = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_END: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
_HIDDEN: Final = "[" + "".join(f"\\p{{{category}}}" for category in sorted(FORBIDDEN_CATEGORIES - {"Cs"})) + "]"
"""Characters that hide or break what a page or a log shows: those that the scorer refuses, too; no column of Polars can
hold half a surrogate pair."""


def tables_of(contract: TablesContract) -> Mapping[str, Table]:
    """Return every table contract, with the allowed values that the lender's contract puts in place of ours."""
    return {name: _with_categories(table, contract.categories.get(name, {})) for name, table in TABLES.items()}


def _with_categories(table: Table, categories: Mapping[str, tuple[str, ...]]) -> Table:
    columns = (
        replace(column, allowed=categories[column.name]) if column.name in categories else column
        for column in table.columns
    )
    return replace(table, columns=tuple(columns))


def contract_rules(table: Table) -> tuple[Rule, ...]:
    """Return the rules that a table's contract makes, in the order of its columns.

    They read the columns of the table and the flags that `with_flags` adds.
    """
    rules = [Rule(id="conflicting_duplicate", says=f"one row per {table.key}", check=Unique(table.key))]
    for column in table.columns:
        rules += _column_rules(column)
    if numbers := _of_type(table, pl.Float64):
        rules.append(Rule(id="not_finite", says="every number is finite", check=Holds(FINITE, numbers)))
    if times := _of_type(table, TIME):
        says = f"every time lies in the years {FIRST_YEAR} to {LAST_YEAR}; null says that there is none"
        rules.append(Rule(id="impossible_time", says=says, check=Holds(POSSIBLE_TIMES, times)))
    if texts := _of_type(table, pl.String):
        says = f"texts have 1 to {LONGEST_TEXT} characters, none of them hidden"
        rules.append(Rule(id="unreadable_text", says=says, check=Holds(PLAIN_TEXT, texts)))
    return tuple(rules)


def _column_rules(column: Column) -> list[Rule]:
    name, rules = column.name, []
    if not column.nullable:
        rules.append(Rule(id=f"{name}_null", says=f"{name} is given", check=NotNull(name)))
    if column.allowed:
        says = f"{name} is one of {', '.join(column.allowed)}"
        rules.append(Rule(id=f"{name}_not_allowed", says=says, check=InSet(name, column.allowed)))
    if column.lower is not None or column.upper is not None:
        check = Between(name, column.lower, column.upper)
        rules.append(Rule(id=f"{name}_out_of_bounds", says=f"{name} lies in {_range(column)}", check=check))
    return rules


def _range(column: Column) -> str:
    lower = "-∞" if column.lower is None else f"{column.lower:,g}"
    upper = "∞" if column.upper is None else f"{column.upper:,.12g}"
    return f"[{lower}, {upper}] {column.unit}".rstrip()


def with_flags(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Add the flags that contract rules read, and turn into null what is no value: NaN, and times of no calendar."""
    numbers, texts, times = _of_type(table, pl.Float64), _of_type(table, pl.String), _of_type(table, TIME)
    return frame.with_columns(
        _all(pl.col(name).is_finite() for name in numbers).alias(FINITE),
        _all(_readable(name) for name in texts).alias(PLAIN_TEXT),
        _all(_is_possible(name) for name in times).alias(POSSIBLE_TIMES),
        *(pl.col(name).fill_nan(None) for name in numbers),
        *(possible_time(name) for name in times),
    )


def possible_time(name: str) -> pl.Expr:
    """Return a column of times, null outside the years that features take: no calendar or data frame holds them all."""
    return pl.when(_is_possible(name)).then(pl.col(name)).alias(name)


def _is_possible(name: str) -> pl.Expr:
    return (pl.col(name) >= _FIRST) & (pl.col(name) < _END)


def _readable(name: str) -> pl.Expr:
    text = pl.col(name)
    return text.str.len_chars().is_between(1, LONGEST_TEXT) & ~text.str.contains(_HIDDEN)


def _all(flags: object) -> pl.Expr:
    given = list(flags)  # type: ignore[call-overload]
    return pl.all_horizontal(flag.fill_null(value=True) for flag in given) if given else pl.lit(value=True)


def _of_type(table: Table, dtype: type[pl.DataType] | pl.DataType) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.dtype == dtype)
