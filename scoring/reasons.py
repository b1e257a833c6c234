"""Reasons for a score: reason groups by the points they lost against the average just-approved applicant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from scoring.decision import Reason
from scoring.spec import ReasonText

MOST_REASONS: Final = 4
LEAST_POINTS: Final = 1e-9
"""Points lost up to here are rounding, not a reason."""


def reasons_of(
    points_lost: Sequence[float],
    group_of: Sequence[int],
    reasons: Sequence[ReasonText],
    features: Sequence[str],
    scored: frozenset[int],
) -> tuple[Reason, ...]:
    """Return at most four reasons, the one that lost most points first; ties in the order of ``reasons``.

    Args:
        points_lost: Points lost against the reference, per feature; negative where the case is better.
        group_of: Place of each feature's group in ``reasons``.
        reasons: The words of all reason groups.
        features: Names of the features.
        scored: Places of the features that the model compares; no other is ever named.
    """
    members: dict[int, list[int]] = {}
    for place in sorted(scored):
        members.setdefault(group_of[place], []).append(place)
    lost = {group: math.fsum(points_lost[place] for place in places) for group, places in members.items()}
    worst = sorted((group for group in lost if lost[group] > LEAST_POINTS), key=lambda group: (-lost[group], group))
    return tuple(
        Reason(
            group=reasons[group].id,
            points_lost=lost[group],
            features=_losers(points_lost, members[group], features),
            en=reasons[group].en,
            zh=reasons[group].zh,
        )
        for group in worst[:MOST_REASONS]
    )


def _losers(points_lost: Sequence[float], places: Sequence[int], features: Sequence[str]) -> tuple[str, ...]:
    losing = [place for place in places if points_lost[place] > LEAST_POINTS]
    return tuple(features[place] for place in sorted(losing, key=lambda place: (-points_lost[place], place)))
