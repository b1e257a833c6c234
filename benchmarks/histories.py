"""Histories to measure with: many events of few applicants and few of most, made partition by partition from one seed.

Not a lender whose truth is known (that is ``synthetic/``): only the shape matters that makes features cheap or dear.
Events per applicant are heavy-tailed, lenders follow Zipf's law, times spread over two years, the bureau reports days
late, and tables are ordered by time, as logs are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.tables import APPLICATIONS as APPLICATIONS_TABLE
from features.tables import BEHAVIOUR_EVENTS, BUREAU_INQUIRIES, EVENT_KINDS, LENDER_TYPES, LOANS, TIME, Table
from pipelines.partition_layout import bucket_paths, buckets

START: Final = datetime(2023, 1, 1, tzinfo=UTC)
DAYS: Final = 730
DAY: Final = 86_400_000_000
"""Microseconds of a day."""
LENDERS: Final = 400
ZIPF: Final = 1.1
TAIL: Final = 1.0
"""Standard deviation of the logarithm of an applicant's share of events: one in a hundred has ten times the middle."""
APPLICATIONS_EACH: Final = (0.5, 0.3, 0.2)
"""Chances of one, two and three applications."""
SHARES: Final = {"behaviour_events": 0.6, "bureau_inquiries": 0.3, "loans": 0.1}
"""How events are shared out among tables."""

