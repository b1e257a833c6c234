"""How much a request may bring and how long it may take, and a reader of bodies that counts while it reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

from scoring.errors import shown
from service.errors import ClientGoneError, RefusedError

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one request may bring.

    Attributes:
        body_bytes: Largest body: ``cases`` cases of all built-in features fit into it, each some 11 kB as JSON.
        cases: Most cases in a batch.
        rows: Most rows of raw tables in a request.
        seconds: Longest time that a body may take to arrive.
        inline_bytes: A larger body is parsed and answered in a thread, so that others do not wait for it.
    """

    body_bytes: int = 16 * 1024 * 1024
    cases: int = 1000
    rows: int = 20_000
    seconds: float = 20.0
    inline_bytes: int = 48 * 1024


def check_headers(headers: Headers, limits: Limits) -> None:
    """Refuse by its headers what would not be read.

    Raises:
        RefusedError: 415 when the body is not said to be plain JSON, 413 when it is said to be too large.
    """
    found = dict(headers)
    kind, _, parameters = found.get(b"content-type", b"").partition(b";")
    charset = parameters.strip().lower().replace(b'"', b"")
    if kind.strip().lower() != b"application/json" or charset not in {b"", b"charset=utf-8"}:
        given = shown(found.get(b"content-type", b"").decode("latin-1"))
        raise RefusedError(415, "content_type", f"Content-Type == {given}, must be application/json, in UTF-8.")
    if found.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise RefusedError(415, "content_encoding", "Content-Encoding must be left out: send the body uncompressed.")
    length = found.get(b"content-length", b"0")
    if length.isdigit() and int(length[:19]) > limits.body_bytes:
        raise _too_large(limits)


async def read_body(receive: Receive, limits: Limits) -> bytes:
    """Return the whole body, counted while it arrives, for a body in chunks does not say its length.

    Raises:
        RefusedError: 413 when it grows too large, 408 when it takes too long; the rest is not read.
        ClientGoneError: The client left.
    """
    try:
        async with asyncio.timeout(limits.seconds):
            message = await receive()
            if not message.get("more_body", False):
                return _part(message, 0, limits)
            parts = [_part(message, 0, limits)]
            size = len(parts[0])
            while message.get("more_body", False):
                message = await receive()
                parts.append(_part(message, size, limits))
                size += len(parts[-1])
            return b"".join(parts)
    except TimeoutError:
        detail = f"The body did not arrive within {limits.seconds:g} seconds."
        raise RefusedError(408, "too_slow", detail, close=True) from None


def _part(message: MutableMapping[str, Any], before: int, limits: Limits) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    part: bytes = message.get("body", b"")
    if before + len(part) > limits.body_bytes:
        raise _too_large(limits)
    return part


def _too_large(limits: Limits) -> RefusedError:
    detail = f"The body is larger than {limits.body_bytes} bytes, the most that is read. Send fewer cases at once."
    return RefusedError(413, "body_too_large", detail, close=True)


async def discard_body(receive: Receive, limits: Limits) -> None:
    """Read on without keeping anything, up to a bound: a client that is still sending would not see the answer."""
    left = 4 * limits.body_bytes
    try:
        async with asyncio.timeout(limits.seconds):
            while left > 0:
                message = await receive()
                if not message.get("more_body", False):
                    return
                left -= len(message.get("body", b""))
    except TimeoutError:
        return
