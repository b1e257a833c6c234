"""What stands around every request: counts it, times it, and turns an unforeseen error into a bare 500.

Logs name routes, kinds of errors and places in the code; never a value, for messages of foreign errors may hold some.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Collection
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import ClientGoneError, RefusedError
from service.refusals import PROBLEM, problem
from service.state import Service

LOG: Final = logging.getLogger("service")
OTHER: Final = "other"
"""Route under which requests for unknown paths are counted: a client must not choose what is a label."""

_HEADERS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class Watch:
    """ASGI middleware.

    Args:
        app: What answers.
        service: Where requests are counted.
        routes: Paths that are counted under their own name.
    """

    def __init__(self, app: ASGIApp, service: Service, routes: Collection[str]) -> None:
        self.app = app
        self.service = service
        self.routes = frozenset(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        metrics, began = self.service.metrics, self.service.clock()
        path = scope["path"]
        metrics.in_flight.inc()
        try:
            await self.app(scope, receive, noting)
        except ClientGoneError:
            status = status or 499
        except Exception as error:  # noqa: BLE001 - the last stop before the client, who is shown nothing of it
            LOG.error("unforeseen %s at %s", type(error).__name__, places(error))  # noqa: TRY400 - messages hold values
            if not status:
                await send_problem(noting, unforeseen())
        finally:
            metrics.in_flight.dec()
            metrics.answered(path if path in self.routes else OTHER, status, self.service.clock() - began)


def unforeseen() -> RefusedError:
    """Return what a client is told of an error that nobody foresaw."""
    return RefusedError(500, "unforeseen", "The service met an error that nobody foresaw. Its log says where.")


def places(error: BaseException) -> str:
    """Return where an error arose, innermost first: files, lines and functions without any value."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))


async def send_problem(send: Send, refused: RefusedError) -> None:
    """Send a refusal as a problem document."""
    await send_body(send, refused.status, PROBLEM, problem(refused), close=refused.close)


async def send_body(send: Send, status: int, kind: bytes, body: bytes, *, close: bool = False) -> None:
    """Send a whole answer."""
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *_HEADERS]
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
