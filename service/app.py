"""The API: which path answers what. The work is in `service.answers`; here it meets HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import Final

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from service import answers
from service.answers import Answer, Answering
from service.errors import RefusedError
from service.limits import check_headers, discard_body, read_body
from service.openapi import description
from service.refusals import PROBLEM, problem
from service.state import Service
from service.watch import Watch, send_body, send_problem

DECISIONS: Final = "/v1/decisions"
EXPLAIN: Final = "/v1/explain"
APPLICATIONS: Final = "/v1/applications/decisions"
_QUESTIONS: Final[dict[str, Answering]] = {
    DECISIONS: answers.decisions,
    EXPLAIN: answers.explanation,
    APPLICATIONS: answers.application,
}
_STATES: Final = ("/health", "/ready", "/metrics", "/openapi.json")
_JSON: Final = b"application/json"


class Question:
    """A path that takes a JSON body and answers with JSON; the body is read and written as bytes, nothing between.

    Args:
        service: What answers.
        answering: What is asked.
    """

    def __init__(self, service: Service, answering: Answering) -> None:
        self.service = service
        self.answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or tell why not."""
        limits = self.service.limits
        try:
            check_headers(scope["headers"], limits)
            answer = await self._answer(await read_body(receive, limits))
        except RefusedError as refused:
            if refused.status == 413 and refused.close:
                await discard_body(receive, limits)
            await send_problem(send, refused)
            return
        self.service.metrics.decided(answer.decisions)
        await send_body(send, 200, _JSON, answer.body)

    async def _answer(self, body: bytes) -> Answer:
        service = self.service
        if len(body) <= service.limits.inline_bytes:
            return self.answering(service.serving, body, service.limits)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(service.threads, self.answering, service.serving, body, service.limits)


def create_app(service: Service) -> FastAPI:
    """Return the API of a service as an ASGI application.

    It has no pages of its own: those of FastAPI load scripts from elsewhere.
    """
    app = FastAPI(
        title="Bamboo",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
        },  # would tell messages of errors, which hold values
        exception_handlers={HTTPException: _refuse},
    )
    for path, answering in _QUESTIONS.items():
        app.router.routes.append(Route(path, Question(service, answering), methods=["POST"]))
    _add_states(app, service)
    app.add_middleware(Watch, service=service, routes=[*_QUESTIONS, *_STATES])
    return app


def _add_states(app: FastAPI, service: Service) -> None:
    @app.get("/health")
    async def health() -> Response:
        return _json(200, {"alive": True})

    @app.get("/ready")
    async def ready() -> Response:
        serving = service.serving
        state = {"bundle": serving.scorer.sha256, "model": serving.spec.name, "version": serving.spec.version}
        return _json(503 if service.draining else 200, {"ready": not service.draining, **state})

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/openapi.json")
    async def openapi() -> Response:
        return _json(200, description(service.serving, service.limits))


def _json(status: int, content: object) -> Response:
    return Response(
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode(), status, media_type="application/json"
    )


async def _refuse(request: Request, error: Exception) -> Response:
    """Answer a path or method that is not there."""
    if not isinstance(error, HTTPException):
        raise error
    allowed = sorted([*_QUESTIONS, *_STATES])
    detail = (
        f"There are {', '.join(allowed)}."
        if error.status_code == 404
        else f"{request.method[:20]} is not for this path, {(error.headers or {}).get('Allow', 'another method')} is."
    )
    refused = RefusedError(error.status_code, "no_such_route", detail)
    return Response(problem(refused), error.status_code, headers=error.headers, media_type=PROBLEM.decode())
