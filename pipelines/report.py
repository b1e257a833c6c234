"""Jobs that write pages for people: the model, a comparison, one case, the routing policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from features.tables import TABLES
from modelling.compare import Comparison
from modelling.errors import RecordError
from modelling.gradient_boosting import FittedTrees
from modelling.mlflow_store import Store
from modelling.records import from_plain
from modelling.routing_records import RoutingEvaluation
from modelling.stored_runs import StoredRun, load_dataset, load_run
from pipelines.decisions import read_decisions, read_decisions_frame, require_some
from pipelines.errors import DamagedFileError
from pipelines.progress import Progress, silent
from pipelines.replay import difference
from pipelines.report_calls import review_of
from pipelines.report_checks import checks_of
from pipelines.report_errors import NoRunError, NotReplayedError, OtherBundleError
from pipelines.store import read_json, read_tables, write_text
from pipelines.verify import AFTER
from reports.case import case_report
from reports.comparison import comparison_report
from reports.explained import drivers_of, shap_pictures
from reports.known import KnownFacts, known_facts
from reports.model import model_report
from reports.model_inputs import Driver
from reports.page import Chart, Page, render
from reports.policy import policy_report
from reports.policy_volumes import volumes
from reports.provenance import Origin
from scoring.decision import Decision
from scoring.rules import Portfolio
from scoring.scorer import Scorer
from scoring.spec import Gate, Provenance, Scale

EXPLAINED_CASES = 1_000
"""Cases that the model did not learn from, evenly spread, on which the model report measures contributions."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A page that was written.

    Attributes:
        path: The file.
        title: Title of the page.
        size: Its bytes.
    """

    path: Path
    title: str
    size: int


def write_page(path: Path, page: Page) -> Report:
    """Write a page, whole or not at all.

    Raises:
        PageTooLargeError: the page would not open within a second.
    """
    html = render(page)
    write_text(path, html)
    return Report(path=path, title=page.title, size=len(html.encode()))


def report_model(
    store: Store,
    out: Path,
    *,
    run_id: str | None = None,
    bundle: Path | None = None,
    gates: Sequence[Gate] = (),
    checks: Path | None = None,
    made_at: datetime,
    progress: Progress = silent,
) -> Report:
    """Write the report of a model: of a run, or of a bundle and the run that it came from.

    Args:
        store: Where MLflow keeps runs.
        out: File to write.
        run_id: The run; None takes the one that the bundle names.
        bundle: The bundle exported from the run; None when there is none yet.
        gates: Gates of promotion, as they were found; those in the bundle when none are given.
        checks: Folder that ``bamboo validate-features`` wrote for the model's feature table; None links no checks.
        made_at: When the page is made.
        progress: Told what is being done.

    Raises:
        NoRunError: neither a run nor a bundle that names one is given.
        OtherBundleError: the bundle came from another run.
        OtherFeaturesError: the checks are of another feature table than the model's.
        TrackingError: the run cannot be read.
        BundleError: the bundle cannot be read.
    """
    scorer = Scorer.load(bundle) if bundle else None
    named = scorer.spec.provenance.mlflow_run if scorer else ""
    if run_id and named and named != run_id:
        raise OtherBundleError(str(bundle), named, run_id)
    if not (run_id or named):
        raise NoRunError(str(bundle) if bundle else None)
    progress("reading the run", 0.0)
    run = load_run(store, run_id or named)
    checked = checks_of(checks, out, run.record.sources) if checks else None
    progress("explaining cases", 0.2)
    found, pictures = _explained(store, run, scorer.spec.scale if scorer else run.evaluation.scale)
    progress("writing", 0.9)
    page = model_report(
        run.evaluation,
        Origin.of_bundle(scorer.spec, scorer.sha256) if scorer else _origin(run),
        found=found,
        pictures=pictures,
        gates_found=gates or (scorer.spec.provenance.gates if scorer else ()),
        notices=run.record.notices,
        checks=checked,
        made_at=made_at,
    )
    return write_page(out, page)


def _origin(run: StoredRun) -> Origin:
    record = run.record
    code = dict(record.code)
    made = Provenance(
        created_at="not bundled yet",
        code_version=" ".join(code.pop(name) for name in ("version", "commit") if name in code),
        bad_definition=record.bad_definition,
        data=record.sources,
        packages=code,
        seeds={"training": record.seed},
        mlflow_run=run.run_id,
        development=record.development,
    )
    return Origin(name=record.candidate, version="", features=record.features, provenance=made)


def _explained(store: Store, run: StoredRun, scale: Scale) -> tuple[tuple[Driver, ...], tuple[Chart, ...]]:
    """Contributions exist for trees alone; the other candidates are shown by their features one by one."""
    if not isinstance(run.fitted, FittedTrees):
        return (), ()
    dataset = load_dataset(store, run.record)
    late = dataset.part("out_of_time")
    matrix = dataset.matrix(late.gather_every(max(1, -(-late.height // EXPLAINED_CASES))))
    contributions = run.fitted.contributions_of(matrix)
    features = dataset.features
    found = drivers_of(features, contributions, run.record.calibration, scale)
    return found, shap_pictures(features, matrix, contributions)


def report_comparison(
    comparison: Comparison, out: Path, *, registered: int | None, gates: Sequence[Gate] = (), made_at: datetime
) -> Report:
    """Write the page on which a challenger is held against the champion, or what stands in its place (None)."""
    page = comparison_report(comparison, registered=registered, gates_found=gates, made_at=made_at)
    return write_page(out, page)


def report_case(
    decisions: Path,
    case_id: str,
    bundle: Path,
    out: Path,
    *,
    tables: Path | None = None,
    verified: Path | None = None,
    portfolio: Portfolio | None = None,
    made_at: datetime,
) -> Report:
    """Write the report of one case, once its decision was made again from what it holds.

    Args:
        decisions: File of decisions that holds the case.
        case_id: The case.
        bundle: The bundle that decided.
        out: File to write.
        tables: Folder of the raw tables that the decision was made from; None begins with the features.
        verified: Folder that ``bamboo verify`` wrote; None, or a case that is not in it, had no call.
        portfolio: State of the portfolio, as when the case was decided; None checks no limit.
        made_at: When the page is made.

    Raises:
        CaseNotFoundError: the case is not among the decisions.
        OtherBundleError: another bundle decided, before the call or after it.
        NotReplayedError: the bundle gives another decision than the one on file.
        UnknownApplicationError: the tables do not hold the application.
    """
    scorer = Scorer.load(bundle)
    decision = read_decisions(decisions, case_ids=[case_id])[0]
    _require_replayed(decision, scorer, bundle, decisions, portfolio)
    facts = _facts(tables, case_id) if tables else None
    review = review_of(verified, case_id) if verified else None
    if review and verified:
        _require_replayed(review.after, scorer, bundle, verified / AFTER, portfolio)
    return write_page(out, case_report(decision, scorer.spec, facts, review=review, made_at=made_at))


def _require_replayed(
    decision: Decision, scorer: Scorer, bundle: Path, path: Path, portfolio: Portfolio | None
) -> None:
    """Refuse to tell in words what the bundle did not decide."""
    if decision.bundle != scorer.sha256:
        raise OtherBundleError(str(bundle), scorer.sha256, decision.bundle)
    found = difference(decision, scorer, portfolio)
    if found is not None:
        raise NotReplayedError(str(path), decision.case_id, found)


def _routing(path: Path) -> RoutingEvaluation:
    content = read_json(path)
    try:
        return from_plain(RoutingEvaluation, content)
    except RecordError as error:
        found = "is not what `bamboo evaluate-routing` of this version writes"
        raise DamagedFileError(path, found, "Evaluate the routing again, and name the file that it wrote.") from error


def _facts(folder: Path, case_id: str) -> KnownFacts:
    return known_facts(read_tables(folder, only=set(TABLES) - {"truth", "outcomes"}), case_id)


def report_policy(
    decisions: Path,
    bundle: Path,
    out: Path,
    *,
    capacity: int | None = None,
    routing: Path | None = None,
    made_at: datetime,
) -> Report:
    """Write the report of the routing policy.

    Args:
        decisions: File of decisions of one bundle.
        bundle: That bundle.
        out: File to write.
        capacity: Calls that the desk can make in the time of these decisions; None when not given.
        routing: File that ``bamboo evaluate-routing`` wrote for this bundle; None when not measured.
        made_at: When the page is made.

    Raises:
        OtherBundleError: another bundle decided a case, or was evaluated.
        DamagedFileError: the file of the evaluation is of another kind or version, or no case was decided.
    """
    scorer = Scorer.load(bundle)
    frame = read_decisions_frame(decisions)
    require_some(frame, decisions)
    for found in sorted(set(frame["bundle"]) - {scorer.sha256}):
        raise OtherBundleError(str(bundle), scorer.sha256, found)
    evaluated = _routing(routing) if routing else None
    if evaluated and evaluated.bundle != scorer.sha256:
        raise OtherBundleError(str(bundle), scorer.sha256, evaluated.bundle)
    page = policy_report(
        volumes(frame), scorer.spec, bundle=scorer.sha256, capacity=capacity, routing=evaluated, made_at=made_at
    )
    return write_page(out, page)
