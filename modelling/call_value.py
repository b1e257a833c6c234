"""Learn what a call is worth from what past calls found and gained.

Of a thousand past calls only some tens change a decision, and what each gains is one loan's good or bad end: a model of
gains learned from them directly is mostly noise (tried first; out of time it fell behind "nearest to the cut-off"). But
every call that was reached says by how many points it moved the score. So the value is learned in three steps:

1. **shifts**: a forest finds, for a case, the past calls on similar explanations; their shifts (0 when not reached)
   are applied to the case's own points, and the gains of the decisions that turn are averaged (``call_shifts``);
2. **proof**: out of fold, these predictions must go along with what past calls gained, beyond chance, and with how the
   loans ended at least in sign; they are then pulled towards the mean gain by the slope that was found;
3. **trees**: boosted trees repeat the result for all applications of the period, because a bundle holds trees. Their
   target has no noise, so they may be many; how well they repeat it is told (``fidelity``).

Gains that go along with nothing teach nothing: then there is no value, and the triggers alone decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelling.call_shifts import ShiftForest, Stakes
from modelling.errors import MetricError
from modelling.export_trees import trees_from_booster
from modelling.past_calls import PastCalls
from scoring.call_value import EXTRA_INPUTS, CallValue
from scoring.kernel import prepare
from scoring.spec import ModelSpec
from scoring.trees import Trees

Array = NDArray[np.float64]

MINIMUM_CALLS: Final = 500
MINIMUM_CHANGED: Final = 10
FOLDS: Final = 5
SURE: Final = 1.645
"""One-sided 5 % point of the normal distribution: how far gains must go along with predictions."""

POINTS_OVER_CUTOFF: Final = -len(EXTRA_INPUTS) + EXTRA_INPUTS.index("points_over_cutoff")
"""Where the inputs hold the distance to the cut-off, counted from the end."""

MOST_REPEATED: Final = 15_000
"""Applications of the period, drawn at random, that the trees learn to repeat."""

_ROUNDS: Final = 150
_PARAMETERS: Final = {
    "objective": "regression",
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 20,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


@dataclass(frozen=True, kw_only=True)
class Proof:
    """How past calls' gains go along with out-of-fold predictions.

    Attributes:
        slope: Share of the predictions' spread that is kept; 1 keeps all, 0 none.
        z: How far expected gains go along with predictions, in standard errors.
        z_realised: The same with loans' ends in the place of expectations where they are known.
        fidelity: Share of the variance of the value that its trees repeat (R²); None when nothing was learned.
    """

    slope: float = 0.0
    z: float = 0.0
    z_realised: float = 0.0
    fidelity: float | None = None


@dataclass(frozen=True, kw_only=True)
class CallValueFit:
    """What was learned from past calls, and the proof.

    Attributes:
        value: The predictor; None when nothing was learned.
        why: Why it was learned or not, in words with numbers.
        calls: Past calls looked at.
        control_calls: How many of them were picked at random.
        reached: How many were reached.
        moved: How many moved the score.
        changed: How many changed the decision.
        realised: How many of those rest on how the loan ended.
        mean_gain: Mean gain of a call over all applications (inverse-propensity weighted), in yuan.
        control_mean_gain: Mean gain of the calls picked at random, unweighted, in yuan; None without any.
        effective_calls: Number of equally weighted calls that say as much: ``(Σw)² / Σw²``.
        proof: How gains go along with predictions.
        folds: Folds of the cross-fitting.
    """

    value: CallValue | None
    why: str
    calls: int
    control_calls: int
    reached: int
    moved: int
    changed: int
    realised: int
    mean_gain: float
    control_mean_gain: float | None
    effective_calls: float
    proof: Proof
    folds: int = FOLDS


def learn_call_value(
    past: PastCalls,
    spec: ModelSpec,
    *,
    seed: int,
    minimum_calls: int = MINIMUM_CALLS,
    minimum_changed: int = MINIMUM_CHANGED,
) -> CallValueFit:
    """Learn the value of a call, or say why not.

    Each call weighs ``1 / e(x)``, its inverse propensity, scaled to a mean of 1, so that calls stand for all
    applications and not for those that the rules of the time liked. With weights *w*, out-of-fold predictions *f* and
    gains *g* (loans' ends replaced by what the PD after the call expects), both less their weighted means::

        slope = Σ w f g / Σ w f²           (kept between 0 and 1)
        z     = Σ w f g / √(Σ (w f g)²)    (must be at least 1.645)

    The value that is kept is ``mean + slope · (f − mean)``, with *f* learned from all calls. With realised gains in the
    place of *g*, z must not be negative: what is expected and what happened must not contradict each other.

    Args:
        past: Past calls; their order does not matter.
        spec: The model and policy whose decisions the calls shall improve.
        seed: Seed of folds, forest and trees.
        minimum_calls: Fewer calls teach nothing.
        minimum_changed: Fewer changed decisions teach nothing.

    Returns:
        The value, or None in its place with the reason.
    """
    past, stakes = past.by_id(), Stakes.of(spec)
    weights, changed = weights_of(past.propensity), int(past.changed.sum())
    told = f"{len(past.gain)} past calls, {changed} of which changed the decision"
    if len(past.gain) < minimum_calls or changed < minimum_changed:
        why = f"{told}; at least {minimum_calls} and {minimum_changed} are needed to learn what a call is worth"
        return _fit(past, weights, Proof(), None, why)
    predictions = _out_of_fold(past, weights, stakes, seed)
    slope, z = agreement(predictions, past.expected, weights)
    proof = Proof(slope=slope, z=z, z_realised=agreement(predictions, past.gain, weights)[1])
    if proof.z < SURE or proof.z_realised < 0:
        why = (
            f"{told}; their gains do not go along with what was predicted for them (z = {z:.2f}, must be at least "
            f"{SURE}; by loans' ends {proof.z_realised:.2f}, must not be negative)"
        )
        return _fit(past, weights, proof, None, why)
    trees, fidelity = _repeated(past, weights, stakes, slope, seed)
    value = CallValue(trees=trees, calls=len(past.gain), control_calls=int(past.control.sum()))
    return _fit(past, weights, replace(proof, fidelity=fidelity), value, f"learned from {told} (z = {z:.2f})")


def weights_of(propensity: Array) -> Array:
    """Return inverse propensities, scaled to a mean of 1."""
    weights: Array = 1.0 / propensity
    return weights / weights.mean() if len(weights) else weights


def agreement(predictions: Array, gain: Array, weights: Array) -> tuple[float, float]:
    """Return slope and z of gains on predictions, as `learn_call_value` defines them; zeros without spread."""
    f = predictions - np.average(predictions, weights=weights)
    g = gain - np.average(gain, weights=weights)
    along, spread = weights * f * g, float((weights * f * f).sum())
    if not spread > 0 or not along.any():
        return 0.0, 0.0
    return float(np.clip(along.sum() / spread, 0.0, 1.0)), float(along.sum() / np.sqrt((along**2).sum()))


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
    first_out = found[calls] if calls < len(found) else -np.inf
    inside = found[:calls][found[:calls] > first_out]
    threshold = inside[-1] if len(inside) else np.nextafter(found[0], np.inf)
    return max(0.0, float(threshold))


def predicted(trees: Trees, inputs: Array) -> Array:
    """Return the gain that trees predict, in yuan before the cost of the call."""
    return prepare(trees).margins(inputs)


def _out_of_fold(past: PastCalls, weights: Array, stakes: Stakes, seed: int) -> Array:
    fold = np.random.default_rng(seed).permutation(len(past.gain)) % FOLDS
    found = np.empty(len(past.gain))
    for number in range(FOLDS):
        held = fold == number
        forest = ShiftForest.fit(past.inputs[~held], past.shift[~held], weights[~held], seed)
        found[held] = forest.gain(past.inputs[held], past.points[held], past.amounts[held], stakes)
    return found


def _repeated(past: PastCalls, weights: Array, stakes: Stakes, slope: float, seed: int) -> tuple[Trees, float]:
    """Return trees that repeat the value over the period, and the share of its variance that they repeat."""
    import lightgbm

    forest = ShiftForest.fit(past.inputs, past.shift, weights, seed)
    drawn = np.sort(np.random.default_rng(seed).permutation(len(past.period_inputs))[:MOST_REPEATED])
    inputs, amounts = past.period_inputs[drawn], past.period_amounts[drawn]
    raw = forest.gain(inputs, inputs[:, POINTS_OVER_CUTOFF] + stakes.cutoff, amounts, stakes)
    target = raw.mean() + slope * (raw - raw.mean())
    data = lightgbm.Dataset(inputs, target)
    trees = trees_from_booster(lightgbm.train({**_PARAMETERS, "seed": seed}, data, num_boost_round=_ROUNDS))
    spread, missed = float(target.var()), float(((predicted(trees, inputs) - target) ** 2).mean())
    return trees, 1.0 - missed / spread if spread > 0 else 0.0


def _fit(past: PastCalls, weights: Array, proof: Proof, value: CallValue | None, why: str) -> CallValueFit:
    control = past.gain[past.control]
    calls = len(past.gain)
    return CallValueFit(
        value=value,
        why=why,
        calls=calls,
        control_calls=int(past.control.sum()),
        reached=int(past.reached.sum()),
        moved=int((past.shift != 0).sum()),
        changed=int(past.changed.sum()),
        realised=int((past.changed & past.realised).sum()),
        mean_gain=float(np.average(past.gain, weights=weights)) if calls else 0.0,
        control_mean_gain=float(control.mean()) if len(control) else None,
        effective_calls=float(weights.sum() ** 2 / (weights**2).sum()) if calls else 0.0,
        proof=proof,
    )
