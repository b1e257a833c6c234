"""Rows of a raw table as Python records, checked against its contract and put in the order of its columns.

A record holds every column of the contract and no other; a protected column may stand in it and is not read. Types are
strict: text is ``str``, a flag ``bool``, a whole number ``int``, another number ``float`` or ``int``, a date ``date``,
a time ``datetime`` with a time zone. Null is None, where the contract allows it. Numbers are finite, and times lie in
the years that the batch takes (`features.schema_check`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from operator import index
from typing import Final, TypeAlias

import polars as pl

from features.errors import SchemaError, nearest
from features.python_runtime import compiled
from features.schema_check import FIRST_YEAR, LARGEST, LAST_YEAR, check_columns, check_times
from features.tables import Column, Table

Record: TypeAlias = Mapping[str, object]
Rows: TypeAlias = list[tuple[object, ...]]
Records: TypeAlias = Sequence[Record] | pl.DataFrame
"""Rows of one table: records, a Polars frame, or what Arrow's C stream interface gives, such as a ``pyarrow.Table``."""

MOST_PROBLEMS: Final = 5
"""So many problems are told; more would hide what is wrong."""


class RecordReader:
    """Reads records of one table; prepared once, used by any thread.

    Args:
        table: The contract.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._columns = [column for column in table.columns if not column.protected]
        self._protected = {column.name for column in table.columns if column.protected}
        self._key = [column.name for column in self._columns].index(table.key)
        self._read = _reader(self._columns, f"reader of {table.name}")

    def __call__(self, records: Records) -> Rows:
        """Return the rows in the order of the contract's columns; equal rows under one key are the same row sent twice.

        Times are UTC and numbers are floats.

        Raises:
            SchemaError: a row does not fit the contract, or a key stands for rows that differ.
        """
        given = self._records(records)
        try:
            rows = self._read(given, self._without_protected)
        except _MISFIT:
            problems = list(islice(self._problems(given), MOST_PROBLEMS))
            first = next((at for at, _ in problems if at is not None), None)
            raise SchemaError(self.table.name, [problem for _, problem in problems], first=first) from None
        return rows if len(rows) < 2 or len({row[self._key] for row in rows}) == len(rows) else self._once(rows)

    def _records(self, records: Records) -> Sequence[Record]:
        if not hasattr(records, "__arrow_c_stream__"):
            if isinstance(records, Mapping | str) or not isinstance(records, Sequence):
                found = f"the rows are a {type(records).__name__}, must be a sequence of records, one mapping a row"
                raise SchemaError(self.table.name, [found])
            return records
        frame = pl.DataFrame(records)
        check_columns(self.table, frame.schema)
        check_times(self.table, frame)
        return frame.select(column.name for column in self._columns).to_dicts()

    def _without_protected(self, record: Record) -> None:
        """Refuse a record with columns beyond those of the contract."""
        if len(record) != len(self._columns) + len(self._protected & record.keys()):
            raise ValueError

    def _once(self, rows: Rows) -> Rows:
        kept = list(dict.fromkeys(rows))
        times = Counter(row[self._key] for row in kept)
        if len(times) == len(kept):
            return kept
        twice = min(key for key, count in times.items() if count > 1)  # type: ignore[type-var]  # keys are text
        found = f"key {self.table.key!r} == {twice!r} stands for rows that differ"
        raise SchemaError(self.table.name, [found])

    def _problems(self, records: Sequence[Record]) -> Iterator[tuple[tuple[int, str] | None, str]]:
        """Yield what is wrong in words, after its row and column where a value is missing or of another type."""
        known = {column.name for column in self.table.columns}
        for place, record in enumerate(records):
            if not isinstance(record, Mapping):
                yield None, f"row {place} is a {type(record).__name__}, must be a mapping of column to value"
                continue
            strange = [str(name) for name in record if name not in known]
            for name in strange:
                yield None, f"row {place}: column {name!r} is in no contract.{nearest(name, known)}"
            for column in self._columns:
                at = (place, column.name)
                if column.name not in record:
                    hint = nearest(column.name, strange)
                    yield at, f"row {place}: column {column.name!r} is missing, pass None for what is unknown.{hint}"
                elif not _fits(column, record[column.name]):
                    value = record[column.name]
                    found = f"{value!r:.60} ({type(value).__name__})"
                    yield at, f"row {place}: column {column.name!r} is {found}, must be {_expected(column)}"


_MISFIT: Final = (KeyError, TypeError, ValueError, OverflowError)
"""What reading a row that does not fit may raise; what was wrong is then told from the rows."""


def as_text(value: object) -> str:
    """Return text as plain ``str``."""
    if isinstance(value, str):
        return str(value)
    raise ValueError


def as_flag(value: object) -> bool:
    """Return a Boolean; a number is none."""
    if isinstance(value, bool):
        return value
    raise ValueError


def as_whole(value: object) -> float:
    """Return a whole number as a float; a Boolean is none."""
    if isinstance(value, bool):
        raise TypeError
    whole = index(value)  # type: ignore[arg-type]  # what is no whole number raises
    if abs(whole) > _INT64:
        raise ValueError
    return float(whole)


def as_number(value: object) -> float:
    """Return a finite number below `LARGEST`."""
    number = float(value) if isinstance(value, float) else as_whole(value)
    if -LARGEST < number < LARGEST:
        return number
    raise ValueError


def as_time(value: object) -> datetime:
    """Return a time in UTC; a naive one is none, nor is one outside the years of `features.schema_check`."""
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise ValueError
    utc = value.astimezone(UTC)
    if not FIRST_YEAR <= utc.year <= LAST_YEAR:
        raise ValueError
    return utc if type(utc) is datetime else datetime.combine(date(*utc.timetuple()[:3]), utc.timetz(), UTC)


def as_date(value: object) -> date:
    """Return a date; a time is none."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise ValueError


