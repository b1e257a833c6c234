"""How long windowed features take for a batch, against DuckDB and pandas, and how time and memory grow.

    python -m benchmarks.features compare --applications 200000 --events 10000000
    python -m benchmarks.features grow 10000000 30000000 100000000 --folder out/grow

``compare`` holds 74 aggregates (`benchmarks.windows`) on two threads against the same in DuckDB, written in three
ways, and in pandas, written in two. All sides hold the tables in memory in their own form and run in turn, five times,
after their results were found equal. It prints medians of wall time and of processor time, which other work on the
machine disturbs less, and the ratios, after each turn.

``grow`` writes partitioned tables of each size, builds the whole catalogue from them in processes of their own, in
turn, and prints medians of time and peak memory, and the exponents of time between sizes.
"""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import argparse
import math
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks import windows_in_pandas, windows_in_sql
from benchmarks.histories import Size, made, write
from benchmarks.windows import AGGREGATES
from features.build import build
from features.point_in_time import ROW
from features.schema_check import checked
from features.windowed_batch import with_windowed
from pipelines.partitions import build_partitions

ZONE = "Asia/Shanghai"
ROWS_EACH = 1_500_000
"""Rows of a partition when growth is measured."""


@dataclass(frozen=True)
class Taken:
    """What a run took, in seconds."""

    wall: float
    processor: float


def timed(job: Callable[[], object]) -> Taken:
    """Run a job and return what it took; threads of this process count."""
    wall, processor = time.perf_counter(), time.process_time()
    job()
    return Taken(time.perf_counter() - wall, time.process_time() - processor)


def compare(applications: int, events: int, repeats: int, *, pandas: bool) -> None:
    """Print what each side takes for the same aggregates."""
    (tables,) = made(Size(applications=applications, events=events))
    given = checked(tables)
    numbered = given["applications"].sort("applied_at", "application_id").with_row_index(ROW)
    database = windows_in_sql.connected(tables)
    sides: dict[str, Callable[[], object]] = {
        "ours": lambda: with_windowed(numbered, AGGREGATES, given, ZONE),
        "ours, whole build": lambda: build(tables, features=AGGREGATES),
        **{f"DuckDB, {way}": partial(windows_in_sql.computed, database, way) for way in windows_in_sql.WAYS},
    }
    ours = build(tables, features=AGGREGATES)
    for way in windows_in_sql.WAYS:
        windows_in_sql.computed(database, way)
        check(ours, windows_in_sql.result(database, way), f"DuckDB, {way}")
    if pandas:
        frames = windows_in_pandas.frames(tables)
        for way in windows_in_pandas.WAYS:
            theirs = windows_in_pandas.computed(frames, way).reset_index()
            check(ours, pl.from_pandas(theirs), f"pandas, {way}")
            sides[f"pandas, {way}"] = partial(windows_in_pandas.computed, frames, way)
    print(f"{len(numbered):,} applications, {events:,} events, {len(AGGREGATES)} aggregates, results equal", flush=True)
    runs: dict[str, list[Taken]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, job in sides.items():
            runs[name].append(timed(job))
        tell(runs)


def check(ours: pl.DataFrame, theirs: pl.DataFrame, side: str) -> None:
    """Stop when any value differs: a ratio would mean nothing then. Amounts and seconds make all sums exact."""
    both = ours.join(theirs, on="application_id", suffix="_theirs", validate="1:1")
    for part in AGGREGATES:
        other = both[f"{part.name}_theirs"].cast(pl.Float64).fill_nan(None)
        if not both[part.name].equals(other):
            raise SystemExit(
                f"{side} disagrees in {part.name} for {both[part.name].ne_missing(other).sum()} applications"
            )


def tell(runs: Mapping[str, list[Taken]]) -> None:
    """Print medians, and what each side takes as a multiple of ours: medians of the ratios within each turn."""
    print(f"after {len(runs['ours'])} turn(s)", flush=True)
    for name, taken in runs.items():
        wall, processor = median(t.wall for t in taken), median(t.processor for t in taken)
        by_wall = median(t.wall / o.wall for t, o in zip(taken, runs["ours"], strict=True))
        by_processor = median(t.processor / o.processor for t, o in zip(taken, runs["ours"], strict=True))
        print(
            f"{name:20} {wall:7.2f} s  {processor:7.2f} s of processor   "
            f"{by_wall:5.1f} × ours, {by_processor:5.1f} × by processor"
        )


def grow(sizes: list[int], folder: Path, repeats: int) -> None:
    """Print time and peak memory of the whole catalogue by size: medians of builds in turn, after each turn."""
    sources = {events: folder / f"tables-{events}" for events in sizes}
    for events, source in sources.items():
        shutil.rmtree(source, ignore_errors=True)
        write(Size(applications=events // 50, events=events, partitions=-(-events // ROWS_EACH)), source)
    runs: dict[int, list[tuple[float, ...]]] = {events: [] for events in sizes}
    for turn in range(1, repeats + 1):
        for events, source in sources.items():
            runs[events].append(_built(source, folder / "features"))
        print(f"after {turn} turn(s)", flush=True)
        before = None
        for events, found in runs.items():
            wall, processor, memory = (median(each) for each in zip(*found, strict=True))
            grown = "" if before is None else _exponents(before, (events, wall, processor))
            print(
                f"{events:>12,} events {wall:8.1f} s {processor:8.1f} s of processor {memory:5.2f} GB{grown}",
                flush=True,
            )
            before = (events, wall, processor)
    for source in sources.values():
        shutil.rmtree(source)


def _built(source: Path, out: Path) -> tuple[float, ...]:
    """Build in a process of its own; return seconds, processor seconds and peak memory in GB."""
    command = [sys.executable, "-m", "benchmarks.features", "one", str(source), str(out)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603 -- ourselves
    shutil.rmtree(out)
    return tuple(map(float, told))


def _exponents(before: tuple[float, ...], after: tuple[float, ...]) -> str:
    larger, wall, processor = (math.log(b / a) for a, b in zip(before, after, strict=True))
    return f"   exponent {wall / larger:.2f} by time, {processor / larger:.2f} by processor"


def one(source: Path, out: Path) -> None:
    """Build one folder and print seconds, processor seconds and peak memory in GB."""
    taken = timed(lambda: build_partitions(source, out))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(taken.wall, taken.processor, peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    jobs = parser.add_subparsers(dest="job", required=True)
    comparing = jobs.add_parser("compare", help="windowed aggregates against DuckDB and pandas")
    comparing.add_argument("--applications", type=int, default=200_000)
    comparing.add_argument("--events", type=int, default=10_000_000)
    comparing.add_argument("--repeats", type=int, default=5)
    comparing.add_argument("--no-pandas", action="store_true", help="pandas takes minutes at ten million events")
    growing = jobs.add_parser("grow", help="time and memory of the whole catalogue by size")
    growing.add_argument("sizes", type=int, nargs="+", help="events; there are 50 for each application")
    growing.add_argument("--repeats", type=int, default=5)
    growing.add_argument("--folder", type=Path, required=True, help="where tables are written and removed again")
    alone = jobs.add_parser("one", help="one build, as `grow` runs it")
    alone.add_argument("source", type=Path)
    alone.add_argument("out", type=Path)
    given = parser.parse_args()
    if given.job == "compare":
        compare(given.applications, given.events, given.repeats, pandas=not given.no_pandas)
    elif given.job == "grow":
        grow(given.sizes, given.folder, given.repeats)
    else:
        one(given.source, given.out)


if __name__ == "__main__":
    main()
