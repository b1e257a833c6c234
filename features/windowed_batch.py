"""Windowed features for a batch of applications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from features.history import View
from features.point_in_time import KEYS, ROW, known_rows
from features.windowed import Windowed


def with_windowed(
    applications: pl.DataFrame, parts: Sequence[Windowed], tables: Mapping[str, pl.DataFrame], time_zone: str
) -> pl.DataFrame:
    """Return the applications with windowed features beside them: one pass over each view, with all its aggregates.

    Args:
        applications: Applications to build, numbered by ``row``.
        parts: Features to add.
        tables: Raw tables; features whose tables are not among them are null.
        time_zone: Zone of local hours and days.
    """
    views: dict[View, list[Windowed]] = {}
    for part in parts:
        views.setdefault(part.history.view, []).append(part)
    summed = [
        known_rows(applications.lazy(), view, tables, time_zone)
        .group_by(ROW)
        .agg(p.expression(time_zone) for p in members)
        for view, members in views.items()
        if view.tables <= tables.keys()
    ]
    values = applications
    for frame in pl.collect_all(summed):
        values = values.join(frame, on=ROW, how="left")
    values = values.with_columns(
        pl.lit(None, pl.Float64).alias(part.name) for part in parts if not part.tables <= tables.keys()
    )
    return values.with_columns(_nobody_listed(part) for part in parts if _filled(part, tables))


def _filled(part: Windowed, tables: Mapping[str, pl.DataFrame]) -> bool:
    view = part.history.view
    return view.matched == "key" and part.aggregate.counts and view.tables <= tables.keys()


def _nobody_listed(part: Windowed) -> pl.Expr:
    """Return a count by key with 0 for an application that gives a key which is not listed."""
    given = pl.any_horizontal(pl.col(column).is_not_null() for column in KEYS.values())
    return pl.when(given).then(pl.col(part.name).fill_null(0)).alias(part.name)
