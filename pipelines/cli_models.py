"""Commands that train, compare and promote models."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import Contract, Experiment, Json, MlRuns, Seed
from pipelines.console import OUT, print_facts, print_json, print_table, progress

if TYPE_CHECKING:
    from modelling.split_summary import SplitSummary
    from pipelines.train import TrainedRun, TrainResult
    from scoring.spec import Gate

EXPERIMENT = "bamboo"


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(train)
    app.command()(compare)
    app.command()(promote)
    app.command()(restore)


def train(
    cases: Annotated[
        Path, typer.Argument(help="Folder that bamboo features wrote; or a CSV or Parquet of one row per case.")
    ],
    tables: Annotated[
        Path | None, typer.Option("--tables", help="Folder of the validated raw tables, for the outcomes.")
    ] = None,
    contract: Contract = None,
    candidate: Annotated[
        list[str] | None, typer.Option(help="Candidate to train: lightgbm, scorecard or logistic; by default all.")
    ] = None,
    mlruns: MlRuns = Path("mlruns"),
    experiment: Annotated[
        str | None, typer.Option("--experiment", help="MLflow experiment; by default bamboo, or the flat table's name.")
    ] = None,
    seed: Seed = 20240601,
    json: Json = False,
) -> None:
    """Train candidates on the same cases and log each as a run in MLflow.

    Cases are split by time into development, calibration and out-of-time, or at random within good and bad where the
    table has no time.
    """
    result = _trained(cases, tables, contract, tuple(candidate or ()), mlruns=mlruns, experiment=experiment, seed=seed)
    if json:
        print_json(result)
        return
    if result.columns:
        seen = [
            (column.name, column.role, column.kind, column.distinct, f"{column.missing_share:.1%}", column.why)
            for column in result.columns
        ]
        print_table("Columns", ("column", "role", "kind", "distinct", "missing", "why"), seen, right=(3, 4))
    counts = result.labels
    OUT.print(
        f"{counts.good:,} good, {counts.bad:,} bad; not in the label: {counts.indeterminate:,} indeterminate, "
        f"{counts.pending:,} pending, {counts.unknown:,} rejected or not paid out"
    )
    for notice in result.notices:
        OUT.print(f"- {notice}", markup=False)
    _show_samples(result.runs[0].evaluation.split)
    rows = [_run_row(run) for run in result.runs]
    columns = ("candidate", "cases held out", "bad", "Gini held out (95 %, DeLong)", "KS", "Brier")
    print_table(f"Experiment {result.experiment}", columns, rows, right=(1, 2, 3, 4, 5))
    print_facts([(f"run of {run.candidate}", run.run_id) for run in result.runs])


def _show_samples(split: SplitSummary) -> None:
    """Print how the labelled cases were divided, which is the same for all candidates."""
    from modelling.splits import held_out_words

    dated = any(part.first for part in split.parts)
    names = {"out_of_time": held_out_words(dated=dated)}
    rows = [
        (
            names.get(part.name, part.name),
            f"{part.n:,}",
            f"{part.bads:,}",
            (part.first or "")[:10],
            (part.last or "")[:10],
        )
        for part in split.parts
    ]
    if split.left_out:
        rows.append(("none: their period is not mature yet", f"{split.left_out:,}", "", "", ""))
    how, told = ("by time", 5) if dated else ("at random within good and bad", 3)
    columns = ("sample", "cases", "bad", "from (UTC)", "to (UTC)")
    print_table(f"Samples, drawn {how}", columns[:told], [row[:told] for row in rows], right=(1, 2))


def _trained(
    cases: Path,
    tables: Path | None,
    contract: Path | None,
    candidates: tuple[str, ...],
    *,
    mlruns: Path,
    experiment: str | None,
    seed: int,
) -> TrainResult:
    from modelling.candidates import CANDIDATES
    from pipelines.contract import read_tables_contract
    from pipelines.errors import MissingFileError
    from pipelines.train import train_on_features, train_on_table

    chosen = candidates or tuple(CANDIDATES)
    with progress("train") as tell:
        if cases.is_dir():
            if tables is None:
                raise typer.BadParameter("a feature table needs --tables, the raw tables that hold the outcomes")
            return train_on_features(
                cases,
                tables,
                mlruns=mlruns,
                experiment=experiment or EXPERIMENT,
                now=datetime.now(UTC),
                contract=read_tables_contract(contract) if contract else None,
                candidates=chosen,
                seed=seed,
                progress=tell,
            )
        if not cases.exists():
            raise MissingFileError(cases, "Name a folder that `bamboo features` wrote, or a table of one row per case.")
        if contract is None:
            raise typer.BadParameter("a table of one row per case needs --contract, which names its target")
        return train_on_table(
            cases,
            contract,
            mlruns=mlruns,
            now=datetime.now(UTC),
            experiment=experiment,
            candidates=chosen,
            seed=seed,
            progress=tell,
        )


def _run_row(run: TrainedRun) -> tuple[object, ...]:
    held = run.evaluation.on("out_of_time")
    gini = f"{held.auc.gini:.3f} ({held.auc.gini_lower:.3f} to {held.auc.gini_upper:.3f})"
    return (
        run.candidate,
        f"{held.n:,}",
        f"{held.bads:,}",
        gini,
        f"{held.ks.value:.3f}",
        f"{held.calibration.brier.value:.4f}",
    )


def compare(
    mlruns: MlRuns = Path("mlruns"),
    experiment: Experiment = EXPERIMENT,
    champion: Annotated[
        str | None, typer.Option(help="Run to hold the others against; by default the registered champion.")
    ] = None,
    challenger: Annotated[
        list[str] | None, typer.Option(help="Run to compare; by default the latest of every other candidate.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for an HTML page per challenger.")] = None,
    json: Json = False,
) -> None:
    """Compare the champion with its challengers on the same cases, held out from both, by paired tests."""
    from modelling.splits import held_out_words
    from pipelines.compare import compare_runs
    from pipelines.report import report_comparison

    now = datetime.now(UTC)
    with progress("compare") as tell:
        result = compare_runs(
            mlruns=mlruns,
            experiment=experiment,
            name=experiment,
            champion=champion,
            challengers=tuple(challenger or ()),
            progress=tell,
        )
        pages = [
            report_comparison(
                found,
                out / f"comparison-{run.record.candidate}-{run.run_id[:8]}.html",
                registered=result.registered,
                made_at=now,
            ).path
            for run, found in zip(result.challengers, result.comparisons, strict=True)
            if out is not None
        ]
    if json:
        print_json({"champion": result.champion.run_id, "comparisons": result.comparisons, "pages": pages})
        return
    words = held_out_words(dated=any(comparison.months for comparison in result.comparisons))
    rows = [
        (
            comparison.challenger.name,
            f"{comparison.n:,}",
            f"{comparison.challenger.auc.gini:.3f}",
            f"{comparison.champion.auc.gini:.3f}",
            f"{comparison.delong.difference:+.4f} ({comparison.delong.lower:+.4f} to {comparison.delong.upper:+.4f})",
            f"{comparison.delong.p:.3g}",
        )
        for comparison in result.comparisons
    ]
    columns = (
        "challenger",
        "cases",
        "Gini",
        f"Gini of {result.champion.name}",
        "AUC difference (95 %, DeLong)",
        "p (DeLong)",
    )
    print_table(f"Comparison, {words}", columns, rows, right=(1, 2, 3, 4, 5))
    for page in pages:
        OUT.print(f"page  {page}", markup=False, soft_wrap=True)
    for why in result.left_out:
        OUT.print(f"not compared: {why}", markup=False, soft_wrap=True)


def promote(
    bundle: Annotated[Path, typer.Option("--bundle", help="Folder to write the bundle to.")],
    run: Annotated[str | None, typer.Option(help="Run to promote; by default the latest of lightgbm.")] = None,
    tables: Annotated[
        Path | None,
        typer.Option("--tables", help="Validated raw tables, to learn from past calls what a call is worth."),
    ] = None,
    features: Annotated[
        Path | None, typer.Option("--features", help="Feature table, to learn from past calls what a call is worth.")
    ] = None,
    contract: Contract = None,
    capacity: Annotated[float, typer.Option(min=0, max=1, help="Share of cases that the desk can call.")] = 0.10,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            help='Accept a failed gate, as "gate: reason"; gate and reason are kept in the bundle for auditors.'
        ),
    ] = None,
    by: Annotated[str, typer.Option(help="Who accepts failed gates; kept beside the reasons.")] = "",
    mlruns: MlRuns = Path("mlruns"),
    experiment: Experiment = EXPERIMENT,
    json: Json = False,
) -> None:
    """Put a run through the gates; when it passes, export its bundle and make it the champion."""
    from pipelines.contract import read_tables_contract
    from pipelines.promote import PastCallSources, accepted_gates
    from pipelines.promote import promote as work

    given = read_tables_contract(contract) if contract and tables else None
    if (tables is None) != (features is None):
        raise typer.BadParameter("--tables and --features go together: past calls are learned from both")
    past = (
        PastCallSources(tables=tables, features=features, contract=given, capacity_share=capacity)
        if tables and features
        else None
    )
    now = datetime.now(UTC)
    answered_for = accepted_gates(accept or (), by=by, now=now)
    with progress("promote") as tell:
        result = work(
            mlruns=mlruns,
            experiment=experiment,
            bundle=bundle,
            now=now,
            name=experiment,
            run_id=run,
            past_calls=past,
            accepted=answered_for,
            progress=tell,
        )
    if json:
        print_json(result)
        return
    print_gates(result.gates)
    print_facts(
        (
            ("champion", f"{result.registered.name} version {result.registered.version}"),
            ("value of a call", result.call_value),
            ("bundle", result.bundle),
            ("manifest", result.bundle_sha256),
        )
    )


def restore(
    bundle: Annotated[Path, typer.Option("--bundle", help="Folder to write the bundle to.")],
    version: Annotated[
        int | None, typer.Option(help="Version of the registered model; by default the champion.", min=1)
    ] = None,
    why: Annotated[str, typer.Option(help="Why another version takes the champion's place; MLflow keeps it.")] = "",
    mlruns: MlRuns = Path("mlruns"),
    experiment: Experiment = EXPERIMENT,
    json: Json = False,
) -> None:
    """Write the bundle of a promoted version again; with --version and --why, make that version the champion again."""
    from pipelines.restore import restore as work

    now = datetime.now(UTC)
    result = work(mlruns=mlruns, bundle=bundle, now=now, name=experiment, version=version, why=why)
    if json:
        print_json(result)
        return
    facts = [("champion", f"{result.registered.name} version {result.registered.version}")]
    facts += [("in place of", f"version {result.replaced.version}")] if result.replaced else []
    print_facts([*facts, ("bundle", result.bundle), ("manifest", result.registered.bundle_sha256)])


def print_gates(gates: tuple[Gate, ...]) -> None:
    """Print every gate with what was found and what was needed."""
    rows = [("passed" if gate.passed else "FAILED", gate.name, gate.found, gate.needed) for gate in gates]
    print_table("Gates", ("", "gate", "found", "needed"), rows)
