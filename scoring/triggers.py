"""What in an explanation speaks for a phone review, each with the numbers that show it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scoring.decision import Trigger, Value, make_trigger
from scoring.spec import Policy

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "hinges_on_unverified": (
        "The decision turns on stated facts that nobody has checked",
        "该决定取决于尚未核实的填报信息",
    ),
    "conflict": ("Strong facts speak for the applicant and strong facts against", "正面与负面信息均较强，相互矛盾"),
    "unfamiliar": ("The case is unlike those the model learned from", "该申请与模型学习过的案例差异较大"),
    "multi_lender_pressure": ("Borrowing from many lenders weighs on the score", "多头借贷明显拉低评分"),
    "network_alert": ("The device, phone or contacts shared with others weigh on the score", "关联网络明显拉低评分"),
    "explanation_failed": ("The explanation does not add up to the score", "评分解释与评分不一致"),
}
"""Every trigger with its words in English and Chinese."""

CAUTIONS: Final = frozenset({"multi_lender_pressure", "network_alert"})
"""Triggers that only ever speak against the applicant: they send a case that would be approved to a person, but not one
that would be declined anyway."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """When triggers fire, prepared once for a model.

    Attributes:
        policy: The bundle's policy.
        cutoff: Points at the cut-off.
        weighed: Triggers that fire when some reason groups lost too many points together: the name, the places of the
            groups, and the points.
    """

    policy: Policy
    cutoff: float
    weighed: tuple[tuple[str, tuple[int, ...], float], ...]

    @classmethod
    def of(cls, policy: Policy, cutoff: float, groups: Sequence[str]) -> Limits:
        """Prepare for a policy; a group that the model does not have loses nothing."""

        def places(names: Sequence[str]) -> tuple[int, ...]:
            return tuple(groups.index(name) for name in names if name in groups)

        return cls(
            policy=policy,
            cutoff=cutoff,
            weighed=(
                ("multi_lender_pressure", places(policy.multi_lender_groups), policy.multi_lender_points),
                ("network_alert", places(policy.network_groups), policy.network_points),
            ),
        )


def triggers_of(
    limits: Limits, lost: Sequence[float], distance: float | None, *, turned: Mapping[str, Value] | None
) -> tuple[Trigger, ...]:
    """Return the triggers that fire, in the order of `WORDS`.

    Args:
        limits: When they fire.
        lost: Points lost against the reference, in the order of the reason groups; negative where gained.
        distance: Mahalanobis distance from development; None when it is not beyond the policy's limit.
        turned: Shows how the decision turns on facts that a call can verify; None when it does not.
    """
    policy = limits.policy
    fired: list[Trigger] = []
    lost_by = lost.__getitem__
    if turned is not None:
        fired.append(trigger("hinges_on_unverified", turned))
    against, limit = math.fsum([points for points in lost if points > 0]), policy.conflict_points
    if against >= limit and (gained := -math.fsum([points for points in lost if points < 0])) >= limit:
        fired.append(trigger("conflict", {"gained": gained, "lost": against, "limit": limit}))
    most = policy.unfamiliar_distance
    if distance is not None and most is not None and distance > most:
        fired.append(trigger("unfamiliar", {"distance": distance, "limit": most}))
    for name, groups, limit in limits.weighed:
        weighed = math.fsum(map(lost_by, groups))
        if weighed >= limit:
            fired.append(trigger(name, {"lost": weighed, "limit": limit}))
    return tuple(fired)


def trigger(name: str, evidence: Mapping[str, Value]) -> Trigger:
    """Return a trigger with its words."""
    english, chinese = WORDS[name]
    return make_trigger(name, "trigger", evidence, english, chinese)
