"""How well a risk score puts bad cases above good ones: AUC, Gini, KS, and two scores against each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from modelling.arrays import Flags, Floats, as_labels, as_scores
from modelling.estimate import Estimate, normal_estimate, normal_quantile


@dataclass(frozen=True, kw_only=True)
class Auc:
    """Area under the ROC curve: the chance that a bad case scores riskier than a good one, ties counting half.

    Attributes:
        value: The area, 0.5 for a score that knows nothing.
        gini: ``2·AUC − 1``.
        lower: Lower end of the interval of the area.
        upper: Upper end of the interval of the area.
        level: Confidence level of the interval.
        method: ``delong``; ``newcombe`` where DeLong's variance is 0 or undefined (perfect order, or a class of one);
            or ``bootstrap_by_applicant``.
        n: Cases.
        bads: Bad cases among them.
    """

    value: float
    gini: float
    lower: float
    upper: float
    level: float
    method: str
    n: int
    bads: int

    @property
    def gini_lower(self) -> float:
        """Lower end of the interval of the Gini."""
        return 2 * self.lower - 1

    @property
    def gini_upper(self) -> float:
        """Upper end of the interval of the Gini."""
        return 2 * self.upper - 1


@dataclass(frozen=True, kw_only=True)
class AucDifference:
    """The AUC of score ``b`` less that of score ``a`` on the same cases.

    Attributes:
        a: AUC of the first score.
        b: AUC of the second.
        difference: ``b − a``; positive when the second is better.
        lower: Lower end of the interval of the difference.
        upper: Upper end.
        level: Confidence level.
        p: Two-sided p-value of no difference.
        p_better: One-sided p-value: how likely so large a difference is if ``b`` is no better than ``a``.
        method: ``delong_paired`` or ``bootstrap_by_applicant``.
        n: Cases.
        bads: Bad cases among them.
    """

    a: float
    b: float
    difference: float
    lower: float
    upper: float
    level: float
    p: float
    p_better: float
    method: str
    n: int
    bads: int


@dataclass(frozen=True, kw_only=True)
class Ks:
    """Kolmogorov–Smirnov distance between the scores of bad and good cases.

    Attributes:
        value: The difference of the two cumulative shares, riskiest first, where it is largest in size; signed, so that
            a reversed score shows as negative.
        score: The risk score at which it stands: cases at or above it are counted (below it, for a negative value, the
            good are ahead).
        interval: The value with the binomial interval of the two shares at that score.
        n: Cases.
        bads: Bad cases among them.
    """

    value: float
    score: float
    interval: Estimate
    n: int
    bads: int


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Cumulative shares of bad and good cases, riskiest first, at distinct scores: the ROC and the KS curve in one.

    Attributes:
        score: Risk scores, falling; cases at or above each are counted.
        bad: Share of the bad cases at or above it (true positive rate).
        good: Share of the good cases at or above it (false positive rate).
    """

    score: tuple[float, ...]
    bad: tuple[float, ...]
    good: tuple[float, ...]


def auc(y: ArrayLike, score: ArrayLike, *, level: float = 0.95) -> Auc:
    """Measure the area under the ROC curve with DeLong's interval on the logit scale.

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75

    Args:
        y: Labels, 1 for bad.
        score: Risk scores, higher for riskier. Ties count half.
        level: Confidence level.

    Raises:
        MetricError: lengths differ, a value is missing, or only one class is there.

    References:
        DeLong, DeLong, Clarke-Pearson (1988); Sun, Xu (2014) for midranks in O(n log n); Pepe (2003) for the logit
        scale; Newcombe (2006), method 5, where the variance vanishes.
    """
    bad = as_labels(y)
    placements = _placements(bad, as_scores(score, bad.size))
    value = float(np.mean(placements[0]))
    lower, upper, method = _interval(value, _variance(placements), bad, level)
    return Auc(
        value=value,
        gini=2 * value - 1,
        lower=lower,
        upper=upper,
        level=level,
        method=method,
        n=bad.size,
        bads=int(bad.sum()),
    )


def delong(y: ArrayLike, a: ArrayLike, b: ArrayLike, *, level: float = 0.95) -> AucDifference:
    """Test the AUC of ``b`` against that of ``a`` on the same cases (DeLong, paired).

    Args:
        y: Labels, 1 for bad.
        a: Risk scores of the first model, such as the champion.
        b: Risk scores of the second, such as the challenger, in the same order.
        level: Confidence level.

    Returns:
        The difference with interval and p-values. Scores that order all cases alike differ by 0 with p 1.

    Raises:
        MetricError: as in :func:`auc`.
    """
    bad = as_labels(y)
    first, second = (_placements(bad, as_scores(score, bad.size)) for score in (a, b))
    auc_a, auc_b = float(np.mean(first[0])), float(np.mean(second[0]))
    variance = _variance((second[0] - first[0], second[1] - first[1]))
    error = variance**0.5 if np.isfinite(variance) else 0.0
    estimate = normal_estimate(auc_b - auc_a, error, n=bad.size, level=level)
    z = estimate.value / error if error > 0 else 0.0
    return AucDifference(
        a=auc_a,
        b=auc_b,
        difference=estimate.value,
        lower=estimate.lower,
        upper=estimate.upper,
        level=level,
        p=float(2 * stats.norm.sf(abs(z))),
        p_better=float(stats.norm.sf(z)) if error > 0 else 1.0,
        method="delong_paired",
        n=bad.size,
        bads=int(bad.sum()),
    )


