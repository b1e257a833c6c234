"""What differs between two bundles: in the description, in the trees, and in the points of the same cases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring import codec
from scoring.bundle import Bundle
from scoring.decision import Decision
from scoring.trees import Trees

Array = NDArray[np.float64]

NAMED_BY: Final = ("name", "id")
"""Fields that tell the records of a list apart, so that each is compared with its namesake and not its neighbour."""

PARTS: Final[Mapping[str, str]] = {
    "features": "features",
    "reasons": "reasons",
    "questions": "questions",
    "calibration": "points",
    "scale": "points",
    "tiers": "tiers",
    "policy": "policy",
    "provenance": "provenance",
    "name": "name",
    "version": "name",
}
"""Field of the description to the part of a bundle that people speak of."""

QUANTILES: Final = (0.5, 0.9, 0.99)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that differs.

    Attributes:
        part: ``features``, ``trees``, ``points``, ``tiers``, ``policy``, ``reasons``, ``questions``, ``provenance``,
            ``name``, ``reference``, ``call_value`` or ``golden``.
        what: The field, as a path, such as ``tiers.B.upper_pd``.
        before: Its value in the first bundle as JSON; None where it is not there.
        after: Its value in the second.
    """

    part: str
    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Moved:
    """How the same cases move from the first bundle to the second.

    Attributes:
        cases: How many cases.
        unmoved: Share whose points are equal to the last bit.
        mean: Mean change of points; positive is safer.
        absolute: Quantile (0.5, 0.9, 0.99, and 1 for the largest) to the absolute change of points there.
        tiers: Tier by the first, tier by the second, and the number of cases.
        outcomes: The same for outcomes.
        by_chance: Cases whose outcome changes because the random control arm of one bundle alone picks them.
    """

    cases: int
    unmoved: float
    mean: float
    absolute: Mapping[str, float]
    tiers: tuple[tuple[str, str, int], ...]
    outcomes: tuple[tuple[str, str, int], ...]
    by_chance: int


def changes(before: Bundle, after: Bundle) -> tuple[Change, ...]:
    """Return what differs between two bundles, in the order of the description; empty when they are equal."""
    found = list(_changed_fields(codec.to_plain(before.spec), codec.to_plain(after.spec), ""))
    told = [Change(part=PARTS[re.split(r"[. ]", what)[0]], what=what, before=a, after=b) for what, a, b in found]
    told += _changed_trees("trees", before.trees, after.trees)
    return (*told, *_changed_call_value(before, after), *_changed_statistics(before, after))


def moved(before: Sequence[Decision], after: Sequence[Decision]) -> Moved:
    """Return how cases move that both bundles decided, given in the same order.

    Raises:
        ValueError: there is no case, or the two are not of one length.
    """
    if not before or len(before) != len(after):
        raise ValueError(f"there are {len(before)} and {len(after)} decisions, must be equally many and at least one")
    pairs = list(zip(before, after, strict=True))
    shift = np.array([b.points - a.points for a, b in pairs])
    return Moved(
        cases=len(pairs),
        unmoved=float(np.mean(shift == 0)),
        mean=float(np.mean(shift)),
        absolute=_quantiles(np.abs(shift)),
        tiers=_counted([(a.tier, b.tier) for a, b in pairs]),
        outcomes=_counted([(a.outcome, b.outcome) for a, b in pairs]),
        by_chance=sum(a.outcome != b.outcome and a.control != b.control for a, b in pairs),
    )


def _quantiles(moves: Array) -> dict[str, float]:
    at = [*np.quantile(moves, QUANTILES).tolist(), float(moves.max())]
    return dict(zip([*map(str, QUANTILES), "1"], at, strict=True))


def _counted(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str, int], ...]:
    counts: dict[tuple[str, str], int] = {}
    for pair in pairs:
        counts[pair] = counts.get(pair, 0) + 1
    return tuple((one, other, count) for (one, other), count in sorted(counts.items()))


def _changed_fields(before: Any, after: Any, path: str) -> Iterator[tuple[str, str | None, str | None]]:  # noqa: ANN401 - any JSON
    """Give the path, value before and value after of everything that differs in two pieces of JSON."""
    if before == after:
        return
    first, second = _by_name(before), _by_name(after)
    if first is None or second is None:
        yield _changed_value(before, after, path)
        return
    for name in (*first, *(name for name in second if name not in first)):
        inner = f"{path}.{name}" if path else str(name)
        if name not in second:
            yield inner, codec.to_json(first[name]), None
        elif name not in first:
            yield inner, None, codec.to_json(second[name])
        else:
            yield from _changed_fields(first[name], second[name], inner)
    order = list(first), list(second)
    if isinstance(before, list) and order[0] != order[1] and set(order[0]) == set(order[1]):
        yield f"{path} (order)", codec.to_json(order[0]), codec.to_json(order[1])


def _changed_value(before: Any, after: Any, path: str) -> tuple[str, str, str]:  # noqa: ANN401 - any JSON
    """Tell two values; of two lists of words, such as vocabularies, what stands in one alone."""
    if all(isinstance(value, list) and all(isinstance(one, str) for one in value) for value in (before, after)):
        lost, gained = ([one for one in a if one not in b] for a, b in ((before, after), (after, before)))
        if lost or gained:
            return f"{path} (only here)", codec.to_json(lost), codec.to_json(gained)
    return path, codec.to_json(before), codec.to_json(after)


def _by_name(value: Any) -> dict[str, Any] | None:  # noqa: ANN401 - any JSON
    """Return an object's fields, or a list's records by their names; None for anything else."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return None
    key = next((key for key in NAMED_BY if all(key in one for one in value)), None)
    if key is None or len({one[key] for one in value}) != len(value):
        return None
    return {str(one[key]): one for one in value}


def _changed_trees(part: str, before: Trees, after: Trees) -> list[Change]:
    if before == after:
        return []
    return [Change(part=part, what=part, before=shape(before), after=shape(after))]


def shape(trees: Trees) -> str:
    """Tell the size of an ensemble in words."""
    features = len(set(trees.feature.tolist()))
    return f"{trees.count:,} trees, {len(trees.leaf_value):,} leaves, {features:,} features compared"


def _changed_call_value(before: Bundle, after: Bundle) -> list[Change]:
    one, other = before.call_value, after.call_value
    if one is not None and other is not None:
        return _changed_trees("call_value", one.trees, other.trees)
    if one is None and other is None:
        return []
    told = [None if value is None else f"learned from {value.calls} calls" for value in (one, other)]
    return [Change(part="call_value", what="call_value", before=told[0], after=told[1])]


def _changed_statistics(before: Bundle, after: Bundle) -> Iterator[Change]:
    one, other = before.reference, after.reference
    if one.sha256 != other.sha256:
        told = [f"{reference.cases} just-approved cases, {reference.sha256[:12]}" for reference in (one, other)]
        yield Change(part="reference", what="reference", before=told[0], after=told[1])
    if before.golden != after.golden:
        counts = [f"{len(bundle.golden.cases)} cases" for bundle in (before, after)]
        yield Change(part="golden", what="golden", before=counts[0], after=counts[1])
