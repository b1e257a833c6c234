"""Which rows are kept, which are one of several equal ones, and which are set aside and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from features.tables import Table
from pipelines.rules import Rule

REASON: Final = "quarantine_reason"
"""Column of a quarantined row that holds the ids of the rules it breaks, parted by ``;``."""

PARENT: Final = "parent_quarantined"
"""Reason of a row that is good by itself, but whose parent was set aside."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """A table parted into good rows and rows set aside.

    Attributes:
        kept: Good rows, in their order.
        quarantined: Rows set aside, in their order, with the column `REASON`.
        own: How many of them break a rule themselves; the others lost their parent.
        by_reason: Reason to its number of rows; a row that breaks two rules counts under both.
    """

    kept: pl.DataFrame
    quarantined: pl.DataFrame
    own: int
    by_reason: Mapping[str, int]


def without_exact_duplicates(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Keep the first of rows that are equal in every column; the order stays."""
    suspects = pl.col(table.key).is_duplicated()
    repeated = frame.with_row_index("_row").filter(suspects)
    later = repeated.filter(~repeated.select(pl.struct(frame.columns).is_first_distinct()).to_series())
    return frame if later.is_empty() else frame.filter(~pl.int_range(pl.len()).is_in(later["_row"].implode()))


def broken_rules(frame: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Return one flag per rule, named by its id, true where a row of the evaluation frame breaks it."""
    return frame.select(rule.check.broken().alias(rule.id) for rule in rules)


def split(frame: pl.DataFrame, broken: pl.DataFrame, orphaned: pl.Series) -> Split:
    """Part a table's rows.

    Args:
        frame: The table.
        broken: One flag per rule for every row, see `broken_rules`.
        orphaned: True for every row whose parent was set aside.
    """
    own = broken.select(pl.any_horizontal(pl.all())).to_series()
    lost = orphaned & ~own
    aside = own | lost
    words = [pl.when(pl.col(name)).then(pl.lit(name)) for name in (*broken.columns, PARENT)]
    reasons = (
        broken.with_columns(lost.alias(PARENT))
        .filter(aside)
        .select(pl.concat_str(words, separator=";", ignore_nulls=True))
    )
    counts = {name: int(broken[name].sum()) for name in broken.columns} | {PARENT: int(lost.sum())}
    return Split(
        kept=frame.filter(~aside),
        quarantined=frame.filter(aside).with_columns(reasons.to_series().alias(REASON)),
        own=int(own.sum()),
        by_reason={name: count for name, count in counts.items() if count},
    )


def orphans(table: Table, frame: pl.DataFrame, aside: Mapping[str, pl.Series]) -> pl.Series:
    """Return true for every row that refers to a parent that was set aside.

    Args:
        table: Contract of the table.
        frame: Its rows.
        aside: Parent table to the keys that were set aside.
    """
    lost = pl.lit(value=False)
    for column, parent in table.parents.items():
        lost = lost | pl.col(column).is_in(aside[parent].implode()).fill_null(value=False)
    return frame.with_columns(lost.alias("_lost"))["_lost"]
