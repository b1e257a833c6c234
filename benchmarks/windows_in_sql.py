"""The compared aggregates in DuckDB's SQL, written in three ways; the fastest is what ours is held against.

``filter``: one join and one pass a table, every aggregate with its ``FILTER``, as most people would write it well.
``latest``: the same, but values are first brought down to their latest row, so that nothing counts ``DISTINCT``.
``bands``: that, and rows are first brought down to one a band between windows, as ours does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import duckdb
import polars as pl

from benchmarks.windows import AGGREGATES, DAYS
from features.aggregates import COUNT, DISTINCT, MAX, MEAN, MIN, SHARE
from features.windowed import Windowed

DAY: Final = 86_400_000_000
_NIGHT: Final = "((epoch_us(h.happened_at) + 28800000000) // 3600000000) % 24 < 6"
"""Shanghai has no daylight saving time: arithmetic is several times faster than DuckDB's time zones."""
COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "bureau_inquiries": {
        "belongs": "h.lender_type <> 'own' and h.purpose <> 'post_loan'",
        "lenders": "h.lender_id",
        "small_loan": "h.lender_type = 'small_loan'",
        "night": _NIGHT,
        "days_ago": f"(epoch_us(a.applied_at) - epoch_us(h.happened_at)) // {DAY}",
    },
    "loans": {
        "belongs": "h.lender_type <> 'own'",
        "lenders": "h.lender_id",
        "amount": "h.amount",
        "open": "h.status is null or not coalesce(h.status_known_at < a.applied_at, false)",
    },
    "behaviour_events": {
        "belongs": "true",
        "sessions": "h.session_id",
        "seconds": "h.seconds",
        "night": _NIGHT,
        "edit_income": "h.kind = 'edit_income'",
        "view_terms": "h.kind = 'view_terms'",
    },
}
WAYS: Final = ("filter", "latest", "bands")


def connected(tables: Mapping[str, pl.DataFrame]) -> duckdb.DuckDBPyConnection:
    """Return a database in memory with two threads that holds the tables as its own."""
    connection = duckdb.connect(config={"threads": 2})
    for name, frame in tables.items():
        connection.register("given", frame.to_arrow())
        connection.execute(f"create table {name} as select * from given").fetchall()  # noqa: S608 -- names of our contracts
        connection.unregister("given")
    return connection


def computed(connection: duckdb.DuckDBPyConnection, way: str) -> None:
    """Compute the aggregates into tables of the database."""
    for name in COLUMNS:
        parts = [part for part in AGGREGATES if part.history.view.table.name == name]
        plain = [part for part in parts if way == "filter" or part.aggregate is not DISTINCT]
        query = _bands(name, plain) if way == "bands" else _filter(name, plain)
        connection.execute(f"create or replace temp table of_{name} as {query}").fetchall()
        values = _latest(name, [part for part in parts if part not in plain])
        if values:
            connection.execute(f"create or replace temp table different_{name} as {values}").fetchall()


def result(connection: duckdb.DuckDBPyConnection, way: str) -> pl.DataFrame:
    """Return the aggregates with their null laws, by application."""
    names = [f"{kind}_{name}" for name in COLUMNS for kind in (("of",) if way == "filter" else ("of", "different"))]
    joins = " ".join(f"left join {name} using (application_id)" for name in names)
    found = connection.sql(f"select * from applications {joins}").to_arrow_table()  # noqa: S608 -- names of our contracts
    counts = [
        pl.when(pl.col(f"known_{part.history.view.table.name}")).then(pl.col(part.name).fill_null(0)).alias(part.name)
        for part in AGGREGATES
        if part.aggregate.counts
    ]
    names = [part.name for part in AGGREGATES]
    frame = pl.DataFrame(found)
    return frame.with_columns(counts).select("application_id", pl.col(names).cast(pl.Float64))


