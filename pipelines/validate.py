"""The validation job: raw tables in; clean tables, quarantine and a report out; or an error and nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import polars as pl

from features.tables import TABLES, Table
from pipelines.checked import Checked, Schema, check_rules, check_schema
from pipelines.contract import TablesContract
from pipelines.contract_rules import tables_of
from pipelines.drift import table_warnings
from pipelines.errors import ArgumentError, FailedTablesError, ForeignFolderError, NoExtractEndError
from pipelines.expectations import Suites
from pipelines.progress import Progress, silent
from pipelines.quarantine import Split, orphans, split, without_exact_duplicates
from pipelines.store import (
    MANIFESTS,
    manifest_hashes,
    read_json,
    read_tables,
    sha256_file,
    sha256_table,
    table_files,
    write_frame,
    write_json,
    write_text,
)
from pipelines.swap import folder_aside, refuse_foreign
from pipelines.validation_page import validation_page
from pipelines.validation_result import TableReport, ValidationResult
from reports.page import render

MOST_BAD: Final = 0.05
"""Share of a table's rows that may break rules before the table as a whole counts as failing."""

FEW: Final = 20
"""Bad rows that do not condemn a table, however small it is, as long as good ones are left."""

REPORT: Final = "validation.json"
PAGE: Final = "validation.html"


def validate(
    folder: Path,
    out: Path,
    *,
    contract: TablesContract | None = None,
    extract_at: datetime | None = None,
    limit: float = MOST_BAD,
    progress: Progress = silent,
) -> ValidationResult:
    """Validate the raw tables of a folder and write what is good, what is not, and a report.

    Written are ``<table>.parquet`` with the good rows, ``quarantine/<table>.parquet`` with the rows set aside and their
    reasons, ``validation.json`` (which also is the manifest of the folder) and ``validation.html``. Nothing of it
    depends on the clock: the same tables give the same bytes.

    Args:
        folder: Folder of the raw tables, see `pipelines.store.read_tables`.
        out: Folder for the results. An earlier validation in it is replaced as a whole.
        contract: What the lender says about its tables; None means the contracts of `features.tables` as they are.
        extract_at: End of the extract. When None, the contract says it, or ``synthesis.json`` beside the tables.
        limit: Share of a table's rows that may break rules before the table as a whole fails. Up to `FEW` bad rows
            never condemn a table that has good ones, unless the limit is 0: then any bad row does.
        progress: Told what is being done.

    Raises:
        StoreError: a file is absent, damaged, or not what its manifest says.
        FailedTablesError: tables are too wrong to go on with; nothing was written.
        NoExtractEndError: nothing says when the extract ends.
        ForeignFolderError: ``out`` holds something else than an earlier validation.
        ArgumentError: ``limit`` is not a share, ``extract_at`` has no time zone, or ``out`` ends in no name.
    """
    given = contract or TablesContract()
    _check_arguments(folder, out, limit)
    progress("reading tables", 0.0)
    raw = read_tables(folder)
    end = _extract_end(folder, given, extract_at)
    progress("loading Great Expectations", 0.1)
    suites, contracts = Suites(), tables_of(given)
    progress("checking columns and types", 0.2)
    schema = check_schema(suites, contracts, raw)
    distinct = {name: without_exact_duplicates(contracts[name], frame) for name, frame in schema.frames.items()}
    checked = _check_all(suites, contracts, distinct, end, progress)
    _refuse_too_many(checked, limit)
    progress("setting rows aside", 0.85)
    splits = split_all(contracts, checked)
    reports = tuple(_report(contracts[name], len(raw[name]), checked[name], splits[name], schema) for name in checked)
    result = ValidationResult(
        contract=given.name,
        extract_at=end,
        limit=limit,
        tables=reports,
        notices=_notices(given, splits),
        sources={_read_from(folder, name): sha256_table(folder, name) for name in raw},
    )
    progress("writing", 0.9)
    return _write(out, result, splits)


def _check_arguments(folder: Path, out: Path, limit: float) -> None:
    if not 0 <= limit <= 1:
        raise ArgumentError(f"limit == {limit!r}, must be a share from 0 to 1")
    if out.resolve() == folder.resolve():
        raise ForeignFolderError(out, "the tables that are to be validated")
    refuse_foreign(out, {REPORT, PAGE, *(manifest_hashes(out) if out.is_dir() else ())})


