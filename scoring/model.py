"""A bundle's contents, prepared so that one case becomes one decision; immutable, so any thread may use it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.call_value import CallValue, InputMaker, amount_or, amounts_of
from scoring.comparison import Compared, Comparer
from scoring.decision import Contribution, Decision, Reason, Trigger, Value
from scoring.encode import Encoder
from scoring.kernel import Kernel, Margins, prepare, prepare_margins
from scoring.points import PointsMap
from scoring.reasons import members_of, reasons_of
from scoring.reference import Reference
from scoring.routing import in_control_arm, route
from scoring.rules import Fired, Portfolio, fired_limits, fired_rule, holds
from scoring.spec import ModelSpec, Policy, Tier
from scoring.trees import Trees
from scoring.triggers import Limits, trigger, triggers_of

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


class _Case(NamedTuple):
    """One case, with what was computed for it alone or for all cases together.

    Attributes:
        row: The encoded case.
        words: Its categories never seen, by feature.
        margin: Raw log-odds of bad.
        compared: Its contributions beside the reference.
        call_value: Expected gain of a call, its cost taken off; None when the bundle has learned none.
    """

    row: Array
    words: Mapping[str, Value]
    margin: float
    compared: Compared
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
        self.kernel = _accelerated(prepare(trees), accelerate=accelerate)
        self.line = PointsMap.of(spec.calibration, spec.scale)
        self.start_points = self.line.points(self.kernel.expected)
        self._call_kernel = prepare_margins(call_value.trees) if call_value else None
        self._inputs = InputMaker.of(spec, reference)
        self._comparer = Comparer.of(self.line, reference, self._inputs, limit=spec.policy.unfamiliar_distance)
        self._members = members_of(self._inputs.groups.tolist(), self.kernel.used)
        self._limits = Limits.of(spec.policy, self._inputs.cutoff, [reason.id for reason in spec.reasons])
        self._uppers = [tier.upper_pd for tier in spec.tiers]
        self._tiers = [(tier.name, _provisional(tier, spec.policy)) for tier in spec.tiers]
        self._asked = _asked(spec)
        self._thin = [self.encoder.places[name] for name in spec.policy.thin_file_features]
        amount = spec.policy.economics.amount_feature
        self._hard_rules = [(rule, self.encoder.places[rule.feature], holds(rule)) for rule in spec.policy.hard_rules]
        self._amount = None if amount is None else self.encoder.places[amount]

    def decide_one(
        self, row: Array, words: Mapping[str, Value], case_id: str | None, portfolio: Portfolio | None
    ) -> Decision:
        """Return the decision on one encoded case, with the bits that `decide` gives it among others."""
        margin, contributions = self.kernel.explain(row)
        compared = self._comparer.compare(contributions, margin)
        worth = None if self._call_kernel is None else self._call_value(self._call_kernel, row, margin, contributions)
        return self._decision(_Case(row, words, margin, compared, worth), case_id, portfolio)

    def decide(self, scored: Scored, case_ids: Sequence[str | None], portfolio: Portfolio | None) -> list[Decision]:
        """Return the decisions on scored cases; each has the bits that it has alone."""
        cases = self._cases(scored)
        return [self._decision(case, case_id, portfolio) for case, case_id in zip(cases, case_ids, strict=True)]

    def _cases(self, scored: Scored) -> Iterator[_Case]:
        compared = list(self._comparer.compare_many(scored.contributions, scored.margins))
        worths: Sequence[float | None] = [None] * len(compared)
        if self._call_kernel is not None:
            worths = self._call_values(self._call_kernel, scored)
        return map(_Case, scored.rows, scored.words, scored.margins.tolist(), compared, worths)

    def _call_value(self, kernel: Margins, row: Array, margin: float, contributions: Array) -> float:
        economics, line = self.spec.policy.economics, self.line
        amount = amount_or(economics.amount, None if self._amount is None else row.item(self._amount))
        inputs = self._inputs.inputs_of_one(line.points_of(contributions), line.points(margin), amount)
        return kernel.margin(inputs) - economics.call_cost

    def _call_values(self, kernel: Margins, scored: Scored) -> list[float]:
        nobody: list[float | None] = [None] * len(scored.rows)
        amounts = nobody if self._amount is None else scored.rows[:, self._amount].tolist()
        scores = self.line.at_zero + self.line.per_margin * scored.margins
        points = self.line.points_of(scored.contributions)
        inputs = self._inputs.inputs(points, scores, amounts_of(self.spec, amounts))
        found: list[float] = (kernel.margins(inputs) - self.spec.policy.economics.call_cost).tolist()
        return found

    def _decision(self, case: _Case, case_id: str | None, portfolio: Portfolio | None) -> Decision:
        policy, compared = self.spec.policy, case.compared
        points, pd = self.line.points(case.margin), self.line.pd(case.margin)
        tier, provisional = self._tier(pd)
        gap = self.start_points + self._comparer.total - sum(compared.groups_lost) - points
        explained = abs(gap) <= TOLERANCE
        rules = self._rules(case, portfolio)
        triggers = self._triggers(compared, points, provisional) if explained else (_failed(points, gap),)
        worth = case.call_value if explained else None
        outcome, routed_by, control = route(
            policy=policy,
            rules=rules,
            provisional=provisional,
            explained=explained,
            triggers=triggers,
            call_value=worth,
            picked=in_control_arm(case_id, policy),
        )
        return Decision.with_contributions_later(
            partial(_contributions, self.encoder, self.line, case),
            case_id,
            self.sha256,
            case.margin,
            pd,
            points,
            tier,
            provisional,
            outcome,
            routed_by,
            self.start_points,
            self._reasons(compared) if explained else (),
            (*[rule for rule, _ in rules], *triggers) if rules else triggers,
            self._questions(compared.asked),
            worth,
            control,
            self._is_thin(case),
            tuple(case.words),
        )

    def _tier(self, pd: float) -> tuple[str, Provisional]:
        return self._tiers[bisect_left(self._uppers, pd)]

    def _is_thin(self, case: _Case) -> bool:
        """Return whether nothing that the policy names as history is known and other than 0 or False."""
        for place in self._thin:
            if self._value(place, case):
                return False
        return bool(self._thin)

    def _rules(self, case: _Case, portfolio: Portfolio | None) -> list[Fired]:
        number = case.row.item
        fired = [
            fired_rule(rule, self._value(place, case))
            for rule, place, fires in self._hard_rules
            if fires(number(place))
        ]
        if portfolio is None:
            return fired
        limits = self.spec.policy.concentration_limits
        values = {limit.feature: self._value(self.encoder.places[limit.feature], case) for limit in limits}
        return fired + fired_limits(limits, values, portfolio)

    def _value(self, place: int, case: _Case) -> Value:
        return self.encoder.value(place, case.row.item(place), case.words)

    def _triggers(self, case: Compared, points: float, provisional: Provisional) -> tuple[Trigger, ...]:
        turned: dict[str, Value] | None = None
        if self._tier(self.line.pd(case.without))[1] != provisional:
            turned = {"points": points, "without": self.line.points(case.without), "cutoff": self._limits.cutoff}
        return triggers_of(self._limits, case.groups_lost, case.distance, turned=turned)

    def _reasons(self, case: Compared) -> tuple[Reason, ...]:
        return reasons_of(case.groups_lost, case.lost.tolist(), self._members, self.spec.reasons, self.encoder.names)

    def _questions(self, asked: list[float]) -> tuple[str, ...]:
        """Return the questions whose features carried most points first; ties in the order of the description."""
        carried = {}
        for question, places in self._asked:
            points = 0.0
            for place in places:
                points += abs(asked[place])
            carried[question] = points
        return tuple(sorted(carried, key=carried.__getitem__, reverse=True))


def _asked(spec: ModelSpec) -> list[tuple[str, list[int]]]:
    """Return, for every question of some feature, where its features stand among those that a call can verify."""
    asked = [each.question for each in spec.features if each.question is not None]
    return [
        (question.id, [place for place, each in enumerate(asked) if each == question.id])
        for question in spec.questions
        if question.id in asked
    ]


def _accelerated(kernel: Kernel, *, accelerate: bool | None) -> Kernel:
    """Compile a kernel when asked to (True), or when it can be (None)."""
    if accelerate is False:
        return kernel
    from scoring import fast

    return fast.accelerated(kernel) if accelerate or fast.installed() else kernel


def _provisional(tier: Tier, policy: Policy) -> Provisional:
    return "approve" if tier.name in policy.approved_tiers else "decline"


def _contributions(encoder: Encoder, line: PointsMap, case: _Case) -> tuple[Contribution, ...]:
    values, compared = encoder.values(case.row, case.words), case.compared
    points = line.points_of(compared.contributions)
    return Contribution.all_of(encoder.names, values, points.tolist(), compared.lost.tolist())


def _failed(points: float, gap: float) -> Trigger:
    return trigger(
        "explanation_failed",
        {"points": _finite(points), "gap": _finite(gap), "tolerance": TOLERANCE},
    )


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
