"""Whether observed default rates rise from tier to tier, and whether there are enough cases to ask."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from scipy import stats

from modelling.rate_tests import higher_rate_p

ENOUGH_Z = 3.29
"""A true order must be so many standard errors clear of chance for a sample to be asked for it: 1 inversion in 2,000.

Five tiers in four months are sixteen pairs of neighbours: a sound model is refused by chance less than once in 100.
"""

LEAST_CASES = 30


def rises(n: Sequence[int], bads: Sequence[int]) -> bool | None:
    """Return whether default rates rise strictly from tier to tier; None when a tier has no case."""
    if not all(n):
        return None
    return all(b1 * n2 < b2 * n1 for (n1, b1), (n2, b2) in pairwise(zip(n, bads, strict=True)))


def enough_cases(
    n: Sequence[int], pds: Sequence[float | None], *, z: float = ENOUGH_Z, least: int = LEAST_CASES
) -> tuple[bool, str]:
    """Tell whether a sample can be asked for the order of its tiers.

    It can when each tier has ``least`` cases, and when default rates equal to the PDs would show in the wrong order, by
    chance alone, for any two neighbours only with the normal tail probability of ``z``. What was observed has no say,
    so that a sample is not excused for having gone wrong.

    Args:
        n: Cases per tier in the sample.
        pds: Mean PD per tier in the sample; None without a case.
        z: Standard errors that neighbouring rates must be expected apart.
        least: Least cases per tier.

    Returns:
        The answer, and why.
    """
    known = [pd for pd in pds if pd is not None]
    if min(n) < least or len(known) < len(n):
        return False, f"a tier has {min(n)} cases, needed are {least}"
    apart = min(_apart(n1, r1, n2, r2) for (n1, r1), (n2, r2) in pairwise(zip(n, known, strict=True)))
    chance = float(stats.norm.sf(apart))
    return apart >= z, f"chance alone would turn the closest two tiers round with probability {chance:.2g}"


def turned_round_p(n: Sequence[int], bads: Sequence[int]) -> float:
    """Return how likely the worst inversion of neighbouring tiers is when rates in truth do not fall.

    The smallest one-sided p-value over neighbours, multiplied by their number (Bonferroni), at most 1. Neighbours
    without cases are left out.
    """
    tiers = [(cases, bad) for cases, bad in zip(n, bads, strict=True) if cases]
    worst = [higher_rate_p(n2, b2, n1, b1) for (n1, b1), (n2, b2) in pairwise(tiers)]
    return min(1.0, min(worst, default=1.0) * max(1, len(worst)))


def _apart(n1: int, r1: float, n2: int, r2: float) -> float:
    error = (r1 * (1 - r1) / n1 + r2 * (1 - r2) / n2) ** 0.5
    return (r2 - r1) / error if error > 0 else 0.0
