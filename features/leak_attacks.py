"""What the leak prover does to a world: what was not known at the decision is replaced, shuffled or deleted.

Every attack leaves known cells as they are and keeps unknown rows and cells unknown, so no feature may move.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import polars as pl

from features.leak_rules import (
    AT,
    CASE,
    World,
    given_columns,
    is_scored,
    known_group,
    known_row,
    late_groups,
    teller_of,
    unknown,
)
from features.leak_worlds import links
from features.schema_check import UNREAD
from features.tables import APPLICATIONS, DATE, FLAG, TABLES, TIME, WHOLE, Column, Table

When = Literal["early", "late"]
"""Where hostile times lie: ``early``: it took place just before the decision and was learned at its very moment;
``late``: all of it lies days after."""

DAY: Final = timedelta(days=1)
LARGE: Final = 9e8
"""A hostile number where a column has no upper bound."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which part of the tables an attack is let loose on; everywhere by default.

    Attributes:
        table: Only this table.
        column: Only this column of it; a time of its rows stands for the rows that are unknown because of it.
    """

    table: str | None = None
    column: str | None = None

    def covers(self, table: Table, column: str | None = None) -> bool:
        """Return whether a table, or a column of it, lies within."""
        return self.table in (None, table.name) and (column is None or self.column in (None, column))

    def rows(self, table: Table) -> bool:
        """Return whether whole rows of a table lie within."""
        return self.covers(table) and (self.column is None or self.column in table.times)


ALL: Final = Scope()


def replaced(world: World, when: When, scope: Scope = ALL) -> dict[str, pl.DataFrame]:
    """Return the world with hostile values in all cells that were not known."""
    return {name: _replaced(TABLES[name], frame, when, scope) for name, frame in world.items()}


def shuffled(world: World, seed: int, scope: Scope = ALL) -> dict[str, pl.DataFrame]:
    """Return the world with unknown cells shuffled among each other per case, and all rows in another order."""
    return {
        name: _shuffled(TABLES[name], frame, seed).sample(fraction=1.0, shuffle=True, seed=seed)
        if scope.covers(TABLES[name])
        else frame
        for name, frame in world.items()
    }


def deleted(world: World, scope: Scope = ALL) -> dict[str, pl.DataFrame]:
    """Return the world without unknown rows, unknown cells of known rows null, and without what nobody may read."""
    left = {name: frame for name, frame in world.items() if name not in UNREAD or not scope.covers(TABLES[name])}
    return {name: _deleted(TABLES[name], frame, scope) for name, frame in left.items()}


def count_unknown(world: World) -> int:
    """Return the number of cells that were not known."""
    return sum(_count(TABLES[name], frame) for name, frame in world.items())


def hostile(table: Table, column: Column, when: When, domain: pl.Series) -> pl.Expr:
    """Return a hostile value for a column of a row that is not known, or not known yet in this column.

    Args:
        table: Contract of the table.
        column: The column.
        when: Where its times lie.
        domain: Values that a category may take.
    """
    early = when == "early"
    if column.dtype == TIME:
        return pl.col(AT) + _moment(table, column.name, early=early)
    if len(domain):
        place = (pl.int_range(pl.len()) + 1 + early) % len(domain)
        return pl.lit(domain).gather(place)
    if column.dtype == FLAG:
        return pl.int_range(pl.len()) % 2 == int(early)
    if column.dtype == DATE:
        return pl.lit(date(1930, 1, 1) if early else date(2005, 1, 1))
    if column.dtype.is_numeric():
        bound = (column.upper or LARGE) if early else (column.lower or 0.0)
        return pl.lit(int(min(bound, 1e6)) if column.dtype == WHOLE else bound, column.dtype)
    return pl.format("hostile {}", pl.int_range(pl.len()))


def domain_of(column: Column, frame: pl.DataFrame) -> pl.Series:
    """Return the values of a category: those allowed and those that the lender's own table holds; else none."""
    if not column.allowed:
        return pl.Series(column.name, [], pl.String)
    found = frame[column.name].drop_nulls().unique().to_list() if column.name in frame.columns else []
    return pl.Series(column.name, sorted({*column.allowed, *found}), pl.String)


