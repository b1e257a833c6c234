"""Learn what a call is worth from what past calls gained.

Gains are mostly zero (few calls change a decision) and the rest is large and noisy (a single loan ends well or badly).
So the learner is small and shrunken: shallow boosted trees with large leaves, whose predictions are then pulled towards
the mean gain by the slope that cross-fitting finds. LightGBM's trees were chosen over a linear model because the gain
is large near the cut-off and small on both sides of it, which no line can say, and over a classifier of "will change"
because what counts is yuan. When out-of-fold predictions do not go along with gains beyond chance, nothing is learned,
and the triggers alone decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelling.errors import MetricError
from modelling.export_trees import trees_from_booster
from modelling.past_calls import PastCalls
from scoring.call_value import CallValue
from scoring.kernel import prepare
from scoring.trees import Trees

Array = NDArray[np.float64]

MINIMUM_CALLS: Final = 500
MINIMUM_CHANGED: Final = 20
FOLDS: Final = 5
SURE: Final = 1.645
"""One-sided 5 % point of the normal distribution: how far gains must go along with predictions."""

_ROUNDS: Final = 80
_PARAMETERS: Final = {
    "objective": "regression",
    "num_leaves": 4,
    "learning_rate": 0.06,
    "lambda_l2": 20.0,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "feature_fraction": 0.6,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


@dataclass(frozen=True, kw_only=True)
class CallValueFit:
    """What was learned from past calls, and the proof.

    Attributes:
        value: The predictor; None when nothing was learned.
        why: Why it was learned or not, in words with numbers.
        calls: Past calls looked at.
        control_calls: How many of them were picked at random.
        reached: How many were reached.
        changed: How many changed the decision.
        realised: How many of those rest on how the loan ended.
        mean_gain: Mean gain of a call over all applications (inverse-propensity weighted), in yuan.
        control_mean_gain: Mean gain of the calls picked at random, unweighted, in yuan; None without any.
        effective_calls: Number of equally weighted calls that say as much: ``(Σw)² / Σw²``.
        slope: Share of the out-of-fold spread that is kept; 1 keeps all, 0 none.
        z: How far gains go along with out-of-fold predictions, in standard errors.
        folds: Folds of the cross-fitting.
    """

    value: CallValue | None
    why: str
    calls: int
    control_calls: int
    reached: int
    changed: int
    realised: int
    mean_gain: float
    control_mean_gain: float | None
    effective_calls: float
    slope: float
    z: float
    folds: int = FOLDS


def learn_call_value(
    past: PastCalls, *, seed: int, minimum_calls: int = MINIMUM_CALLS, minimum_changed: int = MINIMUM_CHANGED
) -> CallValueFit:
    """Learn the value of a call, or say why not.

    Each call weighs ``1 / e(x)``, its inverse propensity, scaled to a mean of 1, so that calls stand for all
    applications and not for those that the rules of the time liked. Predictions out of fold are then held against the
    gains. With weights *w*, out-of-fold predictions *f* and gains *g*, both less their weighted means::

        slope = Σ w f g / Σ w f²           (kept between 0 and 1)
        z     = Σ w f g / √(Σ (w f g)²)    (must be at least 1.645)

    The value that is kept is ``mean + slope · (f − mean)``, with *f* learned from all calls.

    Args:
        past: Past calls; their order does not matter.
        seed: Seed of folds and trees.
        minimum_calls: Fewer calls teach nothing.
        minimum_changed: Fewer changed decisions teach nothing.

    Returns:
        The value, or None in its place with the reason.
    """
    order = np.argsort(np.asarray(past.case_ids, dtype=str), kind="stable")
    gain, inputs = past.gain[order], past.inputs[order]
    weights = weights_of(past.propensity[order])
    changed = int(past.changed.sum())
    if len(gain) < minimum_calls or changed < minimum_changed:
        why = (
            f"{len(gain)} past calls with {changed} changed decisions; at least {minimum_calls} and {minimum_changed} "
            "are needed to learn what a call is worth"
        )
        return _fit(past, weights, gain, None, why, slope=0.0, z=0.0)
    out_of_fold = _out_of_fold(inputs, gain, weights, seed)
    slope, z = agreement(out_of_fold, gain, weights)
    if z < SURE or slope <= 0:
        why = (
            f"gains of {len(gain)} past calls do not go along with what was predicted for them beyond chance "
            f"(z = {z:.2f}, must be at least {SURE})"
        )
        return _fit(past, weights, gain, None, why, slope=slope, z=z)
    trees = shrunken(_train(inputs, gain, weights, seed), slope, float(np.average(gain, weights=weights)))
    value = CallValue(trees=trees, calls=len(gain), control_calls=int(past.control.sum()))
    why = f"learned from {len(gain)} past calls, {changed} of which changed the decision (z = {z:.2f})"
    return _fit(past, weights, gain, value, why, slope=slope, z=z)


def weights_of(propensity: Array) -> Array:
    """Return inverse propensities, scaled to a mean of 1."""
    weights: Array = 1.0 / propensity
    return weights / weights.mean() if len(weights) else weights


def agreement(predicted: Array, gain: Array, weights: Array) -> tuple[float, float]:
    """Return slope and z of gains on predictions, as `learn_call_value` defines them; zeros without spread."""
    f = predicted - np.average(predicted, weights=weights)
    g = gain - np.average(gain, weights=weights)
    along, spread = weights * f * g, float((weights * f * f).sum())
    if not spread > 0 or not along.any():
        return 0.0, 0.0
    return float(np.clip(along.sum() / spread, 0.0, 1.0)), float(along.sum() / np.sqrt((along**2).sum()))


def shrunken(trees: Trees, slope: float, mean: float) -> Trees:
    """Return trees that predict ``mean + slope · (f − mean)`` where the given ones predict *f*."""
    values = trees.leaf_value * slope
    first_leaves = int(trees.tree_nodes[0]) + 1
    values[:first_leaves] += (1 - slope) * mean
    return replace(trees, leaf_value=values)


def threshold_for_capacity(values: Sequence[float] | Array, capacity_share: float) -> float:
    """Return the value of a call from which on calls fill the desk.

    At most ``capacity_share`` of the values are at or above it, as many as ties allow; never below 0, because a call
    that costs more than it gains is not made to fill a desk.

    Args:
        values: Values of calls, their cost taken off, over cases like those to come.
        capacity_share: Share of the cases that the desk can call, above 0 and at most 1.

    Raises:
        MetricError: no values, one that is not finite, or a share out of range.
    """
    found = np.sort(np.asarray(values, dtype=np.float64))[::-1]
    if not 0 < capacity_share <= 1:
        raise MetricError(f"capacity_share == {capacity_share}, must be above 0 and at most 1")
    if not len(found) or not np.isfinite(found).all():
        raise MetricError(f"{len(found)} values, must be one or more finite numbers")
    calls = int(capacity_share * len(found))
    if calls == 0:
        return max(0.0, float(np.nextafter(found[0], np.inf)))
    first_out = found[calls] if calls < len(found) else -np.inf
    inside = found[:calls][found[:calls] > first_out]
    threshold = inside[-1] if len(inside) else np.nextafter(found[0], np.inf)
    return max(0.0, float(threshold))


def predicted(trees: Trees, inputs: Array) -> Array:
    """Return the gain that trees predict, in yuan before the cost of the call."""
    return prepare(trees).margins(inputs)


def _train(inputs: Array, gain: Array, weights: Array, seed: int) -> Trees:
    import lightgbm

    data = lightgbm.Dataset(inputs, gain, weight=weights, free_raw_data=False)
    parameters = {**_PARAMETERS, "seed": seed, "min_data_in_leaf": max(20, len(gain) // 20)}
    return trees_from_booster(lightgbm.train(parameters, data, num_boost_round=_ROUNDS))


def _out_of_fold(inputs: Array, gain: Array, weights: Array, seed: int) -> Array:
    fold = np.random.default_rng(seed).permutation(len(gain)) % FOLDS
    found = np.empty(len(gain))
    for number in range(FOLDS):
        held = fold == number
        found[held] = predicted(_train(inputs[~held], gain[~held], weights[~held], seed), inputs[held])
    return found


def _fit(
    past: PastCalls, weights: Array, gain: Array, value: CallValue | None, why: str, *, slope: float, z: float
) -> CallValueFit:
    control = past.gain[past.control]
    return CallValueFit(
        value=value,
        why=why,
        calls=len(gain),
        control_calls=int(past.control.sum()),
        reached=int(past.reached.sum()),
        changed=int(past.changed.sum()),
        realised=int((past.changed & past.realised).sum()),
        mean_gain=float(np.average(gain, weights=weights)) if len(gain) else 0.0,
        control_mean_gain=float(control.mean()) if len(control) else None,
        effective_calls=float(weights.sum() ** 2 / (weights**2).sum()) if len(gain) else 0.0,
        slope=slope,
        z=z,
    )
