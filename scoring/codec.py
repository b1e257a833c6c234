"""Records to JSON and back, strictly: every field known, none missing, every number finite."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from itertools import repeat
from json.encoder import encode_basestring
from math import isfinite
from operator import attrgetter
from typing import Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from scoring.errors import nearest, shown

Record = TypeVar("Record")


class CodecError(ValueError):
    """JSON that is not the record it should be; says where."""


_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


def to_plain(value: Any) -> Any:  # noqa: ANN401 - any field of any record
    """Return a record as dicts, lists and scalars, fields in their declared order."""
    kind: type = type(value)
    if kind in _SCALARS:
        return value
    names = _field_names(kind)
    if names is not None:
        return {name: each if type(each := getattr(value, name)) in _SCALARS else to_plain(each) for name in names}
    if isinstance(value, Mapping):
        return {key: to_plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_plain(each) for each in value]
    return value


@cache
def _field_names(kind: type) -> tuple[str, ...] | None:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None


def to_json(value: Any, *, indent: int | None = None) -> str:  # noqa: ANN401 - any record
    """Return a record as JSON with a stable order of keys.

    Raises:
        ValueError: It holds a number that is not finite.
    """
    if indent is None:
        return _WRITERS[type(value)](value)
    return json.dumps(to_plain(value), ensure_ascii=False, allow_nan=False, indent=indent)


Writer = Callable[[Any], str]


class _Writers(dict[type, Writer]):
    """What writes a value of a type as JSON: as `json.dumps` does what `to_plain` gives, without making dicts first."""

    def __missing__(self, kind: type) -> Writer:
        if kind in (tuple, list):
            self[kind] = _list_text
        elif _keys(kind):
            self[kind] = _record_text
        else:
            self[kind] = _any_text
        return self[kind]


def _record_text(record: object) -> str:
    return next(_record_texts(type(record), [record]))


def _record_texts(kind: type, records: Sequence[object]) -> Iterator[str]:
    """Give the JSON of records of one kind.

    They are written field by field, one field of all of them at once: a decision has a record for every feature.
    """
    pieces: list[Iterable[str]] = []
    for name, key in _keys(kind):
        pieces += repeat(key), _texts(list(map(attrgetter(name), records)))
    return map("".join, zip(*pieces, repeat("}")))


@cache
def _keys(kind: type) -> tuple[tuple[str, str], ...]:
    """Return the fields of a record, each with what stands before its value; none for what is no record."""
    names = _field_names(kind) or ()
    return tuple((name, f"{', ' if place else '{'}{encode_basestring(name)}: ") for place, name in enumerate(names))


def _texts(values: Sequence[Any]) -> Iterable[str]:
    """Return the JSON of each value."""
    kinds = set(map(type, values))
    if kinds == {float} and all(map(isfinite, values)):
        return map(float.__repr__, values)
    if len(kinds) == 1 and _keys(kind := kinds.pop()):
        return _record_texts(kind, values)
    return [_WRITERS[type(each)](each) for each in values]


def _list_text(values: Sequence[Any]) -> str:
    return f"[{', '.join(_texts(values))}]"


def _any_text(value: Any) -> str:  # noqa: ANN401 - any field of any record
    return json.dumps(to_plain(value), ensure_ascii=False, allow_nan=False)


def _float_text(number: float) -> str:
    if not isfinite(number):
        raise ValueError(f"Out of range float values are not JSON compliant: {number!r}")
    return repr(number)


_WRITERS: Final = _Writers(
    {
        str: encode_basestring,
        float: _float_text,
        int: int.__repr__,
        bool: {True: "true", False: "false"}.__getitem__,
        type(None): {None: "null"}.__getitem__,
    }
)


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Parse JSON strictly: UTF-8, no NaN or infinity (1e999 among them), no key twice, no bottomless nesting.

    Raises:
        CodecError: Says what is wrong.
    """
    try:
        decoded = text.decode("utf-8") if isinstance(text, bytes) else text
        return json.loads(
            decoded, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
        )
    except CodecError:
        raise
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not JSON: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CodecError("a key stands twice in an object")
    return found


