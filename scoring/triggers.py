"""What in an explanation speaks for a phone review, each with the numbers that show it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from scoring.decision import Trigger, Value
from scoring.spec import Policy

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "hinges_on_unverified": (
        "The decision turns on stated facts that nobody has checked",
        "该决定取决于尚未核实的填报信息",
    ),
    "conflict": ("Strong facts speak for the applicant and strong facts against", "正面与负面信息均较强,相互矛盾"),
    "unfamiliar": ("The case is unlike those the model learned from", "该申请与模型学习过的案例差异较大"),
    "multi_lender_pressure": ("Borrowing from many lenders weighs on the score", "多头借贷明显拉低评分"),
    "network_alert": ("The device, phone or contacts shared with others weigh on the score", "关联网络明显拉低评分"),
    "explanation_failed": ("The explanation does not add up to the score", "评分解释与评分不一致"),
}
"""Every trigger with its words in English and Chinese."""

CAUTIONS: Final = frozenset({"multi_lender_pressure", "network_alert"})
"""Triggers that only ever speak against the applicant: they send a case that would be approved to a person, but not one
that would be declined anyway."""


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """What the triggers are computed from.

    Attributes:
        points: The score.
        cutoff: Points at the cut-off.
        provisional: What the tier alone decides.
        without_points: The score with call-verifiable declared facts at the reference average.
        without_provisional: What the tier of that score decides.
        groups_lost: Points lost against the reference, by reason group; negative where gained.
        distance: Mahalanobis distance from development; None when the policy has no limit.
    """

    points: float
    cutoff: float
    provisional: str
    without_points: float
    without_provisional: str
    groups_lost: Mapping[str, float]
    distance: float | None


def triggers_of(grounds: Grounds, policy: Policy) -> tuple[Trigger, ...]:
    """Return the triggers that fire, in the order of `WORDS`."""
    found = {
        "hinges_on_unverified": _hinges(grounds),
        "conflict": _conflict(grounds, policy.conflict_points),
        "unfamiliar": _unfamiliar(grounds.distance, policy.unfamiliar_distance),
        "multi_lender_pressure": _lost_in(grounds, policy.multi_lender_groups, policy.multi_lender_points),
        "network_alert": _lost_in(grounds, policy.network_groups, policy.network_points),
    }
    return tuple(trigger(name, evidence) for name, evidence in found.items() if evidence)


def trigger(name: str, evidence: Mapping[str, Value]) -> Trigger:
    """Return a trigger with its words."""
    english, chinese = WORDS[name]
    return Trigger(id=name, kind="trigger", evidence=evidence, en=english, zh=chinese)


def _hinges(grounds: Grounds) -> dict[str, Value]:
    if grounds.provisional == grounds.without_provisional:
        return {}
    return {"points": grounds.points, "without": grounds.without_points, "cutoff": grounds.cutoff}


def _conflict(grounds: Grounds, limit: float) -> dict[str, Value]:
    moved = grounds.groups_lost.values()
    lost = math.fsum([points for points in moved if points > 0])
    gained = -math.fsum([points for points in moved if points < 0])
    return {"gained": gained, "lost": lost, "limit": limit} if min(lost, gained) >= limit else {}


def _unfamiliar(distance: float | None, limit: float | None) -> dict[str, Value]:
    if limit is None or distance is None or distance <= limit:
        return {}
    return {"distance": distance, "limit": limit}


def _lost_in(grounds: Grounds, groups: tuple[str, ...], limit: float) -> dict[str, Value]:
    lost = math.fsum([grounds.groups_lost.get(group, 0.0) for group in groups])
    return {"lost": lost, "limit": limit} if lost >= limit else {}
