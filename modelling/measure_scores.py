"""How scores lie: points by label, and how far the score of each month has moved."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from modelling.arrays import Flags, Floats
from modelling.bins import quantile_bins
from modelling.evaluation_parts import MonthPsi, ScoreHistogram
from modelling.stability import psi_of_codes

_MOST_BINS = 50
_STEP = 5.0


def histogram_edges(points: Floats) -> Floats:
    """Return edges at whole multiples of a round number of points that cover all of them, at most 50 bins."""
    low, high = float(points.min()), float(points.max())
    step = _STEP * max(1.0, np.ceil((high - low) / (_MOST_BINS - 2) / _STEP))
    first, last = np.floor(low / step), np.floor(high / step) + 1
    edges: Floats = np.arange(first, last + 1) * step
    return edges


def score_histogram(split: str, points: Floats, bad: Flags, edges: Floats) -> ScoreHistogram:
    """Count good and bad cases per bin of points."""
    good, risky = (np.histogram(points[which], bins=edges)[0] for which in (~bad, bad))
    return ScoreHistogram(
        split=split, edges=tuple(edges.tolist()), good=tuple(good.tolist()), bad=tuple(risky.tolist())
    )


def score_psi(development: Floats, periods: Iterable[tuple[str, Floats]]) -> tuple[MonthPsi, ...]:
    """Measure the PSI of every period's scores against those of development; bins are learned there once."""
    bins = quantile_bins(development)
    expected = bins.codes(development)
    return tuple(MonthPsi(month=name, psi=psi_of_codes(bins, expected, bins.codes(scores))) for name, scores in periods)
