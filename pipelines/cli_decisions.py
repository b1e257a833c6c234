"""Commands that decide cases, choose calls, take answers back and judge the routing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_options import Bundle, Contract, Json, Out, PublicKey
from pipelines.console import print_facts, print_json, print_table, progress


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(score)
    app.command()(route)


def score(
    features: Annotated[
        Path, typer.Argument(help="Folder that bamboo features wrote; or a CSV or Parquet of one row per case.")
    ],
    bundle: Bundle,
    out: Annotated[Path, typer.Option("--out", help="File to write: Parquet, or JSON Lines when it ends in .jsonl.")],
    case_id: Annotated[
        str | None, typer.Option(help="Column with the case's id in a flat table; by default rows are numbered.")
    ] = None,
    contract: Contract = None,
    portfolio: Annotated[
        Path | None,
        typer.Option(help="JSON of the portfolio's state: feature to category to share of the outstanding amount."),
    ] = None,
    public_key: PublicKey = None,
    json: Json = False,
) -> None:
    """Decide every case of a table, with points, tier, reasons and route; all cases or none."""
    from pipelines.contract import read_flat_contract
    from pipelines.keys import read_key
    from pipelines.portfolio import read_portfolio
    from pipelines.score import score as work

    flat = read_flat_contract(contract) if contract else None
    column = "application_id" if features.is_dir() else case_id or (flat.columns.id_column if flat else None)
    with progress("score") as tell:
        result = work(
            features,
            bundle,
            out,
            case_id_column=column,
            csv=flat.csv if flat else None,
            portfolio=read_portfolio(portfolio) if portfolio else None,
            public_key=read_key(public_key) if public_key else None,
            progress=tell,
        )
    if json:
        print_json(result)
        return
    print_table("Tiers", ("tier", "cases"), [(tier, f"{n:,}") for tier, n in result.tiers.items()], right=(1,))
    print_table("Outcomes", ("outcome", "cases"), [(name, f"{n:,}") for name, n in result.outcomes.items()], right=(1,))
    fired = sorted(result.triggers.items(), key=lambda item: -item[1])
    print_table("Triggers and rules", ("fired", "cases"), [(name, f"{n:,}") for name, n in fired], right=(1,))
    facts = (
        ("cases", f"{result.cases:,}"),
        ("control arm", f"{result.control:,}"),
        ("thin files", f"{result.thin_files:,}"),
        ("decisions", result.out),
        ("bundle", result.bundle),
    )
    print_facts(facts)


def route(
    decisions: Annotated[Path, typer.Argument(help="File that bamboo score wrote.")],
    capacity: Annotated[int, typer.Option(help="Calls that the desk can make.")],
    bundle: Bundle,
    out: Out,
    tables: Annotated[
        Path | None, typer.Option("--tables", help="Validated raw tables, so that sheets show what was stated.")
    ] = None,
    public_key: PublicKey = None,
    json: Json = False,
) -> None:
    """Choose whom to call, ranked by the value of the call, and write a call sheet per case."""
    from pipelines.keys import read_key
    from pipelines.route import ANSWERS, LIST_CSV, SHEETS
    from pipelines.route import route as work

    with progress("route") as tell:
        result = work(
            decisions,
            capacity,
            out,
            bundle_folder=bundle,
            tables_folder=tables,
            public_key=read_key(public_key) if public_key else None,
            progress=tell,
        )
    if json:
        print_json(result)
        return
    why = sorted(result.why.items(), key=lambda item: -item[1])
    print_table("Why these calls", ("trigger or rule", "calls"), [(name, f"{n:,}") for name, n in why], right=(1,))
    facts = (
        ("called", f"{result.called:,} of a capacity of {result.capacity:,}"),
        ("waiting for room", f"{result.waiting:,}"),
        ("ranked by", result.ranked_by),
        ("call list", out / LIST_CSV),
        ("call sheets", out / SHEETS),
        ("answers to fill in", out / ANSWERS),
    )
    print_facts(facts)
