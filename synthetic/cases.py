"""One row per application with its truth and outcome, as a profile of a synthetic lender looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import polars as pl

from features.tables import TABLES

WINDOW = timedelta(days=180)
"""Window of the label: 60 or more days past due within it is bad."""

MISREPORTS = ("income", "job_months", "other_lenders", "monthly_debt")


def sound(tables: Mapping[str, pl.DataFrame], extract_at: datetime) -> dict[str, pl.DataFrame]:
    """Return the tables without rows that are plainly bad: repeated keys, of the future, known before they happened."""
    return {name: _sound(name, frame, extract_at) for name, frame in tables.items()}


def _sound(name: str, frame: pl.DataFrame, extract_at: datetime) -> pl.DataFrame:
    once = frame.unique(maintain_order=True).unique(TABLES[name].key, keep="none", maintain_order=True)
    if "known_at" not in once.columns:
        return once
    return once.filter((pl.col("known_at") >= pl.col("happened_at")) & (pl.col("happened_at") <= extract_at))


def cases(tables: Mapping[str, pl.DataFrame], extract_at: datetime) -> pl.DataFrame:
    """Return applications with truth and outcome, the label, and what was known of the applicant just before.

    Added columns: ``month`` (local), ``local_hour``, ``misreported`` (any fact), ``label`` (1 bad, 0 good, null when in
    between, not yet observed or not paid out), ``inquiries_90d`` and ``loans_known``.
    """
    joined = (
        tables["applications"]
        .join(tables["truth"], on="application_id")
        .join(tables["outcomes"], on="application_id")
        .sort("applied_at", "application_id")
    )
    local = pl.col("applied_at").dt.convert_time_zone("Asia/Shanghai")
    any_fact = pl.any_horizontal(f"misreported_{fact}" for fact in MISREPORTS)
    out = joined.with_columns(
        month=local.dt.strftime("%Y-%m"), local_hour=local.dt.hour(), misreported=any_fact, label=_label(extract_at)
    )
    return _with_history(out, tables)


def _label(extract_at: datetime) -> pl.Expr:
    disbursed = pl.col("disbursed_at")
    bad = (pl.col("first_60dpd_at") - disbursed <= WINDOW).fill_null(value=False)
    late = (pl.col("first_30dpd_at") - disbursed <= WINDOW).fill_null(value=False)
    observed = disbursed + WINDOW <= extract_at
    return pl.when(observed & bad).then(1).when(observed & ~late).then(0).otherwise(None).cast(pl.Int8)


def _with_history(frame: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    keys = frame.select("application_id", "applicant_id", "applied_at")
    known = pl.col("known_at") < pl.col("applied_at")
    recent = pl.col("happened_at") >= pl.col("applied_at") - pl.duration(days=90)
    asked = keys.join(tables["bureau_inquiries"].select("applicant_id", "happened_at", "known_at"), on="applicant_id")
    lent = keys.join(tables["loans"].select("applicant_id", "known_at"), on="applicant_id")
    inquiries = asked.filter(known & recent).group_by("application_id").agg(inquiries_90d=pl.len())
    loans = lent.filter(known).group_by("application_id").agg(loans_known=pl.len())
    out = frame.join(inquiries, on="application_id", how="left", maintain_order="left")
    out = out.join(loans, on="application_id", how="left", maintain_order="left")
    return out.with_columns(pl.col("inquiries_90d", "loans_known").fill_null(0))
