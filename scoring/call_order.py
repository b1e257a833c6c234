"""In which order cases are called: by the value of the call, or by their triggers while no value is learned."""

from __future__ import annotations

from collections.abc import Collection

from scoring.decision import Decision
from scoring.spec import ModelSpec

Rank = tuple[float, ...]
"""Compared as tuples; the larger one is called first. Ranks of one model compare with each other alone."""


def verifiable_features(spec: ModelSpec) -> frozenset[str]:
    """Return the features that a call can verify."""
    return frozenset(feature.name for feature in spec.features if feature.question is not None)


def points_at_stake(decision: Decision, verifiable: Collection[str]) -> float:
    """Return how many points rest on facts that a call can verify.

    The sum of the absolute points lost against the average just-approved applicant: a call may take away what a stated
    fact gained and may give back what it cost.
    """
    return sum(abs(c.points_lost) for c in decision.contributions if c.feature in verifiable)


def trigger_rank(decision: Decision, verifiable: Collection[str]) -> Rank:
    """Return the rank by triggers alone: how many fired, then the points at stake. Hard rules do not count."""
    fired = sum(trigger.kind == "trigger" for trigger in decision.triggers)
    return (float(fired), points_at_stake(decision, verifiable))


def needs_a_person(decision: Decision) -> bool:
    """Return whether a person must look at the case whatever a call is worth: a hard rule, or a failed explanation."""
    return decision.outcome == "phone_review" and decision.routed_by in ("hard_rule", "explanation_failed")


def call_rank(decision: Decision, verifiable: Collection[str]) -> Rank:
    """Return the rank of a case on the call list.

    Cases that a person must look at come first. Then the value of the call decides, the triggers break ties; while no
    value is learned (``call_value`` is None in every decision of a bundle), the triggers decide.
    """
    person = float(needs_a_person(decision))
    by_trigger = trigger_rank(decision, verifiable)
    return (person, *by_trigger) if decision.call_value is None else (person, decision.call_value, *by_trigger)
