"""The job behind ``bamboo compare``: the champion against its challengers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelling.candidates import CANDIDATES
from modelling.compare import Comparison
from modelling.mlflow_store import Store
from modelling.registry import aliased
from modelling.stored_runs import StoredRun, latest_runs, load_run
from pipelines.contest import IncomparableError, contest
from pipelines.progress import Progress, silent
from pipelines.store import require_folder


@dataclass(frozen=True, kw_only=True)
class CompareResult:
    """What the job found.

    Attributes:
        champion: The run that the others are held against.
        registered: Version of the champion in the registry; None when a run stands in its place: one that was named, or
            the first candidate's when none is registered.
        challengers: The other runs.
        comparisons: One per challenger, in the same order.
        left_out: Why latest runs of other candidates, which nobody named, could not be compared.
    """

    champion: StoredRun
    registered: int | None
    challengers: tuple[StoredRun, ...]
    comparisons: tuple[Comparison, ...]
    left_out: tuple[str, ...]


def compare_runs(
    *,
    mlruns: Path,
    experiment: str,
    name: str = "bamboo",
    champion: str | None = None,
    challengers: Sequence[str] = (),
    resamples: int = 1000,
    progress: Progress = silent,
) -> CompareResult:
    """Compare runs of an experiment on the out-of-time cases.

    Args:
        mlruns: Folder of MLflow's store.
        experiment: Experiment whose latest run of each candidate is a challenger when none is named.
        name: Name of the registered model whose champion is taken when none is named; when none is registered, the
            latest run of the first candidate (``lightgbm``) takes its place.
        champion: Run id of the champion.
        challengers: Run ids of the challengers.
        resamples: Draws of each bootstrap.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        TrackingError: a run is not there, or one of its files was altered.
        IncomparableError: there is no challenger, or it has no cases in common with the champion.
    """
    store = Store(require_folder(mlruns, "Name the folder of MLflow's store, or run `bamboo train` first."))
    registered = aliased(store, name, "champion")
    latest = latest_runs(store, experiment)
    first = champion or (registered.run_id if registered else _first(latest))
    others = list(challengers) or [run_id for run_id in latest.values() if run_id != first]
    if not others:
        raise IncomparableError(f"experiment {experiment!r} holds no run besides {first}; train another candidate")
    progress("reading runs", 0.0)
    holder = load_run(store, first)
    runs, comparisons, left_out = [], [], []
    for place, run_id in enumerate(others):
        run = load_run(store, run_id)
        progress(f"comparing {run.name}", place / len(others))
        try:
            comparisons.append(contest(store, holder, run, resamples=resamples))
        except IncomparableError as error:
            if challengers:
                raise
            left_out.append(str(error))
        else:
            runs.append(run)
    if not runs:
        raise IncomparableError("; ".join(left_out))
    progress("compared", 1.0)
    return CompareResult(
        champion=holder,
        registered=registered.version if registered and registered.run_id == first else None,
        challengers=tuple(runs),
        comparisons=tuple(comparisons),
        left_out=tuple(left_out),
    )


def _first(latest: dict[str, str]) -> str:
    known = [latest[name] for name in CANDIDATES if name in latest]
    return known[0] if known else next(iter(latest.values()))
