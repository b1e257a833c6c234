"""The whole path on a synthetic lender, from raw tables to decisions, calls and reports, in one process."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from modelling.compare import Comparison
from modelling.mlflow_store import Store
from modelling.registry import forget
from modelling.routing_records import RoutingEvaluation
from pipelines.compare import CompareResult, compare_runs
from pipelines.evaluate_routing import EVALUATION, evaluate_routing
from pipelines.feature_checks import check_features
from pipelines.feature_checks_result import PAGE as CHECKS_PAGE
from pipelines.feature_checks_result import FeatureChecks
from pipelines.feature_files import read_features
from pipelines.features import FeaturesResult, build_features
from pipelines.progress import Progress, part_of
from pipelines.promote import PastCallSources, PromoteResult, promote
from pipelines.report import report_case, report_comparison, report_model, report_policy
from pipelines.report_features import report_features
from pipelines.route import RouteResult, route
from pipelines.score import ScoreResult, score
from pipelines.simulated_desk import simulated_answers
from pipelines.store import write_frame
from pipelines.synthesise import PROFILE, SynthesiseResult, synthesise
from pipelines.train import TrainResult, train_on_features
from pipelines.validate import PAGE, validate
from pipelines.validation_result import ValidationResult
from pipelines.verify import VerifyResult, verify

EXPERIMENT: Final = "demo"
CAPACITY_SHARE: Final = 0.08
SCORED_DAYS: Final = 30
"""Applications of the last days of the extract, which no model has seen, are the ones that the demo decides."""

SHARES: Final = {
    "synthesise": 0.10,
    "validate": 0.20,
    "features": 0.04,
    "checks": 0.06,
    "train": 0.20,
    "compare": 0.06,
    "promote": 0.09,
    "score": 0.03,
    "route": 0.03,
    "verify": 0.02,
    "evaluate": 0.12,
    "report": 0.05,
}
"""Share of the whole time that each step takes, for the progress bar."""


PARTS: Final = (
    "tables",
    "clean",
    "features",
    "checks",
    "bundle",
    "latest.parquet",
    "decisions.parquet",
    "calls",
    "answers.json",
    "verified",
    EVALUATION,
    "reports",
)
"""What the demo writes into its folder."""


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """What the demo made, step by step.

    Attributes:
        out: Folder of everything but MLflow's store.
        synthesised: The raw tables.
        validated: The clean tables.
        features: The feature table.
        checked: What its checks found.
        trained: The candidates' runs.
        comparisons: Each challenger against LightGBM.
        promoted: The bundle.
        scored: Decisions on the last month's applications.
        routed: The call list.
        verified: The calls' answers, scored again.
        routing: What calls are worth, out of time, under Bamboo's rule and others.
        pages: Title to page, in reading order.
    """

    out: Path
    synthesised: SynthesiseResult
    validated: ValidationResult
    features: FeaturesResult
    checked: FeatureChecks
    trained: TrainResult
    comparisons: tuple[Comparison, ...]
    promoted: PromoteResult
    scored: ScoreResult
    routed: RouteResult
    verified: VerifyResult
    routing: RoutingEvaluation
    pages: dict[str, Path]


class _Steps:
    """Turns each step's own progress into the progress of the whole."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._done = 0.0

    def step(self, name: str) -> Progress:
        start, share = self._done, SHARES[name]
        self._done += share
        return part_of(lambda what, done: self._progress(f"{name}: {what}", done), start, share)


def demo(
    recipe: str,
    out: Path,
    *,
    mlruns: Path,
    now: datetime,
    workers: int,
    progress: Progress,
    seed: int | None = None,
) -> DemoResult:
    """Walk the whole path; what an earlier demo left in ``out`` and in MLflow's registry is replaced.

    Args:
        recipe: Recipe of the synthetic lender.
        out: Folder to write to.
        mlruns: Folder of MLflow's store.
        now: Time of runs and reports, timezone-aware.
        workers: Processes that make the tables.
        progress: Called with what is being done and the share done, from 0 to 1.
        seed: Seed of the lender; None takes the recipe's.

    Raises:
        PromotionRefusedError: the model did not pass its gates.
    """
    steps = _Steps(progress)
    walk = _Walk(out=out, mlruns=mlruns, now=now, steps=steps)
    _begin_afresh(out, mlruns)
    synthesised = synthesise(recipe, out / "tables", seed=seed, workers=workers, progress=steps.step("synthesise"))
    validated = validate(out / "tables", walk.tables, progress=steps.step("validate"))
    built = build_features(walk.tables, walk.features, progress=steps.step("features"))
    checked = check_features(walk.features, walk.checks, progress=steps.step("checks"))
    trained, compared, promoted = walk.make_model()
    scored = walk.decide_latest()
    capacity = max(1, round(CAPACITY_SHARE * scored.cases))
    routed, verified = walk.call(capacity, synthesised.seed)
    routing = walk.judge_routing(synthesised.seed)
    store, tell = Store(mlruns), steps.step("report")
    pages = _reports(out, store, compared, promoted, verified, capacity=capacity, now=now, tell=tell)
    return DemoResult(
        out=out,
        synthesised=synthesised,
        validated=validated,
        features=built,
        checked=checked,
        trained=trained,
        comparisons=compared.comparisons,
        promoted=promoted,
        scored=scored,
        routed=routed,
        verified=verified,
        routing=routing,
        pages=pages,
    )


