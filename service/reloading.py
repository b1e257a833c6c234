"""Swaps what is served for a newly read bundle, one reload at a time; when that fails, what is served stays."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from service.serving import Serving
from service.state import Service
from service.watch import places

LOG: Final = logging.getLogger("service")


class Reloader:
    """Reads in a thread, so that requests go on; swaps in the event loop.

    Args:
        service: Where to swap.
        load: Reads and proves what is to be served; may raise anything.
    """

    def __init__(self, service: Service, load: Callable[[], Serving]) -> None:
        self.service = service
        self.load = load
        self._wanted = False
        self._running: asyncio.Task[None] | None = None

    def request(self) -> None:
        """Begin a reload; while one runs, remember that files may have changed under it and run once more."""
        self._wanted = True
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._wanted:
            self._wanted = False
            await self.reload()

    async def reload(self) -> bool:
        """Reload once; return whether the new bundle is served now. Either way it is counted and logged."""
        before = self.service.serving.scorer.sha256
        try:
            serving = await asyncio.to_thread(self.load)
        except Exception as error:  # noqa: BLE001 - whatever a bundle or contract does, the service goes on with the old
            self.service.metrics.reloaded(ok=False)
            LOG.error("reload failed, bundle %s stays: %s", before, _told(error))  # noqa: TRY400 - told in one line
            return False
        self.service.swap(serving)
        self.service.metrics.reloaded(ok=True)
        LOG.info("reloaded: bundle %s in the place of %s", serving.scorer.sha256, before)
        return True


def _told(error: Exception) -> str:
    """Return what an error says of files; they hold a model, and no case."""
    return f"{type(error).__name__}: {error} (at {places(error)})"
