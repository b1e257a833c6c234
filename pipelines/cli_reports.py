"""Commands that write the pages people read: of a model, its features, a case and the routing policy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import Contract, Json, MlRuns, Portfolio, ends_in
from pipelines.console import print_facts, print_json, progress

if TYPE_CHECKING:
    from pipelines.report import Report

Page = Annotated[Path, typer.Option("--out", help="HTML file to write.", callback=ends_in(".html"))]
BundleOfReport = Annotated[Path, typer.Option("--bundle", help="Folder of the model bundle that decided.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands to the app."""
    reports = typer.Typer(help="Write a page that people read: one HTML file, no network.", no_args_is_help=True)
    reports.command()(model)
    reports.command()(features)
    reports.command()(case)
    reports.command()(policy)
    app.add_typer(reports, name="report")


def model(
    out: Page,
    run: Annotated[str | None, typer.Option(help="MLflow run; by default the one that the bundle came from.")] = None,
    bundle: Annotated[Path | None, typer.Option("--bundle", help="Folder of the bundle exported from the run.")] = None,
    checks: Annotated[
        Path | None, typer.Option("--checks", help="Folder that bamboo validate-features wrote, to link its page.")
    ] = None,
    mlruns: MlRuns = Path("mlruns"),
    json: Json = False,
) -> None:
    """Report a model's development and validation, in plain words first and figures under them."""
    from modelling.mlflow_store import Store
    from pipelines.report import report_model
    from pipelines.store import require_folder

    with progress("report model") as tell:
        store = Store(require_folder(mlruns, "Name the folder of MLflow's store, or run `bamboo train` first."))
        made = report_model(
            store, out, run_id=run, bundle=bundle, checks=checks, made_at=datetime.now(UTC), progress=tell
        )
    _show(made, json=json)


def features(
    table: Annotated[Path, typer.Argument(metavar="FEATURES", help="Folder that bamboo features wrote.")],
    out: Page,
    tables: Annotated[
        Path | None, typer.Option("--tables", help="Folder of the validated raw tables, for bad rates by bin.")
    ] = None,
    contract: Contract = None,
    json: Json = False,
) -> None:
    """Report every feature on your own cases: meaning, distribution, bad rate by bin, PSI by month, suspected leaks."""
    from pipelines.contract import read_tables_contract
    from pipelines.report_features import report_features

    given = None if contract is None else read_tables_contract(contract)
    with progress("report features") as tell:
        made = report_features(table, out, tables=tables, contract=given, made_at=datetime.now(UTC), progress=tell)
    _show(made, json=json)


def case(
    case_id: Annotated[str, typer.Argument(help="Id of the case.")],
    decisions: Annotated[Path, typer.Option("--decisions", help="File that bamboo score wrote.")],
    bundle: BundleOfReport,
    out: Page,
    tables: Annotated[
        Path | None, typer.Option("--tables", help="Validated raw tables, so that the page begins with the facts.")
    ] = None,
    verified: Annotated[
        Path | None, typer.Option("--verified", help="Folder that bamboo verify wrote, for the call and the re-score.")
    ] = None,
    portfolio: Portfolio = None,
    json: Json = False,
) -> None:
    """Report one case from raw facts to decision: points that add up, reasons, triggers, call and re-score.

    The case is decided again first, and a record that does not come out again is refused.
    """
    from pipelines.portfolio import read_portfolio
    from pipelines.report import report_case

    made = report_case(
        decisions,
        case_id,
        bundle,
        out,
        tables=tables,
        verified=verified,
        portfolio=read_portfolio(portfolio) if portfolio else None,
        made_at=datetime.now(UTC),
    )
    _show(made, json=json)


def policy(
    decisions: Annotated[Path, typer.Option("--decisions", help="File that bamboo score wrote.")],
    bundle: BundleOfReport,
    out: Page,
    capacity: Annotated[int | None, typer.Option(help="Calls that the desk can make in the time of these.")] = None,
    routing: Annotated[
        Path | None, typer.Option("--routing", help="File that bamboo evaluate-routing wrote: the worth of calls.")
    ] = None,
    json: Json = False,
) -> None:
    """Report where the routing policy sends cases and what its calls are worth."""
    from pipelines.report import report_policy

    made = report_policy(decisions, bundle, out, capacity=capacity, routing=routing, made_at=datetime.now(UTC))
    _show(made, json=json)


def _show(made: Report, *, json: bool) -> None:
    if json:
        print_json(made)
    else:
        print_facts((("page", made.path), ("title", made.title), ("size", f"{made.size / 1024:,.0f} KiB")))
