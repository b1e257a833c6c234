"""The routing policy that a newly promoted model starts with."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Final

from scoring.spec import ConcentrationLimit, Economics, FeatureSpec, HardRule, Policy

HARD_RULES: Final = (
    HardRule(
        id="under_age",
        feature="application_age_years",
        operator="<",
        bound=18.0,
        outcome="decline",
        en="The applicant is under 18.",
        zh="申请人未满18周岁。",
    ),
    HardRule(
        id="identity_failed",
        feature="identity_failed",
        operator="==",
        bound=1.0,
        outcome="decline",
        en="A factor of the identity check never passed.",
        zh="有身份核验项始终未通过。",
    ),
    HardRule(
        id="watchlist_several",
        feature="watchlist_active_hits",
        operator=">=",
        bound=2.0,
        outcome="decline",
        en="Two or more of phone, identity number, device and contact are on the watchlist.",
        zh="手机号、身份证号、设备、联系人中有两项及以上命中名单。",
    ),
    HardRule(
        id="watchlist_single",
        feature="watchlist_active_hits",
        operator=">=",
        bound=1.0,
        outcome="phone_review",
        en="One key of the applicant is on the watchlist; entries can be stale or wrong, so a person looks.",
        zh="有一项信息命中名单;名单可能过期或有误,需人工核实。",
    ),
)
"""Rules above the score for the standard catalogue, in the order in which they are tried."""

REGION_LIMIT: Final = ConcentrationLimit(feature="application_region", limit=0.30)

THIN_FILE: Final = ("inquiries_count_365d", "loans_count_365d", "loans_open_count")
"""A case without any of these has a thin file."""

MULTI_LENDER_GROUP: Final = "multi_lender"
NETWORK_GROUP: Final = "network"


def starting_policy(
    features: Sequence[FeatureSpec],
    approved_tiers: tuple[str, ...],
    *,
    name: str,
    seed: int,
    economics: Economics,
) -> Policy:
    """Return the policy for a model of the standard catalogue or of a flat table.

    Rules, limits and alerts are kept as far as the model has the features and reason groups that they read, so that a
    flat table gets those that mean something for it. The distance beyond which an explanation is unfamiliar comes
    from development when the bundle is exported; the threshold of the value of a call from past calls.

    Args:
        features: The model's features.
        approved_tiers: Tiers that are provisionally approved, such as those that pay (`modelling.approval`).
        name: Name of the model.
        seed: Seed of the training; with the name it gives the key of the control arm.
        economics: What decisions earn and cost.
    """
    names = {spec.name for spec in features}
    groups = {spec.reason_group for spec in features}
    return Policy(
        approved_tiers=approved_tiers,
        economics=economics,
        hard_rules=tuple(rule for rule in HARD_RULES if rule.feature in names),
        concentration_limits=(REGION_LIMIT,) if REGION_LIMIT.feature in names else (),
        multi_lender_groups=_present(MULTI_LENDER_GROUP, groups),
        network_groups=_present(NETWORK_GROUP, groups),
        thin_file_features=tuple(feature for feature in THIN_FILE if feature in names),
        control_key=control_key(name, seed),
    )


def control_key(name: str, seed: int) -> str:
    """Return the key (hexadecimal) of the hash that picks the control arm.

    It follows from name and seed so that a run can be repeated to the byte. Whoever knows both can work out which cases
    are controls; a lender to whom that matters sets a secret of its own in the policy.
    """
    return hashlib.sha256(f"control arm of {name}, seed {seed}".encode()).hexdigest()[:32]


def _present(group: str, groups: Collection[str]) -> tuple[str, ...]:
    return (group,) if group in groups else ()
