"""What a table's rules need to see of other tables: its parent's row, and the sum of its children.

Derived columns begin with an underscore and are never written. A parent that stands twice under one key with different
content is ambiguous: it is known, but nothing is read from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from features.tables import TIME, Table
from pipelines.business_rules import flags
from pipelines.contract_rules import contract_rules, possible_time, with_flags

_READ: Final[Mapping[str, tuple[str, ...]]] = {
    "applications": ("applicant_id", "applied_at"),
    "loans": ("applicant_id", "happened_at", "term_months"),
}
"""Parent to the columns that rules of its children read."""


def evaluation_frame(table: Table, tables: Mapping[str, pl.DataFrame], contracts: Mapping[str, Table]) -> pl.DataFrame:
    """Return a table with everything its rules read, in the same order of rows.

    Args:
        table: Contract of the table.
        tables: All tables, of the right columns and types, exact duplicates left out.
        contracts: Contract of every table.
    """
    frame = with_flags(table, tables[table.name])
    for column, parent in table.parents.items():
        frame = _with_parent(frame, column, contracts[parent], tables)
    if table.name == "loans":
        frame = _with_instalments(frame, contracts["instalments"], tables.get("instalments"))
    return frame.with_columns(flag.column for flag in flags(table))


def _with_parent(frame: pl.DataFrame, column: str, parent: Table, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    names = _READ[parent.name]
    known = tables.get(parent.name, parent.empty()).filter(pl.col(parent.key).is_not_null())
    once = known.filter(~pl.col(parent.key).is_duplicated())
    seen = known.select(pl.col(parent.key).unique(), pl.lit(value=True).alias(f"_{parent.name}_known"))
    times = [possible_time(name) for name in names if parent.schema[name] == TIME]
    read = once.with_columns(times).select(
        parent.key, *(pl.col(name).alias(f"_{parent.name}_{name}") for name in names)
    )
    rows = seen.join(read, on=parent.key, how="left")
    joined = frame.join(rows, left_on=column, right_on=parent.key, how="left", maintain_order="left")
    return joined.with_columns(pl.col(f"_{parent.name}_known").fill_null(value=False))


def _with_instalments(loans: pl.DataFrame, table: Table, instalments: pl.DataFrame | None) -> pl.DataFrame:
    rows = with_flags(table, table.empty() if instalments is None else instalments)
    broken = pl.any_horizontal(rule.check.broken() for rule in contract_rules(table))
    doubtful = broken | pl.struct("loan_id", "number").is_duplicated()
    sums = (
        rows.with_columns(doubtful.alias("_doubtful"))
        .group_by("loan_id")
        .agg(
            pl.col("amount_due").sum().alias("_instalments_total"),
            pl.len().cast(pl.Int64).alias("_instalments_count"),
            pl.col("_doubtful").any(),
        )
        # a sum with a doubtful part tells nothing: the part is set aside for its own reason
        .filter(~pl.col("_doubtful"))
        .drop("_doubtful")
    )
    return loans.join(sums, on="loan_id", how="left", maintain_order="left")
