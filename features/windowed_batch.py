"""Windowed features for a batch of applications."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.history import View
from features.line import KEYS, Line
from features.pair_columns import Reading
from features.point_in_time import PAIRS, PIECE, Share, known_rows
from features.window_values import window_values
from features.windowed import Windowed

Real = NDArray[np.float64]
Whole = NDArray[np.int64]


def with_windowed(
    applications: pl.DataFrame,
    parts: Sequence[Windowed],
    tables: Mapping[str, pl.DataFrame],
    time_zone: str,
    *,
    piece: int = PIECE,
    pairs: int = PAIRS,
) -> pl.DataFrame:
    """Return the applications with windowed features beside them: one pass over each view, with all its aggregates.

    A view is worked off in shares of some applicants, on as many threads as Polars has.

    Args:
        applications: Applications to build.
        parts: Features to add.
        tables: Raw tables; features whose tables are not among them are null.
        time_zone: Zone of local hours and days.
        piece: How many rows are worked on at once; it changes no value.
        pairs: How many times rows and applications may meet at once; it changes no value.
    """
    views: dict[View, list[Windowed]] = {}
    for part in parts:
        if part.history.view.tables <= tables.keys():
            views.setdefault(part.history.view, []).append(part)
    lines = {matched: Line.of(applications, matched) for matched in {view.matched for view in views}}
    values = {
        part.name: np.empty(len(lines[view.matched].numbers)) for view, members in views.items() for part in members
    }
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        # Rows of all views are shared out before any are summed up, so that no thread waits for the last of a view.
        dealt = []
        for view, members in views.items():
            reading = Reading.of(view, members, time_zone)
            shares = known_rows(lines[view.matched], view, tables, reading.wanted, threads=threads, piece=piece)
            dealt.append((partial(_fill, values, applications, reading, members, most=pairs), shares))
        filled = [threads.map(fill, shares) for fill, shares in dealt]
        deque(chain.from_iterable(filled), maxlen=0)
        seats = {part.name: lines[view.matched].seats_of_numbers for view, members in views.items() for part in members}
        names, count = list(values), pl.thread_pool_size()
        ordering = threads.map(partial(_put_in_order, values, seats), [names[i::count] for i in range(count)])
        deque(ordering, maxlen=0)
    unknown = np.full(len(applications), np.nan)
    columns = {part.name: values.get(part.name, unknown) for part in parts}
    return applications.with_columns(pl.Series(name, column, nan_to_null=True) for name, column in columns.items())


def _fill(
    values: Mapping[str, Real],
    applications: pl.DataFrame,
    reading: Reading,
    members: Sequence[Windowed],
    share: Share,
    *,
    most: int,
) -> None:
    """Write what one share of a view says into the columns of its features, in the order of the line."""
    for part in share.parts(most):
        known = part.known()
        told = np.bincount(known.applications, minlength=len(known.numbers)) > 0
        if reading.view.matched == "key":
            told |= _with_key(applications)[known.numbers]
        untold = np.flatnonzero(~told)
        seats = slice(part.first, part.first + len(known.numbers))
        for feature, found in window_values(reading.columns(known, applications), members):
            if feature.aggregate.counts:
                found[untold] = np.nan
            values[feature.name][seats] = found


def _put_in_order(values: dict[str, Real], seats: Mapping[str, Whole], names: Sequence[str]) -> None:
    """Put some columns into the order of the applications; each into the memory of the one before it.

    Args:
        values: All columns, in the order of the line; those named are replaced.
        seats: Of each column, where the value of each application stands.
        names: Columns to put in order.
    """
    spare = np.empty(len(values[names[0]]) if names else 0)
    for name in names:
        found = values[name]
        found.take(seats[name], out=spare, mode="clip")  # with any other mode, numpy makes a copy first
        values[name], spare = spare, found


def _with_key(applications: pl.DataFrame) -> NDArray[np.bool_]:
    """Return whether an application gives a key: nothing known is then nobody listed, and a count is 0."""
    given = pl.any_horizontal(pl.col(column).is_not_null() for column in KEYS.values())
    return applications.select(given).to_series().to_numpy()
