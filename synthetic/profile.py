"""A profile of a synthetic lender: its rates, what single columns tell, and the planted mechanisms as found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from synthetic.cases import cases, sound
from synthetic.draws import Flags, Floats
from synthetic.mechanisms import mechanisms
from synthetic.recipe import Recipe
from synthetic.strength import Strength

COLUMNS = (
    "amount", "term_months", "declared_income", "declared_job_months", "declared_other_lenders",
    "declared_monthly_debt", "inquiries_90d", "loans_known", "local_hour", "true_income", "true_job_months",
    "true_other_lenders", "true_monthly_debt", "default_probability",
)  # fmt: skip
"""Columns whose AUC is shown; those of the truth show what calls could add."""

TRUTH_TIERS = (0.03, 0.07, 0.15, 0.30)
"""Bounds of the true default probability between tiers A to E."""


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Rates of one group of applications.

    Attributes:
        group: Name of the group, such as a month.
        applications: Number of applications.
        approved: Share approved.
        labelled: Number of approved loans whose label is known.
        bad: Share of those that are bad; NaN when there is none.
        would_be_bad: Share of all that would go bad, had they been paid out.
        default_probability: Mean true default probability.
    """

    group: str
    applications: int
    approved: float
    labelled: int
    bad: float
    would_be_bad: float
    default_probability: float


@dataclass(frozen=True, kw_only=True)
class ColumnAuc:
    """How well one column alone ranks the cases by whether they would go bad.

    Attributes:
        column: The column.
        auc: Area under the ROC curve; above 0.5 when higher values are worse. NaN without both outcomes.
        n: Applications where the column is not null.
        bad: Those of them that would go bad.
    """

    column: str
    auc: float
    n: int
    bad: int


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a synthetic lender looks like.

    Attributes:
        applications: Number of applications looked at.
        applicants: Number of persons.
        first: First application.
        last: Last application.
        months: Rates by local month.
        channels: Rates by channel.
        tiers: Rates by tier of the true default probability.
        columns: AUC of single columns.
        mechanisms: Planted mechanisms as found.
    """

    applications: int
    applicants: int
    first: datetime
    last: datetime
    months: tuple[Rates, ...]
    channels: tuple[Rates, ...]
    tiers: tuple[Rates, ...]
    columns: tuple[ColumnAuc, ...]
    mechanisms: tuple[Strength, ...]


def profile(tables: Mapping[str, pl.DataFrame], *, recipe: Recipe, extract_at: datetime) -> Profile:
    """Profile the tables of a synthetic lender.

    Args:
        tables: Its tables, with or without the planted bad rows, which are left out.
        recipe: What it was made from: says how strong each mechanism was meant to be.
        extract_at: When the extract was drawn: says which loans are fully observed.
    """
    clean = sound(tables, extract_at)
    rows = cases(clean, extract_at)
    above = pl.sum_horizontal((pl.col("default_probability") >= bound).cast(pl.Int64) for bound in TRUTH_TIERS)
    tier = above.replace_strict(dict(enumerate("ABCDE")), return_dtype=pl.String)
    return Profile(
        applications=rows.height,
        applicants=rows["applicant_id"].n_unique(),
        first=rows["applied_at"][0],
        last=rows["applied_at"][-1],
        months=_rates(rows, pl.col("month")),
        channels=_rates(rows, pl.col("channel")),
        tiers=_rates(rows, tier),
        columns=tuple(_column(rows, name) for name in COLUMNS),
        mechanisms=mechanisms(recipe, clean, rows),
    )


def _rates(rows: pl.DataFrame, group: pl.Expr) -> tuple[Rates, ...]:
    grouped = rows.group_by(group.alias("group")).agg(
        applications=pl.len(),
        approved=(pl.col("decision") == "approved").mean(),
        labelled=pl.col("label").count(),
        bad=pl.col("label").mean(),
        would_be_bad=pl.col("would_be_bad").mean(),
        default_probability=pl.col("default_probability").mean(),
    )
    filled = grouped.sort("group").with_columns(pl.col("bad").fill_null(math.nan))
    return tuple(Rates(**row) for row in filled.iter_rows(named=True))


def _column(rows: pl.DataFrame, name: str) -> ColumnAuc:
    known = rows.filter(pl.col(name).is_not_null())
    bad = known["would_be_bad"].to_numpy()
    value = auc(known[name].cast(pl.Float64).to_numpy(), bad)
    return ColumnAuc(column=name, auc=value, n=known.height, bad=int(np.count_nonzero(bad)))


def auc(values: Floats, bad: Flags) -> float:
    """Return the probability that a bad case has a higher value than a good one, ties counting half.

    NaN when there are not both good and bad cases.

    References:
        Hanley and McNeil, *The meaning and use of the area under a ROC curve* (1982).
    """
    bads, goods = int(np.count_nonzero(bad)), int(np.count_nonzero(~bad))
    if not bads or not goods:
        return math.nan
    ranked = pl.Series(values).rank("average").to_numpy()
    return float((ranked[bad].sum() - bads * (bads + 1) / 2) / (bads * goods))
