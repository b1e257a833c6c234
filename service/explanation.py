"""Why a case was decided as it was, told by reason group in the words of the bundle: for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.decision import Contribution, Decision, Reason, Trigger, Value
from scoring.spec import FeatureSpec, ModelSpec, Outcome


@dataclass(frozen=True, kw_only=True)
class ExplainedFeature:
    """One feature of the case, with its words.

    Attributes:
        feature: Feature name.
        en: What it is, in English.
        zh: The same in Chinese.
        unit: Unit of the value; empty where there is none.
        source: Where the fact comes from.
        value: Value scored; None is unknown.
        null_means: What None says.
        points: What it was worth; positive is safer.
        points_lost: Points short of the average just-approved applicant.
        question: Id of the question with which a call verifies it; None when a call cannot.
    """

    feature: str
    en: str
    zh: str
    unit: str
    source: str
    value: Value
    null_means: str
    points: float
    points_lost: float
    question: str | None


@dataclass(frozen=True, kw_only=True)
class ExplainedGroup:
    """A reason group of the case.

    Attributes:
        group: Id of the reason group.
        en: What is told to an applicant whom it cost points, in English.
        zh: The same in Chinese.
        points: Sum of the points of its features.
        points_lost: Sum of their points short of the average just-approved applicant.
        features: Its features, those that lost most points first.
    """

    group: str
    en: str
    zh: str
    points: float
    points_lost: float
    features: tuple[ExplainedFeature, ...]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a case was decided as it was.

    Attributes:
        case_id: Id that the caller gave; None when none was given.
        bundle: SHA-256 of the bundle's manifest.
        model: Name and version of the model.
        outcome: What follows.
        routed_by: What settled the outcome.
        tier: Risk tier.
        pd: Calibrated probability that the label is bad.
        bad_definition: What the probability is of.
        points: Score in points; higher is safer.
        start_points: Points before any feature: with the points of all groups they add up to ``points``.
        groups: All reason groups, those that lost most points first.
        reasons: The reasons to be told, worst first.
        triggers: All that fired, with evidence.
    """

    case_id: str | None
    bundle: str
    model: str
    outcome: Outcome
    routed_by: str
    tier: str
    pd: float
    bad_definition: str
    points: float
    start_points: float
    groups: tuple[ExplainedGroup, ...]
    reasons: tuple[Reason, ...]
    triggers: tuple[Trigger, ...]


def explanation_of(decision: Decision, spec: ModelSpec) -> Explanation:
    """Return a decision told in the words of the model that made it."""
    members: dict[str, list[ExplainedFeature]] = {reason.id: [] for reason in spec.reasons}
    for feature, contribution in zip(spec.features, decision.contributions, strict=True):
        members[feature.reason_group].append(_explained(feature, contribution))
    groups = [_group(reason.id, reason.en, reason.zh, members[reason.id]) for reason in spec.reasons]
    return Explanation(
        case_id=decision.case_id,
        bundle=decision.bundle,
        model=f"{spec.name} {spec.version}",
        outcome=decision.outcome,
        routed_by=decision.routed_by,
        tier=decision.tier,
        pd=decision.pd,
        bad_definition=spec.provenance.bad_definition,
        points=decision.points,
        start_points=decision.start_points,
        groups=tuple(sorted(groups, key=lambda group: -group.points_lost)),
        reasons=decision.reasons,
        triggers=decision.triggers,
    )


def _explained(feature: FeatureSpec, contribution: Contribution) -> ExplainedFeature:
    return ExplainedFeature(
        feature=feature.name,
        en=feature.en,
        zh=feature.zh,
        unit=feature.unit,
        source=feature.source,
        value=contribution.value,
        null_means=feature.null_means,
        points=contribution.points,
        points_lost=contribution.points_lost,
        question=feature.question,
    )


def _group(group: str, en: str, zh: str, features: Sequence[ExplainedFeature]) -> ExplainedGroup:
    return ExplainedGroup(
        group=group,
        en=en,
        zh=zh,
        points=math.fsum(feature.points for feature in features),
        points_lost=math.fsum(feature.points_lost for feature in features),
        features=tuple(sorted(features, key=lambda feature: -feature.points_lost)),
    )
