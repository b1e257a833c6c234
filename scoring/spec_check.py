"""Whether a model description agrees with itself, so that scoring never meets a name or number it cannot use."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from scoring.encode import text_problem
from scoring.errors import SpecError, nearest, shown
from scoring.spec import FeatureSpec, ModelSpec, Policy, Tier

LARGEST: Final = 1e9
"""No rate, amount or number of points is beyond it, so that no score computed from them is infinite."""


def check_spec(spec: ModelSpec) -> None:
    """Refuse a description that contradicts itself.

    Raises:
        SpecError: Lists every contradiction.
    """
    problems = [
        *_features(spec),
        *_numbers(spec),
        *_tiers(spec.tiers),
        *_policy(spec),
        *_policy_numbers(spec.policy),
    ]
    if problems:
        raise SpecError(problems)


def _features(spec: ModelSpec) -> Iterator[str]:
    reasons = [reason.id for reason in spec.reasons]
    questions = [question.id for question in spec.questions]
    if not spec.features:
        yield "there are no features"
    yield from _twice("feature", [feature.name for feature in spec.features])
    yield from _twice("reason", reasons)
    yield from _twice("question", questions)
    for feature in spec.features:
        yield from _unknown(f"feature {feature.name!r} has reason group", [feature.reason_group], reasons)
        if feature.question is not None:
            yield from _unknown(f"feature {feature.name!r} has question", [feature.question], questions)
        yield from _feature(feature)


def _feature(feature: FeatureSpec) -> Iterator[str]:
    if not feature.name or text_problem(feature.name):
        yield f"feature {shown(feature.name)} must have a name of printable characters"
    if feature.kind != "category" and feature.vocabulary:
        yield f"feature {feature.name!r} has a vocabulary and is no category"
    if feature.kind != "number" and (feature.lower is not None or feature.upper is not None):
        yield f"feature {feature.name!r} has bounds and is no number"
    yield from _twice(f"category of {feature.name!r}", feature.vocabulary)
    for word in feature.vocabulary:
        problem = text_problem(word)
        if problem:
            yield f"a category of {feature.name!r} is not {problem}"
    bounds = [bound for bound in (feature.lower, feature.upper) if bound is not None]
    if not all(math.isfinite(bound) for bound in bounds) or bounds != sorted(bounds):
        yield f"feature {feature.name!r} has bounds from {feature.lower!r} to {feature.upper!r}"


def _numbers(spec: ModelSpec) -> Iterator[str]:
    if not _positive(spec.calibration.slope) or not abs(spec.calibration.intercept) <= LARGEST:
        yield f"calibration has slope {spec.calibration.slope!r} and intercept {spec.calibration.intercept!r}"
    scale = spec.scale
    if not (abs(scale.base_points) <= LARGEST and _positive(scale.base_odds) and _positive(scale.pdo)):
        yield f"scale has {scale.base_points!r} points at odds {scale.base_odds!r} and doubles every {scale.pdo!r}"


def _tiers(tiers: Sequence[Tier]) -> Iterator[str]:
    uppers = [tier.upper_pd for tier in tiers]
    if not uppers or uppers[-1] != 1.0:
        yield "the last tier must end at a PD of 1"
    if any(not 0.0 < upper <= 1.0 for upper in uppers) or uppers != sorted(set(uppers)):
        yield f"the upper PDs of the tiers must rise strictly, found {uppers}"
    yield from _twice("tier", [tier.name for tier in tiers])


def _policy(spec: ModelSpec) -> Iterator[str]:
    policy = spec.policy
    kinds = {feature.name: feature.kind for feature in spec.features}
    safest = tuple(tier.name for tier in spec.tiers)[: len(policy.approved_tiers)]
    if tuple(policy.approved_tiers) != safest:
        yield f"approved tiers must be the safest ones in order, found {', '.join(policy.approved_tiers)}"
    yield from _unknown("a hard rule reads feature", [rule.feature for rule in policy.hard_rules], kinds)
    yield from _unknown("thin_file_features names feature", policy.thin_file_features, kinds)
    limited = [limit.feature for limit in policy.concentration_limits]
    yield from _unknown("a concentration limit reads feature", limited, kinds)
    amount = policy.economics.amount_feature
    if amount is not None and kinds.get(amount) != "number":
        yield f"amount_feature == {amount!r}, must be a feature that is a number"
    yield from (
        f"hard rule {rule.id!r} reads a category" for rule in policy.hard_rules if kinds.get(rule.feature) == "category"
    )
    yield from (
        f"a concentration limit reads {name!r}, which is no category"
        for name in limited
        if kinds.get(name) != "category"
    )


def _policy_numbers(policy: Policy) -> Iterator[str]:
    economics = policy.economics
    if not _positive(economics.amount):
        yield f"economics.amount == {economics.amount!r}, must be positive"
    for name in ("margin_rate", "loss_rate", "call_cost"):
        if not _at_least_zero(getattr(economics, name)):
            yield f"economics.{name} == {getattr(economics, name)!r}, must be a finite number of at least 0"
    for name in ("conflict_points", "multi_lender_points", "network_points"):
        if not _positive(getattr(policy, name)):
            yield f"{name} == {getattr(policy, name)!r}, must be positive"
    yield from _routing_numbers(policy)


def _routing_numbers(policy: Policy) -> Iterator[str]:
    if not all(math.isfinite(rule.bound) for rule in policy.hard_rules):
        yield "the bound of a hard rule is not finite"
    shares = [policy.control_share, *(limit.limit for limit in policy.concentration_limits)]
    if not all(0.0 <= share <= 1.0 for share in shares):
        yield "control_share and the concentration limits must be from 0 to 1"
    if policy.unfamiliar_distance is not None and not _positive(policy.unfamiliar_distance):
        yield f"unfamiliar_distance == {policy.unfamiliar_distance!r}, must be positive"
    if policy.call_value_threshold is not None and not abs(policy.call_value_threshold) <= LARGEST:
        yield "call_value_threshold must be finite"
    if not _is_key(policy.control_key):
        yield "control_key must be 1 to 64 bytes in hexadecimal"


def _is_key(key: str) -> bool:
    return 2 <= len(key) <= 128 and len(key) % 2 == 0 and all(digit in "0123456789abcdefABCDEF" for digit in key)


def _positive(number: float) -> bool:
    return 0 < number <= LARGEST


def _at_least_zero(number: float) -> bool:
    return 0 <= number <= LARGEST


def _twice(what: str, names: Sequence[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield f"{what} {name!r} stands twice"
        seen.add(name)


def _unknown(what: str, names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    known = tuple(known)
    yield from (f"{what} {name!r}, which there is not.{nearest(name, known)}" for name in names if name not in known)
