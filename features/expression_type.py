"""What an expression gives: kind of value, whether it may be null, and whether it is surely finite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import polars as pl

from features.errors import DeclarationError, nearest
from features.expression import Expression, Value
from features.tables import Column

ValueKind = Literal["number", "text", "flag", "time", "date", "null"]


@dataclass(frozen=True)
class Type:
    """What a column or an expression holds.

    Attributes:
        kind: Kind of value; ``null`` for the constant None, which goes with any kind.
        nullable: Whether it may be null.
        finite: Whether a number is surely finite; sums, products and quotients are not.
    """

    kind: ValueKind
    nullable: bool = True
    finite: bool = True


def column_type(column: Column) -> Type:
    """Return the type of a column of a raw table, as features read it."""
    kinds: Mapping[type[pl.DataType], ValueKind] = {
        pl.Float64: "number",
        pl.Int64: "number",
        pl.String: "text",
        pl.Boolean: "flag",
        pl.Datetime: "time",
        pl.Date: "date",
    }
    return Type(kinds[column.dtype.base_type()], column.nullable)


def type_of(expression: Expression, columns: Mapping[str, Type]) -> Type:
    """Return the type of an expression over columns.

    Raises:
        DeclarationError: it reads a column that is not there, or an operation does not fit the kinds of its parts.
    """
    if expression.op == "column":
        return _column(str(expression.settings[0]), columns)
    if expression.feature is not None:
        kind = expression.feature.kind
        return Type("text" if kind == "category" else kind)
    if expression.op == "constant":
        return Type(_kind(expression.settings[0]), nullable=expression.settings[0] is None)
    parts = [type_of(part, columns) for part in expression.parts]
    found = _RULES[expression.op](expression, parts)
    if found is None:
        kinds = " and ".join(part.kind for part in parts)
        raise DeclarationError([f"{expression!r} cannot be computed: {expression.op!r} does not take {kinds}"])
    return found


def _column(name: str, columns: Mapping[str, Type]) -> Type:
    if name not in columns:
        raise DeclarationError([f"column {name!r} cannot be read here.{nearest(name, columns)}"])
    return columns[name]


def _kind(value: Value) -> ValueKind:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "flag"
    return "text" if isinstance(value, str) else "number"


def _common(parts: list[Type], *kinds: ValueKind) -> ValueKind | None:
    """Return the one kind of all parts, when it is among the kinds; null goes with any."""
    found = {part.kind for part in parts if part.kind != "null"}
    if not found:
        return kinds[0]
    return next(iter(found)) if len(found) == 1 and found <= set(kinds) else None


Rule = Callable[[Expression, list[Type]], Type | None]
_ANY: Final[tuple[ValueKind, ...]] = ("number", "text", "flag", "time", "date")
_ORDERED: Final[tuple[ValueKind, ...]] = ("number", "text", "time", "date")


def _computed(kind: ValueKind, *takes: ValueKind, finite: bool = True) -> Rule:
    """Return the rule of an operation that is null where a part is null."""

    def rule(expression: Expression, parts: list[Type]) -> Type | None:  # noqa: ARG001 -- rules share one signature
        return Type(kind, any(part.nullable for part in parts), finite) if _common(parts, *takes) else None

    return rule


def _division(expression: Expression, parts: list[Type]) -> Type | None:
    divisor = expression.parts[1]
    safe = divisor.op == "constant" and divisor.settings[0] != 0 and not any(part.nullable for part in parts)
    return Type("number", nullable=not safe, finite=False) if _common(parts, "number") else None


def _is_in(expression: Expression, parts: list[Type]) -> Type | None:
    given = [*parts, *(Type(_kind(value)) for value in expression.settings)]
    return Type("flag", parts[0].nullable) if expression.settings and _common(given, "number", "text") else None


def _fill_null(_: Expression, parts: list[Type]) -> Type | None:
    kind = _common(parts, *_ANY)
    return kind and Type(kind, parts[1].nullable, all(part.finite for part in parts))


def _clip(_: Expression, parts: list[Type]) -> Type | None:
    return parts[0] if parts[0].kind == "number" else None


def _log(_: Expression, parts: list[Type]) -> Type | None:
    return Type("number", nullable=True, finite=parts[0].finite) if parts[0].kind == "number" else None


def _same(_: Expression, parts: list[Type]) -> Type | None:
    return replace(parts[0]) if parts[0].kind == "number" else None


def _between(expression: Expression, parts: list[Type]) -> Type | None:
    units: tuple[ValueKind, ...] = ("time", "date") if expression.settings[0] == "days" else ("time",)
    return Type("number", any(part.nullable for part in parts)) if _common(parts, *units) else None


def _extreme(_: Expression, parts: list[Type]) -> Type | None:
    kind = _common(parts, "number", "time", "date")
    return kind and Type(kind, all(part.nullable for part in parts), all(part.finite for part in parts))


def _when(_: Expression, parts: list[Type]) -> Type | None:
    kind = _common(parts[1:], *_ANY)
    if kind is None or parts[0].kind != "flag":
        return None
    return Type(kind, any(part.nullable for part in parts[1:]), all(part.finite for part in parts[1:]))


def _known(_: Expression, parts: list[Type]) -> Type | None:
    return Type("flag", nullable=False) if parts else None


def _how_many(_: Expression, parts: list[Type]) -> Type | None:
    return Type("number", nullable=False) if _common(parts, "flag") else None


_RULES: Final[Mapping[str, Rule]] = {
    **dict.fromkeys(("+", "-", "*"), _computed("number", "number", finite=False)),
    **dict.fromkeys(("/", "%"), _division),
    **dict.fromkeys(("==", "!="), _computed("flag", *_ANY)),
    **dict.fromkeys(("<", "<=", ">", ">="), _computed("flag", *_ORDERED)),
    **dict.fromkeys(("&", "|", "~"), _computed("flag", "flag")),
    **dict.fromkeys(("abs", "floor"), _same),
    **dict.fromkeys(("local_hour", "local_weekday"), _computed("number", "time")),
    **dict.fromkeys(("year", "month", "day"), _computed("number", "date")),
    **dict.fromkeys(("smallest", "largest"), _extreme),
    "local_date": _computed("date", "time"),
    "as_number": _computed("number", "flag"),
    "is_null": _known,
    "is_in": _is_in,
    "fill_null": _fill_null,
    "clip": _clip,
    "log": _log,
    "between": _between,
    "how_many": _how_many,
    "when": _when,
}
