"""The page on which people read what a validation found."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.expectations import Outcome
from pipelines.quarantine import PARENT
from pipelines.validation_result import TableReport, ValidationResult
from reports.formats import percent
from reports.page import Block, Bullets, Callout, Facts, Page, Prose, Section, Table


def validation_page(result: ValidationResult) -> Page:
    """Make the page: what came of the tables in one look, then each table with its rules and examples."""
    rows = sum(report.rows for report in result.tables)
    kept = sum(report.kept for report in result.tables)
    aside = sum(report.quarantined + report.parent_quarantined for report in result.tables)
    return Page(
        title=f"Validation of {result.contract}",
        lead=_lead(result, rows, aside),
        facts=Facts(
            (
                ("rows read", f"{rows:,}"),
                ("rows kept", f"{kept:,}"),
                ("rows set aside", f"{aside:,}"),
                ("equal rows left out", f"{sum(report.exact_duplicates for report in result.tables):,}"),
                ("expectations", f"{sum(report.evaluated for report in result.tables):,}"),
            ),
            tiles=True,
        ),
        sections=(_overview(result), *(_table(report) for report in result.tables), _files(result)),
        footer=(
            f"Extract ends {result.extract_at.isoformat()}.",
            f"A table fails as a whole when more than {percent(result.limit)} of its rows break a rule.",
        ),
    )


def _lead(result: ValidationResult, rows: int, aside: int) -> str:
    if not aside:
        return f"All {rows:,} rows of {len(result.tables)} tables keep the contract."
    return (
        f"{aside:,} of {rows:,} rows in {len(result.tables)} tables break a rule, or refer to a row that does. They "
        "were set aside with the reason and are read by nothing that follows; all other rows keep the contract."
    )


def _overview(result: ValidationResult) -> Section:
    columns = ("table", "rows read", "equal rows", "set aside", "parent set aside", "kept", "rules broken")
    rows = tuple(
        (
            report.name,
            f"{report.rows:,}",
            f"{report.exact_duplicates:,}",
            f"{report.quarantined:,}",
            f"{report.parent_quarantined:,}",
            f"{report.kept:,}",
            f"{report.failed} of {report.evaluated}",
        )
        for report in result.tables
    )
    note = (
        "Equal rows: rows that repeat another row in full; one of them is kept. Parent set aside: rows that are good "
        "by themselves, but refer to a row that was set aside."
    )
    blocks: list[Block] = [Table(columns, rows, note=note)]
    if result.notices:
        blocks.append(Bullets(result.notices))
    return Section("What came of each table", tuple(blocks))


def _table(report: TableReport) -> Section:
    return Section(report.name, tuple(_blocks(report)))


def _blocks(report: TableReport) -> Iterator[Block]:
    if report.warnings:
        yield Callout("warning", "; ".join(report.warnings) + ".", title="Odd, but not wrong")
    if report.by_reason:
        yield _reasons(report)
    else:
        yield Prose(f"All {report.kept:,} rows keep all {report.evaluated} expectations.")
    yield Section("Every expectation", (expectations_table(report.expectations),))


def _reasons(report: TableReport) -> Table:
    says = {outcome.rule: outcome.says for outcome in report.expectations}
    says[PARENT] = "the row that it refers to is good"
    rows = tuple(
        (reason, says[reason], f"{count:,}", "\n".join(report.examples.get(reason, ())[:2]) or "–")
        for reason, count in sorted(report.by_reason.items(), key=lambda item: (-item[1], item[0]))
    )
    return Table(
        ("reason", "what must hold", "rows", "examples"),
        rows,
        caption="Why rows were set aside; a row that breaks two rules counts under both.",
        align="llrl",
    )


def expectations_table(outcomes: tuple[Outcome, ...]) -> Table:
    """Show every expectation with what was found."""
    rows = tuple(
        (
            outcome.says,
            outcome.kind,
            f"{outcome.rows:,}",
            "held" if outcome.passed else f"{outcome.unexpected:,} broke it",
        )
        for outcome in outcomes
    )
    return Table(("what must hold", "expectation", "rows looked at", "found"), rows, align="llrr")


def _files(result: ValidationResult) -> Section:
    read = tuple((name, digest) for name, digest in result.sources.items())
    written = tuple((name, digest) for name, digest in result.files.items())
    return Section(
        "Files",
        (
            Table(("file read", "SHA-256"), read, align="ll"),
            Table(("file written", "SHA-256"), written, align="ll"),
        ),
    )
