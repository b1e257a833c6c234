"""The JSON Schema of a decision, derived from the records, so that the two cannot drift apart."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from scoring.decision import Decision

_SCALARS: Final = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def decision_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `Decision.to_dict` and `Decision.to_json`.

    The same schema is in the file ``scoring/decision.schema.json`` of the distribution.

    >>> decision_schema()["properties"]["outcome"]
    {'enum': ['approve', 'decline', 'phone_review'], 'description': 'What follows.'}
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Decision",
        **record_schema(Decision),
    }


def record_schema(kind: type) -> dict[str, Any]:
    """Return the schema of a record: every field there, in its type, and no other."""
    hints, words = get_type_hints(kind), _descriptions(kind)
    return {
        "type": "object",
        "description": (kind.__doc__ or "").partition("\n")[0],
        "properties": {
            field.name: {**_schema(hints[field.name]), "description": words[field.name]} for field in fields(kind)
        },
        "required": [field.name for field in fields(kind) if field.default is MISSING],
        "additionalProperties": False,
    }


def _schema(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - the type of a field
    origin, parts = get_origin(hint), get_args(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return record_schema(hint)
    if origin is Literal:
        return {"enum": list(parts)}
    if origin in {Union, types.UnionType}:
        return {"type": [_SCALARS[part] for part in parts]}
    if origin is tuple:
        return {"type": "array", "items": _schema(parts[0])}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(parts[1])}
    return {"type": _SCALARS[hint]}


def _descriptions(kind: type) -> dict[str, str]:
    """Return what the docstring of a record says of each field, on one line."""
    found: dict[str, str] = {}
    name = ""
    for line in (kind.__doc__ or "").partition("Attributes:\n")[2].splitlines():
        first, colon, rest = line.strip().partition(": ")
        if colon and first.isidentifier():
            name, found[first] = first, rest
        elif line.strip():
            found[name] += f" {line.strip()}"
    return found