@dataclass(frozen=True, kw_only=True)
class _Walk:
    """The demo's folders, and the steps that several jobs make up."""

    out: Path
    mlruns: Path
    now: datetime
    steps: _Steps

    @property
    def tables(self) -> Path:
        return self.out / "clean"

    @property
    def features(self) -> Path:
        return self.out / "features"

    @property
    def checks(self) -> Path:
        return self.out / "checks"

    @property
    def bundle(self) -> Path:
        return self.out / "bundle"

    @property
    def decisions(self) -> Path:
        return self.out / "decisions.parquet"

    def make_model(self) -> tuple[TrainResult, CompareResult, PromoteResult]:
        """Train all candidates, compare them, and promote one."""
        mlruns, now, step = self.mlruns, self.now, self.steps.step
        trained = train_on_features(
            self.features, self.tables, mlruns=mlruns, experiment=EXPERIMENT, now=now, progress=step("train")
        )
        compared = compare_runs(mlruns=mlruns, experiment=EXPERIMENT, name=EXPERIMENT, progress=step("compare"))
        promoted = promote(
            mlruns=mlruns,
            experiment=EXPERIMENT,
            name=EXPERIMENT,
            bundle=self.bundle,
            now=now,
            past_calls=PastCallSources(tables=self.tables, features=self.features, capacity_share=CAPACITY_SHARE),
            progress=step("promote"),
        )
        return trained, compared, promoted

    def decide_latest(self) -> ScoreResult:
        """Score the applications of the last days."""
        latest = _latest_applications(self.features, self.out / "latest.parquet")
        return score(latest, self.bundle, self.decisions, progress=self.steps.step("score"))

    def call(self, capacity: int, seed: int) -> tuple[RouteResult, VerifyResult]:
        """Choose whom to call, let the lender's applicants answer, and decide again."""
        calls = self.out / "calls"
        routed = route(
            self.decisions,
            capacity,
            calls,
            bundle_folder=self.bundle,
            tables_folder=self.tables,
            progress=self.steps.step("route"),
        )
        verified = verify(
            simulated_answers(calls, self.tables, self.out / "answers.json", seed=seed),
            self.decisions,
            self.out / "verified",
            bundle_folder=self.bundle,
            caller="the demo's desk, which reads the synthetic truth",
            now=self.now,
            tables_folder=self.tables,
            progress=self.steps.step("verify"),
        )
        return routed, verified

    def judge_routing(self, seed: int) -> RoutingEvaluation:
        """Measure what calls are worth."""
        return evaluate_routing(
            self.tables,
            self.features,
            self.bundle,
            self.out / EVALUATION,
            capacity_share=CAPACITY_SHARE,
            seed=seed,
            progress=self.steps.step("evaluate"),
        )


def _begin_afresh(out: Path, mlruns: Path) -> None:
    """Take away what an earlier demo made, so that its champion does not stand against its own twin."""
    for name in PARTS:
        path = out / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    forget(Store(mlruns), EXPERIMENT)


def _latest_applications(features: Path, path: Path) -> Path:
    """Write the feature rows of the last applications to a table of their own."""
    frame = read_features(features)
    last = pl.col("applied_at").max()
    write_frame(path, frame.filter(pl.col("applied_at") >= last - timedelta(days=SCORED_DAYS)))
    return path


def _reports(
    out: Path,
    store: Store,
    compared: CompareResult,
    promoted: PromoteResult,
    verified: VerifyResult,
    *,
    capacity: int,
    now: datetime,
    tell: Progress,
) -> dict[str, Path]:
    """Write the pages, and return all pages of the demo by title, in reading order."""
    reports, bundle, decisions = out / "reports", out / "bundle", out / "decisions.parquet"
    tell("model", 0.0)
    checks = out / "checks"
    model = report_model(store, reports / "model.html", bundle=bundle, checks=checks, made_at=now)
    tell("features", 0.4)
    features = report_features(out / "features", reports / "features.html", tables=out / "clean", made_at=now)
    pages = {
        "Synthetic lender": out / "tables" / PROFILE,
        "Validation": out / "clean" / PAGE,
        "Features": features.path,
        "Checks of the feature table": checks / CHECKS_PAGE,
        "Model": model.path,
    }
    # They were compared before the champion was promoted, and are told after it.
    registered = promoted.registered.version if promoted.run_id == compared.champion.run_id else compared.registered
    for run, comparison in zip(compared.challengers, compared.comparisons, strict=True):
        name = run.record.candidate
        out_file = reports / f"comparison-{name}.html"
        page = report_comparison(comparison, out_file, registered=registered, made_at=now)
        pages[f"{name.title()} against LightGBM"] = page.path
    tell("policy and cases", 0.7)
    policy = report_policy(
        decisions, bundle, reports / "policy.html", capacity=capacity, routing=out / EVALUATION, made_at=now
    )
    pages["Routing policy"] = policy.path
    pages["First call sheet"] = out / "calls" / "sheets" / "0001.html"
    for title, case in _telling_cases(verified).items():
        page = report_case(
            decisions,
            case,
            bundle,
            reports / f"case-{case}.html",
            tables=out / "clean",
            verified=out / "verified",
            made_at=now,
        )
        pages[title] = page.path
    tell("done", 1.0)
    return pages


def _telling_cases(verified: VerifyResult) -> dict[str, str]:
    """Pick the case that its call moved most, and one whose decision a call changed, when there is one."""
    by_move = sorted(verified.cases, key=lambda case: (-abs(case.points), case.case_id))
    changed = [case.case_id for case in by_move if case.changed]
    picked = {"A case that its call moved": by_move[0].case_id} if by_move else {}
    return {**picked, **({"A decision that a call changed": changed[0]} if changed else {})}
