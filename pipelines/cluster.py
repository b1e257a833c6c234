"""Runs the same work over many tasks: in this process, in processes of this machine, or on a Dask cluster.

The work is a function at the top of a module that reads and writes shared files and returns a small record; so a task
may run anywhere, twice, or again after its worker died, and the outcome is the same.
"""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Final, TypeVar

from pipelines.errors import ArgumentError, ClusterError

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Where tasks run.

    Attributes:
        processes: Processes on this machine; 1 stays in this process.
        cluster: Address of a Dask scheduler, such as ``tcp://10.0.0.5:8786``; None means this machine.
        memory: Memory that each local process may take, such as ``4GB``; None shares out what the machine has.
        timeout: Seconds to wait for the scheduler, and for its first worker.

    Raises:
        ArgumentError: fewer than one process is asked for, or both processes and a cluster, or memory that is no size.
    """

    processes: int = 1
    cluster: str | None = None
    memory: str | None = None
    timeout: float = 20.0

    def __post_init__(self) -> None:
        if self.processes < 1:
            raise ArgumentError(f"workers == {self.processes}, must be at least 1")
        if self.cluster is not None and self.processes > 1:
            raise ArgumentError(f"workers == {self.processes}, but a cluster has its own: give one of the two")
        if self.memory is not None and not _SIZE.fullmatch(self.memory):
            raise ArgumentError(f"memory == {self.memory!r}, must be a size such as '4GB', '512MiB' or '2e9'")


_SIZE: Final = re.compile(r"[0-9]+(\.[0-9]+)?(e[0-9]+)? ?([kMGT]i?)?B?")

HERE: Final = Workers()
"""This process alone."""


def run(
    work: Callable[[Given], Made], tasks: Sequence[Given], workers: Workers, *, check: Callable[[], None]
) -> Iterator[Made]:
    """Yield what the work makes of each task, in the order in which they end.

    A task whose worker ends is given to another; after the fourth worker it is taken to be what ends them.

    Args:
        work: A function at the top of a module, or a partial of one.
        tasks: What it is given, one at a time.
        workers: Where it runs.
        check: Called first in each process of a cluster; it raises when the work could not be done there.

    Raises:
        ClusterError: the cluster cannot be reached, has no worker, a worker does not pass the check, or workers ended
            again and again. What the work itself raises comes as it is.
    """
    if workers.cluster is None and workers.processes == 1:
        yield from map(work, tasks)
        return
    with _client(workers) as client:
        _check(client, workers, check)
        yield from _results(client, work, tasks)


def _results(client: Client, work: Callable[[Given], Made], tasks: Sequence[Given]) -> Iterator[Made]:
    from distributed import KilledWorker, as_completed
    from distributed.comm import CommClosedError

    futures = [client.submit(work, task, pure=False) for task in tasks]
    try:
        for future in as_completed(futures, loop=client.loop):
            yield future.result()
    except KilledWorker as error:
        raise ClusterError(
            f"workers ended {error.allowed_failures + 1} times while they were at one partition, the last one at "
            f"{error.last_worker.address}. Most often memory ran out: lay the tables out in more partitions, or give "
            "fewer workers more memory each."
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise ClusterError(
            "the cluster's scheduler went away. Run the command again: finished partitions are kept."
        ) from error
    finally:
        client.cancel(futures)


@contextmanager
def _client(workers: Workers) -> Iterator[Client]:
    try:
        import distributed
    except ModuleNotFoundError:
        raise ClusterError(
            "more than one process needs Dask, which is not installed: pip install 'bamboo-credit[cluster]'"
        ) from None
    if workers.cluster is None:
        with _local(workers) as cluster, distributed.Client(cluster, set_as_default=False) as client:
            yield client
        return
    try:
        client = distributed.Client(workers.cluster, timeout=workers.timeout, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"cluster == {workers.cluster!r} cannot be reached within {workers.timeout:g} seconds ({error}). Name a "
            "Dask scheduler that runs, such as tcp://10.0.0.5:8786; `dask scheduler` starts one and prints its address."
        ) from error
    with client:
        yield client


def _local(workers: Workers) -> LocalCluster:
    """Return a cluster of processes on this machine, each with its share of the cores."""
    from dask.system import CPU_COUNT
    from distributed import LocalCluster

    threads = max(1, CPU_COUNT // workers.processes)
    with _interrupts_held_back():
        return LocalCluster(
            n_workers=workers.processes,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # any free port: the default one may be taken
            memory_limit=workers.memory or "auto",
            silence_logs=logging.ERROR,
            env={"POLARS_MAX_THREADS": str(threads)},
        )


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let threads and processes that start meanwhile never see Ctrl-C: this process alone answers it, and ends them.

    What is started inherits which signals are held back, and hands that on.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # starting it lets the signals through again, so it is started before
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _check(client: Client, workers: Workers, check: Callable[[], None]) -> None:
    """Have every worker checked that is there, and ask again when those that were asked ended meanwhile."""
    for _ in range(_ASKED):
        try:
            client.wait_for_workers(1, timeout=workers.timeout)
        except TimeoutError:
            raise ClusterError(
                f"cluster == {workers.cluster!r} has no worker after {workers.timeout:g} seconds. Start some with "
                f"`dask worker {workers.cluster}` where bamboo-credit is installed."
            ) from None
        if _checked(client, check):
            return
    raise ClusterError(
        f"workers ended {_ASKED} times while they were asked whether they can do the work. Their own output says why."
    )


_ASKED: Final = 4
"""How often workers are asked that end before they answer."""


def _checked(client: Client, check: Callable[[], None]) -> bool:
    """Return whether a worker passed the check. One that ended before it answered says nothing of the others."""
    from distributed.comm import CommClosedError

    answers = client.run(check, on_error="return")
    there = client.scheduler_info()["workers"]
    passed = False
    for address, answer in answers.items():
        if isinstance(answer, ModuleNotFoundError):
            raise ClusterError(
                f"worker {address} has no bamboo-credit ({answer}). Install the same version there as here."
            ) from answer
        if isinstance(answer, CommClosedError) or (isinstance(answer, OSError) and address not in there):
            continue
        if isinstance(answer, Exception):
            raise ClusterError(f"worker {address}: {answer}") from answer
        passed = True
    return passed
