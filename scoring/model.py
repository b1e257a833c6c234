"""A bundle's contents, prepared so that one case becomes one decision; immutable, so any thread may use it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.call_value import CallValue, InputMaker, amount_or, amounts_of
from scoring.comparison import Compared, Comparer
from scoring.decision import Contribution, Decision, Trigger, Value, decision_with_rest
from scoring.encode import Encoder
from scoring.kernel import Kernel, Margins, prepare, prepare_margins
from scoring.points import PointsMap
from scoring.reasons import members_of, reasons_of
from scoring.reference import Reference
from scoring.routing import ControlArm, route
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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Teller:
    """Tells the rest of decisions; small, since a decision that nobody reads holds on to it.

    Attributes:
        encoder: Knows names and values.
        line: From margin to points.
        asked: The places of every question's features.
        thin: Places of the features that the policy names as history.
    """

    encoder: Encoder
    line: PointsMap
    asked: tuple[tuple[str, tuple[int, ...]], ...]
    thin: tuple[int, ...]


class _Case(NamedTuple):
    """One case, with what its decision says beyond what was needed to decide.

    Attributes:
        teller: Tells it.
        row: The encoded case.
        words: Its categories never seen, by feature.
        margin: Raw log-odds of bad.
        explained: Its contributions, in log-odds.
        lost: Points lost against the reference, by feature.
    """

    teller: _Teller
    row: Array
    words: Mapping[str, Value]
    margin: float
    explained: Array
    lost: Array

    def value(self, place: int) -> Value:
        """Return one value as it was scored."""
        return self.teller.encoder.value(place, self.row.item(place), self.words)

    def contributions(self) -> tuple[Contribution, ...]:
        """Return what every feature did to the score."""
        encoder = self.teller.encoder
        points = self.teller.line.points_of(self.explained)
        values = encoder.values(self.row, self.words)
        return Contribution.all_of(encoder.names, values, points.tolist(), self.lost.tolist())

    def questions(self) -> tuple[str, ...]:
        """Return the questions whose features carried most points first; ties in the order of the description."""
        carried = {
            question: math.fsum(abs(self.explained.item(place)) for place in places)
            for question, places in self.teller.asked
        }
        return tuple(sorted(carried, key=carried.__getitem__, reverse=True))

    def thin_file(self) -> bool:
        """Return whether nothing that the policy names as history is known and other than 0 or False."""
        thin = self.teller.thin
        return bool(thin) and not any(self.value(place) for place in thin)


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
        self.kernel = _accelerated(prepare(trees, limits=self.encoder.limits), accelerate=accelerate)
        self.line = PointsMap.of(spec.calibration, spec.scale)
        self.start_points = self.line.points(self.kernel.expected)
        self._call_kernel = prepare_margins(call_value.trees) if call_value else None
        self._inputs = InputMaker.of(spec, reference)
        self._comparer = Comparer.of(self.line, reference, self._inputs, limit=spec.policy.unfamiliar_distance)
        self._start_and_total = self.start_points + self._comparer.total
        self._members = members_of(self._inputs.groups.tolist(), self.kernel.used)
        self._limits = Limits.of(spec.policy, self._inputs.cutoff, [reason.id for reason in spec.reasons])
        self._control = ControlArm.of(spec.policy)
        self._uppers = [tier.upper_pd for tier in spec.tiers]
        self._tiers = [(tier.name, _provisional(tier, spec.policy)) for tier in spec.tiers]
        self._teller = _Teller(
            encoder=self.encoder,
            line=self.line,
            asked=_asked(spec),
            thin=tuple(self.encoder.places[name] for name in spec.policy.thin_file_features),
        )
        amount = spec.policy.economics.amount_feature
        self._hard_rules = [(rule, self.encoder.places[rule.feature], holds(rule)) for rule in spec.policy.hard_rules]
        self._amount = None if amount is None else self.encoder.places[amount]

    def decide_one(self, features: Mapping[str, Value], case_id: str | None, portfolio: Portfolio | None) -> Decision:
        """Return the decision on one case, with the bits that `decide` gives it among others.

        Raises:
            RequestError: A feature cannot be used.
        """
        words: Mapping[str, Value] = {}
        row = self.encoder.quick(features)
        explained = None if row is None else self.kernel.explain_within(row)
        if row is None or explained is None:
            row, words = self.encoder.look_again(features)
            explained = self.kernel.explain(row)
        margin, contributions = explained
        compared = self._comparer.compare(contributions, margin)
        worth = None if self._call_kernel is None else self._call_value(self._call_kernel, row, margin, contributions)
        case = _Case(self._teller, row, words, margin, contributions, compared[0])
        return self._decision(case, compared, worth, case_id, portfolio)

    def decide(self, scored: Scored, case_ids: Sequence[str | None], portfolio: Portfolio | None) -> list[Decision]:
        """Return the decisions on scored cases; each has the bits that it has alone."""
        compared = list(self._comparer.compare_many(scored.contributions, scored.margins))
        worths: Sequence[float | None] = [None] * len(compared)
        if self._call_kernel is not None:
            worths = self._call_values(self._call_kernel, scored)
        lost = [each[0] for each in compared]
        margins = scored.margins.tolist()
        cases = map(_Case, repeat(self._teller), scored.rows, scored.words, margins, scored.contributions, lost)
        each_with_id = zip(cases, compared, worths, case_ids, strict=True)
        return [self._decision(case, found, worth, case_id, portfolio) for case, found, worth, case_id in each_with_id]

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

    def _decision(
        self,
        case: _Case,
        compared: Compared,
        worth: float | None,
        case_id: str | None,
        portfolio: Portfolio | None,
    ) -> Decision:
        _, row, words, margin, _, lost = case
        _, groups_lost, all_lost, without, distance = compared
        policy, line, tiers, uppers = self.spec.policy, self.line, self._tiers, self._uppers
        points, pd = line.points(margin), line.pd(margin)
        tier, provisional = tiers[bisect_left(uppers, pd)]
        gap = self._start_and_total - all_lost - points
        explained = abs(gap) <= TOLERANCE
        rules = [
            fired_rule(rule, case.value(place)) for rule, place, fires in self._hard_rules if fires(row.item(place))
        ]
        if portfolio is not None:
            rules += self._reached(case, portfolio)
        if explained:
            turned = None
            if tiers[bisect_left(uppers, line.pd(without))][1] != provisional:
                turned = {"points": points, "without": line.points(without), "cutoff": self._limits.cutoff}
            triggers = triggers_of(self._limits, groups_lost, distance, turned=turned)
            reasons = reasons_of(groups_lost, lost.tolist(), self._members, self.spec.reasons, self.encoder.names)
        else:
            triggers, reasons, worth = (_failed(points, gap),), (), None
        outcome, routed_by, control = route(
            policy=policy,
            rules=rules,
            provisional=provisional,
            explained=explained,
            triggers=triggers,
            call_value=worth,
            picked=self._control.picks(case_id),
        )
        return decision_with_rest(
            case,
            case_id,
            self.sha256,
            margin,
            pd,
            points,
            tier,
            provisional,
            outcome,
            routed_by,
            self.start_points,
            reasons,
            (*[rule for rule, _ in rules], *triggers) if rules else triggers,
            worth,
            control,
            tuple(words),
        )

    def _reached(self, case: _Case, portfolio: Portfolio) -> list[Fired]:
        limits, places = self.spec.policy.concentration_limits, self.encoder.places
        return fired_limits(limits, {limit.feature: case.value(places[limit.feature]) for limit in limits}, portfolio)


def _asked(spec: ModelSpec) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the places of every question's features; none of questions that no feature has."""
    asked = [each.question for each in spec.features]
    return tuple(
        (question.id, tuple(place for place, each in enumerate(asked) if each == question.id))
        for question in spec.questions
        if question.id in asked
    )


def _accelerated(kernel: Kernel, *, accelerate: bool | None) -> Kernel:
    """Compile a kernel when asked to (True), or when it can be (None)."""
    if accelerate is False:
        return kernel
    from scoring import fast

    return fast.accelerated(kernel) if accelerate or fast.installed() else kernel


def _provisional(tier: Tier, policy: Policy) -> Provisional:
    return "approve" if tier.name in policy.approved_tiers else "decline"


def _failed(points: float, gap: float) -> Trigger:
    return trigger(
        "explanation_failed",
        {"points": _finite(points), "gap": _finite(gap), "tolerance": TOLERANCE},
    )


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
