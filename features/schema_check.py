"""Whether raw tables fit their contracts, checked before anything is computed.

Columns may come in any order and there may be more of them; those of the contract must all be there with exactly
their types, without nulls where none are legal, with finite numbers, times of this age, and keys that stand once. What
the values *mean* is checked by ``bamboo validate``, which also sets bad rows aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from features.errors import SchemaError, UnknownTableError, nearest
from features.tables import APPLICATIONS, TABLES, TIME, Column, Table

UNREAD: Final = frozenset({"truth", "calls"})
"""Tables that no feature reads: what only a synthetic lender can know, and what calls found after the decision."""

MOST_NAMED: Final = 3
"""Columns named beside one that is missing."""

LARGEST: Final = 1e12
"""Numbers must stay below this, so that sums in whole ten-thousandths stay exact."""

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
"""Times must lie in these years, in UTC: windows and local days around them are then times of the calendar, too."""

OLDEST_YEARS: Final = 120
"""Years after the date of birth beyond which no applicant is believed."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = (datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_END: Final = (datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND


def checked(tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the tables that features read, each with its contract's columns; absent ones are left out.

    Whole numbers are returned as Float64, the one type of numbers in the language of features.

    Equal rows under one key are the same row sent twice: one is kept.

    Raises:
        UnknownTableError: a table has a name that no contract knows.
        SchemaError: a table does not fit its contract, ``applications`` is absent, or a key stands for
            rows that differ.
    """
    for name in tables:
        if name not in TABLES:
            raise UnknownTableError(name, TABLES)
    if APPLICATIONS.name not in tables:
        raise SchemaError(APPLICATIONS.name, ["the table is absent, and nothing can be built without it"])
    return {name: _checked(TABLES[name], frame) for name, frame in tables.items() if name not in UNREAD}


def check_columns(table: Table, schema: Mapping[str, pl.DataType]) -> None:
    """Refuse a table whose columns are not those of its contract, by their names and types alone.

    Raises:
        SchemaError: a column is missing or has another type.
    """
    if problems := list(_type_problems(table, schema)):
        raise SchemaError(table.name, problems)


def check_times(table: Table, frame: pl.DataFrame) -> None:
    """Refuse times outside the years from `FIRST_YEAR` to `LAST_YEAR`, in a frame that has the contract's columns.

    Raises:
        SchemaError: names the column and such a time.
    """
    columns = [column for column in table.columns if column.dtype == TIME]
    if problems := [problem for column in columns for problem in _time_problems(column, frame[column.name])]:
        raise SchemaError(table.name, problems)


def _checked(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    problems = list(_type_problems(table, frame.schema))
    if not problems:
        problems = list(_value_problems(table, frame))
    if problems:
        raise SchemaError(table.name, problems)
    return _without_repeats(table, frame.select(_read(column) for column in table.columns if not column.protected))


def _read(column: Column) -> pl.Expr:
    """Return the column as features read it: whole numbers as Float64, the one type of numbers in expressions."""
    return pl.col(column.name).cast(pl.Float64) if column.dtype.is_integer() else pl.col(column.name)


def _type_problems(table: Table, schema: Mapping[str, pl.DataType]) -> Iterator[str]:
    for column in table.columns:
        found = schema.get(column.name)
        if column.protected and found is None:
            continue
        if found is None:
            yield f"column {column.name!r} ({column.dtype}) is missing.{_instead(table, column, schema)}"
        elif found != column.dtype:
            yield f"column {column.name!r} is {found}, must be {column.dtype}; {_way_out(found, column.dtype)}"


def _instead(table: Table, column: Column, schema: Mapping[str, pl.DataType]) -> str:
    """Return what a missing column may be called: the nearest name, else names of its type that no contract knows."""
    strange = {name: dtype for name, dtype in schema.items() if name not in table.schema}
    alike = [name for name, dtype in strange.items() if dtype == column.dtype]
    if (hint := nearest(column.name, strange)) or not alike:
        return hint
    return f" Of that type the table has {', '.join(map(repr, alike[:MOST_NAMED]))}, which no contract knows."


def _way_out(found: pl.DataType, expected: pl.DataType) -> str:
    if isinstance(expected, pl.Datetime):
        return "give times in UTC with microseconds"
    if isinstance(expected, pl.String):
        return "write it as text: identifiers are strings, never numbers" if found.is_numeric() else "write it as text"
    return f"cast it, null where it is no {expected}"


def _value_problems(table: Table, frame: pl.DataFrame) -> Iterator[str]:
    for column in table.columns:
        if column.protected:
            continue
        values = frame[column.name]
        if not column.nullable and values.null_count():
            yield f"column {column.name!r} holds {values.null_count()} null(s), none are legal"
        if column.dtype.is_float():
            yield from _number_problems(column, values)
        if column.dtype == TIME:
            yield from _time_problems(column, values)


def _number_problems(column: Column, values: pl.Series) -> Iterator[str]:
    wrong = values.filter(values.is_nan() | (values.abs() >= LARGEST))
    if len(wrong):
        found = f"column {column.name!r} holds {len(wrong)} number(s) such as {wrong[0]}"
        yield f"{found}, must be finite and below {LARGEST:g}"


def _time_problems(column: Column, values: pl.Series) -> Iterator[str]:
    since = values.to_physical()
    wrong = since.filter((since < _FIRST) | (since >= _END))
    if len(wrong):
        found = f"column {column.name!r} holds {len(wrong)} time(s) such as {moment(wrong[0])}"
        yield f"{found}, must lie in the years {FIRST_YEAR} to {LAST_YEAR} (UTC)"


def moment(microseconds: int) -> str:
    """Return a time since 1970 in words; one that no calendar has is told as the number it is."""
    try:
        return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()
    except OverflowError:
        return f"{microseconds} microseconds since 1970"


def _without_repeats(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    if frame[table.key].n_unique() == len(frame):
        return frame
    kept = frame.unique(maintain_order=True)
    twice = kept.filter(pl.col(table.key).is_duplicated())[table.key]
    if len(twice):
        found = (
            f"{twice.n_unique()} value(s) of key {table.key!r}, such as {twice.sort()[0]!r}, stand for rows that differ"
        )
        raise SchemaError(table.name, [f"{found}; run `bamboo validate`, which sets them aside"])
    return kept
