"""Reasons for a score: reason groups by the points they lost against the average just-approved applicant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from scoring.decision import Reason, make_reason
from scoring.spec import ReasonText

MOST_REASONS: Final = 4
LEAST_POINTS: Final = 1e-9
"""Points lost up to here are rounding, not a reason."""


def members_of(group_of: Sequence[int], scored: frozenset[int]) -> dict[int, tuple[int, ...]]:
    """Return the features of each reason group that the model compares; no other is ever named.

    Args:
        group_of: Place of each feature's group.
        scored: Places of the features that the model compares.
    """
    members: dict[int, tuple[int, ...]] = {}
    for place in sorted(scored):
        members[group_of[place]] = (*members.get(group_of[place], ()), place)
    return dict(sorted(members.items()))


def reasons_of(
    groups_lost: Sequence[float],
    points_lost: Sequence[float],
    members: Mapping[int, Sequence[int]],
    reasons: Sequence[ReasonText],
    features: Sequence[str],
) -> tuple[Reason, ...]:
    """Return at most four reasons, the one that lost most points first; ties in the order of ``reasons``.

    Args:
        groups_lost: Points lost against the reference, per reason group; negative where the case is better.
        points_lost: The same per feature.
        members: From `members_of`: place of a group in ``reasons`` to its features, in the order of groups.
        reasons: The words of all reason groups.
        features: Names of the features.
    """
    found, lost_by = [], points_lost.__getitem__
    for group in sorted(members, key=groups_lost.__getitem__, reverse=True)[:MOST_REASONS]:
        lost, words = groups_lost[group], reasons[group]
        if not lost > LEAST_POINTS:
            break
        named = []
        for place in sorted(members[group], key=lost_by, reverse=True):
            if not points_lost[place] > LEAST_POINTS:
                break
            named.append(features[place])
        if named:  # else a sum of roundings
            found.append(make_reason(words.id, lost, tuple(named), words.en, words.zh))
    return tuple(found)
