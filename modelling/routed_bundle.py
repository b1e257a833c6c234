"""A bundle that has learned from past calls which cases are worth a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from features.catalogue import CATALOGUE, Catalogue
from modelling.call_value import CallValueFit, learn_call_value, predicted, threshold_for_capacity
from modelling.errors import MetricError
from modelling.labels import BadDefinition
from modelling.past_calls import past_calls
from scoring.bundle import Bundle


@dataclass(frozen=True, kw_only=True)
class RoutedBundle:
    """A bundle with the value of a call, or as it was when past calls taught none.

    Attributes:
        bundle: The bundle; its policy has a threshold when a value was learned.
        fit: What was learned, and the proof.
        capacity_share: Share of cases that the desk can call.
        threshold: Value of a call, its cost taken off, from which on a case is called; None when triggers decide.
    """

    bundle: Bundle
    fit: CallValueFit
    capacity_share: float
    threshold: float | None


def with_call_value(
    bundle: Bundle,
    tables: Mapping[str, pl.DataFrame],
    features: pl.DataFrame,
    *,
    until: datetime,
    capacity_share: float,
    seed: int,
    definition: BadDefinition | None = None,
    time_zone: str = "Asia/Shanghai",
    catalogue: Catalogue = CATALOGUE,
) -> RoutedBundle:
    """Learn the value of a call from the calls before ``until`` and set the threshold that fills the desk.

    The control arm takes its share of the desk first; the threshold fills the rest, over the applications before
    ``until``. Nothing from ``until`` on is used, so the out-of-time period can judge the routing.

    Args:
        bundle: The model with its policy, without a value of calls (one that is there is learned anew).
        tables: Raw tables by name.
        features: The feature table.
        until: Beginning of the out-of-time period.
        capacity_share: Share of cases that the desk can call; above the policy's control share.
        seed: Seed of folds and trees.
        definition: What makes a loan bad.
        time_zone: Zone of local hours and days of the features.
        catalogue: Declarations of the features.

    Raises:
        MetricError: the desk is not larger than the control arm, or the feature table lacks features of the model.
    """
    policy = bundle.spec.policy
    if not policy.control_share < capacity_share <= 1:
        raise MetricError(
            f"capacity_share == {capacity_share}, must be above the control arm's share {policy.control_share} and at "
            "most 1: the control arm is called first"
        )
    lacking = [spec.name for spec in bundle.spec.features if spec.name not in features.columns]
    if lacking:
        raise MetricError(
            f"the feature table to learn from past calls lacks {len(lacking)} feature(s) of the model: "
            f"{', '.join(lacking[:8])}. Give the table that the run was trained on, or one built with the same contract"
        )
    bare = replace(
        bundle, call_value=None, spec=replace(bundle.spec, policy=replace(policy, call_value_threshold=None))
    )
    past = past_calls(
        tables, features, bare, until=until, definition=definition, time_zone=time_zone, catalogue=catalogue
    )
    fit = learn_call_value(past, bare.spec, seed=seed)
    if fit.value is None:
        return RoutedBundle(bundle=bare, fit=fit, capacity_share=capacity_share, threshold=None)
    values = predicted(fit.value.trees, past.period_inputs) - policy.economics.call_cost
    threshold = threshold_for_capacity(values, capacity_share - policy.control_share)
    spec = replace(bundle.spec, policy=replace(policy, call_value_threshold=threshold))
    return RoutedBundle(
        bundle=replace(bundle, spec=spec, call_value=fit.value),
        fit=fit,
        capacity_share=capacity_share,
        threshold=threshold,
    )
