"""What a validation found, table by table: the record that becomes ``validation.json`` and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.expectations import Outcome


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """What became of one table.

    Attributes:
        name: Name of the table.
        rows: Rows that came in.
        exact_duplicates: Rows left out because an equal row is kept.
        kept: Rows in the clean table.
        quarantined: Rows set aside because they break a rule themselves.
        parent_quarantined: Good rows set aside because the row that they refer to was.
        by_reason: Reason to its number of rows; a row that breaks two rules counts under both.
        examples: Reason to at most five of its rows.
        expectations: What Great Expectations found, rule by rule: first on the schema, then on the distinct rows.
        warnings: What is odd without being wrong.
    """

    name: str
    rows: int
    exact_duplicates: int
    kept: int
    quarantined: int
    parent_quarantined: int
    by_reason: Mapping[str, int]
    examples: Mapping[str, tuple[str, ...]]
    expectations: tuple[Outcome, ...]
    warnings: tuple[str, ...]

    @property
    def evaluated(self) -> int:
        """Number of expectations."""
        return len(self.expectations)

    @property
    def failed(self) -> int:
        """Number of expectations that some row did not meet."""
        return sum(not outcome.passed for outcome in self.expectations)


@dataclass(frozen=True, kw_only=True)
class ValidationResult:
    """What a validation found and wrote.

    Attributes:
        contract: Name of the contract.
        extract_at: End of the extract.
        limit: Share of a table's rows that may break rules before the table as a whole fails.
        tables: One report per table that is there, in the order of the contracts.
        notices: What a person should know about the tables together, such as which are absent.
        sources: File that was read, or folder of files such as ``loans/``, to its SHA-256, see `sha256_table`.
        files: File that was written, relative to the folder, to its SHA-256; this makes ``validation.json`` a manifest.
    """

    contract: str
    extract_at: datetime
    limit: float
    tables: tuple[TableReport, ...]
    notices: tuple[str, ...]
    sources: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> TableReport:
        """Return the report of one table.

        Raises:
            KeyError: the table was not there.
        """
        return next(report for report in self.tables if report.name == name) if name in self else _absent(name)

    def __contains__(self, name: str) -> bool:
        """Tell whether a table was there."""
        return any(report.name == name for report in self.tables)


def _absent(name: str) -> TableReport:
    raise KeyError(f"table {name!r} was not among those validated")
