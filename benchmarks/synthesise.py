"""Measures how fast synthetic lenders are made and how much memory that takes.

    python -P benchmarks/synthesise.py 100000 --workers 2
    python -P benchmarks/synthesise.py 1000000 --workers 2 --recipe million

``-P`` keeps the benchmarks of other rooms, which bear their names, from hiding the rooms.

Prints wall time, rows a second, and the peak of resident memory: the largest moment of all processes together, sampled
ten times a second. The tables are written to a temporary folder and removed.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

import psutil

from pipelines.recipes import read_recipe
from synthetic.writer import write


class PeakMemory:
    """Samples the resident memory of this process and its children until stopped."""

    def __init__(self) -> None:
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        own = psutil.Process()
        while not self._stop.wait(0.1):
            self.peak = max(self.peak, sum(map(_resident, [own, *own.children(recursive=True)])))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("applicants", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--recipe", default="default")
    given = parser.parse_args()
    recipe = read_recipe(given.recipe)
    with tempfile.TemporaryDirectory() as folder, PeakMemory() as memory:
        start = time.perf_counter()
        written = write(recipe, recipe.seed, Path(folder), applicants=given.applicants, workers=given.workers)
        seconds = time.perf_counter() - start
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    rows = sum(written.rows.values())
    print(
        f"{given.recipe}: {given.applicants:,} applicants, {given.workers} workers, {rows:,} rows, {size / 1e6:,.0f} MB"
    )
    print(f"{seconds:.1f} s, {rows / seconds:,.0f} rows/s, peak {memory.peak / 1e9:.2f} GB resident (all processes)")


if __name__ == "__main__":
    main()
