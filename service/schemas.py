"""The JSON Schemas of what may be asked and what is answered, made from the bundle and from the contracts of tables."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from features.schema_check import UNREAD
from features.tables import TABLES, Column, Table
from scoring.decision_schema import decision_schema, record_schema
from scoring.encode import LONGEST_TEXT
from scoring.spec import FeatureSpec, ModelSpec
from service.explanation import Explanation
from service.limits import Limits

Schema = dict[str, Any]

MOST_EXAMPLES: Final = 5


def schemas(spec: ModelSpec, limits: Limits) -> dict[str, Schema]:
    """Return the schemas of the API by their names."""
    case = {
        "features": _ref("Features"),
        "case_id": {"description": "Id of the application; without one the control arm never picks it.", **_ID_OR_NULL},
    }
    portfolio = {"portfolio": _ref("Portfolio")}
    batch = {"type": "array", "minItems": 1, "maxItems": limits.cases, "items": _object(case, ("features",))}
    application = {
        "application_id": {"description": "Which row of applications is decided.", **_ID},
        "tables": _object({name: _rows(table) for name, table in _READ.items()}, ("applications",)),
    }
    decision = decision_schema()
    decision.pop("$schema")
    return {
        "Features": _object({feature.name: _feature(feature) for feature in spec.features}, None),
        "Portfolio": _PORTFOLIO,
        "Case": _object({**case, **portfolio}, ("features",)),
        "Batch": _object({"cases": batch, **portfolio}, ("cases",)),
        "Application": _object({**application, **portfolio}, tuple(application)),
        "Decision": decision,
        "Decisions": _object({"decisions": {"type": "array", "items": _ref("Decision")}}, None),
        "Explanation": record_schema(Explanation),
        "Problem": _PROBLEM,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: dict[str, Schema], required: tuple[str, ...] | None) -> Schema:
    """Return the schema of an object with these properties alone; None requires all."""
    needed = list(properties if required is None else required)
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def _feature(feature: FeatureSpec) -> Schema:
    unit = f" ({feature.unit})" if feature.unit else ""
    told = {"description": f"{feature.en}{unit}. null: {feature.null_means}."}
    if feature.kind == "flag":
        return {"type": ["boolean", "null"], **told}
    if feature.kind == "category":
        examples = list(feature.vocabulary[:MOST_EXAMPLES])
        return {"type": ["string", "null"], "maxLength": LONGEST_TEXT, **told, "examples": examples}
    return {"type": ["number", "null"], **_bounds(feature.lower, feature.upper), **told}


def _bounds(lower: float | None, upper: float | None) -> Schema:
    found = {"minimum": lower, "maximum": upper}
    return {name: bound for name, bound in found.items() if bound is not None}


def _rows(table: Table) -> Schema:
    properties = {column.name: _column(column) for column in table.columns}
    required = tuple(column.name for column in table.columns if not column.protected)
    return {"type": "array", "description": f"One row per {table.row}.", "items": _object(properties, required)}


def _column(column: Column) -> Schema:
    kind = dict(_TYPES[column.dtype.base_type()])
    words = f"{column.meaning}{f' ({column.unit})' if column.unit else ''}."
    if column.nullable:
        kind["type"] = [kind["type"], "null"]
        words = f"{words} null: {column.null_means}."
    if column.allowed:
        kind["examples"] = list(column.allowed[:MOST_EXAMPLES])
    return {**kind, **_bounds(column.lower, column.upper), "description": words}


_READ: Final = {name: table for name, table in TABLES.items() if name not in UNREAD}
_TYPES: Final[dict[type[pl.DataType], Schema]] = {
    pl.String: {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT},
    pl.Boolean: {"type": "boolean"},
    pl.Int64: {"type": "integer"},
    pl.Float64: {"type": "number"},
    pl.Datetime: {"type": "string", "format": "date-time"},
    pl.Date: {"type": "string", "format": "date"},
}
_ID: Final = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
_ID_OR_NULL: Final = {**_ID, "type": ["string", "null"]}
_PORTFOLIO: Final = {
    "type": ["object", "null"],
    "description": "Category feature to category to its share of the outstanding amount; null checks no limit.",
    "additionalProperties": {
        "type": "object",
        "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
    },
}
_PROBLEM: Final = {
    "type": "object",
    "description": "Why a request was refused (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "What is wrong, as a fixed name for programs."},
        "detail": {"type": "string", "description": "What was found, what was expected and the way out."},
        "field": {"type": ["string", "null"], "description": "Which part of the request is wrong."},
    },
    "required": ["type", "title", "status", "code", "detail", "field"],
    "additionalProperties": False,
}
