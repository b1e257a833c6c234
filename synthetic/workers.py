"""Runs the blocks of a plan, in this process or in several, and gives the results in the order of blocks."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeVar, cast

from synthetic.errors import RequestError
from synthetic.plan import Plan

Result = TypeVar("Result")


def check_workers(workers: int) -> None:
    """Refuse fewer than one worker.

    Raises:
        RequestError: fewer than one worker is asked for.
    """
    if workers < 1:
        raise RequestError(f"workers == {workers}, must be at least 1")


def run_blocks(plan: Plan, work: Callable[[Plan, int], Result], workers: int) -> Iterator[Result]:
    """Yield ``work(plan, block)`` for every block in order.

    Processes are spawned, never forked: Polars holds threads that a fork would lose. A script that asks for more than
    one worker therefore needs ``if __name__ == "__main__":`` around its work.

    Args:
        plan: The plan.
        work: A function at the top of a module, or a partial of one.
        workers: Number of processes; 1 stays in this one.

    Raises:
        RequestError: fewer than one worker is asked for, or a worker ended before its work was done.
    """
    check_workers(workers)
    numbers = range(1, plan.blocks + 1)
    if workers == 1 or plan.blocks == 1:
        for number in numbers:
            yield work(plan, number)
        return
    yield from _in_processes(plan, work, min(workers, plan.blocks))


def _in_processes(plan: Plan, work: Callable[[Plan, int], Result], workers: int) -> Iterator[Result]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(plan, work))
    try:
        with _interrupts_left_to_this_process():
            # Not `map`: it cancels what is left when Ctrl-C comes, and a broken pool stumbles over cancelled futures.
            ahead = deque(pool.submit(_run, number) for number in range(1, plan.blocks + 1))
        while ahead:
            yield cast("Result", ahead.popleft().result())
    except BrokenProcessPool as error:
        raise RequestError(
            f"workers == {workers}, but a worker ended before its work was done. A script that asks for more than one "
            "must have its work under `if __name__ == '__main__':`; otherwise memory may have run out: ask for fewer"
        ) from error
    except BaseException:
        _kill(pool)
        raise
    pool.shutdown()


def _kill(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool whose work nobody waits for any more.

    An orderly shutdown can wait for ever when Ctrl-C came while the pool held one of its locks. What workers wrote
    stays aside and is made again by the next run.
    """
    for process in list((pool._processes or {}).values()):  # noqa: SLF001 - Python 3.14 has kill_workers for it
        process.kill()
    pool.shutdown(wait=False)


@contextmanager
def _interrupts_left_to_this_process() -> Iterator[None]:
    """Start processes that never see Ctrl-C, which reaches the whole group; this process alone ends them, in order.

    A process inherits which signals are held back. Here a Ctrl-C that comes meanwhile is only late, never lost.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows: workers ignore Ctrl-C as soon as they have begun
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_JOB: list[tuple[Plan, Callable[[Plan, int], object]]] = []


def _begin(plan: Plan, work: Callable[[Plan, int], object]) -> None:
    """Keep the plan in the worker: it is sent once, not with every block."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _JOB[:] = [(plan, work)]
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when the process that started it was killed, so that it cannot write into a later run's files."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(number: int) -> object:
    plan, work = _JOB[0]
    return work(plan, number)
