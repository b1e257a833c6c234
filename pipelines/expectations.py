"""Great Expectations over the raw tables: suites made from the rules, run on every row, and read back.

Great Expectations takes seconds to import, so that happens when a `Suites` is made. Its results and the Polars
selection of rows come from the same rules; where their counts differ, nothing is believed and the job stops.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Protocol

import polars as pl
import polars.selectors as cs

from features.tables import Column, Table
from pipelines.errors import ExpectationRaisedError, ExpectationsDisagreeError
from pipelines.rules import Rule

if TYPE_CHECKING:  # pandas takes a while to import, and the jobs that need it import it
    import pandas as pd

COLUMNS: Final = "columns_present"
"""Rule id of the check that a table has its columns."""

TYPES: Final = "types_kept"
"""Rule id of the check that every column has its type."""

_FORMAT: Final = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What Great Expectations found for one rule.

    Attributes:
        rule: Id of the rule.
        says: What must hold.
        kind: Class name of the expectation.
        columns: Columns it reads.
        rows: Rows it looked at.
        unexpected: Rows that break it.
        passed: Whether none does.
    """

    rule: str
    says: str
    kind: str
    columns: tuple[str, ...]
    rows: int
    unexpected: int
    passed: bool


class Suites:
    """Runs suites of expectations in a context that leaves nothing behind."""

    def __init__(self) -> None:
        self._gx = _great_expectations()
        self._context = self._gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        self._source = self._context.data_sources.add_pandas("tables")

    def run_rules(self, name: str, frame: pl.DataFrame, rules: Sequence[Rule]) -> tuple[Outcome, ...]:
        """Evaluate rules on every row of an evaluation frame (see `pipelines.derived`), in their order.

        Args:
            name: Name of the table.
            frame: What the rules read.
            rules: The rules.

        Raises:
            ExpectationRaisedError: an expectation broke instead of giving an answer.
        """
        read = dict.fromkeys(name for rule in rules for name in _read(rule))
        checks = [(rule, rule.check.kind, rule.check.arguments) for rule in rules]
        return self._run(name, frame.select(*read), checks)

    def run_schema(self, table: Table, frame: pl.DataFrame) -> tuple[Outcome, ...]:
        """Check that a table has its columns, in any order, and their types.

        The suite sees one row for every column of the contract that the file has, with its type there, so that types
        are those of the file and not those of a data frame made from it.
        """
        names = table.schema.names()
        found = {name: str(dtype) for name, dtype in frame.schema.items() if name in table.schema}
        listed = pl.DataFrame({"column": list(found), "type": list(found.values())}, schema=["column", "type"])
        legal = [(column.name, dtype) for column in table.columns for dtype in _legal_types(column)]
        present = _Named(COLUMNS, f"all {len(names)} columns are there", tuple(names))
        typed = _Named(TYPES, "every column has its type", tuple(found))
        return self._run(
            f"{table.name} schema",
            listed.cast(pl.String),
            [
                (present, "ExpectColumnDistinctValuesToContainSet", {"column": "column", "value_set": names}),
                (
                    typed,
                    "ExpectColumnPairValuesToBeInSet",
                    {"column_A": "column", "column_B": "type", "value_pairs_set": legal},
                ),
            ],
        )

    def _run(
        self, name: str, frame: pl.DataFrame, checks: Sequence[tuple[Rule | _Named, str, Mapping[str, object]]]
    ) -> tuple[Outcome, ...]:
        asset = self._source.add_dataframe_asset(name)
        batch = asset.add_batch_definition_whole_dataframe(name).get_batch({"dataframe": _to_pandas(frame)})
        expectations = [
            getattr(self._gx.expectations, kind)(**_without_zone(arguments), meta={"place": place})
            for place, (_, kind, arguments) in enumerate(checks)
        ]
        suite = self._gx.ExpectationSuite(name=name, expectations=expectations)
        found = batch.validate(suite, result_format=_FORMAT)
        self._source.delete_asset(name)
        results = {result.expectation_config.meta["place"]: result for result in found.results}
        _refuse_raised(name, [(named.id, results[place]) for place, (named, _, _) in enumerate(checks)])
        return tuple(_outcome(named, kind, results[place], frame) for place, (named, kind, _) in enumerate(checks))


class _Result(Protocol):
    """A result of Great Expectations, as far as it is read here."""

    success: bool
    result: Mapping[str, Any]
    exception_info: Mapping[str, Any]


@dataclass(frozen=True)
class _Named:
    id: str
    says: str
    columns: tuple[str, ...]


def _great_expectations() -> ModuleType:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when the package is imported: nothing is sent anywhere
    with warnings.catch_warnings():
        # it imports modules that Python has deprecated; that is not for us to mend
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations as gx
    module: ModuleType = gx
    return module


def _legal_types(column: Column) -> tuple[str, ...]:
    """Return the types that a column may have; one without any value may lack a type where null is legal."""
    return (str(column.dtype), "Null") if column.nullable else (str(column.dtype),)


def _to_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """Convert a frame; times lose their zone, which is UTC: pandas has deprecated how zoned pairs are compared."""
    return frame.with_columns(cs.datetime(time_zone="*").dt.replace_time_zone(None)).to_pandas()


def _without_zone(arguments: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
        for name, value in arguments.items()
    }


def _read(rule: Rule) -> Iterable[str]:
    arguments = rule.check.arguments
    return [str(arguments[key]) for key in ("column", "column_A", "column_B") if key in arguments]


def _refuse_raised(table: str, results: Sequence[tuple[str, _Result]]) -> None:
    raised = {rule: message for rule, result in results if (message := _exception(result.exception_info))}
    if raised:
        raise ExpectationRaisedError(table, raised)


def _exception(info: Mapping[str, Any]) -> str:
    """Return what was raised: one exception of the expectation itself, or one per metric that it needed."""
    parts = [info] if "raised_exception" in info else list(info.values())
    messages = [str(part["exception_message"]) for part in parts if part["raised_exception"]]
    return "; ".join(dict.fromkeys(messages))


def _outcome(named: Rule | _Named, kind: str, result: _Result, frame: pl.DataFrame) -> Outcome:
    unexpected = int(result.result.get("unexpected_count", 0 if result.success else 1))
    columns = named.check.columns if isinstance(named, Rule) else named.columns
    return Outcome(
        rule=named.id,
        says=named.says,
        kind=kind,
        columns=tuple(columns),
        rows=int(result.result.get("element_count", len(frame))),
        unexpected=unexpected,
        passed=bool(result.success),
    )


def agree(table: Table, outcomes: Sequence[Outcome], broken: pl.DataFrame) -> None:
    """Hold what Great Expectations counted against the rows that Polars selected.

    Args:
        table: Contract of the table.
        outcomes: What Great Expectations found for the rules.
        broken: One flag per rule for every row.

    Raises:
        ExpectationsDisagreeError: the two differ for a rule.
    """
    counts = {name: int(broken[name].sum()) for name in broken.columns}
    differing = {
        outcome.rule: (outcome.unexpected, counts[outcome.rule])
        for outcome in outcomes
        if outcome.unexpected != counts[outcome.rule] or outcome.passed != (counts[outcome.rule] == 0)
    }
    if differing:
        raise ExpectationsDisagreeError(table.name, differing)
