"""Whether observed default rates rise from tier to tier, and of which neighbours that can be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from scipy import stats

from modelling.rate_tests import higher_rate_p

PAIR_LEVEL = 0.0025
"""Two neighbours are asked for their order when chance would turn a true order round at most this often.

Five tiers are four pairs, and a model is judged on about five samples: twenty pairs at this level refuse a sound model
in at most 5 of 100 cases, the level of the other gates.
"""

LEAST_CASES = 30
"""Neighbours with fewer cases in either tier are not asked: the normal approximation of the chance fails there."""


@dataclass(frozen=True, kw_only=True)
class TierPair:
    """Two neighbouring tiers in one sample.

    Attributes:
        safer: Name of the tier with the lower PD.
        riskier: Name of the other.
        rises: Whether the riskier tier has the strictly higher default rate; None when either is empty.
        chance: Probability that chance alone turns the two round or level if their default rates equal their PDs;
            None when either has too few cases to tell.
        asked: Whether the order is demanded here.
    """

    safer: str
    riskier: str
    rises: bool | None
    chance: float | None
    asked: bool

    @property
    def broken(self) -> bool:
        """Whether the order is demanded and does not hold."""
        return self.asked and not self.rises


def tier_pairs(
    names: Sequence[str], n: Sequence[int], bads: Sequence[int], pds: Sequence[float | None]
) -> tuple[TierPair, ...]:
    """Return each pair of neighbouring tiers, and whether its order can be asked of the sample.

    What was observed has no say in what is asked, so that a sample is not excused for having gone wrong.

    Args:
        names: Names of the tiers, safest first.
        n: Cases per tier.
        bads: Bad cases per tier.
        pds: Mean PD per tier; None without a case.
    """
    return tuple(_pair(one, other) for one, other in pairwise(zip(names, n, bads, pds, strict=True)))


def rises(pairs: Sequence[TierPair]) -> bool | None:
    """Return whether default rates rise strictly from tier to tier; None when a tier has no case."""
    if any(pair.rises is None for pair in pairs):
        return None
    return all(pair.rises for pair in pairs)


def turned_round_p(n: Sequence[int], bads: Sequence[int]) -> float:
    """Return how likely the worst inversion of neighbouring tiers is when rates in truth do not fall.

    The smallest one-sided p-value over neighbours, multiplied by their number (Bonferroni), at most 1. Neighbours
    without cases are left out.
    """
    tiers = [(cases, bad) for cases, bad in zip(n, bads, strict=True) if cases]
    worst = [higher_rate_p(n2, b2, n1, b1) for (n1, b1), (n2, b2) in pairwise(tiers)]
    return min(1.0, min(worst, default=1.0) * max(1, len(worst)))


_Tier = tuple[str, int, int, float | None]


def _pair(safer: _Tier, riskier: _Tier) -> TierPair:
    (name, n1, b1, r1), (other, n2, b2, r2) = safer, riskier
    chance = None
    if min(n1, n2) >= LEAST_CASES and r1 is not None and r2 is not None:
        chance = _turned_by_chance(n1, r1, n2, r2)
    return TierPair(
        safer=name,
        riskier=other,
        rises=b1 * n2 < b2 * n1 if n1 and n2 else None,
        chance=chance,
        asked=chance is not None and chance <= PAIR_LEVEL,
    )


def _turned_by_chance(n1: int, r1: float, n2: int, r2: float) -> float:
    error = (r1 * (1 - r1) / n1 + r2 * (1 - r2) / n2) ** 0.5
    return float(stats.norm.sf((r2 - r1) / error)) if error > 0 else 1.0
