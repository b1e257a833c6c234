"""A bundle's contents, prepared so that one case becomes one decision; immutable, so any thread may use it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from scoring.call_value import CallValue, InputMaker, amounts_of
from scoring.decision import Contribution, Decision, Reason, Trigger, Value
from scoring.encode import Encoder
from scoring.kernel import Kernel, prepare
from scoring.points import PointsMap
from scoring.reasons import members_of, reasons_of
from scoring.reference import Reference, distances, group_sums
from scoring.routing import in_control_arm, route
from scoring.rules import Fired, Portfolio, fired_limits, fired_rules
from scoring.spec import ModelSpec, Policy, Tier
from scoring.trees import Trees
from scoring.triggers import Grounds, trigger, triggers_of

Array = NDArray[np.float64]
Provisional = Literal["approve", "decline"]

TOLERANCE: Final = 1e-9
"""How far, in points, the contributions may be from the score that they explain."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Cases between kernel and decision.

    Attributes:
        rows: The encoded cases, shape (cases, features).
        words: For each case, its categories never seen, by feature.
        margins: From the kernel.
        contributions: From the kernel, in log-odds, shape (cases, features).
    """

    rows: Array
    words: Sequence[Mapping[str, Value]]
    margins: Array
    contributions: Array


@dataclass(frozen=True, slots=True)
class _Case:
    """One case, with what was computed for all cases together.

    Attributes:
        row: The encoded case.
        words: Its categories never seen, by feature.
        margin: Raw log-odds of bad.
        points_by_feature: Contributions in points.
        lost: Points lost against the reference, by feature.
        groups_lost: Their sums by reason group.
        without: Margin with call-verifiable facts at the reference average.
        distance: From development; None when the policy does not ask.
        call_value: Expected gain of a call, its cost taken off; None when the bundle has learned none.
    """

    row: Array
    words: Mapping[str, Value]
    margin: float
    points_by_feature: Array
    lost: Array
    groups_lost: list[float]
    without: float
    distance: float | None
    call_value: float | None


class Model:
    """What decides: a description, a prepared kernel and reference statistics.

    Attributes:
        spec: The description.
        reference: The just-approved cases.
        sha256: Name of the bundle: the hash of its manifest.
        encoder: Encodes requests.
        kernel: Scores and explains rows.
        line: From margin to points.
        start_points: Points before any feature.
    """

    def __init__(
        self,
        spec: ModelSpec,
        trees: Trees,
        reference: Reference,
        call_value: CallValue | None,
        sha256: str,
        *,
        accelerate: bool | None = False,
    ) -> None:
        self.spec = spec
        self.reference = reference
        self.sha256 = sha256
        self.encoder = Encoder(spec.features)
        self.kernel: Kernel = _kernel(trees, accelerate=accelerate)
        self.line = PointsMap.of(spec.calibration, spec.scale)
        self.start_points = self.line.points(self.kernel.expected)
        self._call_kernel = _kernel(call_value.trees, accelerate=accelerate) if call_value else None
        self._inputs = InputMaker.of(spec, reference)
        self._members = members_of(self._inputs.groups.tolist(), self.kernel.used)
        self._group_ids = [reason.id for reason in spec.reasons]
        self._uppers = [tier.upper_pd for tier in spec.tiers]
        self._tiers = [(tier.name, _provisional(tier, spec.policy)) for tier in spec.tiers]
        self._asked = _asked(spec)
        self._thin = [(name, self.encoder.places[name]) for name in spec.policy.thin_file_features]
        ruled = [rule.feature for rule in spec.policy.hard_rules]
        ruled += [limit.feature for limit in spec.policy.concentration_limits]
        amount = spec.policy.economics.amount_feature
        self._ruled = [(name, self.encoder.places[name]) for name in dict.fromkeys(ruled)]
        self._amount = None if amount is None else self.encoder.places[amount]

    def decide(self, scored: Scored, case_ids: Sequence[str | None], portfolio: Portfolio | None) -> list[Decision]:
        """Return the decisions on scored cases; each has the bits that it has alone."""
        cases = self._cases(scored)
        return [self._decision(case, case_id, portfolio) for case, case_id in zip(cases, case_ids, strict=True)]

    def _cases(self, scored: Scored) -> Iterator[_Case]:
        points = self.line.points_of(scored.contributions)
        lost = self._inputs.reference - points
        groups, count = self._inputs.groups, self._inputs.group_count
        return map(
            _Case,
            scored.rows,
            scored.words,
            scored.margins.tolist(),
            points,
            lost,
            group_sums(lost, groups, count).tolist(),
            self._without(scored),
            self._distances(scored.contributions),
            self._call_values(scored, points),
        )

    def _without(self, scored: Scored) -> list[float]:
        asked = self._inputs.asked
        moved = np.empty((len(scored.margins), len(asked) + 1))
        moved[:, 0] = scored.margins
        moved[:, 1:] = self.reference.contributions.take(asked) - scored.contributions.take(asked, axis=1)
        without: list[float] = np.add.accumulate(moved, axis=1)[:, -1].tolist()
        return without

    def _distances(self, contributions: Array) -> list[float | None]:
        if self.spec.policy.unfamiliar_distance is None:
            return [None] * len(contributions)
        found: list[float | None] = distances(self.reference, contributions, self._inputs.groups).tolist()
        return found

    def _call_values(self, scored: Scored, points: Array) -> list[float | None]:
        if self._call_kernel is None:
            return [None] * len(points)
        asked: list[float | None] = [None] * len(points) if self._amount is None else []
        if self._amount is not None:
            asked = scored.rows[:, self._amount].tolist()
        scores = self.line.at_zero + self.line.per_margin * scored.margins
        inputs = self._inputs.inputs(points, scores, amounts_of(self.spec, asked))
        found: list[float | None] = (self._call_kernel.margins(inputs) - self.spec.policy.economics.call_cost).tolist()
        return found

    def _decision(self, case: _Case, case_id: str | None, portfolio: Portfolio | None) -> Decision:
        spec = self.spec
        points, pd = self.line.points(case.margin), self.line.pd(case.margin)
        tier, provisional = self._tier(pd)
        each = case.points_by_feature.tolist()
        gap = math.fsum((self.start_points, *each, -points))
        explained = math.isfinite(points) and abs(gap) <= TOLERANCE
        rules = self._rules(case, portfolio)
        triggers = self._triggers(case, points, provisional) if explained else (_failed(points, gap),)
        settled = route(
            policy=spec.policy,
            rules=rules,
            provisional=provisional,
            explained=explained,
            triggers=triggers,
            call_value=case.call_value if explained else None,
            picked=in_control_arm(case_id, spec.policy),
        )
        return Decision.with_contributions_later(
            partial(_contributions, self.encoder, case),
            case_id=case_id,
            bundle=self.sha256,
            margin=case.margin,
            pd=pd,
            points=points,
            tier=tier,
            provisional=provisional,
            outcome=settled.outcome,
            routed_by=settled.routed_by,
            start_points=self.start_points,
            reasons=self._reasons(case) if explained else (),
            triggers=(*(rule for rule, _ in rules), *triggers),
            questions=self._questions(each),
            call_value=case.call_value if explained else None,
            control=settled.control,
            thin_file=bool(self._thin) and not any(self._values(case, self._thin).values()),
            unseen=tuple(case.words),
        )

    def _tier(self, pd: float) -> tuple[str, Provisional]:
        return self._tiers[bisect_left(self._uppers, pd)]

    def _values(self, case: _Case, places: Sequence[tuple[str, int]]) -> dict[str, Value]:
        return {name: self.encoder.value(place, float(case.row[place]), case.words) for name, place in places}

    def _rules(self, case: _Case, portfolio: Portfolio | None) -> list[Fired]:
        policy, values = self.spec.policy, self._values(case, self._ruled)
        return [
            *fired_rules(policy.hard_rules, values),
            *fired_limits(policy.concentration_limits, values, portfolio),
        ]

    def _triggers(self, case: _Case, points: float, provisional: Provisional) -> tuple[Trigger, ...]:
        grounds = Grounds(
            points=points,
            cutoff=self._inputs.cutoff,
            provisional=provisional,
            without_points=self.line.points(case.without),
            without_provisional=self._tier(self.line.pd(case.without))[1],
            groups_lost=dict(zip(self._group_ids, case.groups_lost, strict=True)),
            distance=case.distance,
        )
        return triggers_of(grounds, self.spec.policy)

    def _reasons(self, case: _Case) -> tuple[Reason, ...]:
        return reasons_of(case.groups_lost, case.lost.tolist(), self._members, self.spec.reasons, self.encoder.names)

    def _questions(self, points: list[float]) -> tuple[str, ...]:
        """Return the questions whose features carried most points first; ties in the order of the description."""
        carried = dict.fromkeys(self._asked, 0.0)
        for question, places in self._asked.items():
            for place in places:
                carried[question] += abs(points[place])
        return tuple(sorted(carried, key=carried.__getitem__, reverse=True))


def _asked(spec: ModelSpec) -> dict[str, list[int]]:
    """Return the places of the features of every question that some feature has, in the order of the questions."""
    places = {
        question.id: [place for place, each in enumerate(spec.features) if each.question == question.id]
        for question in spec.questions
    }
    return {question: found for question, found in places.items() if found}


def _kernel(trees: Trees, *, accelerate: bool | None) -> Kernel:
    """Prepare trees, and compile when asked to (True), or when it can be (None)."""
    kernel = prepare(trees)
    if accelerate is False:
        return kernel
    from scoring import fast

    return fast.accelerated(kernel) if accelerate or fast.installed() else kernel


def _provisional(tier: Tier, policy: Policy) -> Provisional:
    return "approve" if tier.name in policy.approved_tiers else "decline"


def _contributions(encoder: Encoder, case: _Case) -> tuple[Contribution, ...]:
    values = encoder.values(case.row, case.words)
    return Contribution.all_of(encoder.names, values, case.points_by_feature.tolist(), case.lost.tolist())


def _failed(points: float, gap: float) -> Trigger:
    return trigger(
        "explanation_failed",
        {"points": _finite(points), "gap": _finite(gap), "tolerance": TOLERANCE},
    )


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
