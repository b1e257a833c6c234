"""What the scorer and the features refuse, told to a client: which field of its request is wrong, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from features.errors import FeaturesError, SchemaError, UnknownApplicationError
from scoring.errors import (
    ExtraFeatureError,
    FeatureError,
    FeatureRangeError,
    FeatureTextError,
    MissingFeatureError,
    PortfolioError,
    RequestError,
)
from service.errors import RefusedError
from service.history import Columns, Record, misfit
from service.requests import shown_json
from service.strict_json import inside

PROBLEM: Final = b"application/problem+json"
"""Media type of what a request gets that is refused (RFC 9457)."""

_TITLES: Final = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    500: "Internal Server Error",
}


def problem(refused: RefusedError) -> bytes:
    """Return a refusal as a problem document; all of it is ASCII, what is not stands escaped."""
    document = {
        "type": "about:blank",
        "title": _TITLES.get(refused.status, "Error"),
        "status": refused.status,
        "code": refused.code,
        "detail": refused.detail,
        "field": refused.field,
    }
    return json.dumps(document).encode("ascii")


def of_scoring(error: RequestError, place: str = "") -> RefusedError:
    """Return the refusal for what the scorer did not take.

    Args:
        error: What it said.
        place: Where the case stands in the request, such as ``cases[3]``; nothing when it is the request.
    """
    detail = str(error)
    features = inside(place, "features") if place else "features"
    if isinstance(error, MissingFeatureError):
        detail = detail.replace(error.WAY_OUT, "Give null for a value that is unknown.")
        return RefusedError(422, "missing_feature", detail, inside(features, error.missing[0]))
    if isinstance(error, ExtraFeatureError):
        return RefusedError(422, "unknown_feature", detail, inside(features, str(error.extra[0])))
    if isinstance(error, FeatureError):
        if error.row is not None:
            features = f"cases[{error.row}].features"
        field = inside(features, error.feature)
        detail = f"{field} == {shown_json(error.value)}, must be {_in_json(error.must)}."
        return RefusedError(422, _FEATURE_CODES.get(type(error), "feature_kind"), detail, field)
    return RefusedError(422, "invalid_value", detail, "portfolio" if isinstance(error, PortfolioError) else features)


def _in_json(must: str) -> str:
    """Say what a value must be to who sends JSON and may not know Python."""
    for ours, theirs in (("True or False", "true or false"), ("None", "null"), (" (int or float)", "")):
        must = must.replace(ours, theirs)
    return must


def of_features(error: FeaturesError, tables: Mapping[str, Sequence[Record]], columns: Columns) -> RefusedError:
    """Return the refusal for raw tables that features cannot be built from.

    Args:
        error: What the builder said.
        tables: The tables.
        columns: What each column may hold.
    """
    if isinstance(error, UnknownApplicationError):
        detail = "application_id is not among the rows of tables.applications; give its own row, too."
        return RefusedError(422, "unknown_application", detail, "application_id")
    if isinstance(error, SchemaError) and error.first is not None:
        return misfit(error.table, tables[error.table], error.first, columns[error.table])
    field = f"tables.{error.table}" if isinstance(error, SchemaError) else "tables"
    return RefusedError(422, "invalid_table", str(error), field)


_FEATURE_CODES: Final = {FeatureRangeError: "feature_range", FeatureTextError: "feature_text"}
