"""Every feature that was scored for one case, by reason group: its value, and the points it was worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from reports import formats
from reports.page import Block, Code, Section, Table, Text
from scoring.decision import Contribution, Decision
from scoring.spec import FeatureSpec, ModelSpec

SMALL: Final = 0.05
"""Points below which a contribution reads as 0.0 and stands with the small ones."""

Scored = tuple[FeatureSpec, Contribution]


def points_by_group(decision: Decision, spec: ModelSpec) -> dict[str, float]:
    """Return reason group to the points of all its features."""
    group_of = {feature.name: feature.reason_group for feature in spec.features}
    parts: dict[str, list[float]] = {}
    for contribution in decision.contributions:
        parts.setdefault(group_of[contribution.feature], []).append(contribution.points)
    return {group: math.fsum(points) for group, points in parts.items()}


def features(decision: Decision, spec: ModelSpec) -> Section:
    """Show every feature: those that moved the score by their reason group, and the others in one list."""
    declared = {feature.name: feature for feature in spec.features}
    words = {reason.id: reason.en for reason in spec.reasons}
    scored = [(declared[c.feature], c) for c in decision.contributions]
    totals = points_by_group(decision, spec)
    parts: list[Block] = []
    for group in sorted(totals, key=lambda group: (totals[group], group)):
        large = [pair for pair in scored if pair[0].reason_group == group and not _small(pair)]
        if large:
            parts.append(Section(words.get(group, group), (_table(large, totals[group]),), id=f"group-{group}"))
    small = [pair for pair in scored if _small(pair)]
    if small:
        parts.append(_small_ones(small))
    lead = (
        f"All {formats.counted(len(scored), 'feature')} that were scored, by reason group, worst group first. Points "
        "lost are against the average applicant who is just approved."
    )
    return Section("Features", tuple(parts), lead=lead, new_page=True)


def _small(pair: Scored) -> bool:
    return max(abs(pair[1].points), abs(pair[1].points_lost)) < SMALL


def _table(rows: Sequence[Scored], total: float) -> Table:
    ordered = sorted(rows, key=lambda pair: (pair[1].points, pair[0].name))
    return Table(
        ("Feature", "What it is", "Value", "Source", "Points", "Points lost"),
        tuple(_row(feature, contribution) for feature, contribution in ordered),
        f"{formats.points(total, signed=True)} points, features that moved little included",
        align="llrlrr",
    )


def _row(feature: FeatureSpec, contribution: Contribution) -> tuple[Text, ...]:
    unknown = f" Unknown here: {feature.null_means}." if contribution.value is None and feature.null_means else ""
    return (
        Code(feature.name),
        f"{feature.en} {feature.zh}{unknown}",
        formats.fact(contribution.value, feature.unit),
        feature.source,
        formats.points(contribution.points, signed=True),
        formats.points(contribution.points_lost, signed=True),
    )


def _small_ones(rows: Sequence[Scored]) -> Section:
    ordered = sorted(rows, key=lambda pair: (pair[0].reason_group, pair[0].name))
    total = math.fsum(contribution.points for _, contribution in rows)
    table = Table(
        ("Feature", "Value", "Reason group", "Points", "Points lost"),
        tuple(
            (
                Code(feature.name),
                formats.fact(c.value, feature.unit),
                feature.reason_group.replace("_", " "),
                formats.number(c.points, 3, signed=True),
                formats.number(c.points_lost, 3, signed=True),
            )
            for feature, c in ordered
        ),
        f"{formats.number(total, 3, signed=True)} points in all",
        align="lrlrr",
    )
    lead = f"{formats.counted(len(rows), 'feature')} moved the score by less than {SMALL} points each."
    return Section("Features that moved little", (table,), lead=lead, id="features-small")
