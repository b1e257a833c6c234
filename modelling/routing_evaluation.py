"""What rules for choosing calls are worth: added profit at equal capacity, with bootstrap intervals.

Every rule is a score per case, and calls the same number of cases: those with the highest scores. What a call adds is
known for every case (the synthetic lender knows the truth), so the rules are compared on the same calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelling.errors import MetricError

Array = NDArray[np.float64]

RANDOM: Final = "random"
CLAIRVOYANT: Final = "clairvoyant"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A value with its bootstrap percentile interval.

    Attributes:
        value: On the cases as they are.
        lower: 2.5th percentile of the resamples.
        upper: 97.5th percentile.
    """

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class RuleResult:
    """What one rule for choosing calls is worth.

    Attributes:
        name: The rule.
        calls: Calls made.
        added_per_100: Profit added per 100 calls in yuan, the cost of the calls taken off.
        ahead_per_100: How much the first rule adds beyond this one, per 100 calls, paired; zero for itself.
        changed: Calls that changed the decision.
        gain: Profit added by all calls together, before their cost.
    """

    name: str
    calls: int
    added_per_100: Interval
    ahead_per_100: Interval
    changed: int
    gain: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Rules compared on the same cases at the same capacity.

    Attributes:
        rules: One result per rule; the first is the one that the others are held against.
        cases: Cases that could be called.
        calls: Calls that each rule makes.
        call_cost: Cost of a call in yuan.
        replicates: Bootstrap resamples, drawn by applicant.
        seed: Seed of the resamples.
    """

    rules: tuple[RuleResult, ...]
    cases: int
    calls: int
    call_cost: float
    replicates: int
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Cases:
    """Cases that could be called, with what a call would add.

    Attributes:
        case_ids: One per case, each once.
        applicants: The person behind each case; resampled together.
        gain: What a call adds in yuan, before its cost.
    """

    case_ids: Sequence[str]
    applicants: Sequence[str]
    gain: Array


def compare_rules(
    cases: Cases,
    scores: Mapping[str, Array],
    *,
    capacity_share: float,
    call_cost: float,
    seed: int,
    replicates: int = 500,
) -> Comparison:
    """Compare rules for choosing calls at equal capacity.

    Each rule calls ``round(capacity_share · cases)`` cases, at least one: those with the highest score, ties by case
    id. Two rules are added: ``random``, taken as the mean over all ways to draw (not one draw), and ``clairvoyant``,
    which scores by the gain itself and so is the best that any rule can do. In a bootstrap resample applicants are
    drawn with replacement and every rule chooses anew. The order of the cases does not matter.

    Args:
        cases: The cases and their gains.
        scores: Rule to score per case; the first rule is the one held against the others.
        capacity_share: Share of the cases that the desk can call, above 0 and at most 1.
        call_cost: Cost of a call in yuan.
        seed: Seed of the resamples.
        replicates: How many resamples.

    Raises:
        MetricError: no case, a share out of range, an id twice, or a score or gain of another length or not finite.
    """
    _check(cases, scores, capacity_share)
    order = np.argsort(np.asarray(cases.case_ids, dtype=str), kind="stable")
    gain = cases.gain[order]
    rules = {name: score[order] for name, score in scores.items()} | {CLAIRVOYANT: gain}
    queues = {name: np.argsort(-score, kind="stable") for name, score in rules.items()}
    once = np.ones(len(gain))
    calls = _calls(capacity_share, once)
    observed = _added(queues, gain, once, calls) - call_cost
    people = np.unique(np.asarray(cases.applicants, dtype=str)[order], return_inverse=True)[1]
    draws = _draws(people, np.random.default_rng(seed), replicates)
    resampled = np.array([_added(queues, gain, times, _calls(capacity_share, times)) for times in draws]) - call_cost
    names = [*queues, RANDOM]
    return Comparison(
        rules=tuple(
            RuleResult(
                name=name,
                calls=calls,
                added_per_100=_interval(observed[place], resampled[:, place]),
                ahead_per_100=_interval(observed[0] - observed[place], resampled[:, 0] - resampled[:, place]),
                changed=_changed(queues.get(name), gain, calls),
                gain=float((observed[place] + call_cost) * calls),
            )
            for place, name in enumerate(names)
        ),
        cases=len(gain),
        calls=calls,
        call_cost=call_cost,
        replicates=replicates,
        seed=seed,
    )


def _check(cases: Cases, scores: Mapping[str, Array], share: float) -> None:
    if not 0 < share <= 1:
        raise MetricError(f"capacity_share == {share}, must be above 0 and at most 1")
    n = len(cases.case_ids)
    if n == 0 or not scores:
        raise MetricError(f"{n} cases and {len(scores)} rules, must be at least one of each")
    if len(set(cases.case_ids)) != n:
        raise MetricError("a case id stands twice, must stand once: its call would count twice")
    if len(cases.applicants) != n:
        raise MetricError(f"{len(cases.applicants)} applicants, must be {n}, one per case")
    for name, values in {"gain": cases.gain, **scores}.items():
        if values.shape != (n,) or np.isnan(values).any():
            raise MetricError(f"{name} has shape {values.shape}, must be {n} numbers without NaN")
        if name in (RANDOM, CLAIRVOYANT):
            raise MetricError(f"rule {name!r} is added by itself, must not be given")


def _added(queues: Mapping[str, NDArray[np.intp]], gain: Array, times: Array, calls: int) -> Array:
    """Mean gain per call of every rule, then of random, when case *i* is there ``times[i]`` times."""
    found = [_mean_of_first(gain, times, queue, calls) for queue in queues.values()]
    return np.array([*found, float(gain @ times / times.sum())])


def _mean_of_first(gain: Array, times: Array, queue: NDArray[np.intp], calls: int) -> float:
    """Mean gain of the first ``calls`` cases of a queue, the last of them perhaps in part."""
    head = queue[: 2 * calls + 100]  # a resample rarely needs more, and the rest of the queue is long
    drawn = times[head]
    if drawn.sum() < calls:
        head, drawn = queue, times[queue]
    before = np.cumsum(drawn) - drawn
    taken = np.clip(calls - before, 0, drawn)
    return float(gain[head] @ taken / taken.sum())


def _calls(share: float, times: Array) -> int:
    return max(1, round(share * float(times.sum())))


def _draws(people: NDArray[np.intp], random: np.random.Generator, replicates: int) -> Iterator[Array]:
    """Yield how many times each case is there, when as many people are drawn with replacement as there are."""
    n = int(people.max()) + 1
    for _ in range(replicates):
        yield np.bincount(random.integers(0, n, n), minlength=n)[people].astype(np.float64)


def _interval(value: float, resampled: Array) -> Interval:
    lower, upper = np.quantile(resampled, [0.025, 0.975])
    return Interval(value=100 * float(value), lower=100 * float(lower), upper=100 * float(upper))


def _changed(queue: NDArray[np.intp] | None, gain: Array, calls: int) -> int:
    """Calls that changed the decision; for random, how many are expected to."""
    return round(calls * float((gain != 0).mean())) if queue is None else int((gain[queue[:calls]] != 0).sum())
