"""What a phone review is expected to gain on a case, predicted from its explanation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.points import PointsMap, points_of_pd
from scoring.reference import Reference, group_sums
from scoring.spec import ModelSpec
from scoring.tiers import cutoff_pd
from scoring.trees import Trees

Array = NDArray[np.float64]

EXTRA_INPUTS: Final = ("points_over_cutoff", "verifiable_points_lost", "ln_amount")
"""Inputs of the value beyond the points per reason group."""


@dataclass(frozen=True, kw_only=True)
class CallValue:
    """A regression, learned from past calls, of what a call gains.

    Attributes:
        trees: Give yuan gained by a call before its cost, from the inputs of `call_value_inputs`.
        calls: How many past calls taught it.
        control_calls: How many of them were picked at random.
    """

    trees: Trees
    calls: int
    control_calls: int = 0


def input_names(spec: ModelSpec) -> tuple[str, ...]:
    """Return the names of the inputs: one per reason group in the order of ``spec.reasons``, then `EXTRA_INPUTS`."""
    return (*(f"points_{reason.id}" for reason in spec.reasons), *EXTRA_INPUTS)


def group_numbers(spec: ModelSpec) -> tuple[int, ...]:
    """Return, for each feature, the place of its reason group in ``spec.reasons``."""
    place = {reason.id: number for number, reason in enumerate(spec.reasons)}
    return tuple(place[feature.reason_group] for feature in spec.features)


def cutoff_points(spec: ModelSpec) -> float:
    """Return the points at the largest PD that is provisionally approved."""
    return points_of_pd(cutoff_pd(spec.tiers, spec.policy), spec.scale)


def reference_points(spec: ModelSpec, reference: Reference) -> Array:
    """Return the mean contribution in points of each feature over just-approved cases."""
    return PointsMap.of(spec.calibration, spec.scale).points_of(reference.contributions)


def amounts_of(spec: ModelSpec, amounts: Sequence[float | None]) -> Array:
    """Return amounts in yuan with the policy's own in place of None, NaN and numbers that are not positive."""
    assumed = spec.policy.economics.amount
    return np.array([amount_or(assumed, amount) for amount in amounts], dtype=np.float64)


def amount_or(assumed: float, amount: float | None) -> float:
    """Return an amount in yuan, or the one assumed in its place when it is None, NaN or not positive."""
    return assumed if amount is None or not amount > 0 else float(amount)


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class InputMaker:
    """Makes the inputs of the value of a call, prepared once for one model.

    Attributes:
        groups: Place of each feature's reason group.
        group_count: How many reason groups there are.
        asked: Places of the features with a question.
        reference: Mean points of each feature over just-approved cases.
        cutoff: Points at the cut-off.
    """

    groups: NDArray[np.intp]
    group_count: int
    asked: NDArray[np.intp]
    reference: Array
    cutoff: float

    @classmethod
    def of(cls, spec: ModelSpec, reference: Reference) -> InputMaker:
        """Prepare for a model and its reference."""
        return cls(
            groups=np.array(group_numbers(spec), dtype=np.intp),
            group_count=len(spec.reasons),
            asked=np.array(
                [place for place, each in enumerate(spec.features) if each.question is not None], dtype=np.intp
            ),
            reference=reference_points(spec, reference),
            cutoff=cutoff_points(spec),
        )

    def inputs_of_one(self, points_by_feature: Array, points: float, amount: float) -> Array:
        """Return the inputs of one case, with the bits of `inputs`."""
        found = np.empty(self.group_count + len(EXTRA_INPUTS))
        found[: self.group_count] = group_sums(points_by_feature, self.groups, self.group_count)
        lost = 0.0
        for each in (self.reference.take(self.asked) - points_by_feature.take(self.asked)).tolist():
            lost += each
        found[-3:] = points - self.cutoff, lost, math.log(amount)
        return found

    def inputs(self, points_by_feature: Array, points: Array, amount: Array) -> Array:
        """Return one row of inputs per case; see `call_value_inputs`."""
        found = np.empty((len(points), self.group_count + len(EXTRA_INPUTS)))
        found[:, : self.group_count] = group_sums(points_by_feature, self.groups, self.group_count)
        found[:, -3] = points - self.cutoff
        lost = np.zeros((len(points), len(self.asked) + 1))
        lost[:, 1:] = self.reference[self.asked] - points_by_feature[:, self.asked]
        found[:, -2] = np.add.accumulate(lost, axis=1)[:, -1]
        found[:, -1] = [math.log(each) for each in amount.tolist()]
        return found


def call_value_inputs(
    spec: ModelSpec, points_by_feature: Array, points: Array, amount: Array, reference: Reference
) -> Array:
    """Return the inputs of the value of a call, one row per case; training and scoring share them.

    Args:
        spec: The model's description.
        points_by_feature: Contributions in points, shape (cases, features).
        points: Score of each case.
        amount: Yuan asked for, positive; see `amounts_of`.
        reference: The just-approved cases.

    Returns:
        float64, shape (cases, reason groups + 3), columns as in `input_names`: points per group; points over the
        cut-off; points of call-verifiable features lost against the reference; natural logarithm of the amount.
    """
    return InputMaker.of(spec, reference).inputs(points_by_feature, points, amount)