_INT64: Final = 2**63 - 1
_CASTS: Final[Mapping[type[pl.DataType], tuple[Callable[[object], object], str, str]]] = {
    pl.String: (as_text, "type({}) is not str", "text (str)"),
    pl.Boolean: (as_flag, "type({}) is not bool", "a flag (bool)"),
    pl.Int64: (as_whole, "", "a whole number (int)"),
    pl.Float64: (
        as_number,
        f"type({{0}}) is not float or not -{LARGEST!r} < {{0}} < {LARGEST!r}",
        f"a finite number below {LARGEST:g} (float or int)",
    ),
    pl.Datetime: (
        as_time,
        f"type({{0}}) is not datetime or {{0}}.tzinfo is not UTC or not {FIRST_YEAR} <= {{0}}.year <= {LAST_YEAR}",
        f"a time with its zone, in the years {FIRST_YEAR} to {LAST_YEAR} (datetime)",
    ),
    pl.Date: (as_date, "type({}) is not date", "a date (date)"),
}
"""By type of column: how a value becomes what features read, the condition under which it has to, and its words."""


def _fits(column: Column, value: object) -> bool:
    if value is None:
        return column.nullable
    try:
        _CASTS[column.dtype.base_type()][0](value)
    except _MISFIT:
        return False
    return True


def _expected(column: Column) -> str:
    return _CASTS[column.dtype.base_type()][2] + (" or None" if column.nullable else "")


def _reader(columns: Sequence[Column], title: str) -> Callable[[Sequence[Record], Callable[[Record], None]], Rows]:
    """Return a function that reads records: one line a column, and a call only for a value that needs one."""
    lines = ["def compute(records, refuse_strange):", "    rows = []", "    for record in records:"]
    for i, column in enumerate(columns):
        cast, differs, _ = _CASTS[column.dtype.base_type()]
        lines.append(f"        c{i} = record[{column.name!r}]")
        conditions = [f"c{i} is not None"] if column.nullable else []
        conditions += [f"({differs.format(f'c{i}')})"] if differs else []
        lines.append(f"        if {' and '.join(conditions) or 'True'}:")
        lines.append(f"            c{i} = {cast.__name__}(c{i})")
    lines.append(f"        if len(record) != {len(columns)}:")
    lines.append("            refuse_strange(record)")
    lines.append(f"        rows.append(({', '.join(f'c{i}' for i in range(len(columns)))},))")
    lines.append("    return rows")
    names: dict[str, object] = {cast.__name__: cast for cast, _, _ in _CASTS.values()}
    names |= {"datetime": datetime, "date": date, "UTC": UTC}
    read: Callable[[Sequence[Record], Callable[[Record], None]], Rows] = compiled("\n".join(lines), title, names)
    return read
