"""Frozen records to plain JSON values and back, strictly: nothing is dropped, added or guessed."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from modelling.errors import RecordError

Record = TypeVar("Record")


def to_plain(record: object) -> Any:  # noqa: ANN401 - JSON values have no narrower type
    """Turn a record into dicts, lists, strings, numbers and None.

    Raises:
        RecordError: a number is NaN or infinite (None says "not measured"), or a value has no JSON form.
    """
    if is_dataclass(record) and not isinstance(record, type):
        return {field.name: _named(field.name, getattr(record, field.name)) for field in fields(record)}
    if isinstance(record, Mapping):
        return {str(key): _named(str(key), value) for key, value in record.items()}
    if isinstance(record, tuple | list):
        return [to_plain(value) for value in record]
    if isinstance(record, float) and not math.isfinite(record):
        raise RecordError(f"{record} has no JSON form; use None for what was not measured")
    if record is None or type(record) in {str, int, float, bool}:
        return record
    raise RecordError(f"{record!r} of type {type(record).__name__} has no JSON form")


def from_plain(kind: type[Record], data: object) -> Record:
    """Make a record of ``kind`` from what :func:`to_plain` gave.

    Raises:
        RecordError: a field is missing, unknown or of another type; the message names the path to it.
    """
    made: Record = _read(kind, data, kind.__name__)
    return made


def _named(name: str, value: object) -> Any:  # noqa: ANN401 - see to_plain
    try:
        return to_plain(value)
    except RecordError as error:
        raise RecordError(f"{name}: {error}") from error


def _read(kind: Any, data: object, path: str) -> Any:  # noqa: ANN401 - types are data here
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        inner = next(part for part in get_args(kind) if part is not type(None))
        return None if data is None else _read(inner, data, path)
    if origin is tuple:
        return _read_tuple(get_args(kind), data, path)
    if origin not in {None, Literal} and issubclass(origin, Mapping):
        return {key: _read(get_args(kind)[1], value, f"{path}.{key}") for key, value in _mapping(data, path).items()}
    return _read_record(kind, data, path) if is_dataclass(kind) else _read_single(kind, data, path)


def _read_single(kind: Any, data: object, path: str) -> Any:  # noqa: ANN401 - types are data here
    if get_origin(kind) is Literal:
        if not any(type(data) is type(value) and data == value for value in get_args(kind)):
            raise RecordError(f"{path} == {data!r}, must be one of {', '.join(map(repr, get_args(kind)))}")
        return data
    if kind is float and type(data) is int:
        return float(data)
    if type(data) is not kind:
        raise RecordError(f"{path} == {data!r}, must be {kind.__name__}")
    return data


def _read_record(kind: Any, data: object, path: str) -> Any:  # noqa: ANN401 - types are data here
    given, hints = _mapping(data, path), get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    missing, unknown = sorted(set(names) - set(given)), sorted(set(given) - set(names))
    if missing or unknown:
        raise RecordError(f"{path} lacks {missing} and holds unknown {unknown}; {kind.__name__} has {names}")
    return kind(**{name: _read(hints[name], given[name], f"{path}.{name}") for name in names})


def _read_tuple(kinds: tuple[Any, ...], data: object, path: str) -> tuple[Any, ...]:
    if not isinstance(data, list | tuple):
        raise RecordError(f"{path} == {data!r}, must be a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], value, f"{path}[{place}]") for place, value in enumerate(data))
    if len(kinds) != len(data):
        raise RecordError(f"{path} has {len(data)} values, must have {len(kinds)}")
    return tuple(_read(kind, value, f"{path}[{at}]") for at, (kind, value) in enumerate(zip(kinds, data, strict=True)))


def _mapping(data: object, path: str) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise RecordError(f"{path} == {data!r}, must be an object")
    return data
