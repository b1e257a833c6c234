"""How a job tells what it is doing; a caller who does not ask is told nothing."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Takes what is being done now, and the share done, from 0 to 1."""


def silent(what: str, share: float) -> None:
    """Take progress and tell nobody."""


def part_of(whole: Progress, start: float, share: float) -> Progress:
    """Return where a step tells its own progress, so that the whole moves on from ``start`` by at most ``share``."""
    return lambda what, done: whole(what, start + share * done)
