"""What a call changed in one case: before and after, with what moved and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from review.answers import Answers
from scoring.after_call import final_outcome
from scoring.decision import Decision, Reason, Value
from scoring.spec import Outcome


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A feature whose value or points a call changed.

    Attributes:
        feature: The feature.
        before: Value scored before.
        after: Value scored after.
        points: Points gained by the change; negative when lost.
    """

    feature: str
    before: Value
    after: Value
    points: float


@dataclass(frozen=True, kw_only=True)
class Side:
    """The decision on one side of the call.

    Attributes:
        pd: Calibrated probability of bad.
        points: Score.
        tier: Risk tier.
        provisional: What the tier alone decides.
        reasons: At most four, worst first.
    """

    pd: float
    points: float
    tier: str
    provisional: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class CaseAfterCall:
    """One case before and after its call.

    Attributes:
        case_id: The case.
        reached: Whether the applicant was reached.
        verified: Question to verified value.
        refused: Questions that were refused.
        before: The decision on the facts as stated.
        after: The decision on the facts as verified.
        points: Points gained by the call; negative when lost.
        moved: What changed, most points first.
        outcome: What follows once the call is made; a person decides where it says ``phone_review``.
        changed: Whether that differs from what would have followed had the call changed nothing.
    """

    case_id: str
    reached: bool
    verified: dict[str, Value]
    refused: tuple[str, ...]
    before: Side
    after: Side
    points: float
    moved: tuple[Moved, ...]
    outcome: Outcome
    changed: bool


@dataclass(frozen=True, kw_only=True)
class VerifyRecord:
    """All that is kept of a file of answers.

    Attributes:
        bundle: SHA-256 of the bundle that decided before and after.
        caller: Who called.
        called_at: When.
        cases: The cases.
    """

    bundle: str
    caller: str
    called_at: datetime
    cases: tuple[CaseAfterCall, ...]


def after_calls(before: Sequence[Decision], after: Sequence[Decision], answers: Answers) -> tuple[CaseAfterCall, ...]:
    """Put the decisions before and after each call side by side.

    The points of the features that moved add up to the change of the score (within rounding), because the contributions
    of each decision add up to its points.
    """
    reached, verified = answers.reached(), answers.verified()
    refused: dict[str, list[str]] = {case: [] for case in answers.case_ids}
    for row in answers.rows:
        if row.status == "refused" and row.question is not None:
            refused[row.application_id].append(row.question)
    found = []
    for old, new in zip(before, after, strict=True):
        case = old.case_id or ""
        found.append(_case(old, new, reached=reached[case], verified=verified[case], refused=tuple(refused[case])))
    return tuple(found)


def _case(
    before: Decision, after: Decision, *, reached: bool, verified: dict[str, Value], refused: tuple[str, ...]
) -> CaseAfterCall:
    outcome = final_outcome(after)
    return CaseAfterCall(
        case_id=before.case_id or "",
        reached=reached,
        verified=verified,
        refused=refused,
        before=_side(before),
        after=_side(after),
        points=after.points - before.points,
        moved=moved(before, after),
        outcome=outcome,
        changed=outcome != final_outcome(before),
    )


def moved(before: Decision, after: Decision) -> tuple[Moved, ...]:
    """Return the features whose value or points differ, most points first."""
    pairs = zip(before.contributions, after.contributions, strict=True)
    found = [
        Moved(feature=old.feature, before=old.value, after=new.value, points=new.points - old.points)
        for old, new in pairs
        if old.value != new.value or old.points != new.points
    ]
    return tuple(sorted(found, key=lambda each: (-abs(each.points), each.feature)))


def _side(decision: Decision) -> Side:
    return Side(
        pd=decision.pd,
        points=decision.points,
        tier=decision.tier,
        provisional=decision.provisional,
        reasons=decision.reasons,
    )
