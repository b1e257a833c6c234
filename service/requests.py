"""What may be asked, read from parsed JSON into records: every field known, none missing, each in its type."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from scoring.encode import LONGEST_TEXT, text_problem
from scoring.errors import nearest, shown
from scoring.rules import Portfolio
from service.errors import RefusedError
from service.limits import Limits
from service.strict_json import inside


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseRequest:
    """One case to be decided or explained.

    Attributes:
        features: What the scorer is given; it checks names and values itself.
        case_id: Id of the application.
        portfolio: State of the portfolio; None checks no concentration limit.
    """

    features: Mapping[str, Any]
    case_id: str | None
    portfolio: Portfolio | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchRequest:
    """Cases to be decided together, all or none of them."""

    features: list[Mapping[str, Any]]
    case_ids: list[str | None]
    portfolio: Portfolio | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ApplicationRequest:
    """One application to be decided from raw tables; their rows are checked by `service.history`."""

    application_id: str
    tables: Mapping[str, Any]
    portfolio: Portfolio | None


def read_decisions(content: object, limits: Limits) -> CaseRequest | BatchRequest:
    """Read a request for one decision (``features``) or for several (``cases``).

    Raises:
        RefusedError: 422 names the field that is unknown, missing or of another type; 413 says of too many cases.
    """
    if isinstance(content, dict) and "cases" in content:
        if "features" in content:
            detail = "features and cases stand in one request. Give features for one case, or cases for several."
            raise RefusedError(422, "unknown_field", detail, "features")
        return _read_batch(content, limits)
    return read_case(content)


def read_case(content: object) -> CaseRequest:
    """Read a request about one case.

    Raises:
        RefusedError: As for `read_decisions`.
    """
    found = _object(content, "", required=("features",), optional=("case_id", "portfolio"))
    return CaseRequest(
        features=_features(found["features"], "features"),
        case_id=_case_id(found.get("case_id"), "case_id"),
        portfolio=_portfolio(found.get("portfolio")),
    )


def read_application(content: object) -> ApplicationRequest:
    """Read a request to decide one application from raw tables.

    Raises:
        RefusedError: As for `read_decisions`.
    """
    found = _object(content, "", required=("application_id", "tables"), optional=("portfolio",))
    application_id = _case_id(found["application_id"], "application_id")
    if application_id is None:
        raise _mistyped("application_id", None, "a string")
    if not isinstance(found["tables"], dict):
        raise _mistyped("tables", found["tables"], "an object of tables, each a list of rows")
    return ApplicationRequest(
        application_id=application_id, tables=found["tables"], portfolio=_portfolio(found.get("portfolio"))
    )


def _read_batch(content: Mapping[str, Any], limits: Limits) -> BatchRequest:
    found = _object(content, "", required=("cases",), optional=("portfolio",))
    cases = found["cases"]
    if not isinstance(cases, list) or not cases:
        raise _mistyped("cases", cases, "a list of at least one case")
    if len(cases) > limits.cases:
        detail = f"cases holds {len(cases)} cases, at most {limits.cases} are decided at once. Send them in parts."
        raise RefusedError(413, "too_many_cases", detail, "cases")
    features: list[Mapping[str, Any]] = []
    case_ids: list[str | None] = []
    for index, case in enumerate(cases):
        place = f"cases[{index}]"
        each = _object(case, place, required=("features",), optional=("case_id",))
        features.append(_features(each["features"], f"{place}.features"))
        case_ids.append(_case_id(each.get("case_id"), f"{place}.case_id"))
    return BatchRequest(features=features, case_ids=case_ids, portfolio=_portfolio(found.get("portfolio")))


def _object(content: object, place: str, *, required: Collection[str], optional: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        raise _mistyped(place or "body", content, f"an object with the field(s) {', '.join(required)}")
    known = [*required, *optional]
    for name in content:
        if name not in known:
            field = inside(place, name)
            detail = f"{field} is no known field.{nearest(name, known)} Known here: {', '.join(known)}."
            raise RefusedError(422, "unknown_field", detail, field)
    for name in required:
        if name not in content:
            field = inside(place, name)
            raise RefusedError(422, "missing_field", f"{field} is missing.", field)
    return content


def _features(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _mistyped(place, value, "an object of feature names and values")
    return value


def _case_id(value: object, place: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _mistyped(place, value, "a string: identifiers are never numbers")
    problem = text_problem(value) if value else f"from 1 to {LONGEST_TEXT} characters long"
    if problem:
        raise _mistyped(place, value, problem)
    return value


def _portfolio(value: object) -> Portfolio | None:
    """Return the state of the portfolio in its types; whether the shares make sense is the scorer's to say."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _mistyped("portfolio", value, "an object of category features, each with the share of every category")
    for feature, shares in value.items():
        place = inside("portfolio", feature)
        if not isinstance(shares, dict):
            raise _mistyped(place, shares, "an object of categories and their shares")
        for category, share in shares.items():
            if type(share) not in {int, float}:
                raise _mistyped(inside(place, category), share, "a number from 0 to 1")
    return value


def _mistyped(place: str, value: object, must: str) -> RefusedError:
    return RefusedError(422, "invalid_value", f"{place} == {shown_json(value)}, must be {must}.", place)


def shown_json(value: object) -> str:
    """Return a value as a message may repeat it: constants in JSON's words, objects and lists by name alone."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return shown(value)
