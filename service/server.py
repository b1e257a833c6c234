"""The process: listens, reloads on SIGHUP, and ends without cutting a request short."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

import uvicorn

from service.app import create_app
from service.errors import ListenError
from service.limits import Limits
from service.reloading import Reloader
from service.serving import Serving
from service.state import Service

LONGEST_END: Final = 30
"""Seconds that requests have to end once no new ones are taken."""

KEPT_SECONDS: Final = 75
"""Seconds that an idle connection is kept: longer than load balancers keep theirs, so that none is closed in use."""

MOST_AT_ONCE: Final = 1000
"""So many connections are served; more are told 503 at once."""


class Server(uvicorn.Server):
    """Uvicorn's server with a pause before it ends, and with reloads.

    Args:
        service: What answers.
        reloader: Reloads on SIGHUP, where there is one; None reloads nothing.
        host: Address to listen on, where `run` is given no socket.
        port: Port to listen on; 0 takes any that is free.
        drain_seconds: How long ``/ready`` says no before new connections are refused.
        started: Told the address once it listens.
    """

    def __init__(
        self,
        service: Service,
        reloader: Reloader | None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        drain_seconds: float,
        started: Callable[[str], None],
    ) -> None:
        config = uvicorn.Config(
            create_app(service),
            host=host,
            port=port,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MOST_AT_ONCE,
            timeout_keep_alive=KEPT_SECONDS,
            timeout_graceful_shutdown=LONGEST_END,
        )
        super().__init__(config)
        self.service = service
        self.reloader = reloader
        self.drain_seconds = drain_seconds
        self.on_start = started
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and answer SIGHUP from now on."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        if self.reloader and hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
            self._loop.add_signal_handler(signal.SIGHUP, self.reloader.request)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self.on_start(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the shape of a signal handler
        """Be ready no more, and end after a pause; a second signal ends at once, without waiting for requests."""
        if self.service.draining or self._loop is None:
            self.should_exit = self.force_exit = True
            return
        self.service.draining = True
        self._loop.call_soon_threadsafe(self._loop.call_later, self.drain_seconds, self._end)

    def _end(self) -> None:
        self.should_exit = True


def serve(
    load: Callable[[], Serving],
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    limits: Limits | None = None,
    drain_seconds: float = 2.0,
    started: Callable[[str, Serving], None] = lambda _address, _serving: None,
) -> None:
    """Serve until SIGTERM or Ctrl-C, then end once the requests in flight have their answers.

    One process uses one core; for more, run more of them behind a load balancer. SIGHUP reads everything again by
    ``load`` and swaps it in between two requests; when that fails, what is served stays.

    Args:
        load: Reads what is served, such as ``lambda: load_serving("bundle")``; called before anything listens.
        host: Address to listen on, or a name of it.
        port: Port to listen on; 0 takes any that is free.
        limits: What a request may bring.
        drain_seconds: How long ``/ready`` says no before new connections are refused, for load balancers to notice.
        started: Told the address, and what is served, once it listens.

    Raises:
        BundleError: The bundle cannot be trusted; nothing has listened then.
        ListenError: Nothing can listen there: the port is taken, or the host is none of this machine.
    """
    serving = load()
    service = Service(serving, limits=limits)
    server = Server(
        service,
        Reloader(service, load),
        host=host,
        port=port,
        drain_seconds=drain_seconds,
        started=lambda address: started(address, serving),
    )
    listening = _listening(host, port)
    gc.collect()
    gc.freeze()  # what is loaded stays; looking through it for garbage would make requests wait, time and again
    try:
        server.run([listening])
    finally:
        listening.close()
        gc.unfreeze()
        service.close()


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that what cannot is told in our words and before the server starts."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # A name such as localhost stands for two addresses: most clients try that of version 4.
        family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        return socket.create_server(address, family=family)
    except OSError as error:
        raise ListenError(host, port, error) from error
