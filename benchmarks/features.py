"""How long features take: the whole catalogue by size, and the inquiries of a catalogue against pandas.

Run ``python -m benchmarks.features`` at the top of the repository. Both sides of a ratio run in turn in one process;
figures are medians of five (three for the whole catalogue, fifteen for one applicant).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

import pandas as pd
import polars as pl

from features.build import build
from features.catalogue import CATALOGUE
from features.tables import APPLICATIONS, BUREAU_INQUIRIES

START = datetime(2023, 1, 1, tzinfo=UTC)
MINUTES = 2 * 365 * 24 * 60
DAYS = (7, 30, 90, 180, 365)
COMPARED = [f"inquiries_{what}_{days}d" for what in ("count", "lenders") for days in DAYS]


def times(rows: int, seed: int) -> pl.Expr:
    """Return moments drawn evenly from two years, to the minute."""
    minutes = pl.int_range(MINUTES, eager=True).sample(rows, with_replacement=True, seed=seed)
    return pl.lit(START).dt.cast_time_unit("us") + pl.duration(minutes=minutes)


def picked(values: list[str], rows: int, seed: int) -> pl.Series:
    """Return values drawn evenly, with replacement."""
    return pl.Series(values).sample(rows, with_replacement=True, seed=seed)


def tables(applications: int, inquiries: int) -> dict[str, pl.DataFrame]:
    """Return applications and inquiries, spread evenly over people and two years."""
    people = [f"P{i:08d}" for i in range(max(applications * 4 // 5, 1))]
    lenders = [f"L{i:04d}" for i in range(400)]
    applied = pl.DataFrame({"applicant_id": picked(people, applications, 1)}).with_columns(
        application_id=pl.format("A{}", pl.int_range(applications)),
        applied_at=times(applications, 2),
        product=pl.lit("cash_small"),
        channel=pl.lit("search"),
        amount=pl.lit(5000.0),
        term_months=pl.lit(12, pl.Int64),
    )
    asked = pl.DataFrame(
        {
            "applicant_id": picked(people, inquiries, 3),
            "lender_id": picked(lenders, inquiries, 4),
            "lender_type": picked(["bank", "consumer_finance", "small_loan"], inquiries, 5),
        }
    ).with_columns(
        inquiry_id=pl.format("I{}", pl.int_range(inquiries)),
        happened_at=times(inquiries, 6),
        purpose=pl.lit("loan_approval"),
    )
    asked = asked.with_columns(known_at=pl.col("happened_at") + pl.duration(days=2))
    missing = [pl.lit(None, c.dtype).alias(c.name) for c in APPLICATIONS.columns if c.name not in applied.columns]
    return {
        "applications": applied.with_columns(missing).select(APPLICATIONS.schema.names()),
        "bureau_inquiries": asked.select(BUREAU_INQUIRIES.schema.names()),
    }


def with_pandas(applications: pd.DataFrame, inquiries: pd.DataFrame) -> pd.DataFrame:
    """Return the compared features as a careful pandas user writes them: one join, one pass a window."""
    rows = applications.merge(inquiries, on="applicant_id")
    rows = rows[(rows["known_at"] < rows["applied_at"]) & (rows["lender_type"] != "own")]
    rows = rows[rows["purpose"] != "post_loan"]
    out = pd.DataFrame(index=rows["application_id"].unique())
    for days in DAYS:
        inside = rows[rows["happened_at"] >= rows["applied_at"] - pd.Timedelta(days=days)].groupby("application_id")
        out[f"inquiries_count_{days}d"] = inside.size()
        out[f"inquiries_lenders_{days}d"] = inside["lender_id"].nunique()
    return out.fillna(0.0).sort_index()


def seconds(job: Callable[[], object], repeats: int = 5) -> float:
    """Return the median time that a job takes, in seconds."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        job()
        taken.append(time.perf_counter() - start)
    return median(taken)


def compare(applications: int, inquiries: int) -> None:
    """Print how long the compared features take here and with pandas, after checking that both give the same."""
    given = tables(applications, inquiries)
    keys = given["applications"].select("application_id", "applicant_id", "applied_at").to_pandas()
    rows = given["bureau_inquiries"].to_pandas()
    ours = build(given, features=COMPARED).drop_nulls(COMPARED).sort("application_id")
    theirs = with_pandas(keys, rows)
    if ours["application_id"].to_list() != theirs.index.to_list() or any(
        ours[name].to_list() != theirs[name].to_list() for name in COMPARED
    ):
        raise SystemExit("the two sides disagree: the ratio would mean nothing")
    fast, slow = seconds(lambda: build(given, features=COMPARED)), seconds(lambda: with_pandas(keys, rows))
    print(
        f"{applications:>9,} applications, {inquiries:>10,} inquiries, {len(COMPARED)} features: "
        f"{fast:6.2f} s, pandas {slow:6.2f} s, ratio {slow / fast:.1f}"
    )


def grow(applications: int, inquiries: int) -> None:
    """Print how long the whole catalogue takes on so many rows."""
    given = tables(applications, inquiries)
    taken = seconds(lambda: build(given), 3)
    print(f"{applications:>9,} applications, {inquiries:>10,} inquiries, all {len(CATALOGUE)} features: {taken:6.2f} s")


def one() -> None:
    """Print how long the whole catalogue takes for one applicant."""
    given = tables(1, 50)
    taken = seconds(lambda: build(given), 15)
    print(f"one applicant with 50 rows, all {len(CATALOGUE)} features: {taken * 1000:.0f} ms")


if __name__ == "__main__":
    compare(20_000, 400_000)
    compare(40_000, 2_000_000)
    grow(20_000, 500_000)
    grow(40_000, 2_000_000)
    one()
