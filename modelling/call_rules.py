"""Rules for choosing whom to call, each as a score per case: the higher, the sooner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.call_order import Rank, trigger_rank, verifiable_features
from scoring.call_value import cutoff_points
from scoring.decision import Decision
from scoring.spec import ModelSpec

Array = NDArray[np.float64]

BAMBOO: Final = "value of the call"
TRIGGERS: Final = "triggers alone"
NEAREST: Final = "nearest to the cut-off"
RISKIEST: Final = "riskiest approved"
NEAREST_AMOUNT: Final = "nearest to the cut-off × amount"


def rule_scores(decisions: Sequence[Decision], amounts: Array, spec: ModelSpec) -> dict[str, Array]:
    """Return the score of each case under every rule, Bamboo's own first.

    * value of the call: as learned; while none is learned, by triggers;
    * triggers alone: how many fired, then the points at stake;
    * nearest to the cut-off: in points, above or below;
    * riskiest approved: highest PD among those that the tier approves; the others after them, safest first;
    * nearest to the cut-off × amount: the amount, halved for every ``pdo`` points of distance.

    Args:
        decisions: Decisions before any call.
        amounts: Yuan at stake in each.
        spec: Declarations of the model that decided.
    """
    verifiable = verifiable_features(spec)
    by_trigger = _places([trigger_rank(decision, verifiable) for decision in decisions])
    values = [decision.call_value for decision in decisions]
    distance = np.array([abs(decision.points - cutoff_points(spec)) for decision in decisions])
    rules: Mapping[str, Array] = {
        BAMBOO: by_trigger if None in values else np.array(values, dtype=np.float64),
        TRIGGERS: by_trigger,
        NEAREST: -distance,
        RISKIEST: np.array([d.pd if d.provisional == "approve" else -d.pd for d in decisions]),
        NEAREST_AMOUNT: amounts * 2.0 ** (-distance / spec.scale.pdo),
    }
    return dict(rules)


def _places(ranks: Sequence[Rank]) -> Array:
    """Return ranks as numbers: equal ranks are equal, a larger rank is larger."""
    place = {rank: float(number) for number, rank in enumerate(sorted(set(ranks)))}
    return np.array([place[rank] for rank in ranks])
