"""A bundle's contents, prepared so that one case becomes one decision; immutable, so any thread may use it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from scoring.call_value import CallValue, InputMaker, amounts_of
from scoring.decision import Contribution, Decision, Trigger, Value
from scoring.encode import Encoder
from scoring.kernel import Kernel, prepare
from scoring.points import PointsMap
from scoring.reasons import members_of, reasons_of
from scoring.reference import Reference, group_sums
from scoring.routing import in_control_arm, route
from scoring.rules import Portfolio, fired_limits, fired_rules
from scoring.spec import ModelSpec
from scoring.tiers import tier_of
from scoring.trees import Trees
from scoring.triggers import Grounds, trigger, triggers_of

Array = NDArray[np.float64]
Provisional = Literal["approve", "decline"]

TOLERANCE: Final = 1e-9
"""How far, in points, the contributions may be from the score that they explain."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """A case between kernel and decision.

    Attributes:
        values: Values as scored, in the model's order: float, bool, str or None.
        row: The encoded row.
        margin: From the kernel.
        contributions: From the kernel, in log-odds.
    """

    values: tuple[Value, ...]
    row: Array
    margin: float
    contributions: Array


class Model:
    """What decides: a description, a prepared kernel and reference statistics.

    Attributes:
        spec: The description.
        reference: The just-approved cases.
        sha256: Name of the bundle: the hash of its manifest.
        encoder: Encodes requests.
        kernel: Scores and explains rows.
        line: From margin to points.
    """

    def __init__(
        self, spec: ModelSpec, trees: Trees, reference: Reference, call_value: CallValue | None, sha256: str
    ) -> None:
        self.spec = spec
        self.reference = reference
        self.sha256 = sha256
        self.encoder = Encoder(spec.features)
        self.kernel: Kernel = prepare(trees)
        self.line = PointsMap.of(spec.calibration, spec.scale)
        self.start_points = self.line.points(self.kernel.expected)
        self._call_kernel = prepare(call_value.trees) if call_value else None
        self._inputs = InputMaker.of(spec, reference)
        self._members = members_of(self._inputs.groups.tolist(), self.kernel.used)

    def values(self, row: Array, given: Mapping[str, Value]) -> tuple[Value, ...]:
        """Return the values of an encoded case as they were scored: numbers as float, flags as bool, missing as None.

        Args:
            row: The encoded case.
            given: The request, for the words of categories never seen.
        """
        found: list[Value] = []
        for spec, number in zip(self.spec.features, row.tolist(), strict=True):
            if number != number:  # noqa: PLR0124 - the cheapest test for NaN
                found.append(None)
            elif spec.kind == "number":
                found.append(number)
            elif spec.kind == "flag":
                found.append(number == 1.0)
            elif number < len(spec.vocabulary):
                found.append(spec.vocabulary[int(number)])
            else:
                found.append(str(given[spec.name]))
        return tuple(found)

    def decide(self, case: Scored, case_id: str | None, portfolio: Portfolio | None) -> Decision:
        """Return the decision on a scored case."""
        spec = self.spec
        values = dict(zip(self.encoder.names, case.values, strict=True))
        points_array = self.line.points_of(case.contributions)
        points, each = self.line.points(case.margin), points_array.tolist()
        lost_array = self._inputs.reference - points_array
        lost = lost_array.tolist()
        gap = math.fsum((self.start_points, *each, -points))
        explained = math.isfinite(points) and abs(gap) <= TOLERANCE
        provisional = self._provisional(case.margin)
        triggers = self._triggers(case, points, provisional, lost_array) if explained else (self._failed(points, gap),)
        rules = [
            *fired_rules(spec.policy.hard_rules, values),
            *fired_limits(spec.policy.concentration_limits, values, portfolio),
        ]
        worth = self._call_value(points_array, points, values) if explained else None
        settled = route(
            policy=spec.policy,
            rules=rules,
            provisional=provisional,
            explained=explained,
            triggers=triggers,
            call_value=worth,
            picked=in_control_arm(case_id, spec.policy),
        )
        pd = self.line.pd(case.margin)
        return Decision(
            case_id=case_id,
            bundle=self.sha256,
            margin=case.margin,
            pd=pd,
            points=points,
            tier=tier_of(pd, spec.tiers),
            provisional=provisional,
            outcome=settled.outcome,
            routed_by=settled.routed_by,
            start_points=self.start_points,
            contributions=Contribution.all_of(self.encoder.names, case.values, each, lost),
            reasons=reasons_of(lost, self._members, spec.reasons, self.encoder.names) if explained else (),
            triggers=(*(rule for rule, _ in rules), *triggers),
            questions=self._questions(each),
            call_value=worth,
            control=settled.control,
            thin_file=self._thin(values),
            unseen=self.encoder.unseen(case.row),
        )

    def _provisional(self, margin: float) -> Provisional:
        tier = tier_of(self.line.pd(margin), self.spec.tiers)
        return "approve" if tier in self.spec.policy.approved_tiers else "decline"

    def _triggers(self, case: Scored, points: float, provisional: Provisional, lost: Array) -> tuple[Trigger, ...]:
        without = case.margin
        for place in self._inputs.asked:
            without += float(self.reference.contributions[place]) - float(case.contributions[place])
        groups, count = self._inputs.groups, self._inputs.group_count
        sums = group_sums(case.contributions[np.newaxis], groups, count)[0]
        lost_sums = group_sums(lost[np.newaxis], groups, count)[0].tolist()
        grounds = Grounds(
            points=points,
            cutoff=self._inputs.cutoff,
            provisional=provisional,
            without_points=self.line.points(without),
            without_provisional=self._provisional(without),
            groups_lost={reason.id: each for reason, each in zip(self.spec.reasons, lost_sums, strict=True)},
            distance=self.reference.distance(sums),
        )
        return triggers_of(grounds, self.spec.policy)

    def _failed(self, points: float, gap: float) -> Trigger:
        return trigger(
            "explanation_failed",
            {"points": _finite(points), "gap": _finite(gap), "tolerance": TOLERANCE},
        )

    def _call_value(self, points_by_feature: Array, points: float, values: Mapping[str, Value]) -> float | None:
        if self._call_kernel is None:
            return None
        economics = self.spec.policy.economics
        amount = values[economics.amount_feature] if economics.amount_feature is not None else None
        amounts = amounts_of(self.spec, [amount if isinstance(amount, float) else None])
        inputs = self._inputs.inputs(points_by_feature[np.newaxis], np.array([points]), amounts)
        return self._call_kernel.margin(inputs[0]) - economics.call_cost

    def _questions(self, points: list[float]) -> tuple[str, ...]:
        carried = {question.id: 0.0 for question in self.spec.questions}
        asked = {}
        for place in self._inputs.asked:
            name = self.spec.features[place].question
            if name is not None:
                asked[name] = carried[name] = carried[name] + abs(points[place])
        order = {name: place for place, name in enumerate(carried)}
        return tuple(sorted(asked, key=lambda name: (-asked[name], order[name])))

    def _thin(self, values: Mapping[str, Value]) -> bool:
        named = self.spec.policy.thin_file_features
        return bool(named) and all(not values[name] for name in named)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
