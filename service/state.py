"""A service that runs: what it serves now, what it counts, and whether it is about to end."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from service.limits import Limits
from service.metrics import Metrics
from service.serving import Serving


class Service:
    """The one thing that changes while requests come: a reference to what is served, swapped whole.

    Attributes:
        serving: What answers requests that begin now.
        metrics: What is counted.
        limits: What a request may bring.
        clock: Seconds of a clock that never goes back, for latencies.
        draining: Whether the service is about to end and wants no new work.
        threads: Answers large requests, so that small ones do not wait.

    Args:
        serving: What to begin with.
        limits: What a request may bring.
        clock: As above.
        threads: How many threads.
    """

    def __init__(
        self,
        serving: Serving,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.perf_counter,
        threads: int = 4,
    ) -> None:
        self.serving = serving
        self.metrics = Metrics()
        self.limits = limits or Limits()
        self.clock = clock
        self.draining = False
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="answers")
        self.metrics.serves(serving)

    def swap(self, serving: Serving) -> None:
        """Serve something else from now on; requests that have begun end with what they began with."""
        self.serving = serving
        self.metrics.serves(serving)

    def close(self) -> None:
        """Let the threads end."""
        self.threads.shutdown(wait=True, cancel_futures=True)
