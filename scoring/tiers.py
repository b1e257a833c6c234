"""Risk tiers: which one a PD falls in, and where the approved ones end."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from scoring.spec import Policy, Tier


def tier_of(pd: float, tiers: Sequence[Tier]) -> str:
    """Return the name of the first tier whose ``upper_pd`` is at least ``pd``.

    Args:
        pd: Calibrated probability of bad, from 0 to 1.
        tiers: Tiers from safest to riskiest, the last with an upper PD of 1.

    Raises:
        ValueError: `pd` is NaN or outside 0 to 1.
    """
    if not 0.0 <= pd <= 1.0:
        raise ValueError(f"pd == {pd!r}, must be from 0 to 1")
    return tiers[bisect_left([tier.upper_pd for tier in tiers], pd)].name


def cutoff_pd(tiers: Sequence[Tier], policy: Policy) -> float:
    """Return the largest PD that is provisionally approved; 0 when the policy approves no tier."""
    return max((tier.upper_pd for tier in tiers if tier.name in policy.approved_tiers), default=0.0)
