"""How many cases a routing policy sent where, and by what: counted from decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

HISTOGRAM_BINS: Final = 24
"""Bins in which call values are counted."""


@dataclass(frozen=True, kw_only=True)
class TierVolume:
    """Cases of one tier by outcome.

    Attributes:
        tier: The tier.
        cases: All its cases.
        approve: Those approved.
        decline: Those declined.
        phone_review: Those sent to phone review.
        mean_pd: Their mean PD.
    """

    tier: str
    cases: int
    approve: int
    decline: int
    phone_review: int
    mean_pd: float


@dataclass(frozen=True, kw_only=True)
class TriggerVolume:
    """Cases in which one rule or trigger fired.

    Attributes:
        id: The rule or trigger.
        kind: ``hard_rule`` or ``trigger``.
        fired: Cases in which it fired.
        called: Those of them that went to phone review.
        alone: Cases in which nothing else fired.
    """

    id: str
    kind: str
    fired: int
    called: int
    alone: int


@dataclass(frozen=True, kw_only=True)
class Volumes:
    """Where cases went, and by what.

    Attributes:
        cases: All decided cases.
        outcomes: Outcome to cases.
        routed_by: What settled the outcome to cases.
        called_by: What settled the outcome to cases that go to a call.
        overturned: Cases that the tier alone would have approved or declined, and that go to a call instead, by what
            the tier said.
        tiers: One per tier, in the order of their names.
        triggers: One per rule or trigger that fired, the most frequent first.
        control: Cases picked by the control arm.
        thin_files: Cases without history.
        unseen: Cases with a category never seen in development.
        valued: Cases for which the bundle knows what a call is worth.
        value_edges: Edges of the bins of call values in yuan, from the 1st to the 99th percentile; empty when none is
            known.
        value_counts: Cases per bin; those beyond the ends count in the end bins.
    """

    cases: int
    outcomes: Mapping[str, int]
    routed_by: Mapping[str, int]
    called_by: Mapping[str, int]
    overturned: Mapping[str, int]
    tiers: tuple[TierVolume, ...]
    triggers: tuple[TriggerVolume, ...]
    control: int
    thin_files: int
    unseen: int
    valued: int
    value_edges: tuple[float, ...]
    value_counts: tuple[int, ...]


def volumes(decisions: pl.DataFrame) -> Volumes:
    """Count decisions.

    Args:
        decisions: One row per case with the fields of ``scoring.decision.Decision`` that are read here: ``case_id``,
            ``pd``, ``tier``, ``provisional``, ``outcome``, ``routed_by``, ``call_value``, ``control``, ``thin_file``,
            ``unseen`` (list) and ``triggers`` (list of structs with ``id`` and ``kind``).
    """
    called = decisions.filter(pl.col("outcome") == "phone_review")
    values = decisions["call_value"].drop_nulls()
    edges, counts = _histogram(values)
    return Volumes(
        cases=decisions.height,
        outcomes=_counts(decisions["outcome"]),
        routed_by=_counts(decisions["routed_by"]),
        called_by=_counts(called["routed_by"]),
        overturned=_counts(called["provisional"]),
        tiers=_tiers(decisions),
        triggers=_triggers(decisions),
        control=int(decisions["control"].sum()),
        thin_files=int(decisions["thin_file"].sum()),
        unseen=int((decisions["unseen"].list.len() > 0).sum()),
        valued=len(values),
        value_edges=edges,
        value_counts=counts,
    )


def _counts(column: pl.Series) -> dict[str, int]:
    counted = column.value_counts().sort("count", column.name, descending=[True, False])
    return dict(counted.iter_rows())


def _tiers(decisions: pl.DataFrame) -> tuple[TierVolume, ...]:
    outcome = pl.col("outcome")
    grouped = decisions.group_by("tier").agg(
        pl.len().alias("cases"),
        *((outcome == name).sum().alias(name) for name in ("approve", "decline", "phone_review")),
        pl.col("pd").mean().alias("mean_pd"),
    )
    return tuple(TierVolume(**row) for row in grouped.sort("tier").iter_rows(named=True))


def _triggers(decisions: pl.DataFrame) -> tuple[TriggerVolume, ...]:
    fired = (
        decisions.select("outcome", "triggers", pl.col("triggers").list.len().alias("together"))
        .filter(pl.col("together") > 0)
        .explode("triggers")
        .with_columns(pl.col("triggers").struct.field("id"), pl.col("triggers").struct.field("kind"))
    )
    grouped = fired.group_by("id", "kind").agg(
        pl.len().alias("fired"),
        (pl.col("outcome") == "phone_review").sum().alias("called"),
        (pl.col("together") == 1).sum().alias("alone"),
    )
    ordered = grouped.sort("fired", "id", descending=[True, False])
    return tuple(TriggerVolume(**row) for row in ordered.iter_rows(named=True))


def _histogram(values: pl.Series) -> tuple[tuple[float, ...], tuple[int, ...]]:
    low, high = values.quantile(0.01), values.quantile(0.99)
    if low is None or high is None or low == high:
        return (), ()
    width = (high - low) / HISTOGRAM_BINS
    places = ((values - low) / width).floor().clip(0, HISTOGRAM_BINS - 1).cast(pl.Int64)
    counts = [0] * HISTOGRAM_BINS
    for place, count in places.value_counts().iter_rows():
        counts[place] = count
    return tuple(low + width * place for place in range(HISTOGRAM_BINS + 1)), tuple(counts)
