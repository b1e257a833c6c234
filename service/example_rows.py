"""A made-up application with a little history, to show what raw tables look like in a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from features.tables import APPLICATIONS, BEHAVIOUR_EVENTS, BUREAU_INQUIRIES, Column
from service.history import COLUMNS, Columns

_TOLD: Final = {
    "application_id": "A-1",
    "applicant_id": "P-7",
    "applied_at": "2026-03-02T14:05:00Z",
    "happened_at": "2026-02-27T09:30:00Z",
    "known_at": "2026-02-28T09:30:00Z",
    "birth_date": "1990-05-17",
    "amount": 6000,
    "term_months": 12,
    "declared_income": 8000,
}


def example_application(contracts: Columns = COLUMNS) -> dict[str, Any]:
    """Return a request for one application, as JSON holds it; what it does not tell is null where that is legal.

    Args:
        contracts: What each column may hold.
    """
    tables = [table.name for table in (APPLICATIONS, BUREAU_INQUIRIES, BEHAVIOUR_EVENTS)]
    return {"application_id": _TOLD["application_id"], "tables": {name: [_row(contracts[name])] for name in tables}}


def _row(columns: Mapping[str, Column]) -> dict[str, Any]:
    return {name: _value(column) for name, column in columns.items() if not column.protected}


def _value(column: Column) -> object:
    if column.name in _TOLD:
        return _TOLD[column.name]
    if column.nullable:
        return None
    return column.allowed[0] if column.allowed else f"{column.name}-1"
