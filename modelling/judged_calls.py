"""Calls whose gain is known from the truth, and what groups of them add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelling.after_call import approved
from modelling.past_calls import SETTLED
from modelling.profit import call_gain, loan_profit
from modelling.routing_records import Change, Gains
from scoring.decision import Decision
from scoring.spec import ModelSpec

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

GROUPS: Final = 5
"""Groups of equal size in which expected and found gains are held side by side."""


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedCalls:
    """Cases that may be called, with the decision before and after a call and what the call adds.

    Attributes:
        ids: The cases.
        applicants: The person behind each.
        before: Decisions before the call.
        after: Decisions after it.
        bad: Whether the loan ends badly if it is paid out.
        amounts: Yuan at stake.
        gain: Yuan that the call adds, before its cost, by how the loan ends.
        expected: The same by the true probability of default.
        cost: Cost of a call.
    """

    ids: tuple[str, ...]
    applicants: tuple[str, ...]
    before: tuple[Decision, ...]
    after: tuple[Decision, ...]
    bad: Flags
    amounts: Array
    gain: Array
    expected: Array
    cost: float

    @classmethod
    def of(
        cls,
        spec: ModelSpec,
        *,
        before: Sequence[Decision],
        after: Sequence[Decision],
        applicants: Sequence[str],
        bad: Flags,
        probability: Array,
        amounts: Array,
    ) -> JudgedCalls:
        """Judge calls by how the loans end; cases that a hard rule settles are left out, they are nobody's to call."""
        kept = [place for place, d in enumerate(before) if d.routed_by not in SETTLED]
        economics = spec.policy.economics
        turned = approved(before), approved(after)
        gain = call_gain(*turned, loan_profit(bad.astype(np.float64), amounts, economics))
        expected = call_gain(*turned, loan_profit(probability, amounts, economics))
        return cls(
            ids=tuple(before[place].case_id or "" for place in kept),
            applicants=tuple(applicants[place] for place in kept),
            before=tuple(before[place] for place in kept),
            after=tuple(after[place] for place in kept),
            bad=bad[kept],
            amounts=amounts[kept],
            gain=gain[kept],
            expected=expected[kept],
            cost=economics.call_cost,
        )


def gains_of(name: str, judged: JudgedCalls, chosen: Flags) -> Gains:
    """Return what calling the chosen cases adds, with its standard error and what was expected of it."""
    gain = judged.gain[chosen] - judged.cost
    values = [judged.before[place].call_value for place in np.flatnonzero(chosen)]
    learned = [value for value in values if value is not None]
    return Gains(
        name=name,
        cases=len(gain),
        changed=int((approved(judged.before) != approved(judged.after))[chosen].sum()),
        added_per_100=100 * float(gain.mean()) if len(gain) else None,
        standard_error=100 * float(gain.std(ddof=1)) / float(np.sqrt(len(gain))) if len(gain) > 1 else None,
        expected_per_100=100 * float(np.mean(learned)) if learned else None,
    )


def by_value(judged: JudgedCalls, score: Array) -> tuple[Gains, ...]:
    """Return the gains of groups of equal size, from the highest score to the lowest."""
    order = np.lexsort((np.asarray(judged.ids, dtype=str), -score))
    groups = []
    for number, places in enumerate(np.array_split(order, GROUPS), start=1):
        chosen = np.zeros(len(score), dtype=bool)
        chosen[places] = True
        groups.append(gains_of(f"fifth {number} by value", judged, chosen))
    return tuple(groups)


def by_trigger(judged: JudgedCalls) -> tuple[Gains, ...]:
    """Return the gains of the cases in which each trigger fired, and of those in which none did."""
    fired = [{trigger.id for trigger in decision.triggers if trigger.kind == "trigger"} for decision in judged.before]
    names = sorted(set().union(*fired))
    found = [gains_of(name, judged, np.array([name in each for each in fired], dtype=bool)) for name in names]
    return (*found, gains_of("no trigger", judged, np.array([not each for each in fired], dtype=bool)))


def changes(judged: JudgedCalls, score: Array, calls: int) -> tuple[Change, ...]:
    """Return how the calls on the highest scores change decisions, and what each kind of change adds."""
    called = np.zeros(len(score), dtype=bool)
    called[np.lexsort((np.asarray(judged.ids, dtype=str), -score))[:calls]] = True
    before, after = approved(judged.before), approved(judged.after)
    ways = (("approve", "decline", before & ~after), ("decline", "approve", ~before & after))
    return tuple(
        Change(
            before=first,
            after=then,
            good=int((called & moved & ~judged.bad).sum()),
            bad=int((called & moved & judged.bad).sum()),
            gain=float(judged.gain[called & moved].sum()),
        )
        for first, then, moved in ways
    )
