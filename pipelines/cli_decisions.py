"""Commands that decide cases, choose calls, take answers back and judge the routing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import Bundle, Contract, Json, Out, Portfolio, PublicKey, Seed, Tables, ends_in
from pipelines.console import print_facts, print_json, print_table, progress

if TYPE_CHECKING:
    from modelling.routing_evaluation import Interval
    from modelling.routing_records import RoutingEvaluation
    from pipelines.verify import VerifyResult

MOST_SHOWN = 20
"""Cases that `bamboo verify` prints; the record holds all."""


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(score)
    app.command()(route)
    app.command()(verify)
    app.command("evaluate-routing")(evaluate_routing)


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
    portfolio: Portfolio = None,
    public_key: PublicKey = None,
    json: Json = False,
) -> None:
    """Decide every case of a table, with points, tier, reasons and route; all cases or none."""
    from pipelines.contract import FlatTableContract, read_contract
    from pipelines.keys import read_key
    from pipelines.portfolio import read_portfolio
    from pipelines.score import score as work

    given = read_contract(contract) if contract else None
    flat = given if isinstance(given, FlatTableContract) else None
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
        (
            "their ids",
            f"column {column}" if column else "numbers of the rows: --case-id names a column that holds them",
        ),
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
    left_out = (
        f", {result.control_left_out:,} left out: it may fill half of the list" if result.control_left_out else ""
    )
    rows = [*why, ("none: value alone", result.value_alone)]
    print_table("Why these calls", ("trigger or rule", "calls"), [(name, f"{n:,}") for name, n in rows], right=(1,))
    facts = (
        ("called", f"{result.called:,} of a capacity of {result.capacity:,}"),
        ("control arm", f"{result.control_cases:,} cases{left_out}"),
        ("waiting for room", f"{result.waiting:,}"),
        ("ranked by", f"{result.ranked_by}, after those that a rule sends to a person"),
        ("call list", out / LIST_CSV),
        ("call sheets", out / SHEETS),
        ("answers to fill in", out / ANSWERS),
    )
    print_facts(facts)


def verify(
    answers: Annotated[Path, typer.Argument(help="Answers of calls: CSV, or JSON when the name ends in .json.")],
    decisions: Annotated[Path, typer.Option("--decisions", help="File that bamboo score wrote.")],
    bundle: Bundle,
    out: Out,
    caller: Annotated[str, typer.Option(help="Who called, as it shall stand in the record.")],
    called_at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"], help="When, with its zone, not in the future; by default now."),
    ] = None,
    tables: Annotated[
        Path | None, typer.Option("--tables", help="Validated raw tables that the decisions were made from.")
    ] = None,
    contract: Contract = None,
    portfolio: Portfolio = None,
    public_key: PublicKey = None,
    json: Json = False,
) -> None:
    """Take the answers of calls, score again with what was verified, and show before and after with reasons."""
    from pipelines.contract import TablesContract, read_contract
    from pipelines.keys import read_key
    from pipelines.own_modules import load_catalogue
    from pipelines.portfolio import read_portfolio
    from pipelines.verify import verify as work

    given = read_contract(contract) if contract else None
    dated = given if isinstance(given, TablesContract) else TablesContract()
    with progress("verify") as tell:
        result = work(
            answers,
            decisions,
            out,
            bundle_folder=bundle,
            caller=caller,
            now=datetime.now(UTC),
            called_at=called_at,
            tables_folder=tables,
            time_zone=dated.time_zone,
            catalogue=load_catalogue(dated),
            portfolio=read_portfolio(portfolio) if portfolio else None,
            public_key=read_key(public_key) if public_key else None,
            progress=tell,
        )
    if json:
        print_json(result)
        return
    print_verified(result)


def print_verified(result: VerifyResult) -> None:
    """Print each case before and after its call, and where the record is."""
    from pipelines.verify import AFTER, RECORD

    rows = [
        (
            case.case_id,
            "yes" if case.reached else "no",
            f"{case.before.points:.1f}",
            f"{case.after.points:.1f}",
            f"{case.before.tier} to {case.after.tier}",
            case.before.provisional,
            case.outcome,
            "; ".join(reason.en for reason in case.after.reasons[:2]),
        )
        for case in result.cases[:MOST_SHOWN]
    ]
    columns = ("case", "reached", "points", "after", "tier", "on the tier alone", "decision", "reasons after the call")
    if rows:
        print_table("Verified", columns, rows, right=(2, 3))
    shown = f", of which {len(rows)} are shown" if len(rows) < len(result.cases) else ""
    facts = (
        ("cases called", f"{len(result.cases):,}{shown}" if rows else "none: no row of the answers is filled in yet"),
        ("rows left empty", f"{result.blank:,}"),
        ("reached", f"{result.reached:,}"),
        ("decision changed by the call", f"{result.changed:,}"),
        ("decisions", result.out / AFTER),
        ("record", result.out / RECORD),
    )
    print_facts(facts)


def print_routing(evaluation: RoutingEvaluation, *, currency: str = "yuan") -> None:
    """Print what each rule for choosing calls adds per 100 calls at equal capacity."""
    rows = [
        (
            rule.name,
            f"{rule.calls:,}",
            f"{rule.changed:,}",
            _whole(rule.added_per_100),
            _whole(expected.added_per_100),
        )
        for rule, expected in zip(evaluation.comparison.rules, evaluation.comparison_expected.rules, strict=True)
    ]
    columns = ("rule", "calls", "decisions changed", f"{currency} added per 100 calls (95 %)", "the same by true PD")
    print_table("Profit that calls add, by the rule that chooses them", columns, rows, right=(1, 2, 3, 4))


def _whole(interval: Interval) -> str:
    return f"{interval.value:,.0f} ({interval.lower:,.0f} to {interval.upper:,.0f})"


def evaluate_routing(
    tables: Tables,
    features: Annotated[Path, typer.Option("--features", help="Folder that bamboo features wrote.")],
    bundle: Bundle,
    out: Annotated[
        Path,
        typer.Option("--out", help="JSON file to write; bamboo report policy reads it.", callback=ends_in(".json")),
    ],
    capacity: Annotated[float, typer.Option(min=0, max=1, help="Share of the cases that the desk can call.")] = 0.10,
    seed: Seed = 0,
    contract: Contract = None,
    json: Json = False,
) -> None:
    """On a synthetic lender, measure the profit that calls add under Bamboo's rule and under others.

    Every rule calls equally many of the out-of-time cases; the truth says how each call would end.
    """
    from pipelines.contract import TablesContract, read_tables_contract
    from pipelines.evaluate_routing import evaluate_routing as work
    from pipelines.own_modules import load_catalogue

    given = read_tables_contract(contract) if contract else TablesContract()
    with progress("evaluate-routing") as tell:
        result = work(
            tables,
            features,
            bundle,
            out,
            capacity_share=capacity,
            seed=seed,
            definition=given.bad,
            time_zone=given.time_zone,
            catalogue=load_catalogue(given),
            progress=tell,
        )
    if json:
        print_json(result)
        return
    print_routing(result, currency=given.currency)
    print_facts((("evaluation", out),))