def _rows(name: str) -> str:
    columns = ", ".join(f"({sql}) as {column}" for column, sql in COLUMNS[name].items())
    return (
        f"select a.application_id, epoch_us(a.applied_at) - epoch_us(h.happened_at) as age, {columns} "  # noqa: S608
        f"from applications a join {name} h on a.applicant_id = h.applicant_id "
        "where h.known_at < a.applied_at and h.happened_at < a.applied_at"
    )


def _filter(name: str, parts: Sequence[Windowed]) -> str:
    """Return one pass over the rows with a filter for each aggregate."""
    asked = ", ".join(f"{_called(part)} filter ({_condition(part)}) as {part.name}" for part in parts)
    return f"select application_id, true as known_{name}, {asked} from ({_rows(name)}) group by application_id"  # noqa: S608


def _called(part: Windowed) -> str:
    column = part.column
    calls = {COUNT: "count(*)", DISTINCT: f"count(distinct {column})", SHARE: f"avg({column}::int)"}
    calls |= {MEAN: f"avg({column})", MAX: f"max({column})", MIN: f"min({column})"}
    return calls.get(part.aggregate, f"sum({column})")


def _condition(part: Windowed) -> str:
    window = [] if part.window is None else [f"age <= {part.window.days * DAY}"]
    return " and ".join(["belongs", *part.where, *window])


def _latest(name: str, parts: Sequence[Windowed]) -> str:
    """Return counts of different values from the latest row of each."""
    if not parts:
        return ""
    (column,) = {part.column for part in parts}
    wheres = {"_".join(("age", *part.where)): " and ".join(("true", *part.where)) for part in parts}
    ages = ", ".join(f"min(age) filter ({where}) as {age}" for age, where in wheres.items())
    asked = ", ".join(
        f"count(*) filter ({'_'.join(('age', *part.where))} <= {part.window.days * DAY}) as {part.name}"
        for part in parts
        if part.window is not None
    )
    inner = f"select application_id, {ages} from ({_rows(name)}) where belongs group by application_id, {column}"  # noqa: S608
    return f"select application_id, {asked} from ({inner}) group by application_id"  # noqa: S608


def _bands(name: str, parts: Sequence[Windowed]) -> str:
    """Return aggregates of bands between windows, added up."""
    cases = " ".join(f"when age <= {days * DAY} then {i}" for i, days in enumerate(DAYS))
    inner, outer = {}, []
    for part in parts:
        where, label = " and ".join(("belongs", *part.where)), "_".join(("x", *part.where, part.column))
        last = DAYS.index(part.window.days) if part.window is not None else len(DAYS)
        for call, short in _pieces(part):
            inner[f"{label}_{short}"] = f"{call} filter ({where})"
        outer.append(f"{_added(part, label)} as {part.name}".replace("BAND", f"filter (band <= {last})"))
    pieces = ", ".join(f"{sql} as {label}" for label, sql in inner.items())
    banded = f"select application_id, case {cases} else {len(DAYS)} end as band, {pieces} from ({_rows(name)})"  # noqa: S608
    banded += " group by application_id, band"
    return f"select application_id, true as known_{name}, {', '.join(outer)} from ({banded}) group by application_id"  # noqa: S608


def _pieces(part: Windowed) -> list[tuple[str, str]]:
    column = part.column
    if part.aggregate is COUNT:
        return [("count(*)", "n")]
    if part.aggregate is SHARE:
        return [(f"sum({column}::int)", "s"), (f"count({column})", "n")]
    if part.aggregate in {MAX, MIN}:
        return [(f"{part.aggregate.name}({column})", part.aggregate.name)]
    return [(f"sum({column})", "s"), (f"count({column})", "n")]


def _added(part: Windowed, label: str) -> str:
    if part.aggregate is COUNT:
        return f"sum({label}_n) BAND"
    if part.aggregate in {SHARE, MEAN}:
        return f"sum({label}_s) BAND / sum({label}_n) BAND"
    if part.aggregate in {MAX, MIN}:
        return f"{part.aggregate.name}({label}_{part.aggregate.name}) BAND"
    return f"sum({label}_s) BAND"
