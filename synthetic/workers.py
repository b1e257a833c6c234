"""Runs the blocks of a plan, in this process or in several, and gives the results in the order of blocks."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from typing import TypeVar

from synthetic.errors import RequestError
from synthetic.plan import Plan

Result = TypeVar("Result")


def run_blocks(plan: Plan, work: Callable[[Plan, int], Result], workers: int) -> Iterator[Result]:
    """Yield ``work(plan, block)`` for every block in order.

    Processes are spawned, never forked: Polars holds threads that a fork would lose. A script that asks for more than
    one worker therefore needs ``if __name__ == "__main__":`` around its work.

    Args:
        plan: The plan.
        work: A function at the top of a module, or a partial of one.
        workers: Number of processes; 1 stays in this one.

    Raises:
        RequestError: fewer than one worker is asked for.
    """
    if workers < 1:
        raise RequestError(f"workers == {workers}, must be at least 1")
    numbers = range(1, plan.blocks + 1)
    if workers == 1 or plan.blocks == 1:
        for number in numbers:
            yield work(plan, number)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(workers, plan.blocks), initializer=_begin, initargs=(plan, work)) as pool:
        yield from pool.imap(_run, numbers)


_JOB: list[tuple[Plan, Callable[[Plan, int], object]]] = []


def _begin(plan: Plan, work: Callable[[Plan, int], object]) -> None:
    """Keep the plan in the worker: it is sent once, not with every block."""
    _JOB[:] = [(plan, work)]


def _run(number: int) -> object:
    plan, work = _JOB[0]
    return work(plan, number)
