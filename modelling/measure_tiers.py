"""Tier tables: what each tier held, promised and brought, per split and per month."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelling.arrays import Flags
from modelling.evaluation_parts import TierRow, TierTable
from modelling.measure_sample import Cases
from modelling.rate_tests import jeffreys
from modelling.tier_fit import tier_codes
from modelling.tier_order import rises, tier_pairs
from scoring.spec import Tier


def tier_table(sample: str, split: str | None, cases: Cases, tiers: Sequence[Tier], *, level: float) -> TierTable:
    """Measure tiers on one sample.

    Args:
        sample: Name of the sample.
        split: Split that it is or belongs to.
        cases: Labelled cases, at least one.
        tiers: The tiers, safest first.
        level: Confidence level of the intervals.
    """
    codes = tier_codes(cases.pd, tiers)
    rows = tuple(_row(tier, cases.where(codes == place), cases.bad.size, level) for place, tier in enumerate(tiers))
    n, bads = [row.n for row in rows], [row.bads for row in rows]
    pairs = tier_pairs([row.tier for row in rows], n, bads, [row.mean_pd for row in rows])
    return TierTable(
        sample=sample,
        split=split,
        rows=rows,
        portfolio=jeffreys(sum(n), sum(bads), float(np.mean(cases.pd)), level=level),
        pairs=pairs,
        rising=rises(pairs),
    )


def _row(tier: Tier, cases: Cases, total: int, level: float) -> TierRow:
    bad: Flags = cases.bad
    n, bads = bad.size, int(bad.sum())
    mean_pd = float(np.mean(cases.pd)) if n else None
    return TierRow(
        tier=tier.name,
        upper_pd=tier.upper_pd,
        n=n,
        share=n / total,
        bads=bads,
        mean_pd=mean_pd,
        rate=None if mean_pd is None else jeffreys(n, bads, mean_pd, level=level),
    )
