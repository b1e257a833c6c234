"""One table held against its schema and its rules, by Great Expectations and by Polars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from features.errors import nearest
from features.tables import TIME, Table
from pipelines.business_rules import business_rules
from pipelines.contract_rules import contract_rules
from pipelines.derived import evaluation_frame
from pipelines.errors import FailedTablesError, Problem
from pipelines.examples import differences, examples
from pipelines.expectations import Outcome, Suites, agree
from pipelines.quarantine import broken_rules
from pipelines.rules import Rule, Unique


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Tables that have their columns and types.

    Attributes:
        frames: The tables, with the columns of their contract alone, in its order.
        outcomes: Table to what Great Expectations found.
        warnings: Table to what is odd about its columns.
    """

    frames: Mapping[str, pl.DataFrame]
    outcomes: Mapping[str, tuple[Outcome, ...]]
    warnings: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A table with what its rules say of each row.

    Attributes:
        frame: The table.
        rules: Its rules.
        broken: One flag per rule for every row.
        outcomes: What Great Expectations found for each rule; it agrees with ``broken``.
        examples: Rule that some row breaks to at most five of its rows.
    """

    frame: pl.DataFrame
    rules: tuple[Rule, ...]
    broken: pl.DataFrame
    outcomes: tuple[Outcome, ...]
    examples: Mapping[str, tuple[str, ...]]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.frame)

    @property
    def bad(self) -> int:
        """Number of rows that break a rule."""
        return int(self.broken.select(pl.any_horizontal(pl.all()).sum()).item())

    def problems(self, table: str, limit: float) -> list[Problem]:
        """Return what to tell when too many rows are bad: the sum, and every rule that is broken."""
        share = f"{self.bad / self.rows:.1%} of {self.rows:,} rows break a rule, more than the limit of {limit:.1%}"
        counts = {rule.id: int(self.broken[rule.id].sum()) for rule in self.rules}
        broken = [
            Problem(table=table, what=f"not so: {rule.says}", rows=counts[rule.id], examples=self.examples[rule.id])
            for rule in self.rules
            if counts[rule.id]
        ]
        return [Problem(table=table, what=share, rows=self.bad), *broken]


def check_schema(suites: Suites, contracts: Mapping[str, Table], tables: Mapping[str, pl.DataFrame]) -> Schema:
    """Check which tables are there, their columns and their types.

    Columns may come in any order; a column that the contract does not know is left out with a warning; a column without
    any value may lack a type where null is legal.

    Raises:
        FailedTablesError: a table that is required, or that another refers to, is absent or empty; a column is missing
            or has another type. Every such problem is listed.
    """
    problems = _absent_tables(contracts, tables)
    outcomes = {name: suites.run_schema(contracts[name], frame) for name, frame in tables.items()}
    for name, found in outcomes.items():
        if not all(outcome.passed for outcome in found):
            broken = [Problem(table=name, what=f"not so: {outcome.says}") for outcome in found if not outcome.passed]
            problems += _schema_problems(contracts[name], tables[name]) or broken
    if problems:
        raise FailedTablesError(problems)
    return Schema(
        frames={name: _as_declared(contracts[name], frame) for name, frame in tables.items()},
        outcomes=outcomes,
        warnings={name: _unknown_columns(contracts[name], frame) for name, frame in tables.items()},
    )


def _absent_tables(contracts: Mapping[str, Table], tables: Mapping[str, pl.DataFrame]) -> list[Problem]:
    problems = []
    for name, table in contracts.items():
        if name not in tables and not table.optional:
            problems.append(Problem(table=name, what=f"{name}.parquet is absent, but every lender needs this table"))
        if name in tables and not table.optional and tables[name].is_empty():
            problems.append(Problem(table=name, what="the table has no rows, but every lender needs it", rows=0))
        problems += [
            Problem(table=name, what=f"{column} refers to the table {parent}, which is absent", rows=len(tables[name]))
            for column, parent in table.parents.items()
            if name in tables and parent not in tables and contracts[parent].optional
        ]
    return problems


def _schema_problems(table: Table, frame: pl.DataFrame) -> list[Problem]:
    unknown = [name for name in frame.columns if name not in table.schema]
    problems = []
    for column in table.columns:
        if column.name not in frame.columns:
            what = f"column {column.name!r} ({column.meaning}) is missing.{nearest(column.name, unknown)}"
            problems.append(Problem(table=table.name, what=what))
            continue
        found = frame.schema[column.name]
        if found != column.dtype and not (found == pl.Null and column.nullable):
            what = f"column {column.name!r} has the type {found}, must be {column.dtype}; convert it before validation"
            shown = examples(frame, frame[column.name].is_not_null(), (column.name,))
            problems.append(Problem(table=table.name, what=what, rows=len(frame), examples=shown))
    return problems


def _as_declared(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.col(column.name).cast(column.dtype) for column in table.columns)


def _unknown_columns(table: Table, frame: pl.DataFrame) -> tuple[str, ...]:
    unknown = [name for name in frame.columns if name not in table.schema]
    return tuple(f"{name!r} is no column of the contract; it is left out" for name in unknown)


def check_rules(
    suites: Suites, contracts: Mapping[str, Table], tables: Mapping[str, pl.DataFrame], name: str, extract_at: datetime
) -> Checked:
    """Hold every row of one table against the table's rules.

    Args:
        suites: Great Expectations.
        contracts: Contract of every table.
        tables: All tables, of the right columns and types, exact duplicates left out.
        name: The table to check.
        extract_at: End of the extract.

    Raises:
        ExpectationRaisedError: an expectation broke instead of giving an answer.
        ExpectationsDisagreeError: Great Expectations and Polars found different rows.
    """
    table = contracts[name]
    rules = (*contract_rules(table), *business_rules(table, extract_at))
    evaluated = evaluation_frame(table, tables, contracts)
    broken = broken_rules(evaluated, rules)
    outcomes = suites.run_rules(name, evaluated, rules)
    agree(table, outcomes, broken)
    told = evaluated.with_columns(tables[name].select(column.name for column in table.columns if column.dtype == TIME))
    shown = {rule.id: _shown(table, told, rule, broken[rule.id]) for rule in rules if broken[rule.id].any()}
    return Checked(frame=tables[name], rules=rules, broken=broken, outcomes=outcomes, examples=shown)


def _shown(table: Table, evaluated: pl.DataFrame, rule: Rule, rows: pl.Series) -> tuple[str, ...]:
    if isinstance(rule.check, Unique):
        return differences(evaluated.select(table.schema.names()), rows, rule.check.column)
    return examples(evaluated, rows, (table.key, *rule.check.columns))
