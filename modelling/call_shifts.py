"""What a call would do to a score, read off past calls on similar cases, and what that is worth in yuan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelling.profit import loan_profit
from scoring.call_value import cutoff_points
from scoring.points import factor, offset
from scoring.spec import Economics, ModelSpec, Scale

Array = NDArray[np.float64]

TREES: Final = 60
LEAST_IN_LEAF: Final = 60
"""Fewest past calls that count as similar to a case in one tree."""


@dataclass(frozen=True, kw_only=True)
class Stakes:
    """What a score decides and what that earns.

    Attributes:
        cutoff: Points from which on a case is approved.
        scale: Points scale.
        economics: What good loans earn and bad ones lose.
    """

    cutoff: float
    scale: Scale
    economics: Economics

    @classmethod
    def of(cls, spec: ModelSpec) -> Stakes:
        """Return the stakes of a model under its policy."""
        return cls(cutoff=cutoff_points(spec), scale=spec.scale, economics=spec.policy.economics)

    def gain(self, points: Array, shift: Array, amounts: Array) -> Array:
        """Return what moving the points by ``shift`` gains in yuan, at the PD that the moved points stand for."""
        moved = points + shift
        turned = (moved >= self.cutoff).astype(np.float64) - (points >= self.cutoff)
        log_odds = np.clip((moved - offset(self.scale)) / factor(self.scale), -40.0, 40.0)
        pd = 1.0 / (1.0 + np.exp(log_odds))
        gained: Array = turned * loan_profit(pd, np.broadcast_to(amounts, pd.shape), self.economics)
        return gained


@dataclass(frozen=True, kw_only=True, eq=False)
class ShiftForest:
    """Past calls, and a forest that says which of them are similar to a case.

    Attributes:
        forest: Random forest of the shift on the inputs.
        leaves: Leaf of each past call in each tree.
        shift: Points by which each past call moved the score.
        weights: Weight of each past call.
    """

    forest: Any
    leaves: NDArray[np.integer]
    shift: Array
    weights: Array

    @classmethod
    def fit(cls, inputs: Array, shift: Array, weights: Array, seed: int) -> ShiftForest:
        """Grow the forest; the number of past calls in a leaf is at least `LEAST_IN_LEAF`."""
        from sklearn.ensemble import RandomForestRegressor

        forest = RandomForestRegressor(TREES, min_samples_leaf=LEAST_IN_LEAF, max_features=0.5, random_state=seed)
        forest.fit(inputs, shift, sample_weight=weights)
        return cls(forest=forest, leaves=forest.apply(inputs), shift=shift, weights=weights)

    def gain(self, inputs: Array, points: Array, amounts: Array, stakes: Stakes) -> Array:
        """Return the expected gain of a call on each case, in yuan, before its cost.

        The shifts of the past calls that lie in a case's leaf are applied to its own points, and the gains averaged by
        weight, then over trees: an expectation over the distribution of shifts that the forest gives the case
        (Meinshausen, *Quantile regression forests*, JMLR 7, 2006), not at their mean.
        """
        found = np.zeros(len(inputs))
        where = self.forest.apply(inputs)
        for tree in range(where.shape[1]):
            for leaf in np.unique(where[:, tree]):
                cases = np.flatnonzero(where[:, tree] == leaf)
                calls = np.flatnonzero(self.leaves[:, tree] == leaf)
                weights = self.weights[calls] / self.weights[calls].sum()
                gains = stakes.gain(points[cases][:, None], self.shift[calls][None, :], amounts[cases][:, None])
                found[cases] += gains @ weights
        return found / float(where.shape[1])
