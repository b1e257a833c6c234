"""Bad rows, planted and counted, that validation must find exactly.

No planted row takes others with it: tables that others refer to (applications, loans) get bad rows as additions under
keys that nothing refers to, so setting a bad row aside breaks no reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from features.tables import TABLES
from synthetic.plan import Plan
from synthetic.recipe import Dirt
from synthetic.streams import Streams

KINDS = tuple(field.name for field in fields(Dirt))
REFERRED = ("applications", "loans")
"""Tables that others refer to."""

Change = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Soil:
    """How a table can be dirtied.

    Attributes:
        conflict: Change that makes a row of the same key differ while both fit the contract.
        impossible: Change that takes a value out of the contract; None where there is nothing to take out.
        future: Whether a row can be moved beyond the extract.
        backwards: Whether ``known_at`` can be moved before ``happened_at``.
        parent: Column that can be made to refer to nothing; None where there is none.
    """

    conflict: Change
    impossible: Change | None = None
    future: bool = False
    backwards: bool = False
    parent: str | None = None


def _scaled(column: str) -> Change:
    return lambda frame: frame.with_columns((pl.col(column) * 1.5 + 1.0).round(2).alias(column))


def _negative(column: str) -> Change:
    return lambda frame: frame.with_columns((-pl.col(column).fill_null(0.0).abs() - 1.0).alias(column))


def _other(column: str, one: str, two: str) -> Change:
    return lambda frame: frame.with_columns(
        pl.when(pl.col(column) == one).then(pl.lit(two)).otherwise(pl.lit(one)).alias(column)
    )


SOILS: Mapping[str, Soil] = {
    "applications": Soil(_scaled("amount"), _negative("amount")),
    "identity_checks": Soil(
        lambda frame: frame.with_columns(~pl.col("passed")),
        lambda frame: frame.with_columns(match_score=pl.lit(1.7)),
        backwards=True,
        parent="application_id",
    ),
    "behaviour_events": Soil(
        _other("kind", "calculator", "view_terms"), _negative("seconds"), future=True, backwards=True
    ),
    "bureau_inquiries": Soil(_other("lender_type", "bank", "small_loan"), future=True, backwards=True),
    "loans": Soil(_scaled("amount"), _negative("amount"), future=True, backwards=True),
    "instalments": Soil(_scaled("amount_due"), _negative("amount_due"), backwards=True, parent="loan_id"),
    "watchlist": Soil(_other("source", "police", "industry"), future=True, backwards=True),
    "calls": Soil(_scaled("minutes"), _negative("minutes"), parent="application_id"),
    "outcomes": Soil(_other("decided_by", "rules", "random"), _negative("amount_disbursed"), parent="application_id"),
}
"""How each table is dirtied; ``truth`` stays clean."""


def kinds_of(table: str) -> tuple[str, ...]:
    """Return the kinds of dirt that a table can hold."""
    soil_of = SOILS[table]
    able = {
        "duplicate": True,
        "conflict": True,
        "future": soil_of.future,
        "known_before_happened": soil_of.backwards,
        "broken_reference": soil_of.parent is not None,
        "impossible": soil_of.impossible is not None,
    }
    return tuple(kind for kind in KINDS if able[kind])


def soil(
    plan: Plan, streams: Streams, frames: Mapping[str, pl.DataFrame]
) -> tuple[dict[str, pl.DataFrame], dict[str, dict[str, int]]]:
    """Plant this block's part of the dirt; returns the tables and what was planted in each."""
    out, planted = dict(frames), {}
    for name in SOILS:
        wanted = {kind: plan.share_of(getattr(plan.recipe.dirt, kind), streams.block) for kind in kinds_of(name)}
        out[name], planted[name] = _soiled(plan, streams, name, frames[name], wanted)
    return out, planted


