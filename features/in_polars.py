"""Expressions as columns of Polars, for a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, reduce
from operator import add, and_, eq, ge, gt, le, lt, mul, ne, or_, sub
from typing import Final

import polars as pl

from features.expression import Expression, Value
from features.local_hours import local_hours


def in_polars(expression: Expression, time_zone: str) -> pl.Expr:
    """Return the expression for Polars; numbers must be Float64 columns.

    Args:
        expression: What to compute.
        time_zone: Zone of local hours and dates.
    """
    parts = [in_polars(part, time_zone) for part in expression.parts]
    if expression.op in _DIVISIONS:
        # By a single number, Polars multiplies with its reciprocal, which may be a last bit off. A constant is one, and
        # so is a column that Polars knows to be the same in every row, as one that was picked from a single row: make
        # it a column of as many numbers as are divided.
        parts[1] = parts[0].is_null().cast(pl.Float64) * 0.0 + parts[1]
    if expression.op == "local_hour":
        return parts[0].map_batches(
            partial(local_hours, time_zone=time_zone), return_dtype=pl.Float64, is_elementwise=True
        )
    if expression.op in _LOCAL:
        return _LOCAL[expression.op](parts[0].dt.convert_time_zone(time_zone))
    if expression.feature is not None:
        value = pl.col(expression.feature.name)
        return finite(value.cast(pl.Float64)) if expression.feature.kind == "number" else value
    return _OPERATIONS[expression.op](parts, expression.settings)


def finite(number: pl.Expr) -> pl.Expr:
    """Return a number as features give it: null where it is not finite, and never −0."""
    # Adding 0 would do the same, but Polars leaves it out.
    return pl.when(number == 0).then(0.0).when(number.is_finite()).then(number)


def _number(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Float64)


def _divided(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return part / pl.when(whole != 0).then(whole)


def _remainder(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return part - _divided(part, whole).floor() * whole


def _between(earlier: pl.Expr, later: pl.Expr, unit: Value) -> pl.Expr:
    length = (later - earlier).dt
    whole = {
        "days": length.total_days,
        "hours": length.total_hours,
        "minutes": length.total_minutes,
        "seconds": length.total_seconds,
    }
    return _number(whole[str(unit)]())


def _of_parts(function: Callable[..., pl.Expr]) -> Callable[[list[pl.Expr], tuple[Value, ...]], pl.Expr]:
    """Return the function for operations that are settled by their parts alone."""
    return lambda parts, _: function(*parts)


_DIVISIONS: Final = frozenset({"/", "%"})

_LOCAL: Final[Mapping[str, Callable[[pl.Expr], pl.Expr]]] = {
    "local_weekday": lambda time: _number(time.dt.weekday()),
    "local_date": lambda time: time.dt.date(),
}

_PAIRS: Final[Mapping[str, Callable[[pl.Expr, pl.Expr], pl.Expr]]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": _divided,
    "%": _remainder,
    "==": eq,
    "!=": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "&": and_,
    "|": or_,
    "fill_null": lambda value, other: value.fill_null(other),
}

_SINGLES: Final[Mapping[str, Callable[[pl.Expr], pl.Expr]]] = {
    "~": lambda flag: ~flag,
    "is_null": lambda value: value.is_null(),
    "abs": lambda number: number.abs(),
    "floor": lambda number: number.floor(),
    "log": lambda number: pl.when(number > 0).then(number.log()),
    "as_number": _number,
    "year": lambda date: _number(date.dt.year()),
    "month": lambda date: _number(date.dt.month()),
    "day": lambda date: _number(date.dt.day()),
}

_OPERATIONS: Final[Mapping[str, Callable[[list[pl.Expr], tuple[Value, ...]], pl.Expr]]] = {
    **{op: _of_parts(pair) for op, pair in _PAIRS.items()},
    **{op: _of_parts(single) for op, single in _SINGLES.items()},
    "column": lambda _, settings: pl.col(str(settings[0])),
    "constant": lambda _, settings: pl.lit(settings[0]),
    "is_in": lambda parts, settings: parts[0].is_in(list(settings)),
    "clip": lambda parts, settings: parts[0].clip(*settings),
    "between": lambda parts, settings: _between(parts[0], parts[1], settings[0]),
    "smallest": lambda parts, _: pl.min_horizontal(parts),
    "largest": lambda parts, _: pl.max_horizontal(parts),
    "how_many": lambda parts, _: reduce(add, (_number(flag.fill_null(value=False)) for flag in parts)),
    "when": lambda parts, _: pl.when(parts[0]).then(parts[1]).otherwise(parts[2]),
}