def _read_from(folder: Path, name: str) -> str:
    """Return the file, or the folder of files, that a table was read from."""
    file = f"{name}.parquet"
    return file if table_files(folder)[name] == [folder / file] else f"{name}/"


def _extract_end(folder: Path, contract: TablesContract, extract_at: datetime | None) -> datetime:
    found = extract_at or contract.extract_at or _told_by_manifest(folder)
    if found is None:
        raise NoExtractEndError(folder)
    if found.tzinfo is None:
        raise ArgumentError(f"extract_at == {found.isoformat()!r}, must say its time zone")
    return found.astimezone(UTC)


def _told_by_manifest(folder: Path) -> datetime | None:
    for path in (folder / name for name in MANIFESTS):
        content = read_json(path) if path.is_file() else None
        if isinstance(content, Mapping) and isinstance(content.get("extract_at"), str):
            return datetime.fromisoformat(content["extract_at"])
    return None


def _check_all(
    suites: Suites,
    contracts: Mapping[str, Table],
    tables: Mapping[str, pl.DataFrame],
    end: datetime,
    progress: Progress,
) -> dict[str, Checked]:
    rows, done, checked = sum(map(len, tables.values())), 0, {}
    for name, frame in tables.items():
        progress(f"checking {name}", 0.25 + 0.6 * done / max(rows, 1))
        checked[name] = check_rules(suites, contracts, tables, name, end)
        done += len(frame)
    return checked


def _refuse_too_many(checked: Mapping[str, Checked], limit: float) -> None:
    problems = []
    for name, found in checked.items():
        allowed = max(limit * found.rows, min(FEW, found.rows - 1)) if limit else 0
        if found.bad > allowed:
            problems += found.problems(name, limit)
    if problems:
        raise FailedTablesError(problems)


def split_all(contracts: Mapping[str, Table], checked: Mapping[str, Checked]) -> dict[str, Split]:
    """Part every table into good rows and rows set aside, parents before children."""
    splits: dict[str, Split] = {}
    aside: dict[str, pl.Series] = {}
    for name, found in checked.items():
        table = contracts[name]
        splits[name] = split(found.frame, found.broken, orphans(table, found.frame, aside))
        aside[name] = splits[name].quarantined[table.key].drop_nulls().unique()
    return splits


def _report(table: Table, rows: int, checked: Checked, parts: Split, schema: Schema) -> TableReport:
    return TableReport(
        name=table.name,
        rows=rows,
        exact_duplicates=rows - checked.rows,
        kept=len(parts.kept),
        quarantined=parts.own,
        parent_quarantined=len(parts.quarantined) - parts.own,
        by_reason=parts.by_reason,
        examples=checked.examples,
        expectations=(*schema.outcomes[table.name], *checked.outcomes),
        warnings=(*schema.warnings[table.name], *table_warnings(table, parts.kept)),
    )


def _notices(contract: TablesContract, splits: Mapping[str, Split]) -> tuple[str, ...]:
    absent = [name for name in TABLES if name not in splits and name != "truth"]
    notices = [f"{name} is absent: {contract.absent.get(name, 'features from it are null')}" for name in absent]
    notices += [f"{name} is there, though the contract calls it absent" for name in contract.absent if name in splits]
    applicants = splits["applications"].kept["applicant_id"].unique().implode()
    for name, parts in splits.items():
        if name == "applications" or "applicant_id" not in parts.kept.columns:
            continue
        strangers = int((~parts.kept["applicant_id"].is_in(applicants)).sum())
        if strangers:
            notices.append(f"{name} has {strangers:,} rows of persons who never applied; no feature reads them")
    return tuple(notices)


def _write(out: Path, result: ValidationResult, splits: Mapping[str, Split]) -> ValidationResult:
    with folder_aside(out) as part:
        for name, parts in splits.items():
            write_frame(part / f"{name}.parquet", parts.kept)
            if len(parts.quarantined):
                write_frame(part / "quarantine" / f"{name}.parquet", parts.quarantined)
        written = sorted(path.relative_to(part).as_posix() for path in part.rglob("*.parquet"))
        final = replace(result, files={name: sha256_file(part / name) for name in written})
        write_text(part / PAGE, render(validation_page(final)))
        write_json(part / REPORT, final)
    return final
