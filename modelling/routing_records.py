"""What an evaluation of the routing says, as records that become JSON and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modelling.routing_evaluation import Comparison


@dataclass(frozen=True, kw_only=True)
class Gains:
    """What calls on a group of cases add.

    Attributes:
        name: The group.
        cases: Cases in it.
        changed: Cases whose decision a call would change.
        added_per_100: Profit added per 100 calls in yuan, the cost taken off; None without cases.
        standard_error: Of ``added_per_100``; None with fewer than two cases.
        expected_per_100: What the learned value said it would be; None when none was learned.
    """

    name: str
    cases: int
    changed: int
    added_per_100: float | None
    standard_error: float | None
    expected_per_100: float | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """Decisions that calls changed in one way.

    Attributes:
        before: Decision before the call.
        after: Decision after it.
        good: Loans among them that end well, had they been paid out.
        bad: Loans that end badly.
        gain: Profit that these changes add, in yuan.
    """

    before: str
    after: str
    good: int
    bad: int
    gain: float


@dataclass(frozen=True, kw_only=True)
class RoutingEvaluation:
    """Volumes and worth of the routing on out-of-time cases of a synthetic lender.

    Attributes:
        bundle: SHA-256 of the bundle's manifest.
        first: Time of the earliest case, ISO 8601.
        last: Time of the latest case.
        cases: All cases.
        outcomes: Outcome before any call to number of cases.
        routed_by: What settled the outcome, to number of cases.
        triggers: Trigger or hard rule to number of cases in which it fired.
        learned: Whether the bundle has learned what a call is worth; else triggers rank the cases.
        threshold: Value from which on the policy calls; None when triggers decide.
        capacity_share: Share of the callable cases that each rule calls.
        reached: Probability of reaching an applicant, as observed in past calls.
        finds: Probability of finding a true value.
        comparison: The rules at equal capacity, by how the loans would end; Bamboo's first.
        comparison_expected: The same by the true probability of default instead of one draw from it: less noisy.
        control: Calls that the control arm picks: what calling anyone adds.
        control_above: Those among them that the policy would call anyway.
        control_below: The rest of the control arm.
        called: Calls that the policy picks.
        by_value: Callable cases in groups of equal size by what they are worth, the most valuable first.
        by_trigger: Callable cases by the trigger that fired.
        changes: What the calls of Bamboo's rule change.
        seed: Seed of calls and resamples.
    """

    bundle: str
    first: str
    last: str
    cases: int
    outcomes: Mapping[str, int]
    routed_by: Mapping[str, int]
    triggers: Mapping[str, int]
    learned: bool
    threshold: float | None
    capacity_share: float
    reached: float
    finds: float
    comparison: Comparison
    comparison_expected: Comparison
    control: Gains
    control_above: Gains
    control_below: Gains
    called: Gains
    by_value: tuple[Gains, ...]
    by_trigger: tuple[Gains, ...]
    changes: tuple[Change, ...]
    seed: int