def ks(y: ArrayLike, score: ArrayLike, *, level: float = 0.95) -> Ks:
    """Measure the signed Kolmogorov–Smirnov distance at distinct scores.

    Args:
        y: Labels, 1 for bad.
        score: Risk scores, higher for riskier.
        level: Confidence level of the interval, which is that of two binomial shares at the score found.

    Raises:
        MetricError: as in :func:`auc`.
    """
    bad = as_labels(y)
    points = full_curve(bad, as_scores(score, bad.size))
    gap = points[1] - points[2]
    at = int(np.argmax(np.abs(gap)))
    share_bad, share_good = float(points[1][at]), float(points[2][at])
    bads, goods = int(bad.sum()), int((~bad).sum())
    error = (share_bad * (1 - share_bad) / bads + share_good * (1 - share_good) / goods) ** 0.5
    half = normal_quantile(level) * error
    value = float(gap[at])
    interval = Estimate(
        value=value, lower=max(-1.0, value - half), upper=min(1.0, value + half), level=level, n=bad.size
    )
    return Ks(value=value, score=float(points[0][at]), interval=interval, n=bad.size, bads=bads)


def curve(y: ArrayLike, score: ArrayLike, *, points: int = 200) -> Curve:
    """Return the ROC and KS curve thinned to at most ``points`` places, the first and the last always kept.

    Raises:
        MetricError: as in :func:`auc`.
    """
    bad = as_labels(y)
    falling, share_bad, share_good = full_curve(bad, as_scores(score, bad.size))
    keep = np.unique(np.linspace(0, falling.size - 1, num=min(points, falling.size)).round().astype(np.int64))
    return Curve(
        score=tuple(falling[keep].tolist()),
        bad=tuple(share_bad[keep].tolist()),
        good=tuple(share_good[keep].tolist()),
    )


def full_curve(bad: Flags, score: Floats) -> tuple[Floats, Floats, Floats]:
    """Return all distinct scores, falling, with the shares of bad and of good cases at or above each."""
    order = np.argsort(-score, kind="stable")
    falling, bads = score[order], np.cumsum(bad[order])
    last = np.flatnonzero(np.append(np.diff(falling) != 0, True))
    goods = last + 1 - bads[last]
    return falling[last], bads[last] / bads[-1], goods / goods[-1]


def _placements(bad: Flags, score: Floats) -> tuple[Floats, Floats]:
    """Return, per bad case, the share of goods it outranks, and per good case, the share of bads that outrank it."""
    risky, safe = score[bad], score[~bad]
    everyone = stats.rankdata(score)
    over_goods = (everyone[bad] - stats.rankdata(risky)) / safe.size
    under_bads = 1 - (everyone[~bad] - stats.rankdata(safe)) / risky.size
    return over_goods, under_bads


def _variance(placements: tuple[Floats, Floats]) -> float:
    """Return DeLong's variance of a mean of placements; NaN when a class has one case."""
    if min(part.size for part in placements) < 2:
        return float("nan")
    return float(sum(np.var(part, ddof=1) / part.size for part in placements))


def _interval(value: float, variance: float, bad: Flags, level: float) -> tuple[float, float, str]:
    if not 0 < value < 1 or not variance > 0:
        return (*_newcombe(value, int(bad.sum()), int((~bad).sum()), level), "newcombe")
    centre, half = np.log(value / (1 - value)), normal_quantile(level) * variance**0.5 / (value * (1 - value))
    lower, upper = 1 / (1 + np.exp(-(centre - half))), 1 / (1 + np.exp(-(centre + half)))
    return float(lower), float(upper), "delong"


def _newcombe(value: float, bads: int, goods: int, level: float) -> tuple[float, float]:
    """Solve ``|θ − value| = z·√V(θ)`` for both ends, V being Hanley and McNeil's variance at θ."""
    z, extra = normal_quantile(level), (bads + goods) / 2 - 1

    def distance(theta: float) -> float:
        spread = 1 + extra * (1 - theta) / (2 - theta) + extra * theta / (1 + theta)
        return float((theta - value) ** 2 - z * z * theta * (1 - theta) * spread / (bads * goods))

    # The distance is negative at the value itself (not at 0 and 1, where it is zero), and positive or zero at 0 and 1.
    inside = min(max(value, 1e-12), 1 - 1e-12)
    lower = float(optimize.brentq(distance, 1e-12, inside)) if value > 0 else 0.0
    upper = float(optimize.brentq(distance, inside, 1 - 1e-12)) if value < 1 else 1.0
    return lower, upper
