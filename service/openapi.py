"""The description of the API (OpenAPI 3.1) for the bundle in use, with examples that were decided by it."""

from __future__ import annotations

from typing import Any, Final

from scoring import codec
from service.answers import Answering, application, decisions, explanation
from service.errors import RefusedError
from service.example_rows import example_application
from service.limits import Limits
from service.schemas import schemas
from service.serving import Serving

Described = dict[str, Any]

MOST_EXAMPLES: Final = 3
_REFUSED: Final = {
    "400": "Not JSON in UTF-8.",
    "408": "The body took too long to arrive.",
    "413": "The body, or the number of cases or rows in it, is too large.",
    "415": "Not application/json.",
    "422": "JSON, but not what can be decided: field and detail say what is wrong.",
    "500": "An error that nobody foresaw.",
}


def description(serving: Serving, limits: Limits) -> Described:
    """Return the description of the API for a bundle.

    Args:
        serving: The bundle in use; its golden cases become examples, where they may be sent.
        limits: What a request may bring.
    """
    spec = serving.spec
    cases = [
        {"case_id": f"golden-{place}", "features": dict(case.features)}
        for place, case in enumerate(serving.golden[:MOST_EXAMPLES])
    ]
    one: dict[str, Described] = {f"case_{place}": case for place, case in enumerate(cases)}
    asked: dict[str, Described] = {**one, "batch": {"cases": cases[: limits.cases]}}
    paths = {
        "/v1/decisions": _question(
            "Decide one case, or several together: all of them or none.",
            {"oneOf": [_ref("Case"), _ref("Batch")]},
            {"oneOf": [_ref("Decision"), _ref("Decisions")]},
            _answered(serving, limits, decisions, asked),
        ),
        "/v1/explain": _question(
            "Decide one case and tell why, by reason group, in the words of the bundle.",
            _ref("Case"),
            _ref("Explanation"),
            _answered(serving, limits, explanation, one),
        ),
        **_states(),
    }
    if serving.builder is not None:
        paths["/v1/applications/decisions"] = _question(
            "Build the features of one application from rows of raw tables, and decide it.",
            _ref("Application"),
            _ref("Decision"),
            _answered(serving, limits, application, {"application": example_application(serving.columns)}),
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bamboo",
            "version": "1",
            "description": f"Decisions by {spec.name} {spec.version}, bundle {serving.scorer.sha256}. "
            "Text must be free of control, format, line-end and surrogate characters.",
        },
        "paths": paths,
        "components": {"schemas": schemas(spec, limits)},
    }


def _answered(
    serving: Serving, limits: Limits, answering: Answering, requests: dict[str, Described]
) -> dict[str, tuple[Described, Described]]:
    """Return requests by name, each with what it is answered now.

    What this service would not decide is no example of it: a lender's own bounds, or tight limits, may refuse one.
    """
    answers = {}
    for name, request in requests.items():
        try:
            answer = answering(serving, codec.to_json(request).encode(), limits)
        except RefusedError:
            continue
        answers[name] = (request, codec.parse_json(answer.body))
    return answers


def _question(
    summary: str, asked: Described, answered: Described, examples: dict[str, tuple[Described, Described]]
) -> Described:
    problem = {"application/problem+json": {"schema": _ref("Problem")}}
    refused = {status: {"description": words, "content": problem} for status, words in _REFUSED.items()}
    requests = {name: {"value": request} for name, (request, _) in examples.items()}
    answers = {name: {"value": answer} for name, (_, answer) in examples.items()}
    return {
        "post": {
            "summary": summary,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": asked, "examples": requests}},
            },
            "responses": {
                "200": {
                    "description": "What was decided.",
                    "content": {"application/json": {"schema": answered, "examples": answers}},
                },
                **refused,
            },
        }
    }


def _states() -> Described:
    ready = {
        "type": "object",
        "properties": {
            "ready": {"type": "boolean"},
            "bundle": {"type": "string", "description": "SHA-256 of the manifest of the bundle in use."},
            "model": {"type": "string"},
            "version": {"type": "string"},
        },
        "required": ["ready", "bundle", "model", "version"],
        "additionalProperties": False,
    }
    alive = {"type": "object", "properties": {"alive": {"const": True}}, "required": ["alive"]}
    return {
        "/health": {"get": _state("Whether the process answers.", {"200": ("It does.", alive)})},
        "/ready": {
            "get": _state(
                "Whether new requests are welcome, and which bundle decides.",
                {"200": ("They are.", ready), "503": ("The service is about to end.", ready)},
            )
        },
        "/metrics": {
            "get": {
                "summary": "What was counted, for Prometheus.",
                "responses": {
                    "200": {"description": "Text.", "content": {"text/plain": {"schema": {"type": "string"}}}}
                },
            }
        },
    }


def _state(summary: str, answers: dict[str, tuple[str, Described]]) -> Described:
    return {
        "summary": summary,
        "responses": {
            status: {"description": words, "content": {"application/json": {"schema": schema}}}
            for status, (words, schema) in answers.items()
        },
    }


def _ref(name: str) -> Described:
    return {"$ref": f"#/components/schemas/{name}"}
