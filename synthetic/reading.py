"""Turns a plain mapping into the frozen records of a recipe, with errors that name the key."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from synthetic.errors import RecipeError

Record = TypeVar("Record")


@dataclass(frozen=True)
class Bounds:
    """Smallest and largest legal number, both inclusive."""

    lower: float
    upper: float


Share = Annotated[float, Bounds(0.0, 1.0)]
"""A share of something, between 0 and 1."""

Amount = Annotated[float, Bounds(0.0, 1e9)]
"""A number that may not be negative."""

Effect = Annotated[float, Bounds(-50.0, 50.0)]
"""An effect on the scale of log-odds or of a logarithm, of either sign."""

Count = Annotated[int, Bounds(0, 1_000_000_000)]
"""A whole number that may not be negative."""

Positive = Annotated[int, Bounds(1, 1_000_000_000)]
"""A whole number of at least 1."""


def read_record(record: type[Record], value: object, key: str = "") -> Record:
    """Make a frozen record from a mapping, checking every key, type and bound.

    Args:
        record: A dataclass whose annotations say what each key must be.
        value: The mapping that was read.
        key: Path of the mapping inside the recipe, for messages.

    Raises:
        RecipeError: a key is unknown, missing, of the wrong type or out of bounds.
    """
    if not isinstance(value, Mapping):
        raise RecipeError(key or "recipe", f"== {value!r}, must be a mapping of keys to values")
    names = [field.name for field in dataclasses.fields(record)]  # type: ignore[arg-type]
    for name in value:
        if name not in names:
            raise RecipeError.unknown(_path(key, str(name)), names)
    hints = get_type_hints(record, include_extras=True)
    return record(**{name: _item(hints[name], value, name, key) for name in names})


def _path(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _item(hint: Any, value: Mapping[str, object], name: str, key: str) -> object:  # noqa: ANN401 - a type hint
    path = _path(key, name)
    if name not in value:
        raise RecipeError(path, "is missing, every key must be given (or inherited with based_on)")
    return _read(hint, value[name], path)


def _read(hint: Any, value: object, path: str) -> object:  # noqa: ANN401 - a type hint
    if dataclasses.is_dataclass(hint):
        return read_record(hint, value, path)  # type: ignore[arg-type]
    if get_origin(hint) is Annotated:
        kind, bounds = get_args(hint)
        return _number(kind, bounds, value, path)
    if get_origin(hint) is tuple:
        return _tuple(get_args(hint), value, path)
    return _plain(hint, value, path)


def _number(kind: type, bounds: Bounds, value: object, path: str) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RecipeError(path, f"== {value!r}, must be a number")
    if kind is int and not isinstance(value, int):
        raise RecipeError(path, f"== {value!r}, must be a whole number")
    if not math.isfinite(value) or not bounds.lower <= value <= bounds.upper:
        raise RecipeError(path, f"== {value!r}, must be between {bounds.lower:g} and {bounds.upper:g}")
    return int(value) if kind is int else float(value)


def _tuple(hints: tuple[Any, ...], value: object, path: str) -> tuple[object, ...]:
    if not isinstance(value, list | tuple) or len(value) != len(hints):
        raise RecipeError(path, f"== {value!r}, must be a list of {len(hints)} values")
    return tuple(_read(hint, item, f"{path}[{i}]") for i, (hint, item) in enumerate(zip(hints, value, strict=True)))


def _plain(hint: type, value: object, path: str) -> object:
    wrong = isinstance(value, datetime) and hint is date
    if wrong or not isinstance(value, hint):
        expected = {str: "text", date: "a date such as 2024-01-01"}.get(hint, hint.__name__)
        raise RecipeError(path, f"== {value!r}, must be {expected}")
    return value
