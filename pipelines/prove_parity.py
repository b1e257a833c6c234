"""The job behind ``bamboo prove-parity``: whether a bundle scores the same in every way, from training to HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from modelling.mlflow_store import Store
from modelling.parity import Answers, ParityError, WayParity, held_together, scorer_agrees
from modelling.parity_cases import ParityCases, parity_cases
from modelling.parity_ways import COMPILED, InProcess, Way, in_process
from modelling.stored_runs import load_dataset, load_run
from pipelines.parity_processes import HTTP_BATCH, HTTP_ONE, Processes
from pipelines.progress import Progress, part_of, silent
from pipelines.store import require_folder
from scoring.bundle import read_bundle
from scoring.scorer import Scorer
from scoring.spec import Gate

SAMPLE: Final = 500
"""Cases drawn for the ways that take them one by one, or through another process."""

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class ParityReport:
    """What the job found.

    Attributes:
        bundle: Folder of the bundle.
        sha256: Hash of its manifest.
        run_id: MLflow run that the bundle came from.
        cases: Cases of that run's dataset, all of which were scored.
        sample: Those of them that were decided in every way.
        edges: Cases at the edges of the model, scored and decided as well.
        seed: Seed of what was drawn.
        scores: What the model alone settles (margin, PD, points, tier), for all cases, way by way.
        decisions: All that a decision holds, for the sample, way by way.
        left_out: Way that could not be tried, to why.
        gate: The verdict.
    """

    bundle: Path
    sha256: str
    run_id: str
    cases: int
    sample: int
    edges: int
    seed: int
    scores: tuple[WayParity, ...]
    decisions: tuple[WayParity, ...]
    left_out: Mapping[str, str]
    gate: Gate

    @property
    def holds(self) -> bool:
        """Whether all ways agree."""
        return self.gate.passed


def prove_parity(
    bundle_folder: Path,
    *,
    mlruns: Path,
    sample: int = SAMPLE,
    seed: int = 0,
    public_key: bytes | None = None,
    clock: Clock = time.perf_counter,
    progress: Progress = silent,
) -> ParityReport:
    """Score the cases of the run that a bundle came from in every way, and hold the bits against each other.

    The ways are: LightGBM as it was trained; `Scorer.decide`; `Scorer.decide_many`, and again compiled where numba is
    installed; HTTP, where the service is installed, one case a request and many; ``bamboo score`` to Parquet and to
    JSON Lines. Scores are compared for every case of the run's dataset, whole decisions for a sample of them; and both
    for cases at the model's edges, see `modelling.parity_cases.edge_cases`.

    Args:
        bundle_folder: The bundle.
        mlruns: Folder of MLflow's store, which holds the run.
        sample: Cases that are decided in every way.
        seed: Seed of what is drawn.
        public_key: Key that the bundle must be signed by; None accepts an unsigned one.
        clock: Seconds of a clock that never goes back.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        BundleError: the bundle cannot be trusted.
        TrackingError: the run is not there, or one of its files was altered.
        ParityError: a way gave no answer.
    """
    progress("reading", 0.0)
    store = Store(require_folder(mlruns, "Name the folder of MLflow's store that the bundle's run is in."))
    bundle = read_bundle(bundle_folder, public_key=public_key)
    run_id = bundle.spec.provenance.mlflow_run
    if not run_id:
        raise ParityError(f"{bundle_folder} names no MLflow run, so there is no training to hold it against")
    run = load_run(store, run_id)
    frame = load_dataset(store, run.record).frame
    sides = in_process(run, partial(Scorer.load, bundle_folder, public_key=public_key))
    all_cases, few = parity_cases(frame, bundle, sample=sample, seed=seed)
    scores = _timed(sides.score_ways(), all_cases, clock, part_of(progress, 0.1, 0.4))
    decisions = _timed(sides.decision_ways(), few, clock, part_of(progress, 0.5, 0.1))
    with TemporaryDirectory(prefix="bamboo-parity-") as folder:
        processes = Processes(bundle=bundle_folder, folder=Path(folder), public_key=public_key)
        decisions += _through_processes(processes, few, clock, part_of(progress, 0.6, 0.4))
    progress("done", 1.0)
    held = held_together(scores), held_together(decisions)
    return ParityReport(
        bundle=bundle_folder,
        sha256=bundle.manifest_sha256 or "",
        run_id=run_id,
        cases=len(frame),
        sample=min(sample, len(frame)),
        edges=len(all_cases.ids) - len(frame),
        seed=seed,
        scores=held[0],
        decisions=held[1],
        left_out=_left_out(sides),
        gate=scorer_agrees([*held[0], *held[1]]),
    )


def _through_processes(processes: Processes, cases: ParityCases, clock: Clock, tell: Progress) -> list[Answers]:
    found = []
    if _service_installed():
        tell("starting bamboo serve", 0.3)
        with processes.serve() as server:
            found = _timed(server.ways(), cases, clock, part_of(tell, 0.4, 0.3))
    return [*found, *_timed(processes.ways(), cases, clock, part_of(tell, 0.7, 0.3))]


def _timed(ways: Sequence[Way], cases: ParityCases, clock: Clock, tell: Progress) -> list[Answers]:
    """Let every way answer in turn, and measure each."""
    found = []
    for place, way in enumerate(ways):
        tell(f"{len(cases.ids):,} cases, way {place + 1} of {len(ways)}", place / len(ways))
        began = clock()
        answers = way(cases)
        found.append(replace(answers, seconds=clock() - began))
    return found


def _service_installed() -> bool:
    return all(find_spec(package) for package in ("fastapi", "prometheus_client", "uvicorn"))


def _left_out(sides: InProcess) -> dict[str, str]:
    """Return the ways that need something that is not installed, with the way out."""
    left_out = {}
    if sides.compiled is None:
        left_out[COMPILED] = "numba is not installed: pip install 'bamboo-credit[fast]'"
    if not _service_installed():
        left_out |= dict.fromkeys(
            (HTTP_ONE, HTTP_BATCH), "no service is installed: pip install 'bamboo-credit[service]'"
        )
    return left_out