def _soiled(
    plan: Plan, streams: Streams, name: str, frame: pl.DataFrame, wanted: Mapping[str, int]
) -> tuple[pl.DataFrame, dict[str, int]]:
    rng = streams(f"dirt {name}")
    victims = rng.permutation(_candidates(name, frame))
    planted: dict[str, int] = {}
    additions: list[pl.DataFrame] = []
    gone: list[int] = []
    start = 0
    for kind, count in wanted.items():
        chosen = victims[start : start + count]
        start += count
        planted[kind] = len(chosen)
        if len(chosen):
            rows = frame[chosen]
            new, replaces = _plant(plan, streams, name, kind, rows)
            additions.append(new)
            gone.extend(chosen.tolist() if replaces else [])
    position = np.ones(frame.height, dtype=bool)
    position[gone] = False
    merged = pl.concat([frame.filter(pl.Series(position)), *additions])
    return merged.sort(TABLES[name].key, maintain_order=True), planted


def _candidates(name: str, frame: pl.DataFrame) -> np.ndarray:
    """Return rows that can be dirtied: own loans are left alone, since outcomes speak of them, too."""
    if name == "loans":
        return np.flatnonzero(frame["application_id"].is_null().to_numpy())
    if name == "outcomes":
        return np.flatnonzero(frame["amount_disbursed"].is_not_null().to_numpy())
    if name == "identity_checks":
        return np.flatnonzero(frame["match_score"].is_not_null().to_numpy())
    return np.arange(frame.height)


def _plant(plan: Plan, streams: Streams, name: str, kind: str, rows: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """Return the rows to add, and whether they replace those they were made from."""
    soil_of, key = SOILS[name], TABLES[name].key
    if kind == "duplicate":
        return rows, False
    fresh = _renamed(streams, name, kind, rows) if name in REFERRED or kind == "broken_reference" else rows
    if kind == "conflict":
        other = soil_of.conflict(fresh)
        return (pl.concat([fresh, other]) if name in REFERRED else other), False
    if kind == "broken_reference":
        parent = str(soil_of.parent)
        lost = fresh[key] if parent == key else _unknown(streams, name, rows)
        return fresh.with_columns(lost.alias(parent)), False
    replaces = name not in REFERRED
    if kind == "impossible" and soil_of.impossible is not None:
        return soil_of.impossible(fresh), replaces
    return (_future(plan, fresh) if kind == "future" else _backwards(fresh)), replaces


def _renamed(streams: Streams, name: str, kind: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Give rows new keys of the block, far above those in use; a new loan of another lender has no instalments."""
    key = TABLES[name].key
    offset = streams.block * 100_000_000 + 90_000_000 + KINDS.index(kind) * 100_000
    prefix = rows[key][0][0]
    numbers = pl.Series(np.arange(rows.height) + offset).cast(pl.String).str.zfill(12)
    return rows.with_columns((pl.lit(prefix) + pl.lit(numbers)).alias(key))


def _unknown(streams: Streams, name: str, rows: pl.DataFrame) -> pl.Series:
    prefix = rows[str(SOILS[name].parent)][0][0]
    numbers = np.arange(rows.height) + streams.block * 100_000_000 + 99_000_000
    return pl.select((prefix + pl.lit(pl.Series(numbers).cast(pl.String).str.zfill(12))).alias("lost")).to_series()


def _future(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    """Move rows to the days after the extract; what would be learned of them later stays unknown."""
    days = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    at = pl.lit(plan.clock.extract_at).cast(pl.Datetime("us", "UTC")) + pl.duration(days=days, hours=3)
    late = [pl.lit(None).cast(rows.schema[c]).alias(c) for c in _LATER if c in rows.columns]
    return rows.with_columns(at.alias("happened_at"), (at + pl.duration(hours=1)).alias("known_at"), *late)


_LATER = ("expires_at", "status_known_at", "closed_at", "status", "payment_known_at", "paid_at", "amount_paid")


def _backwards(rows: pl.DataFrame) -> pl.DataFrame:
    days = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return rows.with_columns(known_at=pl.col("happened_at") - pl.duration(days=days))
