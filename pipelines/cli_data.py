"""Commands from recipes and raw tables to a feature table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import Contract, Json, Out
from pipelines.console import ERR, OUT, print_facts, print_json, print_table, progress, rows_progress
from scoring.errors import listed

if TYPE_CHECKING:
    from pipelines.cluster import Workers
    from pipelines.contract import TablesContract
    from pipelines.features import FeaturesResult
    from pipelines.partitions import PartitionsBuilt


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command()(synthesise)
    app.command()(validate)
    app.command()(partition)
    app.command()(features)


def synthesise(
    recipe: Annotated[str, typer.Argument(help="Recipe: a name such as default, or a path to a YAML file.")],
    out: Out,
    applicants: Annotated[int | None, typer.Option(help="Number of applicants; by default the recipe's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed; by default the recipe's.")] = None,
    workers: Annotated[int, typer.Option(help="Processes; the tables are the same for any number.")] = 2,
    json: Json = False,
) -> None:
    """Make the raw tables of a synthetic lender whose truth is known, and a profile of them.

    The same recipe and seed give the same bytes.
    """
    from pipelines.synthesise import synthesise as work

    with progress("synthesise") as tell:
        result = work(recipe, out, applicants=applicants, seed=seed, workers=workers, progress=tell)
    if json:
        print_json(result)
        return
    print_table("Tables", ("table", "rows"), [(name, f"{rows:,}") for name, rows in result.rows.items()], right=(1,))
    print_facts((("tables in", out), ("profile", result.profile)))


def validate(
    tables: Annotated[Path, typer.Argument(help="Folder of raw tables, one Parquet file each.")],
    out: Out,
    contract: Contract = None,
    extract_at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z"],
            help="End of the extract with its zone, such as 2026-06-30T00:00:00+0800; by default the contract's.",
        ),
    ] = None,
    limit: Annotated[float, typer.Option(help="Share of bad rows above which a table fails as a whole.")] = 0.05,
    json: Json = False,
) -> None:
    """Check raw tables against their contracts, set bad rows aside, and stop when a table is too wrong to use.

    Writes the clean tables, the rows set aside with their reasons, validation.json and validation.html.
    """
    from pipelines.contract import read_tables_contract
    from pipelines.validate import PAGE
    from pipelines.validate import validate as work

    given = None if contract is None else read_tables_contract(contract)
    with progress("validate") as tell:
        result = work(tables, out, contract=given, extract_at=extract_at, limit=limit, progress=tell)
    if json:
        print_json(result)
        return
    rows = [
        (
            report.name,
            f"{report.rows:,}",
            f"{report.exact_duplicates:,}",
            f"{report.quarantined + report.parent_quarantined:,}",
            f"{report.kept:,}",
            f"{report.evaluated - report.failed} of {report.evaluated}",
        )
        for report in result.tables
    ]
    columns = ("table", "rows", "duplicates", "set aside", "kept", "expectations met")
    print_table("Validation", columns, rows, right=(1, 2, 3, 4, 5))
    for notice in result.notices:
        OUT.print(f"- {notice}", markup=False)
    print_facts((("clean tables in", out), ("page", out / PAGE)))


def partition(
    tables: Annotated[Path, typer.Argument(help="Folder of raw tables: a Parquet file, or a folder of them, each.")],
    out: Out,
    partitions: Annotated[int, typer.Option(help="Number of partitions; one is held in memory at a time.")] = 64,
    json: Json = False,
) -> None:
    """Lay raw tables of any size out by applicant, so that features can be built one partition at a time."""
    from pipelines.partition import partition as work

    with progress("partition") as tell:
        result = work(tables, out, partitions=partitions, progress=tell)
    if json:
        print_json(result)
        return
    print_table("Tables", ("table", "rows"), [(name, f"{rows:,}") for name, rows in result.rows.items()], right=(1,))
    largest = f"{result.largest:.2%} of the rows"
    print_facts((("tables in", out), ("partitions", result.partitions), ("largest", largest)))


def features(
    tables: Annotated[
        Path | None, typer.Argument(help="Folder of validated raw tables, as a whole or partitioned.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write to; made when it is not there. Needed to build.")
    ] = None,
    contract: Contract = None,
    list_them: Annotated[
        bool, typer.Option("--list", help="Print the catalogue of features instead of building them.")
    ] = False,
    group: Annotated[str | None, typer.Option(help="With --list: only this group of features.")] = None,
    search: Annotated[
        str, typer.Option(help="With --list: only features with these words anywhere, in English or Chinese.")
    ] = "",
    workers: Annotated[int, typer.Option(help="Processes that build partitions on this machine.")] = 1,
    cluster: Annotated[
        str | None, typer.Option(help="Dask scheduler whose workers build partitions, such as tcp://10.0.0.5:8786.")
    ] = None,
    worker_memory: Annotated[
        str | None, typer.Option(help="Memory of each local process, such as 4GB; by default a share of the machine's.")
    ] = None,
    json: Json = False,
) -> None:
    """Build the feature table: one row per application, from what was known before it; or list the catalogue.

    Writes features.parquet, or a part per partition where the tables are partitioned, and manifest.json. A build of
    partitions that was stopped goes on where it ended, and its bytes are the same wherever it runs. With --list it
    needs no tables and writes nothing.
    """
    from pipelines.cli_features import print_catalogue
    from pipelines.cluster import Workers
    from pipelines.contract import TablesContract, read_tables_contract
    from pipelines.partition_layout import is_partitioned

    if list_them:
        if tables or out:
            raise typer.BadParameter("--list prints the catalogue and builds nothing; leave out the folder and --out")
        print_catalogue(contract, group=group, search=search, json=json)
        return
    if tables is None or out is None:
        raise typer.BadParameter("give a folder of raw tables and --out to build features, or --list for the catalogue")
    if group or search:
        raise typer.BadParameter("--group and --search choose what --list prints; a build takes every feature")
    if worker_memory and (cluster or workers == 1):
        raise typer.BadParameter(
            "--worker-memory is that of each process of this machine; give --workers above 1 with it"
        )
    given = TablesContract() if contract is None else read_tables_contract(contract)
    build = _in_parts if is_partitioned(tables) else _as_a_whole
    result = build(tables, out, given, Workers(processes=workers, cluster=cluster, memory=worker_memory))
    if json:
        print_json(result)
        return
    for table in result.absent:
        OUT.print(f"- no table {table.table}: {len(table.features)} features are null", markup=False)
    for name, what in ((result.empty, "have no value"), (result.constant, "have a single value")):
        if name:
            OUT.print(f"- {len(name)} features {what}: {listed(name)} (--json names all)", markup=False)
    facts = (
        ("applications", f"{result.rows:,}"),
        ("features", f"{result.columns:,}"),
        ("table", result.features),
        ("content", result.content),
        ("definitions", result.definitions),
    )
    print_facts(facts)


def _as_a_whole(tables: Path, out: Path, contract: TablesContract, workers: Workers) -> FeaturesResult:
    from pipelines.cluster import HERE
    from pipelines.errors import LayoutError
    from pipelines.features import build_features
    from pipelines.own_modules import load_catalogue

    if workers != HERE:
        raise LayoutError(tables, "is not partitioned, and workers build one partition each", "Run `bamboo partition`.")
    with progress("features") as tell:
        catalogue = load_catalogue(contract)
        return build_features(tables, out, time_zone=contract.time_zone, catalogue=catalogue, progress=tell)


def _in_parts(tables: Path, out: Path, contract: TablesContract, workers: Workers) -> PartitionsBuilt:
    from pipelines.partitions import PartsDone, build_partitions

    with rows_progress("features") as tell:

        def told(done: PartsDone) -> None:
            tell(f"{done.parts:,} of {done.of:,} partitions" if done.of else done.what, done.rows, done.rows_of)

        result = build_partitions(tables, out, contract=contract, workers=workers, progress=told)
    if result.built < result.partitions:
        kept = result.partitions - result.built
        ERR.print(f"{kept:,} of {result.partitions:,} partitions were finished before and are kept")
    return result
