"""Commands that look at features: the catalogue as a list, and the checks of a feature table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import Contract, Json, Out
from pipelines.console import OUT, print_facts, print_json, print_table, progress

if TYPE_CHECKING:
    from features.catalogue import Entry


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(validate_features)


def print_catalogue(contract: Path | None, *, group: str | None, search: str, json: bool) -> None:
    """Print the catalogue of features, those of the contract's own modules among them."""
    from pipelines.contract import TablesContract, read_tables_contract
    from pipelines.list_features import list_features
    from pipelines.own_modules import load_catalogue

    given = TablesContract() if contract is None else read_tables_contract(contract)
    catalogue = load_catalogue(given)
    found = list_features(catalogue, group=group, words=search, currency=given.currency)
    if json:
        print_json({"features": found})
        return
    for name in catalogue.groups:
        rows = [_line(one) for one in found if one.group == name]
        if rows:
            columns = ("name", "meaning", "source", "risk", "null means", "reason group, question")
            print_table(
                f"{name}: {len(rows)} of {len(catalogue.groups[name])} features", columns, rows, whole=(0, 2, 3)
            )
    if not found:
        OUT.print(
            f"none of {len(catalogue)} features holds {search!r}; every word of it must stand in one", markup=False
        )
        return
    OUT.print(f"{len(found)} of {len(catalogue)} features", markup=False)
    OUT.print("risk: how the probability of default moves when the value rises; empty: either way", markup=False)


def _line(entry: Entry) -> tuple[str, ...]:
    unit = f" ({entry.unit})" if entry.unit else ""
    told = f"{entry.reason}, asked by {entry.question}" if entry.question else entry.reason
    return (entry.name, f"{entry.en}{unit}\n{entry.zh}", entry.source, entry.direction, entry.null_means, told)


def validate_features(
    features: Annotated[Path, typer.Argument(help="Folder that bamboo features wrote.")],
    out: Out,
    development: Annotated[
        Path | None,
        typer.Option(help="Feature table of the development sample; by default the table's own earliest months."),
    ] = None,
    contract: Contract = None,
    json: Json = False,
) -> None:
    """Check a feature table against its declarations, and against the development sample for drift.

    Stops where a promise is broken (types, bounds, categories, null laws, counts, order) or a feature has moved so far
    that it must be another. Writes feature_checks.json and feature_checks.html.
    """
    from pipelines.contract import read_tables_contract
    from pipelines.feature_checks import check_features
    from pipelines.feature_checks_result import PAGE

    given = None if contract is None else read_tables_contract(contract)
    with progress("validate-features") as tell:
        found = check_features(features, out, development=development, contract=given, progress=tell)
    if json:
        print_json(found)
        return
    OUT.print(found.summary, markup=False)
    if found.moved:
        rows = [(one.feature, f"{one.psi:.3f}", f"{one.chance:.3f}") for one in found.moved]
        print_table("Moved", ("feature", "PSI", "by chance up to"), rows, right=(1, 2))
    for notice in found.notices:
        OUT.print(f"- {notice}", markup=False)
    print_facts((("page", out / PAGE),))
