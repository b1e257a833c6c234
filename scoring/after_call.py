"""What is decided once the call has been made: the tier decides, and nobody is called a second time."""

from __future__ import annotations

from scoring.decision import Decision
from scoring.spec import Outcome


def final_outcome(decision: Decision) -> Outcome:
    """Return what follows from a decision whose call has been made (or was not possible).

    Triggers, value of the call and control arm have done their work: the provisional decision of the tier stands. A
    hard rule stands above it, before the call as after it; one that asks for a person, and an explanation that does
    not add up, stay with a person.

    Args:
        decision: The decision on the facts as they are after the call.
    """
    if decision.routed_by in ("hard_rule", "explanation_failed"):
        return decision.outcome
    return decision.provisional
