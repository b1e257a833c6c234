"""What is odd in a table without being wrong: columns that say nothing, and categories that come and go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from features.tables import TEXT, Column, Table
from pipelines.examples import short

LATE_SHARE: Final = 0.2
"""Share of a table's rows, the latest, that is held against the rows before them."""

FEWEST: Final = 20
"""Rows that a category must have (or would have, at its earlier share) for its coming or going to be told."""

_MOST_CATEGORIES: Final = 100
_TIMES: Final = ("applied_at", "happened_at", "decided_at")


def table_warnings(table: Table, frame: pl.DataFrame) -> tuple[str, ...]:
    """Return what a person should know about a table's clean rows, one sentence each.

    Columns without any value, columns with the same value throughout, and categories that appear in, or vanish from,
    the latest rows.
    """
    if frame.is_empty():
        return ("the table has no rows",)
    return (*silent_columns(frame, [column.name for column in table.columns]), *_drift(table, frame))


def silent_columns(frame: pl.DataFrame, names: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for every column that holds no value, or the same one in every row."""
    for name in names:
        values = frame[name]
        if values.null_count() == len(values):
            yield f"{name} has no value in any row"
        elif len(values) > 1 and values.null_count() == 0 and values.n_unique() == 1:
            yield f"{name} is {short(values[0])} in every row"


def _drift(table: Table, frame: pl.DataFrame) -> Iterator[str]:
    time = next((name for name in _TIMES if name in frame.columns), None)
    if time is None:
        return
    start = frame[time].quantile(1 - LATE_SHARE, interpolation="lower")
    for column in table.columns:
        if _is_category(column, table, frame):
            yield from _category_drift(frame.select(pl.col(column.name), (pl.col(time) > start).alias("_late")), start)


def _is_category(column: Column, table: Table, frame: pl.DataFrame) -> bool:
    if column.allowed:
        return True
    names_someone = column.name == table.key or column.name.endswith(("_id", "_hash"))
    return column.dtype == TEXT and not names_someone and frame[column.name].n_unique() <= _MOST_CATEGORIES


def _category_drift(rows: pl.DataFrame, start: object) -> Iterator[str]:
    name = rows.columns[0]
    late_rows = int(rows["_late"].sum())
    early_rows = len(rows) - late_rows
    counts = (
        rows.drop_nulls(name).group_by(name).agg(late=pl.col("_late").sum(), early=(~pl.col("_late")).sum()).sort(name)
    )
    since = short(start)
    for value, late, early in counts.iter_rows():
        if early == 0 and late >= FEWEST:
            yield f"{name} is {short(value)} in {late:,} rows, all of them after {since}: a new category"
        elif late == 0 and early * late_rows >= FEWEST * early_rows:
            yield f"{name} was {short(value)} in {early:,} rows, none of them after {since}: the category vanished"
