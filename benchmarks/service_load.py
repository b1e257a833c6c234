"""Load for the service's benchmark, in a process of its own: requests at a given rate over kept connections.

    python -m benchmarks.service_load 127.0.0.1 8080 --work FOLDER --rate 500 --seconds 5

A request has a time at which it is due. Its latency counts from there, not from when a connection was free for it, so
that a server that falls behind cannot slow its own clock down. Rate 0 keeps every connection busy instead. Each answer
must be, byte for byte, that of the bundle it names. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

BUNDLE = re.compile(rb'"bundle": "([0-9a-f]{64})"')
LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


@dataclass
class Load:
    """What is asked, what is due, and what came back."""

    requests: list[bytes]
    wanted: dict[str, list[bytes]]
    due: deque[tuple[float, int]] = field(default_factory=deque)
    idle: deque[Connection] = field(default_factory=deque)
    open: int = 0
    latencies: list[float] = field(default_factory=list)
    bundles: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    busy_until: float = 0.0

    def next(self) -> tuple[float, int] | None:
        """Return the next request: when it was due, and which one."""
        if self.due:
            return self.due.popleft()
        now = time.perf_counter()
        return (now, len(self.latencies) % len(self.requests)) if now < self.busy_until else None

    @property
    def waiting(self) -> int:
        """How many connections wait for an answer."""
        return self.open - len(self.idle)

    def answered(self, due: float, place: int, head: bytes, body: bytes) -> None:
        """Note an answer."""
        self.latencies.append(time.perf_counter() - due)
        found = BUNDLE.search(body)
        bundle = found.group(1).decode() if found else ""
        if not head.startswith(b"HTTP/1.1 200 "):
            self.errors[head[:60].decode("latin-1")] += 1
        elif bundle not in self.wanted or body != self.wanted[bundle][place]:
            self.errors["wrong answer"] += 1
        self.bundles[bundle] += 1


class Connection(asyncio.Protocol):
    """One kept connection: a request at a time."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.asked: tuple[float, int] | None = None
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.load.open += 1
        self.transport = transport  # type: ignore[assignment]  # a TCP connection's is a Transport
        self.free()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the shape of a protocol
        """Note that the server ended the connection."""
        self.load.open -= 1
        if self in self.load.idle:
            self.load.idle.remove(self)
        if self.asked is not None:
            self.load.errors["connection lost"] += 1

    def free(self) -> None:
        """Take the next request, or wait for one."""
        self.asked = self.load.next()
        if self.asked is None or self.transport is None:
            self.load.idle.append(self)
            return
        self.transport.write(self.load.requests[self.asked[1]])

    def data_received(self, data: bytes) -> None:
        """Collect an answer; when it is whole, go on."""
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end or self.asked is None:
            return
        found = LENGTH.search(head + b"\r\n")
        if found is None or len(body) < int(found.group(1)):
            return
        self.load.answered(*self.asked, head, body)
        self.buffer = b""
        self.free()


async def run(load: Load, address: tuple[str, int], connections: int, rate: float, seconds: float) -> float:
    """Ask, and return how many answers came a second."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    load.busy_until = began + seconds if rate == 0 else 0.0
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(load), *address)
    began = time.perf_counter()
    for place in range(int(rate * seconds)):
        due = began + place / rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        load.due.append((due, place % len(load.requests)))
        if load.idle:
            load.idle.popleft().free()
    last = time.perf_counter() + seconds + 10
    while load.waiting and time.perf_counter() < last:  # noqa: ASYNC110 - protocols call back; nothing can be awaited
        await asyncio.sleep(0.01)
    load.errors["not answered"] += load.waiting
    return len(load.latencies) / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--connections", type=int, default=32)
    given = parser.parse_args()
    bodies = [text.encode() for text in json.loads((given.work / "requests.json").read_text())]
    head = "POST /v1/decisions HTTP/1.1\r\nHost: it\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    wanted = json.loads((given.work / "wanted.json").read_text())
    load = Load(
        requests=[(head % len(body)).encode() + body for body in bodies],
        wanted={bundle: [text.encode() for text in texts] for bundle, texts in wanted.items()},
    )
    reached = asyncio.run(run(load, (given.host, given.port), given.connections, given.rate, given.seconds))
    latencies = sorted(load.latencies) or [0.0]
    percentiles = {
        f"p{share * 100:g}": latencies[int(share * (len(latencies) - 1))] for share in (0.5, 0.9, 0.99, 0.999)
    }
    print(
        json.dumps(
            {
                "answers": len(load.latencies),
                "per_second": reached,
                **percentiles,
                "errors": load.errors,
                "bundles": load.bundles,
            }
        )
    )


if __name__ == "__main__":
    main()
