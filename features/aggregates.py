"""Ways to make one number of many rows.

Every aggregate gives the same bits in whatever order the rows come and however the batch is split: sums are taken
over whole numbers (ten-thousandths), so no rounding depends on the order of addition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

SUM_DECIMALS: Final = 4
SUM_UNIT: Final = 10**SUM_DECIMALS
"""Sums are exact to one part of this: a hundredth of a fen, a tenth of a millisecond."""


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """One number from the rows of a window.

    Attributes:
        name: Its part of the feature name; empty for ``DISTINCT``, whose column is already a plural noun.
        compute: Expression of the column and of the Boolean that says which rows count.
        counts: Whether it counts: 0 when no row is in the window. The others are null then.
        upper: Largest value it can have; None means no bound.
    """

    name: str
    compute: Callable[[pl.Expr, pl.Expr], pl.Expr]
    counts: bool = False
    upper: float | None = None


def _kept(column: pl.Expr, rows: pl.Expr) -> pl.Expr:
    return pl.when(rows).then(column)


def _whole(column: pl.Expr) -> pl.Expr:
    return (column.cast(pl.Float64) * SUM_UNIT).round().cast(pl.Int64)


def _count(column: pl.Expr, rows: pl.Expr) -> pl.Expr:  # noqa: ARG001 -- all aggregates share one signature
    return rows.sum()


def _total(column: pl.Expr, rows: pl.Expr) -> pl.Expr:
    kept = _kept(_whole(column), rows)
    # Polars divides many values by a constant in one way and a single value in another, a last bit apart; rounding
    # to the decimals there are makes them one.
    return pl.when(kept.count() > 0).then((kept.sum() / SUM_UNIT).round(SUM_DECIMALS))


def _mean(column: pl.Expr, rows: pl.Expr) -> pl.Expr:
    kept = _kept(_whole(column), rows)
    return pl.when(kept.count() > 0).then(kept.sum() / (kept.count() * SUM_UNIT))


def _share(column: pl.Expr, rows: pl.Expr) -> pl.Expr:
    kept = _kept(column, rows)
    return pl.when(kept.count() > 0).then(kept.sum() / kept.count())


def _distinct(column: pl.Expr, rows: pl.Expr) -> pl.Expr:
    kept = _kept(column, rows)
    return kept.n_unique() - kept.is_null().any().cast(pl.UInt32)


COUNT: Final = Aggregate(name="count", compute=_count, counts=True)
"""Number of rows; takes no column."""
DISTINCT: Final = Aggregate(name="", compute=_distinct, counts=True)
"""Number of different values, null not counted."""
SUM: Final = Aggregate(name="sum", compute=_total)
"""Sum of the values that are not null."""
MEAN: Final = Aggregate(name="mean", compute=_mean)
"""Mean of the values that are not null."""
MAX: Final = Aggregate(name="max", compute=lambda column, rows: _kept(column, rows).max())
"""Largest value."""
MIN: Final = Aggregate(name="min", compute=lambda column, rows: _kept(column, rows).min())
"""Smallest value."""
SHARE: Final = Aggregate(name="share", compute=_share, upper=1.0)
"""Share of rows whose Boolean column is true, among those where it is not null."""
