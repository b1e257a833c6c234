"""The command that walks the whole path."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_decisions import print_routing
from pipelines.cli_options import Json, MlRuns
from pipelines.console import print_facts, print_json, print_table, progress

if TYPE_CHECKING:
    from pipelines.demo import DemoResult


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(demo)


def demo(
    recipe: Annotated[str, typer.Argument(help="Recipe of the synthetic lender.")] = "default",
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = Path("out/demo"),
    workers: Annotated[int, typer.Option(help="Processes that make the tables.")] = 2,
    seed: Annotated[int | None, typer.Option(help="Seed of the lender; by default the recipe's.")] = None,
    mlruns: MlRuns = Path("mlruns"),
    json: Json = False,
) -> None:
    """Walk the whole path on a synthetic lender: tables, features, models, decisions, calls and reports."""
    with progress("demo") as tell:
        tell("loading libraries", 0.0)
        from pipelines.demo import demo as work

        result = work(recipe, out, mlruns=mlruns, now=datetime.now(UTC), workers=workers, progress=tell, seed=seed)
    if json:
        print_json(result)
    else:
        _show(result)


def _show(result: DemoResult) -> None:
    rows = result.synthesised.rows
    bad_rows = sum(table.rows - table.kept for table in result.validated.tables)
    held = {run.candidate: run.evaluation.on("out_of_time").auc for run in result.trained.runs}
    facts = [
        (
            "rows",
            f"{sum(rows.values()):,} in {len(rows)} tables, {bad_rows:,} of them left out",
        ),
        (
            "applications",
            f"{result.features.rows:,}",
        ),
        ("features", f"{result.features.columns}"),
        *(
            (f"Gini of {name}", f"{auc.gini:.3f} out-of-time, 95 % from {auc.gini_lower:.3f} to {auc.gini_upper:.3f}")
            for name, auc in held.items()
        ),
        ("gates", f"{sum(gate.passed for gate in result.promoted.gates)} of {len(result.promoted.gates)} passed"),
        ("value of a call", result.promoted.call_value),
    ]
    print_facts(facts)
    _show_tiers(result)
    _show_calls(result)
    print_routing(result.routing)
    print_facts([*result.pages.items(), ("MLflow's runs", result.trained.store)])


def _show_tiers(result: DemoResult) -> None:
    champion = next(run for run in result.trained.runs if run.run_id == result.promoted.run_id)
    approved = result.promoted.policy.approved_tiers
    rows = [
        (
            row.tier,
            f"{row.upper_pd:.1%}",
            f"{row.share:.1%}",
            "" if row.mean_pd is None else f"{row.mean_pd:.1%}",
            "" if row.rate is None else f"{row.bads / row.n:.1%}",
            "approve" if row.tier in approved else "decline",
        )
        for row in champion.evaluation.tier_table("out_of_time").rows
    ]
    columns = ("tier", "PD up to", "share", "mean PD", "bad, observed", "provisionally")
    print_table("Tiers, out-of-time", columns, rows, right=(1, 2, 3, 4))


def _show_calls(result: DemoResult) -> None:
    scored, routed, verified = result.scored, result.routed, result.verified
    outcomes = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in scored.outcomes.items())
    at_random = routed.control_cases - routed.control_left_out
    why = ", ".join(f"{name} {count:,}" for name, count in sorted(routed.why.items(), key=lambda item: -item[1]))
    print_facts(
        (
            ("last month's applications", f"{scored.cases:,}: {outcomes}"),
            (
                "calls routed",
                f"{routed.called:,} of {routed.capacity:,} possible, those of a rule first, then by {routed.ranked_by}",
            ),
            ("why", f"{why}; value alone {routed.value_alone:,}; at random (control arm) {at_random:,}"),
            ("after the calls", f"{verified.reached:,} reached, {verified.changed:,} decisions changed"),
        )
    )