Tables = dict[str, pl.DataFrame]
Whole = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much to make.

    Attributes:
        applications: Applications in all, about: the number of each applicant is drawn.
        events: Rows of history in all, exactly.
        partitions: Parts that it is made in; each holds the applicants that `pipelines.partition_layout` says.
    """

    applications: int
    events: int
    partitions: int = 1


def made(size: Size, seed: int = 7) -> Iterator[Tables]:
    """Yield the tables of each partition; the same for the same size and seed."""
    mean = sum(n * share for n, share in enumerate(APPLICATIONS_EACH, start=1))
    ids = pl.select(pl.format("P{}", pl.int_range(max(round(size.applications / mean), 1)))).to_series()
    places = buckets(ids, size.partitions)
    for number in range(size.partitions):
        yield _partition(ids.filter(places == number), size, number, np.random.default_rng([seed, number]))


def write(size: Size, folder: Path) -> None:
    """Write partitioned tables, as ``bamboo partition`` would lay them out."""
    for number, tables in enumerate(made(size)):
        for name, frame in tables.items():
            path = bucket_paths(folder, name, size.partitions)[number]
            path.parent.mkdir(parents=True)
            frame.write_parquet(path)


def _partition(ids: pl.Series, size: Size, number: int, chance: np.random.Generator) -> Tables:
    weights = np.exp(chance.normal(0, TAIL, len(ids)))
    tables = {"applications": _applications(chance, ids, number)}
    makers = {"behaviour_events": _behaviour, "bureau_inquiries": _inquiries, "loans": _loans}
    for name, share in SHARES.items():
        rows = _part(round(size.events * share), size.partitions, number)
        owners = np.repeat(np.arange(len(ids)), chance.multinomial(rows, weights / weights.sum()))
        tables[name] = makers[name](chance, ids, owners, number)
    return tables


def _part(total: int, blocks: int, number: int) -> int:
    return total * (number + 1) // blocks - total * number // blocks


def _applications(chance: np.random.Generator, ids: pl.Series, number: int) -> pl.DataFrame:
    owners = np.repeat(np.arange(len(ids)), chance.choice((1, 2, 3), len(ids), p=APPLICATIONS_EACH))
    frame = pl.DataFrame({"applicant_id": ids[owners], "applied_at": _times(chance, len(owners))}).with_columns(
        device_id=pl.format("D-{}", "applicant_id"),
        product=pl.lit("cash_small"),
        channel=pl.lit("search"),
        amount=pl.lit(5000.0),
        term_months=pl.lit(12, pl.Int64),
    )
    return _fitted(frame, APPLICATIONS_TABLE, number)


def _behaviour(chance: np.random.Generator, ids: pl.Series, owners: Whole, number: int) -> pl.DataFrame:
    """Sessions of about eight events within half an hour, some on another device than the applicant's own."""
    of = np.arange(len(owners)) // 8
    starts = _times(chance, len(owners) // 8 + 1)
    happened = starts[of] + chance.integers(0, 1800, len(owners)) * 1_000_000
    frame = pl.DataFrame(
        {
            "applicant_id": ids[owners],
            "happened_at": happened,
            "known_at": happened + 1_000_000,
            "session": of,
            "other": chance.random(len(owners)) < 0.1,
            "kind": _picked(chance, EVENT_KINDS, len(owners)),
            "seconds": _sometimes(chance, np.round(chance.exponential(40, len(owners)) * 8) / 8, 0.1),
        }
    ).with_columns(
        session_id=pl.format("S-{}-{}", "applicant_id", "session"),
        device_id=pl.when("other")
        .then(pl.format("E{}-{}", number, pl.col("session") % 1000))
        .otherwise(pl.format("D-{}", "applicant_id")),
    )
    return _fitted(frame, BEHAVIOUR_EVENTS, number)


def _inquiries(chance: np.random.Generator, ids: pl.Series, owners: Whole, number: int) -> pl.DataFrame:
    happened = _times(chance, len(owners))
    frame = pl.DataFrame(
        {
            "applicant_id": ids[owners],
            "happened_at": happened,
            "known_at": happened + _lag(chance, len(owners), 1.0),
            "lender_id": _lenders(chance, len(owners)),
            "lender_type": _picked(chance, LENDER_TYPES, len(owners)),
            "purpose": _picked(chance, ("loan_approval", "loan_approval", "credit_card", "post_loan"), len(owners)),
        }
    )
    return _fitted(frame, BUREAU_INQUIRIES, number)


def _loans(chance: np.random.Generator, ids: pl.Series, owners: Whole, number: int) -> pl.DataFrame:
    """Loans of whole yuan, half of them known to have ended some months after they were opened."""
    rows = len(owners)
    happened, months = _times(chance, rows), chance.integers(1, 25, rows)
    ended = happened + (months * chance.uniform(0.2, 1.0, rows) * 30 * DAY).astype(np.int64)
    amount = np.round(chance.lognormal(8.5, 0.8, rows)) + 100
    frame = pl.DataFrame(
        {
            "applicant_id": ids[owners],
            "happened_at": happened,
            "known_at": happened + _lag(chance, rows, 5.0),
            "lender_id": _lenders(chance, rows),
            "lender_type": _picked(chance, LENDER_TYPES, rows),
            "amount": amount,
            "term_months": months,
            "amount_repayable": np.round(amount * (1 + months * chance.uniform(0.005, 0.03, rows)), 2),
            "closed_at": _sometimes(chance, ended, 0.5),
        }
    ).with_columns(
        status_known_at=pl.col("closed_at") + 3 * DAY,
        status=pl.when(pl.col("closed_at").is_not_null()).then(
            pl.when(pl.col("term_months") % 9 == 0).then(pl.lit("charged_off")).otherwise(pl.lit("repaid"))
        ),
    )
    return _fitted(frame, LOANS, number)


def _fitted(frame: pl.DataFrame, table: Table, number: int) -> pl.DataFrame:
    """Return the rows by time with all columns of the contract, null where nothing was made."""
    time = "applied_at" if table is APPLICATIONS_TABLE else "known_at"
    frame = frame.sort(time).with_columns(pl.format("{}-{}", number, pl.int_range(pl.len())).alias(table.key))
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in table.schema.items() if name not in frame.columns]
    times = [pl.col(name).cast(TIME) for name, dtype in table.schema.items() if dtype == TIME]
    return frame.with_columns(missing).with_columns(times).select(table.schema.names())


def _times(chance: np.random.Generator, rows: int) -> Whole:
    return chance.integers(0, DAYS * DAY, rows) + round(START.timestamp() * 1_000_000)


def _lag(chance: np.random.Generator, rows: int, days: float) -> Whole:
    return (chance.exponential(days, rows) * DAY).astype(np.int64)


def _lenders(chance: np.random.Generator, rows: int) -> pl.Series:
    weights = np.arange(1, LENDERS + 1) ** -ZIPF
    names = pl.Series([f"L{i:04d}" for i in range(LENDERS)])
    return names[chance.choice(LENDERS, rows, p=weights / weights.sum())]


def _picked(chance: np.random.Generator, values: tuple[str, ...], rows: int) -> pl.Series:
    return pl.Series(values)[chance.integers(0, len(values), rows)]


def _sometimes(chance: np.random.Generator, values: NDArray[np.generic], missing: float) -> pl.Series:
    return pl.Series(values).set(pl.Series(chance.random(len(values)) < missing), None)
