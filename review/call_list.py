"""Who is called today: at most as many cases as the desk can take, the most valuable first, the control arm among them.

The arm must not show. Control cases stand at places drawn by a keyed hash, so that neither the top nor the end of the
list tells them, and what callers get (``caller_rows``) holds no value, no rank and no arm.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from review.errors import CallListError
from scoring.call_order import Rank, call_rank, needs_a_person, points_at_stake, verifiable_features
from scoring.decision import Decision
from scoring.spec import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One case on the call list.

    Attributes:
        position: Place on the list, from 1.
        case_id: The case.
        control: Whether the control arm put it there.
        rank: Place by value (or triggers) among all cases waiting for a call, control cases included, from 1.
        value: Value of the call in yuan, its cost taken off; None when none is learned.
        triggers: Ids of the triggers that fired, hard rules included.
        points_at_stake: Points that rest on facts a call can verify.
        questions: What to ask, most points first.
    """

    position: int
    case_id: str
    control: bool
    rank: int
    value: float | None
    triggers: tuple[str, ...]
    points_at_stake: float
    questions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CallList:
    """The calls of one batch.

    Attributes:
        capacity: Calls the desk can make.
        ranked_by: ``value`` when the bundle has learned what calls are worth, else ``triggers``.
        called: The list, in the order of calling; never longer than the capacity.
        waiting: Cases routed to a call for which there is no room, the most valuable first.
        control_cases: Cases that the control arm picked.
        control_left_out: Control cases not called as such because the arm may fill at most half of the list. Those
            called are drawn among all by hash, so the arm stays a random sample.
    """

    capacity: int
    ranked_by: Literal["value", "triggers"]
    called: tuple[Listed, ...]
    waiting: tuple[str, ...]
    control_cases: int
    control_left_out: int


def call_list(decisions: Sequence[Decision], spec: ModelSpec, *, capacity: int) -> CallList:
    """Choose and order the calls of a batch of decisions.

    Cases whose outcome is a phone review are called. The control arm comes first, as far as it fits into half of the
    capacity; the rest of the capacity goes to the highest ranks (``scoring.call_order``), ties by case id. The order of
    the decisions does not matter.

    Args:
        decisions: Decisions of one bundle, all with a case id.
        spec: Declarations of that bundle.
        capacity: Calls the desk can make; at least 1.

    Raises:
        CallListError: capacity below 1, a decision without id, an id twice, or some values learned and some not.
    """
    _check(decisions, capacity)
    verifiable = verifiable_features(spec)
    waiting = [decision for decision in decisions if decision.outcome == "phone_review"]
    ranked = sorted(waiting, key=lambda d: (_descending(call_rank(d, verifiable)), _id(d)))
    random = sorted((d for d in ranked if d.control), key=lambda d: _draw(spec, "arm", _id(d)))
    control = {_id(d) for d in random[: capacity // 2]}
    room = capacity - len(control)
    policy = [d for d in ranked if _id(d) not in control]
    rank = {_id(d): place for place, d in enumerate(ranked, start=1)}
    chosen = _mixed(policy[:room], [d for d in random if _id(d) in control], spec)
    return CallList(
        capacity=capacity,
        ranked_by="value" if any(d.call_value is not None for d in waiting) else "triggers",
        called=tuple(
            _listed(d, place, rank[_id(d)], control=_id(d) in control, verifiable=verifiable)
            for place, d in enumerate(chosen, start=1)
        ),
        waiting=tuple(_id(d) for d in policy[room:]),
        control_cases=len(random),
        control_left_out=len(random) - len(control),
    )


def caller_rows(calls: CallList) -> list[dict[str, object]]:
    """Return what callers may see of the list: no arm, no rank and no value."""
    return [
        {
            "position": listed.position,
            "application_id": listed.case_id,
            "triggers": " ".join(listed.triggers),
            "points_at_stake": round(listed.points_at_stake, 1),
            "questions": " ".join(listed.questions),
        }
        for listed in calls.called
    ]


def _check(decisions: Sequence[Decision], capacity: int) -> None:
    if isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 1:
        raise CallListError(f"capacity == {capacity!r}, must be a whole number of calls, 1 or more.")
    ids = Counter(decision.case_id for decision in decisions)
    if None in ids:
        raise CallListError(f"{ids[None]} decision(s) have no case id; score with ids, or nobody knows whom to call.")
    twice = [name for name, count in ids.items() if count > 1]
    if twice:
        raise CallListError(f"case_id == {twice[0]!r} stands {ids[twice[0]]} times, must stand once.")
    learned = {decision.call_value is None for decision in decisions if not needs_a_person(decision)}
    if len({decision.bundle for decision in decisions}) > 1 or len(learned) > 1:
        raise CallListError("the decisions are of more than one bundle, must be of one: their ranks do not compare.")


def _id(decision: Decision) -> str:
    return decision.case_id or ""


def _descending(rank: Rank) -> Rank:
    return tuple(-part for part in rank)


def _draw(spec: ModelSpec, what: str, case_id: str) -> int:
    """Draw a number of 64 bits for a case; another word gives an independent draw."""
    key = bytes.fromhex(spec.policy.control_key)
    digest = hmac.new(key, f"{what}:{case_id}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8])


def _mixed(policy: Sequence[Decision], control: Sequence[Decision], spec: ModelSpec) -> list[Decision]:
    """Put control cases among the others, each at a place of its own draw; the others keep their order."""
    places = [((place + 0.5) / len(policy), decision) for place, decision in enumerate(policy)]
    places += [(_draw(spec, "place", _id(decision)) / 2**64, decision) for decision in control]
    return [decision for _, decision in sorted(places, key=lambda pair: (pair[0], _id(pair[1])))]


def _listed(decision: Decision, position: int, rank: int, *, control: bool, verifiable: frozenset[str]) -> Listed:
    return Listed(
        position=position,
        case_id=_id(decision),
        control=control,
        rank=rank,
        value=decision.call_value,
        triggers=tuple(trigger.id for trigger in decision.triggers),
        points_at_stake=points_at_stake(decision, verifiable),
        questions=decision.questions,
    )