def _no_constant(name: str) -> float:
    raise CodecError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise CodecError(f"{shown(text)} is not a finite number")
    return number


def _whole(text: str) -> int:
    if len(text) > 25:
        raise CodecError(f"{shown(text)} is too long for a whole number")
    return int(text)


def from_plain(kind: type[Record], value: object, where: str) -> Record:
    """Return a record from what `parse_json` gave.

    Args:
        kind: The record's class.
        value: A dict with all fields that have no default, and no other key.
        where: Name of the place, for messages.

    Raises:
        CodecError: A field is unknown, missing or of another type; says which.
    """
    if not isinstance(value, dict):
        raise CodecError(f"{where} must be an object, found {_found(value)}")
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for name in value:
        if name not in known:
            raise CodecError(f"{where} has an unknown field {shown(name)}.{nearest(str(name), known)}")
    hints = _hints(cast("type", kind))
    given = {name: _read(hints[name], value[name], f"{where}.{name}") for name in known if name in value}
    missing = [name for name, field in known.items() if name not in value and _needed(field)]
    if missing:
        raise CodecError(f"{where} lacks the field(s) {', '.join(missing)}")
    return kind(**given)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _found(value: object) -> str:
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else shown(value)


def _read(hint: Any, value: object, where: str) -> Any:  # noqa: ANN401 - the type that the hint names
    origin = get_origin(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, value, where)
    if origin is Literal:
        return _read_literal(hint, value, where)
    if origin in {Union, types.UnionType}:
        return _read_union(hint, value, where)
    if origin is tuple:
        return _read_tuple(hint, value, where)
    if origin is not None and issubclass(origin, Mapping):
        return _read_mapping(hint, value, where)
    return _read_scalar(hint, value, where)


def _read_literal(hint: Any, value: object, where: str) -> object:  # noqa: ANN401
    choices = get_args(hint)
    if not any(value == choice and type(value) is type(choice) for choice in choices):
        raise CodecError(f"{where} == {_found(value)}, must be one of {', '.join(repr(each) for each in choices)}")
    return value


def _read_union(hint: Any, value: object, where: str) -> object:  # noqa: ANN401
    """Read a union of scalars, or of None and anything."""
    kinds = get_args(hint)
    if value is None and type(None) in kinds:
        return None
    if type(value) in kinds:
        return value
    rest = [kind for kind in kinds if kind is not type(None)]
    return _read(rest[0], value, where)


def _read_tuple(hint: Any, value: object, where: str) -> tuple[object, ...]:  # noqa: ANN401
    if not isinstance(value, list):
        raise CodecError(f"{where} must be a list, found {_found(value)}")
    kind = get_args(hint)[0]
    return tuple(_read(kind, each, f"{where}[{place}]") for place, each in enumerate(value))


def _read_mapping(hint: Any, value: object, where: str) -> dict[str, object]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise CodecError(f"{where} must be an object, found {_found(value)}")
    kind = get_args(hint)[1]
    # A bundle holds thousands of golden values: where all are what they should be, no name of a place is made up.
    if _scalars_of(kind).issuperset(map(type, value.values())) and all(map(str.isascii, value)):
        return dict(value)
    return {
        str(_read_scalar(str, key, f"a key of {where}")): _read(kind, each, f"{where}[{shown(key)}]")
        for key, each in value.items()
    }


@cache
def _scalars_of(hint: Any) -> frozenset[type]:  # noqa: ANN401
    """Return the types of a union of scalars, whose values are taken as they are; none for any other type."""
    kinds = frozenset(get_args(hint)) if get_origin(hint) in {Union, types.UnionType} else frozenset()
    return kinds if kinds <= _SCALARS else frozenset()


def _read_scalar(hint: Any, value: object, where: str) -> object:  # noqa: ANN401
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        words = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
        raise CodecError(f"{where} == {_found(value)}, must be {words.get(hint, hint)}")
    if isinstance(value, str) and not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise CodecError(f"{where} holds a lone surrogate, which is no character")
    return value
