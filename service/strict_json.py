"""A body as JSON, strictly: what is no number, stands twice or goes too deep is refused, with its place named."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

from scoring.codec import CodecError, parse_json
from scoring.errors import shown
from service.errors import RefusedError

_Step = str | int
"""From a value to one in it: the key of an object, or the place in a list."""

LONGEST_PLACE: Final = 200
"""Characters from which on a place is not followed any further."""
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
    found = _first_wrong(content)
    if found is None:
        return malformed
    steps, wrong = found
    place = reduce(_within, steps, "") or "body"
    return RefusedError(422, "invalid_json", f"{place}: {wrong.why}.", place)


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


def _first_wrong(content: object) -> tuple[Sequence[_Step], _Wrong] | None:
    """Return the first value in the order of the text that is wrong, and the steps to it.

    Without recursion, for content may be as deep as parsers go; and with one step for each level alone, for it may be
    as wide as a body is long.
    """
    if isinstance(content, _Wrong):
        return (), content
    steps: list[_Step] = []
    levels = [_entries(content)]
    while levels:
        entry = next(levels[-1], None)
        if entry is None:
            levels.pop()
            del steps[-1:]
            continue
        step, value = entry
        if isinstance(value, _Wrong):
            return (*steps, step), value
        if isinstance(value, (dict, list)):
            steps.append(step)
            levels.append(_entries(value))
    return None


def _entries(value: object) -> Iterator[tuple[_Step, object]]:
    if isinstance(value, dict):
        return iter(value.items())
    return iter(enumerate(value)) if isinstance(value, list) else iter(())


def _within(place: str, step: _Step) -> str:
    if isinstance(step, str):
        return inside(place, step)
    return place if len(place) > LONGEST_PLACE else f"{place}[{step}]"


def inside(place: str, key: str) -> str:
    """Return the name of a key's place within another place: short and printable, whatever the key."""
    if len(place) > LONGEST_PLACE:
        return place
    name = key if key.isidentifier() and key.isascii() and len(key) <= LONGEST_PLACE else f"[{shown(key)}]"
    return name if not place else f"{place}{name}" if name.startswith("[") else f"{place}.{name}"
