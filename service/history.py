"""Rows of raw tables as JSON gives them, turned into the records that features are built from.

JSON has no times: they come as text in RFC 3339, with their zone. Names, types and nulls are checked by the builder
itself; here is checked what it leaves open, for nothing else stands between a request and a score: times and their
order, bounds of numbers, closed lists of categories, and that text is given, short and printable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import polars as pl

from features.errors import nearest
from features.schema_check import FIRST_YEAR, LARGEST, LAST_YEAR, OLDEST_YEARS, UNREAD
from features.tables import TABLES, Column, Table
from scoring.encode import text_problem
from scoring.errors import shown
from service.errors import RefusedError
from service.limits import Limits
from service.requests import shown_json
from service.strict_json import inside

_KINDS: Final[Mapping[type[pl.DataType], str]] = {
    pl.String: "text",
    pl.Boolean: "true or false",
    pl.Int64: "a whole number",
    pl.Float64: f"a number below {LARGEST:g}",
    pl.Datetime: "a time with its zone, such as 2026-03-02T14:05:00Z",
    pl.Date: "a date, such as 1990-05-17",
}
"""What a value must be by the type of its column, to who writes JSON."""

_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Record = Mapping[str, object]
Columns = Mapping[str, Mapping[str, Column]]
"""Table to column name to its contract."""


def columns_of(contracts: Mapping[str, Table]) -> Columns:
    """Return the columns of every table that a request may bring."""
    return {
        name: {column.name: column for column in table.columns}
        for name, table in contracts.items()
        if name not in UNREAD
    }


COLUMNS: Final = columns_of(TABLES)
"""The columns as `features.tables` has them."""


def read_tables(tables: Mapping[str, Any], limits: Limits, contracts: Columns = COLUMNS) -> dict[str, list[Record]]:
    """Return raw tables with their times read.

    Args:
        tables: Rows by table, as JSON gives them.
        limits: What a request may bring.
        contracts: What each column may hold.

    Raises:
        RefusedError: 422 names table, row and column of what cannot be used; 413 says of too many rows.
    """
    for name in tables:
        if name not in contracts:
            known = list(contracts)
            place = inside("tables", name)
            raise _refused(
                "unknown_table", place, f"is no table here.{nearest(name[:200], known)} There are {listed(known)}."
            )
    for name, rows in tables.items():
        if not isinstance(rows, list):
            raise _refused("invalid_value", f"tables.{name}", "must be a list of rows, each an object.")
    count = sum(map(len, tables.values()))
    if count > limits.rows:
        detail = f"tables hold {count} rows, at most {limits.rows} are read."
        raise RefusedError(413, "too_many_rows", detail, "tables")
    return {
        name: [_row(name, contracts[name], index, row) for index, row in enumerate(rows)]
        for name, rows in tables.items()
    }


def misfit(table: str, rows: Sequence[Record], at: tuple[int, str], columns: Mapping[str, Column]) -> RefusedError:
    """Return the refusal of a value that is missing or of another type, which the builder found.

    Args:
        table: Name of the table.
        rows: Its rows.
        at: Row and column of the value.
        columns: What each column may hold.
    """
    index, name = at
    place, row, column = inside(f"tables.{table}[{index}]", name), rows[index], columns[name]
    kind = _KINDS[column.dtype.base_type()]
    if name not in row:
        way_out = "give null for what is unknown" if column.nullable else f"it must be {kind}"
        return _refused("invalid_table", place, f"is missing; {way_out}.")
    or_null = " or null" if column.nullable else ""
    return _refused("invalid_table", place, f"== {shown_json(row[name])}, must be {kind}{or_null}.")


def listed(names: list[str]) -> str:
    """Return names joined by commas."""
    return ", ".join(names)


def _row(table: str, columns: Mapping[str, Column], index: int, row: object) -> Record:
    if not isinstance(row, dict):
        found = f"== {shown_json(row)}, must be an object of columns."
        raise _refused("invalid_value", f"tables.{table}[{index}]", found)
    read = dict(row)
    for name, value in row.items():
        column = columns.get(name)
        problem = None
        if column is None:
            problem = f"is no column of {table}.{nearest(name[:200], columns)}"
        elif isinstance(value, str):
            try:
                read[name] = _text(column, value)
            except ValueError as error:
                problem = f"== {shown(value)}, must be {error}.{nearest(value[:200], column.allowed)}"
        elif value is not None:
            problem = _number_problem(column, value)
        if problem:
            raise _refused("invalid_value", inside(f"tables.{table}[{index}]", name), problem)
    happened, known = read.get("happened_at"), read.get("known_at")
    if isinstance(happened, datetime) and isinstance(known, datetime) and known < happened:
        problem = (
            f"== {known.isoformat()} is before happened_at {happened.isoformat()}: give when the row became known."
        )
        raise _refused("invalid_value", f"tables.{table}[{index}].known_at", problem)
    born, applied = read.get("birth_date"), read.get("applied_at")
    if isinstance(born, date) and isinstance(applied, datetime) and not _possible_age(born, applied):
        problem = (
            f"== {born.isoformat()}, must be before applied_at {applied.isoformat()} and at most {OLDEST_YEARS} years "
            "before it. Give null where it is not known."
        )
        raise _refused("invalid_value", f"tables.{table}[{index}].birth_date", problem)
    return read


def _possible_age(born: date, applied: datetime) -> bool:
    """Return whether somebody of that birthday may apply then, by days in UTC."""
    day = applied.astimezone(UTC).date()
    try:
        first = day.replace(year=day.year - OLDEST_YEARS)
    except ValueError:  # 29 February in a year that has none
        first = day.replace(year=day.year - OLDEST_YEARS, day=28)
    return first <= born <= day


def _text(column: Column, value: str) -> object:
    """Return text, or the time or date that it says; where a number or flag must be, the builder refuses it.

    Raises:
        ValueError: It is none; the message says what it must be.
    """
    kind = column.dtype.base_type()
    if kind is pl.Datetime:
        return _moment(value)
    if kind is pl.Date:
        return _day(value)
    if kind is not pl.String:
        return value
    if column.allowed and value not in column.allowed:
        raise ValueError(f"one of {listed(list(column.allowed))}")
    if not value:
        raise ValueError(f"text of at least one character{', or null' if column.nullable else ''}")
    problem = text_problem(value)
    if problem:
        raise ValueError(problem)
    return value


def _moment(value: str) -> datetime:
    try:
        time = datetime.fromisoformat(value.upper()) if _TIME.fullmatch(value) else None
    except ValueError:  # a day or an hour that no calendar has
        time = None
    if time is None:
        raise ValueError(_KINDS[pl.Datetime])
    try:
        year = time.astimezone(UTC).year
    except OverflowError:  # before the first or after the last day of the calendar in UTC
        year = None
    if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"a time in the years {FIRST_YEAR} to {LAST_YEAR} (UTC)")
    return time


def _day(value: str) -> date:
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:  # a day that no calendar has
        pass
    raise ValueError(_KINDS[pl.Date])


def _number_problem(column: Column, value: object) -> str | None:
    """Return what is wrong with a number by the bounds of its column; its type is the builder's to check."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    low, high = column.lower, column.upper
    if (low is None or value >= low) and (high is None or value <= high):
        return None
    words = f"at least {low:g}" if high is None else f"at most {high:g}" if low is None else f"from {low:g} to {high:g}"
    return f"== {shown(value)}, must be {words}{f' ({column.unit})' if column.unit else ''}."


def _refused(code: str, place: str, problem: str) -> RefusedError:
    return RefusedError(422, code, f"{place} {problem}", place)
