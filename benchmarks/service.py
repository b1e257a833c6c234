"""How many requests a second one worker of `bamboo serve` answers, and whether swaps of the bundle under load show.

    python -m benchmarks.service
    python -m benchmarks.service --bundle out/lender/bundle --seconds 10

The model is that of `benchmarks.scoring` (200 trees x 16 leaves x 80 features, value of a call learned) unless a bundle
is named; every answer holds the points of every feature. Load comes from a second process over 32 kept connections.
The rate is raised until the 99th percentile of latency, from when a request was due, passes 20 ms. Then two bundles are
swapped 50 times by SIGHUP while half of that rate goes on: every answer must be, byte for byte, that of the bundle it
names.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from benchmarks.scoring_models import SIZES, bundle_of, cases_of, rows_of, train
from scoring import Bundle, Scorer, golden_of, read_bundle, write_bundle

CASES = 200
WITHIN = 0.020
CONNECTIONS = 32
SWAPS = 50
CHANCES = 3
"""Runs at a rate, until one stays within bounds: what other work on the machine does to the tail is not ours."""
TRIES = 5
"""Rates tried; each halves what is left between one that is kept and one that is not."""


def bundles(given: Path | None) -> tuple[Bundle, Bundle, list[dict[str, Any]]]:
    """Return a bundle, one that differs from it in calibration and policy, and cases for both."""
    if given is not None:
        first = read_bundle(given)
        cases = [dict(case.features) for case in first.golden.cases]
    else:
        size = SIZES[0]
        first = bundle_of(size, train(size), call_value=True)
        cases = cases_of(first.spec, rows_of(size, CASES, 7))
    slope, policy = first.spec.calibration.slope * 0.9, replace(first.spec.policy, conflict_points=5.0)
    spec = replace(first.spec, calibration=replace(first.spec.calibration, slope=slope), policy=policy)
    golden = golden_of(spec, first.trees, first.reference, [case.features for case in first.golden.cases])
    return first, replace(first, spec=spec, golden=golden), cases


def prepare(work: Path, given: Path | None) -> tuple[str, str]:
    """Write both bundles, what is asked and what must be answered; return the names of the bundles."""
    first, second, cases = bundles(given)
    names = (write_bundle(work / "a", first), write_bundle(work / "b", second))
    asked = [{"case_id": f"case-{place}", "features": case} for place, case in enumerate(cases)]
    (work / "requests.json").write_text(json.dumps([json.dumps(each) for each in asked]))
    wanted = {
        name: [scorer.decide(each["features"], case_id=each["case_id"]).to_json() for each in asked]
        for name, scorer in zip(names, (Scorer.load(work / "a"), Scorer.load(work / "b")), strict=True)
    }
    (work / "wanted.json").write_text(json.dumps(wanted))
    point_to(work, "a")
    return names


def point_to(work: Path, bundle: str) -> None:
    """Let the served path lead to one of the bundles, from one moment to the next."""
    (work / "next").symlink_to(work / bundle, target_is_directory=True)
    (work / "next").replace(work / "current")


@contextmanager
def server(work: Path) -> Iterator[tuple[int, int]]:
    """Run `bamboo serve`; give its process id and port."""
    command = [str(Path(sys.executable).with_name("bamboo")), "serve"]
    command += ["--bundle", str(work / "current"), "--port", "0", "--json", "--drain", "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with (work / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)  # noqa: S603
    told = ""
    while not told.endswith("}\n"):
        told += process.stdout.readline() if process.stdout else ""
    try:
        yield process.pid, int(json.loads(told)["address"].rpartition(":")[2])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def load(work: Path, port: int, rate: float, seconds: float) -> subprocess.Popen[str]:
    """Start the load in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.service_load", "127.0.0.1", str(port), "--work", str(work)]
    command += ["--rate", str(rate), "--seconds", str(seconds), "--connections", str(CONNECTIONS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for the load and return what it measured."""
    told, _ = process.communicate(timeout=600)
    found: dict[str, Any] = json.loads(told)
    return found


def show(name: str, found: dict[str, Any]) -> None:
    """Print one measurement."""
    latencies = "  ".join(f"{share} {found[share] * 1e3:6.1f} ms" for share in ("p50", "p90", "p99", "p99.9"))
    print(
        f"{name:<26} {found['per_second']:7.0f} /s   {latencies}   errors {sum(found['errors'].values())}", flush=True
    )


def cpu_seconds(pid: int) -> float:
    """Return the seconds of a core that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def best_rate(work: Path, pid: int, port: int, seconds: float) -> float:
    """Return the highest rate whose 99th percentile stays within bounds; 0 when none was found."""
    before = cpu_seconds(pid)
    full = result(load(work, port, 0, seconds))
    spent = (cpu_seconds(pid) - before) / full["answers"]
    show("all connections busy", full)
    print(f"the server spends {spent * 1e3:.2f} ms of a core on a request: {1 / spent:.0f} a second of a whole core")
    low, high = 0.0, full["per_second"]
    rate = 0.7 * high
    for _ in range(TRIES):
        kept = any(within(work, port, rate, seconds) for _ in range(CHANCES))
        low, high = (rate, high) if kept else (low, rate)
        rate = (low + high) / 2
    return low


def within(work: Path, port: int, rate: float, seconds: float) -> bool:
    """Tell whether the 99th percentile of latency stays within bounds at a rate."""
    found = result(load(work, port, rate, seconds))
    show(f"{rate:.0f} a second", found)
    return bool(found["p99"] <= WITHIN and not sum(found["errors"].values()))


def swaps(work: Path, pid: int, port: int, names: tuple[str, str], rate: float) -> None:
    """Swap bundles under load and print what came of it."""
    running = load(work, port, rate, SWAPS * 0.6)
    began = time.perf_counter()
    time.sleep(1)
    took = []
    for turn in range(SWAPS):
        place = (turn + 1) % 2
        point_to(work, "ab"[place])
        start = time.perf_counter()
        os.kill(pid, signal.SIGHUP)
        while served(port) != names[place]:
            time.sleep(0.005)
        took.append(time.perf_counter() - start)
        time.sleep(max(0.0, began + 1 + 0.55 * (turn + 1) - time.perf_counter()))
    found = result(running)
    show(f"{SWAPS} swaps at {rate:.0f}/s", found)
    counts = ", ".join(f"{name[:8]} {count}" for name, count in found["bundles"].items())
    print(f"answers by bundle: {counts}; errors and wrong answers: {dict(found['errors']) or 'none'}")
    print(f"a swap takes {sorted(took)[len(took) // 2] * 1e3:.0f} ms (median), {max(took) * 1e3:.0f} ms at most")


def served(port: int) -> str:
    """Return the bundle in use."""
    with urlopen(f"http://127.0.0.1:{port}/ready", timeout=10) as answer:
        return str(json.load(answer)["bundle"])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--seconds", type=float, default=6)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        names = prepare(work, given.bundle)
        size = len(json.loads((work / "wanted.json").read_text())[names[0]][0])
        print(f"answers of {size:,} bytes; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        with server(work) as (pid, port):
            rate = best_rate(work, pid, port, given.seconds)
            bound = f"p99 <= {WITHIN * 1e3:.0f} ms"
            print(f"=> {rate:.0f} requests a second at {bound}, {CONNECTIONS} connections, one worker")
            swaps(work, pid, port, names, max(rate / 2, 20.0))
        print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