def _moment(table: Table, column: str, *, early: bool) -> timedelta:
    """Return how long after the decision a hostile time lies: never so that its row or cell would be known."""
    if column in table.times:
        happened = column == table.times[0] and len(table.times) > 1
        return (timedelta(hours=-1) if happened else timedelta(0)) if early else (DAY if happened else 30 * DAY)
    if teller_of(table, column) == column:
        return timedelta(0) if early else 3 * DAY
    return timedelta(minutes=-30) if early else 2 * DAY


def _replaced(table: Table, frame: pl.DataFrame, when: When, scope: Scope) -> pl.DataFrame:
    if not scope.covers(table):
        return frame
    changed = []
    for name in given_columns(table, frame):
        if name in links(table) or not _touched(table, name, scope):
            continue
        column = table.column(name)
        cells = unknown(table, name) & _may_move(table) if name in table.times else unknown(table, name)
        value = hostile(table, column, when, domain_of(column, frame))
        changed.append(pl.when(cells).then(value).otherwise(pl.col(name)).cast(column.dtype).alias(name))
    return frame.with_columns(changed)


def _touched(table: Table, column: str, scope: Scope) -> bool:
    """Return whether a column changes; the times of a row change together, for the one that tells when it was known."""
    if column in table.times:
        return scope.covers(table, table.times[-1])
    return scope.covers(table, column)


def _may_move(table: Table) -> pl.Expr:
    """Return which unknown rows can get other times: not those that claim to be known before they happened."""
    settled = (pl.col(table.times[-1]) < pl.col(AT)).fill_null(value=False) if table.times else pl.lit(value=False)
    return ~settled & ~is_scored() if table is APPLICATIONS else ~settled


def _units(table: Table, frame: pl.DataFrame) -> Iterator[tuple[list[str], pl.Expr]]:
    """Yield columns that move together, with the rows among which they may change places."""
    given, groups = given_columns(table, frame), late_groups(table)
    late = {name for names in groups.values() for name in names}
    for teller, names in groups.items():
        yield list(names), known_row(table) & ~known_group(table, teller)
        yield list(names), ~known_row(table)
    if table.times:
        yield list(table.times), ~known_row(table)
    for name in given:
        if name not in late and name not in table.times and name != table.key:
            yield [name], unknown(table, name)


def _shuffled(table: Table, frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    for step, (names, cells) in enumerate(_units(table, frame)):
        rows = frame.select(CASE, place=pl.int_range(pl.len())).filter(frame.select(cells).to_series())
        target = rows.sort(CASE, "place")["place"]
        source = rows.sample(fraction=1.0, shuffle=True, seed=seed + step).sort(CASE, maintain_order=True)["place"]
        order = pl.int_range(len(frame), eager=True).scatter(target, source)
        frame = frame.with_columns(frame.select(names)[order])
    return frame


def _deleted(table: Table, frame: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    if not scope.covers(table):
        return frame
    if scope.rows(table):
        frame = frame.filter(known_row(table) | ~_unknown_by(table, scope.column))
    gone = [
        pl.when(unknown(table, name)).then(None).otherwise(pl.col(name)).alias(name)
        for name in given_columns(table, frame)
        if scope.covers(table, name) and (teller_of(table, name) or table.column(name).protected)
    ]
    return frame.with_columns(gone)


def _unknown_by(table: Table, column: str | None) -> pl.Expr:
    """Return which unknown rows are so because of one of their times: the first of them that lies too late."""
    if column is None:
        return pl.lit(value=True)
    earlier = table.times[: table.times.index(column)]
    passed = pl.all_horizontal(pl.lit(value=True), *(pl.col(name) < pl.col(AT) for name in earlier))
    return passed & ~(pl.col(column) < pl.col(AT)).fill_null(value=False)


def _count(table: Table, frame: pl.DataFrame) -> int:
    cells = [unknown(table, name).cast(pl.Int64).sum() for name in given_columns(table, frame) if name != table.key]
    held = frame.select(pl.sum_horizontal(cells)).item() if len(frame) else 0
    return int(held or 0)
