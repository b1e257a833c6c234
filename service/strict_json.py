"""A body as JSON, strictly: what is no number, stands twice or goes too deep is refused, with its place named."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from scoring.codec import CodecError, parse_json
from scoring.errors import shown
from service.errors import RefusedError

LONGEST_PLACE: Final = 200
LONGEST_WHOLE: Final = 25
"""Most digits of a whole number, as the strict parser has it."""


def parse(body: bytes) -> object:
    """Return what a body holds.

    Raises:
        RefusedError: 400 when it is not JSON in UTF-8; 422 when it is, and holds NaN, an infinite or endless number or
            an object with a key twice.
    """
    try:
        return parse_json(body)
    except CodecError as error:
        raise _refused(body, str(error)) from None


@dataclass(frozen=True)
class _Wrong:
    """Stands where a value is that no request may hold."""

    why: str


def _refused(body: bytes, why: str) -> RefusedError:
    """Read again, now to the end, to say where the first wrong value stands."""
    malformed = RefusedError(400, "malformed_json", f"The body is {why}. Send one JSON object in UTF-8.")
    try:
        content = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_pairs,
            parse_constant=lambda name: _Wrong(f"{name} is not a JSON number. Send null for what is unknown"),
            parse_float=_float,
            parse_int=_whole,
        )
    except (ValueError, RecursionError):
        return malformed
    for place, wrong in _wrong_in(content):
        return RefusedError(422, "invalid_json", f"{place}: {wrong.why}.", place)
    return malformed


def _float(text: str) -> object:
    number = float(text)
    return number if math.isfinite(number) else _Wrong(f"{shown(text)} is not a finite number")


def _whole(text: str) -> object:
    return 0 if len(text) <= LONGEST_WHOLE else _Wrong(f"{shown(text)} is too long for a whole number")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = _Wrong("the key stands twice in its object") if key in found else value
    return found


def _wrong_in(content: object) -> Iterator[tuple[str, _Wrong]]:
    """Give what is wrong, in the order of the text; without recursion, for content may be as deep as parsers go."""
    waiting: list[tuple[str, object]] = [("", content)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, _Wrong):
            yield place or "body", value
        elif isinstance(value, dict):
            waiting += [(inside(place, key), each) for key, each in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(f"{place}[{index}]", value[index]) for index in range(len(value) - 1, -1, -1)]


def inside(place: str, key: str) -> str:
    """Return the name of a key's place within another place: short and printable, whatever the key."""
    if len(place) > LONGEST_PLACE:
        return place
    name = key if key.isidentifier() and key.isascii() and len(key) <= LONGEST_PLACE else f"[{shown(key)}]"
    return name if not place else f"{place}{name}" if name.startswith("[") else f"{place}.{name}"
