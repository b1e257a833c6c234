"""What routing by the value of a call is worth on a synthetic lender, whose truth is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import cast

import numpy as np
import polars as pl

from features.catalogue import CATALOGUE, Catalogue
from features.tables import VERIFIABLE
from modelling.after_call import IDS, decisions_after, decisions_on
from modelling.arrays import Floats
from modelling.call_rules import BAMBOO, rule_scores
from modelling.errors import MetricError
from modelling.judged_calls import JudgedCalls, by_trigger, by_value, changes, gains_of
from modelling.past_calls import amounts
from modelling.routing_evaluation import Cases, compare_rules
from modelling.routing_evaluation import Comparison as RoutingComparison
from modelling.routing_records import Gains, RoutingEvaluation
from modelling.simulated_calls import PERSON_FINDS, observed_reach, simulate_calls
from scoring.bundle import Bundle
from scoring.decision import Decision
from scoring.scorer import Scorer
from scoring.triggers import CAUTIONS


def evaluate_calls(
    tables: Mapping[str, pl.DataFrame],
    features: pl.DataFrame,
    bundle: Bundle,
    *,
    start: datetime,
    capacity_share: float,
    seed: int,
    finds: float = PERSON_FINDS,
    replicates: int = 500,
    time_zone: str = "Asia/Shanghai",
    catalogue: Catalogue = CATALOGUE,
) -> RoutingEvaluation:
    """Simulate a call on every out-of-time case and compare rules for choosing whom to call.

    A call reaches the applicant as often as persons' past calls before ``start`` did and finds each true value with
    probability ``finds``; the features are built again with what it found and scored by the same scorer. Profit is
    that of the truth: what the loan would have earned or lost. Cases that a hard rule settles are nobody's to call.

    Args:
        tables: Raw tables, ``truth`` and ``calls`` among them.
        features: The feature table.
        bundle: The model and policy to judge.
        start: Beginning of the out-of-time period.
        capacity_share: Share of the callable cases that the desk can call.
        seed: Seed of calls and resamples.
        finds: Probability of finding a true value.
        replicates: Bootstrap resamples.
        time_zone: Zone of local hours and days of the features.
        catalogue: Declarations of the features.

    Raises:
        MetricError: no truth, no past calls, or no case from ``start`` on.
    """
    check_truth(tables)
    frame, reached = _cases(tables, features, start)
    scorer = Scorer(bundle)
    before = decisions_on(scorer, frame)
    found = _simulated(tables, frame, reached=reached, finds=finds, seed=seed)
    verified = found.select(IDS, *VERIFIABLE.values())
    after = decisions_after(scorer, before, tables, verified, time_zone=time_zone, catalogue=catalogue)
    judged = _judged(bundle, frame, tables["truth"], before, after)
    scores = rule_scores(judged.before, judged.amounts, bundle.spec)
    comparison, expected = (
        _compared(judged, gain, scores, capacity_share=capacity_share, seed=seed, replicates=replicates)
        for gain in (judged.gain, judged.expected)
    )
    control, control_above, control_below, called = _arms(judged, bundle)
    return RoutingEvaluation(
        bundle=scorer.sha256,
        first=cast("datetime", frame["applied_at"].min()).isoformat(),
        last=cast("datetime", frame["applied_at"].max()).isoformat(),
        cases=len(frame),
        outcomes=dict(Counter(decision.outcome for decision in before).most_common()),
        routed_by=dict(Counter(decision.routed_by for decision in before).most_common()),
        triggers=dict(Counter(trigger.id for decision in before for trigger in decision.triggers).most_common()),
        learned=bundle.call_value is not None,
        threshold=bundle.spec.policy.call_value_threshold,
        capacity_share=capacity_share,
        reached=reached,
        finds=finds,
        comparison=comparison,
        comparison_expected=expected,
        control=control,
        control_above=control_above,
        control_below=control_below,
        called=called,
        by_value=by_value(judged, scores[BAMBOO]),
        by_trigger=by_trigger(judged),
        changes=changes(judged, scores[BAMBOO], comparison.calls),
        seed=seed,
    )


def check_truth(tables: Collection[str]) -> None:
    """Refuse tables that lack what only a synthetic lender has, or past calls.

    Raises:
        MetricError: ``truth`` or ``calls`` is not there.
    """
    lacking = [name for name in ("truth", "calls") if name not in tables]
    if lacking:
        raise MetricError(f"tables lack {' and '.join(lacking)}; only a synthetic lender's routing can be evaluated so")


def _cases(tables: Mapping[str, pl.DataFrame], features: pl.DataFrame, start: datetime) -> tuple[pl.DataFrame, float]:
    """Return the out-of-time cases by id, and how often persons' calls before them reached anyone."""
    frame = features.filter(pl.col("applied_at") >= start).sort(IDS)
    if frame.is_empty():
        raise MetricError(f"no application from {start.isoformat()} on; nothing is out of time")
    return frame, observed_reach(tables["calls"].filter(pl.col("known_at") < start))


