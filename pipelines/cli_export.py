"""Commands that write a model in a form that runs elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import Bundle, Experiment, Json, MlRuns, PublicKey, ends_in
from pipelines.console import print_facts, print_json
from pipelines.keys import read_key

if TYPE_CHECKING:
    from pipelines.export import Exported


def register(app: typer.Typer) -> None:
    """Add the group of commands to the app."""
    exports = typer.Typer(help="Write a model in a form that runs elsewhere.", no_args_is_help=True)
    exports.command()(sql)
    exports.command()(card)
    app.add_typer(exports, name="export")


def sql(
    bundle: Bundle,
    out: Annotated[Path, typer.Option("--out", help="SQL file to write.", callback=ends_in(".sql"))],
    table: Annotated[str, typer.Option(help="Table or view of features, one row per case.")] = "features",
    case_id: Annotated[str, typer.Option(help="Its column that identifies a case.")] = "application_id",
    public_key: PublicKey = None,
    json: Json = False,
) -> None:
    """Write the champion as one ANSI SQL statement: margin, PD, points, tier and provisional decision of each case."""
    from pipelines.export import export_sql

    key = None if public_key is None else read_key(public_key)
    _show(export_sql(bundle, out, table=table, case_id=case_id, public_key=key), json=json)


def card(
    out: Annotated[Path, typer.Option("--out", help="CSV file to write.", callback=ends_in(".csv"))],
    run: Annotated[str | None, typer.Option(help="MLflow run; by default the experiment's latest scorecard.")] = None,
    mlruns: MlRuns = Path("mlruns"),
    experiment: Experiment = "bamboo",
    json: Json = False,
) -> None:
    """Write a scorecard as a points card: what each bin of each feature adds to the base."""
    from pipelines.export import export_card

    _show(export_card(mlruns, out, experiment=experiment, run_id=run), json=json)


def _show(made: Exported, *, json: bool) -> None:
    if json:
        print_json(made)
        return
    print_facts([("file", made.path), ("what", made.what), ("lines", f"{made.lines:,}"), ("model", made.model)])
