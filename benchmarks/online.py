"""How long one applicant takes in a service: all features from Python records, for 50 and for 2,000 rows of history.

    python -m benchmarks.online
    python -m benchmarks.online --calls 2000

Twenty applicants' histories are drawn from the tables of the ``tiny`` recipe, in their proportions; every call takes
the next. Each is held against the batch first. Prints percentiles of wall time and of the thread's own time (what a
core spends: on a machine with other work the two part), and in which functions that time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import quantiles

import polars as pl

from features.build import build
from features.online import OnlineBuilder
from features.tables import TABLES
from pipelines.recipes import read_recipe
from synthetic.writer import write

Record = dict[str, object]
Tables = dict[str, list[Record]]

HISTORY = {
    "behaviour_events": 0.28,
    "identity_checks": 0.08,
    "bureau_inquiries": 0.2,
    "loans": 0.08,
    "instalments": 0.36,
}
"""Share of each table among an applicant's rows, as in the recipe."""
APPLICANTS = 20


def drawn(chance: random.Random, pools: Mapping[str, Sequence[Record]], rows: int) -> tuple[str, Tables]:
    """Return one application with so many rows of history, two earlier ones, and three of others with its device."""
    (mine,) = chance.sample(pools["applications"], 1)
    now = _time(mine["applied_at"])
    given: Tables = {"applications": [mine], "outcomes": [], "watchlist": chance.sample(pools["watchlist"], 2)}
    for i, applicant in enumerate((mine["applicant_id"],) * 2 + ("other 1", "other 2", "other 3")):
        at = now - timedelta(days=40 * i + 30)
        near = {
            "applicant_id": applicant,
            "applied_at": at,
            "device_id": mine["device_id"],
            "application_id": f"near {i}",
        }
        given["applications"].append({**mine, **near})
        known = {"application_id": f"near {i}", "decided_at": at + timedelta(hours=1)}
        given["outcomes"].append({**chance.choice(pools["outcomes"]), **known})
    for name, share in HISTORY.items():
        given[name] = [
            _moved(chance, row, name, i, mine) for i, row in enumerate(_picked(chance, pools[name], rows * share))
        ]
    for row in given["instalments"]:
        row["loan_id"] = chance.choice(given["loans"])["loan_id"]
    return str(mine["application_id"]), given


def _time(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is no time")
    return value


def _picked(chance: random.Random, pool: Sequence[Record], count: float) -> list[Record]:
    return chance.choices(pool, k=round(count))


def _moved(chance: random.Random, row: Record, name: str, place: int, mine: Record) -> Record:
    """Return a row as the applicant's own, at a time in the two years before the application."""
    later = _time(mine["applied_at"]) - timedelta(days=chance.uniform(0, 730)) - _time(row["happened_at"])
    times = {column: value + later for column, value in row.items() if isinstance(value, datetime)}
    return {**row, **times, "applicant_id": mine["applicant_id"], TABLES[name].key: f"{name} {place}"}


def pools() -> dict[str, list[Record]]:
    """Return the rows of the tiny recipe's tables, times in UTC."""

    def plain(row: Record) -> Record:
        return {name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in row.items()}

    with tempfile.TemporaryDirectory() as folder:
        recipe = read_recipe("tiny")
        write(recipe, recipe.seed, Path(folder))
        frames = {
            name: pl.read_parquet(Path(folder) / f"{name}.parquet") for name in TABLES if name not in {"calls", "truth"}
        }
    return {name: [plain(row) for row in frame.to_dicts()] for name, frame in frames.items()}


def held_against_the_batch(builder: OnlineBuilder, application: str, given: Tables) -> None:
    frames = {name: pl.DataFrame(rows, schema=TABLES[name].schema, orient="row") for name, rows in given.items()}
    expected = build(frames, only=[application]).row(0, named=True)
    if builder.build(application, given) != {name: expected[name] for name in builder.names}:
        raise SystemExit(f"the builder and the batch disagree on {application}: the times would mean nothing")


def told(what: str, seconds: Sequence[float]) -> str:
    hundredths = [1000 * value for value in quantiles(seconds, n=100, method="inclusive")]
    return f"{what}: p50 {hundredths[49]:6.2f} ms, p90 {hundredths[89]:6.2f} ms, p99 {hundredths[98]:6.2f} ms"


def timed(job: Callable[[int], object], calls: int) -> tuple[list[float], list[float]]:
    wall, own = [], []
    for i in range(calls):
        start, began = time.perf_counter(), time.thread_time()
        job(i)
        own.append(time.thread_time() - began)
        wall.append(time.perf_counter() - start)
    return wall, own


def one(builder: OnlineBuilder, cases: Sequence[tuple[str, Tables]], call: int) -> None:
    builder.build(*cases[call % len(cases)])


def spent(job: Callable[[int], object], calls: int) -> str:
    """Return in which functions a call's time goes, as a profiler sees it, which slows small functions down."""
    profile = cProfile.Profile()
    profile.runcall(timed, job, calls)
    own = {name: figures[2] for (name, _, _), figures in pstats.Stats(profile).stats.items()}  # type: ignore[attr-defined]
    total = sum(own.values())
    longest = sorted(own, key=lambda name: -own[name])[:8]
    return ", ".join(f"{Path(name).name} {own[name] / total:.0%}" for name in longest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000, help="calls for 50 rows; a quarter of them for 2,000")
    calls = parser.parse_args().calls
    began = time.perf_counter()
    builder = OnlineBuilder()
    print(f"prepared {len(builder.names)} features in {time.perf_counter() - began:.2f} s")
    chance, rows_of = random.Random(1), pools()  # noqa: S311 -- a benchmark, no secret
    for rows, repeats in ((50, calls), (2000, calls // 4)):
        cases = [drawn(chance, rows_of, rows) for _ in range(APPLICANTS)]
        for application, given in cases:
            held_against_the_batch(builder, application, given)
        job = partial(one, builder, cases)
        wall, own = timed(job, repeats)
        print(told(f"{rows:>5,} rows, wall time", wall))
        print(told(f"{rows:>5,} rows, own time ", own))
        print(f"             share of each: {spent(job, repeats // 4)}")


if __name__ == "__main__":
    main()