def _simulated(
    tables: Mapping[str, pl.DataFrame], frame: pl.DataFrame, *, reached: float, finds: float, seed: int
) -> pl.DataFrame:
    """Return what a call on each case would find."""
    applications = tables["applications"].join(frame.select(IDS), on=IDS, how="semi")
    return simulate_calls(applications, tables["truth"], reached=reached, finds=finds, seed=seed)


def _judged(
    bundle: Bundle, frame: pl.DataFrame, truth: pl.DataFrame, before: list[Decision], after: list[Decision]
) -> JudgedCalls:
    """Put the decisions before and after the calls beside what the truth says of each loan."""
    known = frame.select(IDS).join(truth, on=IDS, how="left", maintain_order="left")
    return JudgedCalls.of(
        bundle.spec,
        before=before,
        after=after,
        applicants=frame["applicant_id"].to_list(),
        bad=known["would_be_bad"].to_numpy().astype(bool),
        probability=known["default_probability"].to_numpy(),
        amounts=amounts(bundle, frame),
    )


def _compared(
    judged: JudgedCalls,
    gain: Floats,
    scores: Mapping[str, Floats],
    *,
    capacity_share: float,
    seed: int,
    replicates: int,
) -> RoutingComparison:
    """Compare the rules by one way of counting what each call gains."""
    return compare_rules(
        Cases(case_ids=judged.ids, applicants=judged.applicants, gain=gain),
        scores,
        capacity_share=capacity_share,
        call_cost=judged.cost,
        seed=seed,
        replicates=replicates,
    )


def _arms(judged: JudgedCalls, bundle: Bundle) -> tuple[Gains, Gains, Gains, Gains]:
    """Return what calls gain on the control arm, on its cases worth a call and not, and on those the policy calls."""
    control = np.array([decision.control for decision in judged.before])
    called = np.array([decision.routed_by in ("call_value", "trigger") for decision in judged.before])
    worth_it = _would_be_called(judged.before, bundle)
    return (
        gains_of("control arm", judged, control),
        gains_of("control arm, worth a call", judged, control & worth_it),
        gains_of("control arm, not worth a call", judged, control & ~worth_it),
        gains_of("called by the policy", judged, called),
    )


def _would_be_called(before: tuple[Decision, ...], bundle: Bundle) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether the policy would call a case if chance did not: by its value, or by triggers while none is learned."""
    threshold = bundle.spec.policy.call_value_threshold
    if threshold is None:
        return np.array([_triggers_call(decision) for decision in before])
    return np.array([decision.call_value is not None and decision.call_value >= threshold for decision in before])


def _triggers_call(decision: Decision) -> bool:
    fired = [trigger.id for trigger in decision.triggers if trigger.kind == "trigger"]
    return any(decision.provisional == "approve" or name not in CAUTIONS for name in fired)
