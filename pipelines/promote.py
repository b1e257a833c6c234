"""The job behind ``bamboo promote``: gates, then a bundle and the champion's alias."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from features.errors import nearest
from modelling.compare import Comparison
from modelling.dataset import Dataset
from modelling.export import bundle_from
from modelling.gates import GateLimits, promotion_gates
from modelling.kept_bundles import keep
from modelling.mlflow_store import Store
from modelling.out_of_time import out_of_time_start
from modelling.parity import held_together, scorer_agrees
from modelling.parity_cases import parity_cases
from modelling.parity_ways import in_process
from modelling.registry import Registered, aliased, crown, next_version, register
from modelling.routed_bundle import RoutedBundle, with_call_value
from modelling.stored_runs import StoredRun, latest_runs, load_dataset, load_run
from modelling.sweep import monotone_sweep
from pipelines.contest import contest
from pipelines.contract import TablesContract
from pipelines.errors import PipelineError
from pipelines.feature_files import read_features, sha256_features
from pipelines.own_modules import load_catalogue
from pipelines.policy import starting_policy
from pipelines.progress import Progress, silent
from pipelines.store import read_tables, require_folder, sha256_table
from scoring.bundle import Bundle, write_bundle
from scoring.scorer import Scorer
from scoring.spec import Gate, Policy

EXPORTED: Final = "lightgbm"
"""The candidate that can become a bundle."""

DECIDED: Final = 200
"""Held-out cases whose whole decisions the gate compares; of all others it compares the scores."""


class PromotionRefusedError(PipelineError):
    """A model that did not pass every gate; nothing was written and the champion stays.

    Attributes:
        run_id: The run that was refused.
        gates: All gates, passed and failed.
        comparison: The champion against it; None when there is no champion.
    """

    def __init__(self, run_id: str, gates: tuple[Gate, ...], comparison: Comparison | None) -> None:
        self.run_id = run_id
        self.gates = gates
        self.comparison = comparison
        failed = [gate for gate in gates if not gate.passed]
        reasons = "".join(
            f"\n- {gate.name}: found {gate.found}; needed {gate.needed}, for {gate.why}" for gate in failed
        )
        super().__init__(
            f"run {run_id} is not promoted: {len(failed)} of {len(gates)} gates failed.{reasons}\n"
            'A gate that a person answers for can be accepted: --accept "gate: reason".'
        )


class AlreadyChampionError(PipelineError):
    """A run that is the champion already."""


class AcceptError(PipelineError):
    """A gate that is accepted in words that cannot be used."""


@dataclass(frozen=True, kw_only=True)
class PastCallSources:
    """Where past calls are learned from.

    Attributes:
        tables: Folder of the validated raw tables.
        features: Folder of the feature table built from them.
        contract: What the lender says of its tables; None for the defaults.
        capacity_share: Share of cases that the desk can call.
    """

    tables: Path
    features: Path
    contract: TablesContract | None = None
    capacity_share: float = 0.10


@dataclass(frozen=True, kw_only=True)
class PromoteResult:
    """What the job did.

    Attributes:
        run_id: The run that was promoted.
        registered: Its version in the registry, which bears the alias ``champion`` now.
        bundle: Folder of the bundle.
        bundle_sha256: SHA-256 of the bundle's manifest, which every decision names.
        gates: All gates; those that did not pass are in ``accepted``.
        accepted: Failed gate to why a person accepted that.
        call_value: What was learned from past calls, or why nothing was, in words.
        comparison: The champion before against it; None when there was none.
        replaced: The champion before, which bears the alias ``challenger`` now; None when there was none.
        policy: The routing policy in the bundle.
    """

    run_id: str
    registered: Registered
    bundle: Path
    bundle_sha256: str
    gates: tuple[Gate, ...]
    accepted: Mapping[str, str]
    call_value: str
    comparison: Comparison | None
    replaced: Registered | None
    policy: Policy


def promote(
    *,
    mlruns: Path,
    experiment: str,
    bundle: Path,
    now: datetime,
    name: str = "bamboo",
    run_id: str | None = None,
    policy: Policy | None = None,
    limits: GateLimits | None = None,
    known_after: Mapping[str, str] | None = None,
    private_key: bytes | None = None,
    past_calls: PastCallSources | None = None,
    accepted: Mapping[str, str] | None = None,
    resamples: int = 1000,
    progress: Progress = silent,
) -> PromoteResult:
    """Put a run through the gates; when all pass, export it, register it and make it the champion.

    The bundle is written aside and renamed before the alias is set: a job that is killed leaves the champion as it was,
    or a whole bundle, and can be run again. The store keeps a copy, see `pipelines.restore`.

    Args:
        mlruns: Folder of MLflow's store.
        experiment: Experiment whose latest ``lightgbm`` run is taken when none is named.
        bundle: Folder that the bundle is written to; a bundle that stands there is replaced.
        now: Time of the promotion, timezone-aware.
        name: Name of the registered model.
        run_id: The run to promote.
        policy: How scored cases are routed; the starting policy of `pipelines.policy` when None.
        limits: Where the gates stand.
        known_after: Features declared to be known only after the decision, with what declares them so.
        private_key: Ed25519 key (32 raw bytes, or those of a PEM file) to sign the bundle with.
        past_calls: Where to learn from past calls what a call is worth; None lets the triggers alone decide.
        accepted: Gate that may fail, to why a person accepts that; kept in the bundle's provenance.
        resamples: Draws of the bootstrap.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        PromotionRefusedError: a gate failed that nobody accepted.
        AcceptError: an accepted gate does not exist.
        AlreadyChampionError: the run is the champion already.
        ExportError: the candidate cannot become a bundle.
        TrackingError: the run is not there, or one of its files was altered.
    """
    store = Store(require_folder(mlruns, "Name the folder of MLflow's store, or run `bamboo train` first."))
    progress("reading the run", 0.0)
    run = load_run(store, run_id or _latest(store, experiment))
    dataset = load_dataset(store, run.record)
    champion = _champion_before(store, name, run.run_id)
    progress("exporting", 0.1)
    version = next_version(store, name)
    made = _bundle(run, dataset, policy=policy, name=name, version=version, now=now)
    progress("comparing with the champion", 0.4)
    comparison = contest(store, load_run(store, champion.run_id), run, resamples=resamples) if champion else None
    progress("learning from past calls", 0.5)
    routed = _learned(made, dataset, past_calls, seed=run.record.seed)
    made = routed.bundle if routed else made
    progress("trying the gates", 0.6)
    gates = _gates(run, dataset, made, comparison=comparison, limits=limits, known_after=known_after)
    taken = _answered_for(run.run_id, gates, accepted or {}, comparison)
    made = _with_gates(made, gates, taken)
    progress("writing the bundle", 0.9)
    sha256 = write_bundle(bundle, made, private_key=private_key)
    keep(store, bundle)
    registered = register(store, name, run.run_id, version=version, bundle_sha256=sha256)
    crown(store, registered, champion)
    progress("promoted", 1.0)
    return PromoteResult(
        run_id=run.run_id,
        registered=registered,
        bundle=bundle,
        bundle_sha256=sha256,
        gates=gates,
        accepted=taken,
        call_value=routed.fit.why if routed else "no past calls were given, so triggers alone decide",
        comparison=comparison,
        replaced=champion,
        policy=made.spec.policy,
    )


def agreement_gate(run: StoredRun, bundle: Bundle, cases: pl.DataFrame) -> Gate:
    """Ask whether LightGBM and every scorer made of the bundle give the same bits, at the model's edges, too.

    What leaves the process (HTTP, ``bamboo score``) is left to ``bamboo prove-parity``: the processes take some five
    seconds to start, and a model is promoted also where none of them is installed or no port may be opened.

    Args:
        run: The run.
        bundle: What was exported of it.
        cases: Cases that the run held out.
    """
    sides = in_process(run, partial(Scorer, bundle))
    late, some = parity_cases(cases, bundle, sample=DECIDED, seed=run.record.seed)
    return scorer_agrees(
        [
            *held_together([way(late) for way in sides.score_ways()]),
            *held_together([way(some) for way in sides.decision_ways()]),
        ]
    )


def accepted_gates(texts: Sequence[str], *, by: str, now: datetime) -> dict[str, str]:
    """Read ``gate: reason`` texts; each reason ends with who accepts the gate and when.

    Args:
        texts: As they were typed.
        by: Who accepts.
        now: When, timezone-aware.

    Raises:
        AcceptError: a text has no reason, a gate is accepted twice, or nobody accepts.
    """
    if texts and not by.strip():
        raise AcceptError(f"accept == {texts[0]!r} is answered for by nobody; name who accepts the gate (--by)")
    who = f"{by.strip()}, {now.astimezone(UTC):%Y-%m-%d} UTC"
    found: dict[str, str] = {}
    for text in texts:
        gate, _, reason = (part.strip() for part in text.partition(":"))
        if not reason or gate in found:
            raise AcceptError(f"accept == {text!r}, must be a gate, a colon and a reason, each gate once")
        found[gate] = f"{reason} ({who})"
    return found


def _champion_before(store: Store, name: str, run_id: str) -> Registered | None:
    """Return the champion, which must be another run."""
    champion = aliased(store, name, "champion")
    if champion and champion.run_id == run_id:
        raise AlreadyChampionError(
            f"run {run_id} is the champion of {name!r} already (version {champion.version}): its bundle was written "
            "then. `bamboo restore` writes it again."
        )
    return champion


def _answered_for(
    run_id: str, gates: tuple[Gate, ...], accepted: Mapping[str, str], comparison: Comparison | None
) -> dict[str, str]:
    """Return the failed gates that a person accepts, with the reasons; refuse when another one failed."""
    taken = _taken(gates, accepted)
    if not all(gate.passed or gate.name in taken for gate in gates):
        raise PromotionRefusedError(run_id, gates, comparison)
    return taken


def _taken(gates: Sequence[Gate], accepted: Mapping[str, str]) -> dict[str, str]:
    """Return the accepted gates that failed; a gate that passed needs nobody to answer for it."""
    names = [gate.name for gate in gates]
    for name in accepted:
        if name not in names:
            raise AcceptError(f"accept == {name!r}, must be one of {', '.join(names)}.{nearest(name, names)}")
    return {gate.name: accepted[gate.name] for gate in gates if gate.name in accepted and not gate.passed}


def _with_gates(bundle: Bundle, gates: tuple[Gate, ...], taken: Mapping[str, str]) -> Bundle:
    provenance = replace(bundle.spec.provenance, gates=gates, accepted_gates=dict(taken))
    return replace(bundle, spec=replace(bundle.spec, provenance=provenance))


def _learned(bundle: Bundle, dataset: Dataset, sources: PastCallSources | None, *, seed: int) -> RoutedBundle | None:
    """Learn the value of a call from the calls before the out-of-time period, which is left to judge the routing."""
    if sources is None:
        return None
    contract = sources.contract or TablesContract()
    until = dataset.part("out_of_time")["time"].min()
    if not isinstance(until, datetime):
        raise PipelineError(
            "the value of a call is learned before the out-of-time period, but these cases have no time"
        )
    tables = read_tables(sources.tables)
    routed = with_call_value(
        bundle,
        tables,
        read_features(sources.features),
        until=out_of_time_start(dataset.frame),
        capacity_share=sources.capacity_share,
        seed=seed,
        definition=contract.bad,
        time_zone=contract.time_zone,
        catalogue=load_catalogue(contract),
    )
    if routed.fit.value is None:
        return routed
    spec = routed.bundle.spec
    data = {**spec.provenance.data, **past_call_hashes(sources, tables, spec.provenance.data)}
    spec = replace(spec, provenance=replace(spec.provenance, data=data))
    return replace(routed, bundle=replace(routed.bundle, spec=spec))


def past_call_hashes(
    sources: PastCallSources, tables: Collection[str], trained_on: Mapping[str, str]
) -> dict[str, str]:
    """Return the SHA-256 of what the value of a call is learned from and the trees were not.

    Args:
        sources: Where it lies.
        tables: Raw tables that are there; ``truth`` is never learned from.
        trained_on: Name to SHA-256 of what the trees were learned from; tables of another day differ from it.
    """
    read = {name: sha256_table(sources.tables, name) for name in tables if name != "truth"}
    read["features"] = sha256_features(sources.features)
    return {f"past_calls.{name}": digest for name, digest in read.items() if trained_on.get(name) != digest}


def _latest(store: Store, experiment: str) -> str:
    latest = latest_runs(store, experiment)
    if EXPORTED not in latest:
        raise PipelineError(
            f"experiment {experiment!r} holds no {EXPORTED!r} run, the candidate that can become a bundle; it holds "
            f"{', '.join(latest)}"
        )
    return latest[EXPORTED]


def _bundle(
    run: StoredRun, dataset: Dataset, *, policy: Policy | None, name: str, version: int, now: datetime
) -> Bundle:
    record = run.record
    starting = starting_policy(
        record.features, record.approved_tiers, name=name, seed=record.seed, economics=record.economics
    )
    return bundle_from(
        record,
        run.fitted,
        dataset,
        policy or starting,
        name=name,
        version=str(version),
        created_at=now.astimezone(UTC).isoformat(),
        run_id=run.run_id,
    )


def _gates(
    run: StoredRun,
    dataset: Dataset,
    bundle: Bundle,
    *,
    comparison: Comparison | None,
    limits: GateLimits | None,
    known_after: Mapping[str, str] | None,
) -> tuple[Gate, ...]:
    late = dataset.part("out_of_time")
    sweeps = monotone_sweep(Scorer(bundle).margins, dataset.matrix(late), dataset.features, seed=run.record.seed)
    gates = promotion_gates(
        run.evaluation, sweeps=sweeps, comparison=comparison, known_after=known_after, limits=limits
    )
    return (*gates, agreement_gate(run, bundle, late))
