"""JSON that says exactly what was meant: no NaN, no naive time, no key twice, no silent change of a type."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from pathlib import PurePath

import numpy as np

from pipelines.errors import UnwritableValueError


def to_json(value: object) -> str:
    """Return a value as indented JSON that ends in a line feed.

    Records (dataclasses) become objects in the order of their fields, tuples and arrays become lists, aware times
    become ISO 8601 in UTC, dates ISO 8601, paths their POSIX form. None is null.

    >>> print(to_json({"auc": 0.75, "bad": None}), end="")
    {
      "auc": 0.75,
      "bad": null
    }

    Raises:
        UnwritableValueError: NaN, an infinity, a naive time, a key that is not a string, a lone surrogate, or a thing
            JSON has no word for; the message names the place.
    """
    return json.dumps(_plain(value, "$"), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def sha256_json(value: object) -> str:
    """Return the SHA-256 of a value as `to_json` writes it.

    Raises:
        UnwritableValueError: see `to_json`.
    """
    return hashlib.sha256(to_json(value).encode()).hexdigest()


def from_json(content: str | bytes) -> object:
    """Parse JSON strictly.

    Raises:
        ValueError: not JSON, not UTF-8, NaN or an infinity in it, or a key twice in one object.
    """
    text = content.decode("utf-8") if isinstance(content, bytes) else content
    value: object = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)
    return value


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"key given twice: {', '.join(twice)}")
    return found


def _plain(value: object, where: str) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist(), where)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return _finite(value, where)
    if isinstance(value, Mapping):
        return {_key(key, where): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    return _special(value, where)


def _special(value: object, where: str) -> object:
    if isinstance(value, str | PurePath):
        return _text(value if isinstance(value, str) else value.as_posix(), where)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UnwritableValueError(where, value, "a time with its zone")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name), f"{where}.{item.name}") for item in fields(value)}
    raise UnwritableValueError(where, value, "a number, text, flag, list, mapping, record, time, date, path or None")


def _finite(value: float, where: str) -> float:
    if not math.isfinite(value):
        raise UnwritableValueError(where, value, "a finite number or None; JSON has no NaN and no infinity")
    return value


def _text(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UnwritableValueError(where, value, "text without lone surrogates") from None
    return value


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise UnwritableValueError(f"a key of {where}", key, "text")
    return _text(key, where)
