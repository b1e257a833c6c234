"""Monotone sweep: whether the model keeps every promised direction, tried out on real cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from modelling.arrays import Floats
from modelling.errors import MetricError
from scoring.spec import FeatureSpec

TOLERANCE = 1e-9
"""Moves in log-odds below this are rounding."""


@dataclass(frozen=True, kw_only=True)
class FeatureSweep:
    """One constrained feature, moved over its observed range in every sampled case.

    Attributes:
        feature: Feature name.
        direction: How the margin may move when the value rises: 1 up only, -1 down only.
        cases: Cases in which it was moved.
        values: Values it took, rising; fewer than 2 leave nothing to try.
        broken: Cases in which the margin moved the wrong way somewhere.
        worst: Largest fall (rise) in log-odds between neighbouring values against the direction; 0 when there is none.
    """

    feature: str
    direction: int
    cases: int
    values: int
    broken: int
    worst: float


def monotone_sweep(
    margin_of: Callable[[Floats], Floats],
    matrix: Floats,
    features: Sequence[FeatureSpec],
    *,
    cases: int = 100,
    values: int = 20,
    seed: int = 0,
) -> tuple[FeatureSweep, ...]:
    """Move every constrained feature over its observed range, all else equal, and watch the margin.

    Missing values have no place in an order and are not among the values tried; the other features stay as they are,
    missing included.

    Args:
        margin_of: The model: encoded rows to margins (log-odds of bad).
        matrix: Encoded cases, one column per feature.
        features: Features in the order of the columns; those with direction 0 and categories are not swept.
        cases: Cases to sample.
        values: Values per feature, evenly spread over the distinct ones observed, the smallest and largest among them.
        seed: Seed of the sample.

    Raises:
        MetricError: the matrix does not fit the features, or has no row.
    """
    if matrix.ndim != 2 or matrix.shape[1] != len(features) or not len(matrix):
        raise MetricError(f"matrix has shape {matrix.shape}, must be (cases, {len(features)}) with at least one case")
    random = np.random.default_rng(seed)
    sample = matrix[random.choice(len(matrix), size=min(cases, len(matrix)), replace=False)]
    return tuple(
        _sweep(margin_of, sample, column, feature, _grid(matrix[:, column], values))
        for column, feature in enumerate(features)
        if feature.direction and feature.kind != "category"
    )


def _grid(column: Floats, values: int) -> Floats:
    known = np.unique(column[np.isfinite(column)])
    if known.size <= values:
        return known
    return known[np.linspace(0, known.size - 1, num=values).round().astype(np.int64)]


def _sweep(
    margin_of: Callable[[Floats], Floats], sample: Floats, column: int, feature: FeatureSpec, grid: Floats
) -> FeatureSweep:
    wrong = np.zeros(len(sample))
    if grid.size > 1:
        rows = np.repeat(sample, grid.size, axis=0)
        rows[:, column] = np.tile(grid, len(sample))
        moves = np.diff(margin_of(rows).reshape(len(sample), grid.size), axis=1) * feature.direction
        wrong = np.maximum(0.0, -moves.min(axis=1))
    return FeatureSweep(
        feature=feature.name,
        direction=feature.direction,
        cases=len(sample),
        values=grid.size,
        broken=int(np.sum(wrong > TOLERANCE)),
        worst=float(wrong.max()),
    )
