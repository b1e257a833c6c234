"""Statements of a contract that contradict each other, or name what does not exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import polars as pl

from features.errors import nearest
from features.tables import TABLES, TEXT
from modelling.errors import LabelError
from modelling.labels import BadDefinition
from pipelines.contract_shape import FlatShape, TablesShape
from pipelines.yaml_lines import Place

Contradiction = tuple[Place, str]
"""Where it stands and what is wrong."""


def contradictions(parsed: TablesShape | FlatShape) -> Iterator[Contradiction]:
    """Yield everything wrong with a contract whose values have the right types."""
    yield from _tables_problems(parsed) if isinstance(parsed, TablesShape) else _flat_problems(parsed)


def _tables_problems(parsed: TablesShape) -> Iterator[Contradiction]:
    yield from _time_problems(parsed)
    try:
        BadDefinition(**parsed.bad.model_dump())
    except LabelError as error:
        yield ("bad",), f"bad.{error}"
    for name, columns in parsed.categories.items():
        yield from _table_name(("categories", name), name)
        yield from _category_problems(name, columns)
    for name in parsed.absent:
        yield from _table_name(("absent", name), name)
        if name in TABLES and not TABLES[name].optional:
            yield ("absent", name), f"absent.{name}: every lender has this table; it is required"
    yield from _module_problems(parsed.modules)


def _module_problems(modules: Sequence[str]) -> Iterator[Contradiction]:
    seen: set[str] = set()
    for index, name in enumerate(modules):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            yield (
                ("modules", index),
                f"modules: {name!r} must be a path below the contract's folder, with / between parts",
            )
        elif path.suffix != ".py" or not path.stem.isidentifier():
            yield (
                ("modules", index),
                f"modules: {name!r} must be a Python file with a plain name, such as my_features.py",
            )
        elif path.stem in seen:
            yield ("modules", index), f"modules: two files are named {path.stem!r}; features are grouped by that name"
        seen.add(path.stem)


def _time_problems(parsed: TablesShape) -> Iterator[Contradiction]:
    if not _is_zone(parsed.time_zone):
        text = f"time_zone == {parsed.time_zone!r}, must be a name of the IANA time zones, such as Asia/Shanghai"
        yield ("time_zone",), text
    if parsed.extract_at is not None and parsed.extract_at.tzinfo is None:
        text = f"extract_at == {parsed.extract_at.isoformat()!r}, must say its zone, such as 2024-07-01T00:00:00Z"
        yield ("extract_at",), text


def _is_zone(name: str) -> bool:
    """Return whether Python and Polars both know a zone: Python also takes files of the machine, such as localtime."""
    try:
        ZoneInfo(name)
        pl.Series([0], dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone(name)
    except (KeyError, ValueError, OSError, pl.exceptions.PolarsError):
        return False
    return True


def _table_name(place: Place, name: str) -> Iterator[Contradiction]:
    if name not in TABLES:
        key = ".".join(str(part) for part in place)
        yield place, f"{key} is not a table.{nearest(name, TABLES)} Tables: {', '.join(TABLES)}"


def _category_problems(table: str, columns: Mapping[str, list[str]]) -> Iterator[Contradiction]:
    if table not in TABLES:
        return
    known = TABLES[table].schema
    for column in columns:
        key, place = f"categories.{table}.{column}", ("categories", table, column)
        if column not in known:
            yield place, f"{key} is not a column of {table}.{nearest(column, known)}"
        elif known[column] != TEXT:
            yield place, f"{key}: the column holds {known[column]}; only texts have allowed values"


def _flat_problems(parsed: FlatShape) -> Iterator[Contradiction]:
    yield from _roles(parsed)
    yield from _kinds(parsed)
    yield from _reasons(parsed)


def _roles(parsed: FlatShape) -> Iterator[Contradiction]:
    taken: dict[str, str] = {parsed.target.column: "target.column"}
    named = [("id", parsed.id), ("time", parsed.time)]
    named += [("protected", name) for name in parsed.protected] + [("ignored", name) for name in parsed.ignored]
    for key, name in named:
        if name is None:
            continue
        if name in taken:
            yield (key,), f"{key} names the column {name!r}, which {taken[name]} names already; a column has one role"
        taken.setdefault(name, key)
    if parsed.amount in taken:
        yield ("amount",), f"amount names the column {parsed.amount!r}, which is no feature: see {taken[parsed.amount]}"
    for key in ("sources", "directions", "questions"):
        for name in getattr(parsed, key):
            if name in taken:
                yield (key, name), f"{key}.{name}: the column is no feature: see {taken[name]}"


def _kinds(parsed: FlatShape) -> Iterator[Contradiction]:
    for name in sorted(set(parsed.categories) & set(parsed.flags)):
        yield ("flags",), f"{name!r} stands in categories and in flags; a column has one kind"
    for name, direction in parsed.directions.items():
        if direction != "none" and name in parsed.categories:
            yield (
                ("directions", name),
                f"directions.{name} == {direction!r}, must be 'none': a category has no direction",
            )
    if parsed.target.good is not None and str(parsed.target.good) == str(parsed.target.bad):
        yield ("target", "good"), f"target.good == {parsed.target.good!r} is the bad value too"


def _reasons(parsed: FlatShape) -> Iterator[Contradiction]:
    told: dict[str, str] = {}
    for id, reason in parsed.reasons.items():  # noqa: A001 - the key's own word
        if id in parsed.descriptions:
            yield ("reasons", id), f"reasons.{id} is a column with a description too; give the reason another name"
        for column in reason.columns:
            if column in told:
                yield ("reasons", id), f"reasons.{id} names {column!r}, which reasons.{told[column]} names already"
            told[column] = id
