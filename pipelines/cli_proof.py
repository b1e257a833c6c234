"""Commands that prove: no feature saw the future, a model scores the same in every way, decisions can be replayed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import Bundle, Contract, Json, MlRuns, Portfolio, PublicKey, Seed
from pipelines.console import OUT, print_facts, print_json, print_table, progress

if TYPE_CHECKING:
    from features.leak_proof import Leak, Proof
    from modelling.parity import WayParity
    from pipelines.prove_no_leak import LeakReport
    from pipelines.prove_parity import ParityReport
    from pipelines.replay import ReplayResult

MOST_NAMED = 3
"""Applications named beside a feature that moved, and cases that replay differently; the JSON holds all."""


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("prove-no-leak")(prove_no_leak)
    app.command("prove-parity")(prove_parity)
    app.command()(replay)


def prove_no_leak(
    tables: Annotated[Path, typer.Argument(help="Folder of validated raw tables.")],
    contract: Contract = None,
    applications: Annotated[int, typer.Option(min=1, help="Applications to attack, drawn at random.")] = 200,
    features: Annotated[
        Path | None,
        typer.Option("--features", help="Feature table to prove: it must be what these tables give, bit for bit."),
    ] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="Feature to watch; may be given again. By default all of them.")
    ] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Attack all that was not known when an application came in; no feature may move by a single bit.

    What is unknown by the tables' contracts is replaced by hostile values, shuffled and deleted, and hostile rows of
    the future are added. Prints which features moved and through which columns; ends with status 1 when any did.
    """
    from pipelines.contract import read_tables_contract
    from pipelines.prove_no_leak import prove_no_leak as work

    given = None if contract is None else read_tables_contract(contract)
    with progress("prove-no-leak") as tell:
        report = work(
            tables,
            contract=given,
            applications=applications,
            seed=seed,
            names=feature or None,
            features_folder=features,
            progress=tell,
        )
    if json:
        print_json(report)
    else:
        _print(report)
    if not report.holds:
        raise typer.Exit(1)


def prove_parity(
    bundle: Bundle,
    mlruns: MlRuns = Path("mlruns"),
    sample: Annotated[int, typer.Option(min=1, help="Cases, drawn at random, that are decided in every way.")] = 500,
    seed: Seed = 0,
    public_key: PublicKey = None,
    json: Json = False,
) -> None:
    """Score the same cases by LightGBM, the scorer, HTTP and bamboo score; all must give the same bits.

    The cases are those of the MLflow run that the bundle came from, and cases at every edge of the model. Prints, way
    by way, how many are equal, and the first that is not with both values; ends with status 1 when any way differs.
    """
    from pipelines.keys import read_key
    from pipelines.prove_parity import prove_parity as work

    with progress("prove-parity") as tell:
        report = work(
            bundle,
            mlruns=mlruns,
            sample=sample,
            seed=seed,
            public_key=None if public_key is None else read_key(public_key),
            progress=tell,
        )
    if json:
        print_json(report)
    else:
        _print_parity(report)
    if not report.holds:
        raise typer.Exit(1)


def replay(
    decisions: Annotated[Path, typer.Argument(help="File that bamboo score wrote, or decisions after calls.")],
    bundle: Bundle,
    case: Annotated[
        list[str] | None, typer.Option("--case", help="Case to decide again; may be given again. By default all.")
    ] = None,
    portfolio: Portfolio = None,
    public_key: PublicKey = None,
    json: Json = False,
) -> None:
    """Decide kept decisions again from nothing but what they hold; every bit must come out the same.

    Prints how many do, and of those that do not the first field with both values; ends with status 1 when there is one.
    """
    from pipelines.keys import read_key
    from pipelines.portfolio import read_portfolio
    from pipelines.replay import replay as work

    with progress("replay") as tell:
        result = work(
            decisions,
            bundle_folder=bundle,
            case_ids=case or None,
            portfolio=read_portfolio(portfolio) if portfolio else None,
            public_key=read_key(public_key) if public_key else None,
            progress=tell,
        )
    if json:
        print_json(result)
    else:
        _print_replayed(result)
    if not result.holds:
        raise typer.Exit(1)


def _print_replayed(result: ReplayResult) -> None:
    differing = [(f"DIFFERS: {each.case_id or f'row {each.row}'}", each.found) for each in result.not_equal]
    verdict = "every bit as on file" if result.holds else f"{len(differing):,} decision(s) are not as on file"
    facts = (
        ("bundle", result.bundle),
        ("decided again", f"{result.cases:,} of {result.decisions}"),
        ("equal", f"{result.equal:,}"),
        *differing[:MOST_NAMED],
        ("verdict", verdict),
    )
    print_facts(facts)


def _print_parity(report: ParityReport) -> None:
    columns = ("way", "cases", "equal", "worst difference of points", "seconds")
    for title, ways in (("Scores", report.scores), ("Whole decisions", report.decisions)):
        print_table(title, columns, [_parity_row(way) for way in ways], right=(1, 2, 3, 4))
    edges = f"{report.edges:,} at the model's edges"
    facts = [
        ("bundle", report.sha256),
        ("MLflow run", report.run_id),
        ("scores of", f"{report.cases:,} cases of the run, and {edges}"),
        ("decisions on", f"{report.sample:,} of them, drawn with seed {report.seed}, and {edges}"),
        *((f"left out: {way}", why) for way, why in report.left_out.items()),
    ]
    different = [way for way in (*report.scores, *report.decisions) if way.first is not None]
    facts += [(f"DIFFERS: {way.way}", str(way.first)) for way in different]
    print_facts((*facts, ("verdict", "the same bits in every way" if report.holds else report.gate.found)))


def _parity_row(way: WayParity) -> tuple[str, str, str, str, str]:
    seconds = "" if way.seconds is None else f"{way.seconds:.2f}"
    if not way.against:
        return way.way, f"{way.cases:,}", "reference", "", seconds
    return way.way, f"{way.cases:,}", f"{way.equal:,}", f"{way.worst:.3g}", seconds


def _print(report: LeakReport) -> None:
    proof = report.proof
    for leak in proof.leaks:
        OUT.print(f"{leak.feature} sees what was not known at the decision", markup=False, soft_wrap=True)
        print_facts(_facts(leak))
        OUT.print()
    facts = [
        ("applications", f"{len(proof.applications):,}, drawn with seed {report.seed}"),
        ("features", f"{proof.features:,}"),
        (
            "attacked",
            f"{proof.cells:,} cells replaced, shuffled and deleted; {proof.planted:,} rows of the future added",
        ),
    ]
    if proof.whole:
        facts.append(("in all tables", f"{len(proof.whole)} features that look beyond an applicant's surroundings"))
    if report.feature_table:
        facts.append(("feature table", f"{report.feature_table}: the same bits as built again"))
    print_facts((*facts, ("verdict", _verdict(proof))))


def _facts(leak: Leak) -> list[tuple[str, object]]:
    through = [("  through", f"{culprit}: {_HOW[culprit.how]}") for culprit in leak.culprits]
    named = ", ".join(leak.applications[:MOST_NAMED])
    return [
        *through,
        ("  moved by", f"what was unknown, {'; '.join(leak.attacks)}"),
        ("  in", f"{len(leak.applications):,} applications, such as {named}"),
    ]


_HOW = {
    "rows": "rows count although this time of theirs does not lie before the application",
    "values": "it is read although it was not known, or not known yet",
}


def _verdict(proof: Proof) -> str:
    if proof.holds:
        return "no feature moved by a single bit"
    return f"LEAK: {len(proof.leaks)} of {proof.features} features see what was not known at the decision"
