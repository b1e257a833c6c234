"""Bootstrap of the AUC that draws applicants, not cases: repeat applicants are not independent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from modelling.arrays import Flags, Floats, Ints, as_groups, as_labels, as_scores
from modelling.discrimination import Auc, AucDifference, auc
from modelling.errors import MetricError
from modelling.estimate import normal_quantile

_CELLS_AT_ONCE = 4_000_000
"""Draws are made in blocks of this many case weights, which bounds memory."""


def bootstrap_auc(
    y: ArrayLike,
    score: ArrayLike,
    applicants: ArrayLike | None = None,
    *,
    resamples: int = 500,
    level: float = 0.95,
    seed: int = 0,
) -> Auc:
    """Measure the AUC with the percentile interval of a bootstrap by applicant.

    Args:
        y: Labels, 1 for bad.
        score: Risk scores, higher for riskier.
        applicants: Who each case belongs to; None makes each case its own applicant.
        resamples: Draws; those that miss a class are left out.
        level: Confidence level.
        seed: Seed of the draws.

    Raises:
        MetricError: as in `modelling.discrimination.auc`, or fewer than 100 draws are usable.
    """
    bad = as_labels(y)
    values = as_scores(score, bad.size)
    drawn = _draws(bad, [values], as_groups(applicants, bad.size), resamples, seed)[0]
    lower, upper = _percentiles(drawn, level)
    plain = auc(bad, values, level=level)
    return Auc(
        value=plain.value,
        gini=plain.gini,
        lower=lower,
        upper=upper,
        level=level,
        method="bootstrap_by_applicant",
        n=plain.n,
        bads=plain.bads,
    )


def bootstrap_difference(
    y: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    applicants: ArrayLike | None = None,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> AucDifference:
    """Measure the AUC of ``b`` less that of ``a`` on the same draws of applicants.

    The one-sided p-value is the share of draws in which ``b`` is not better, counting one more draw for each side.

    Args:
        y: Labels, 1 for bad.
        a: Risk scores of the first model.
        b: Risk scores of the second, in the same order.
        applicants: Who each case belongs to; None makes each case its own applicant.
        resamples: Draws; those that miss a class are left out.
        level: Confidence level.
        seed: Seed of the draws.

    Raises:
        MetricError: as in :func:`bootstrap_auc`.
    """
    bad = as_labels(y)
    scores = [as_scores(score, bad.size) for score in (a, b)]
    drawn = _draws(bad, scores, as_groups(applicants, bad.size), resamples, seed)
    differences = drawn[1] - drawn[0]
    lower, upper = _percentiles(differences, level)
    not_better, not_worse = (
        (1 + int(np.sum(sides))) / (1 + differences.size) for sides in (differences <= 0, differences >= 0)
    )
    value_a, value_b = (auc(bad, score).value for score in scores)
    return AucDifference(
        a=value_a,
        b=value_b,
        difference=value_b - value_a,
        lower=lower,
        upper=upper,
        level=level,
        p=min(1.0, 2 * min(not_better, not_worse)),
        p_better=not_better,
        method="bootstrap_by_applicant",
        n=bad.size,
        bads=int(bad.sum()),
    )


@dataclass(frozen=True)
class _Ranked:
    """Cases sorted by rising score, with the start of each run of equal scores."""

    order: Ints
    starts: Ints
    bad: Flags

    @classmethod
    def of(cls, bad: Flags, score: Floats) -> _Ranked:
        order = np.argsort(score, kind="stable")
        starts = np.flatnonzero(np.append(True, np.diff(score[order]) != 0))
        return cls(order=order, starts=starts, bad=bad[order])

    def areas(self, weights: Floats) -> Floats:
        """Return the AUC of each row of case weights; NaN where a class has no weight."""
        sorted_weights = weights[:, self.order]
        bads = np.add.reduceat(sorted_weights * self.bad, self.starts, axis=1)
        goods = np.add.reduceat(sorted_weights * ~self.bad, self.starts, axis=1)
        pairs = bads.sum(axis=1) * goods.sum(axis=1)
        won = np.sum(bads * (np.cumsum(goods, axis=1) - goods / 2), axis=1)
        areas: Floats = np.divide(won, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0)
        return areas


def _draws(bad: Flags, scores: list[Floats], groups: Ints, resamples: int, seed: int) -> list[Floats]:
    """Return the AUC of every score in every usable draw, the same draws for all scores."""
    random, count = np.random.default_rng(seed), int(groups.max()) + 1
    ranked = [_Ranked.of(bad, score) for score in scores]
    found: list[list[Floats]] = [[] for _ in scores]
    block = max(1, _CELLS_AT_ONCE // bad.size)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        picked = random.integers(0, count, size=(rows, count)) + count * np.arange(rows)[:, None]
        times = np.bincount(picked.ravel(), minlength=rows * count).reshape(rows, count)
        weights = times[:, groups].astype(np.float64)
        for areas, one in zip(found, ranked, strict=True):
            areas.append(one.areas(weights))
    drawn = [np.concatenate(areas) for areas in found]
    usable = np.isfinite(drawn[0])
    if usable.sum() < 100:
        raise MetricError(f"{int(usable.sum())} of {resamples} draws hold both classes, must be at least 100")
    return [areas[usable] for areas in drawn]


def _percentiles(drawn: Floats, level: float) -> tuple[float, float]:
    normal_quantile(level)  # refuses a level out of range
    lower, upper = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)
