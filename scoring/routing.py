"""The order in which rules, chance, value and triggers settle what happens to a case."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from scoring.decision import RoutedBy, Trigger
from scoring.rules import Fired
from scoring.spec import Outcome, Policy
from scoring.triggers import CAUTIONS

_PERSON: Final = b"bamboo control"


Route = tuple[Outcome, RoutedBy, bool]
"""Where a case goes: what follows, what settled it, and whether the control arm picked it."""


def route(
    *,
    policy: Policy,
    rules: Sequence[Fired],
    provisional: Literal["approve", "decline"],
    explained: bool,
    triggers: Sequence[Trigger],
    call_value: float | None,
    picked: bool,
) -> Route:
    """Settle a case.

    The first hard rule that fired decides. Then an explanation that failed sends the case to a person. Then the control
    arm calls the cases that it picked, whatever the value of the call, so that it stays a random sample. Then the value
    of the call decides when the policy has a threshold and the bundle has learned a value, else the triggers. Otherwise
    the tier decides.

    Args:
        policy: The bundle's policy.
        rules: Hard rules and limits that fired, in order.
        provisional: What the tier alone decides.
        explained: Whether the contributions add up to the score.
        triggers: All triggers that fired.
        call_value: Expected gain of a call, its cost taken off.
        picked: Whether the control arm's hash picks the case; a case that a rule declines is not called even then.
    """
    if rules:
        outcome = rules[0][1]
        return outcome, "hard_rule", picked and outcome == "phone_review"
    if not explained:
        return "phone_review", "explanation_failed", picked
    if picked:
        return "phone_review", "control", True
    if policy.call_value_threshold is not None and call_value is not None:
        if call_value >= policy.call_value_threshold:
            return "phone_review", "call_value", False
    else:
        for trigger in triggers:
            if provisional == "approve" or trigger.id not in CAUTIONS:
                return "phone_review", "trigger", False
    return provisional, "tier", False


@dataclass(frozen=True, slots=True)
class ControlArm:
    """The random sample of cases that are called whatever the value of the call; prepared once for a model.

    The hash is BLAKE2b with the policy's key: who does not know the key cannot choose an id that is picked, and the
    same id is always picked or never.

    Attributes:
        share: The policy's control share.
        keyed: The hash before any id, to be copied.
    """

    share: float
    keyed: Any

    @classmethod
    def of(cls, policy: Policy) -> ControlArm:
        """Prepare for a policy."""
        key = bytes.fromhex(policy.control_key)
        return cls(policy.control_share, hashlib.blake2b(digest_size=8, key=key, person=_PERSON))

    def picks(self, case_id: str | None) -> bool:
        """Return whether the keyed hash of a case's id falls in the arm's share; never without an id."""
        if case_id is None:
            return False
        digest = self.keyed.copy()
        digest.update(case_id.encode())
        return int.from_bytes(digest.digest(), "big") * 2.0**-64 < self.share
