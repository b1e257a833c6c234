"""The raw facts of one case on the page: its application, and what was known of the applicant by then."""

from __future__ import annotations

from datetime import date

from features.tables import APPLICATIONS, Column
from reports import formats
from reports.known import KnownFacts, KnownRows
from reports.money import YUAN, in_currency
from reports.page import Block, Callout, Code, Section, Table, Text

_WITHOUT_ROOM = frozenset({"applicant_id", "application_id"})
"""Columns that hold the same value in every row of one case."""


def raw_facts(facts: KnownFacts | None, currency: str = YUAN) -> Section:
    """Show what was known when the application was handed in; None says that the tables were not given."""
    title = "What was known"
    if facts is None:
        note = Callout("note", "The raw tables were not given to this report, so it begins with the features.")
        return Section(title, (note,), id="raw-facts")
    lead = (
        f"What this lender had learned before the application was handed in, on {formats.moment(facts.applied_at)}. "
        "What was learned later is not shown and was not scored."
    )
    empty = [known.table.name for known in facts.history if not known.total]
    blocks: list[Block] = [_application(facts, currency)]
    blocks += [_history(known, currency) for known in facts.history if known.total]
    if empty:
        blocks.append(Callout("note", f"No row known by then in: {', '.join(empty)}."))
    return Section(title, tuple(blocks), lead=lead, id="raw-facts", new_page=True)


def _application(facts: KnownFacts, currency: str) -> Section:
    columns = {column.name: column for column in APPLICATIONS.columns}
    rows: list[tuple[Text, ...]] = []
    for name, value in facts.application.items():
        column = columns.get(name)
        unit = in_currency(column.unit, currency) if column and value is not None else ""
        rows.append((Code(name), _shown(value, column), unit, column.meaning if column else "not in the contract"))
    return Section("The application", (Table(("Column", "Value", "Unit", "Meaning"), tuple(rows), align="lrll"),))


def _history(known: KnownRows, currency: str) -> Section:
    shown = [
        column
        for column in known.table.columns
        if column.name in known.rows.columns and column.name not in _WITHOUT_ROOM
    ]
    rows = tuple(
        tuple(_shown(row[column.name], column) for column in shown) for row in known.rows.iter_rows(named=True)
    )
    more = known.total - known.rows.height
    table = Table(
        tuple(
            f"{column.name} ({in_currency(column.unit, currency)})" if column.unit else column.name for column in shown
        ),
        rows,
        f"{formats.counted(known.total, 'row')}; each is one {known.table.row}",
        note=f"The latest {known.rows.height} rows are shown; {formats.count(more)} earlier ones are left out."
        if more
        else "",
    )
    return Section(known.table.name.replace("_", " ").capitalize(), (table,), id=f"table-{known.table.name}")


def _shown(value: object, column: Column | None) -> Text:
    if value is None:
        return formats.NOTHING
    if isinstance(value, date) and not hasattr(value, "hour"):
        return value.isoformat()
    if isinstance(value, str) and column is not None and column.name.endswith(("_id", "_hash")):
        return Code(formats.fingerprint(value, 16))
    return formats.fact(value)
