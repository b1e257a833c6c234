"""What is known of a model's quality: one record, written as JSON, that reports and gates read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from modelling.arrays import Flags
from modelling.evaluation_parts import (
    FairnessRow,
    FeatureAuc,
    FeatureCsi,
    MonthPsi,
    SampleMetrics,
    ScoreHistogram,
    SplitMetrics,
    TierTable,
)
from modelling.labels import LabelCounts, label_counts
from modelling.measure_fairness import fairness_rows
from modelling.measure_features import feature_auc, feature_csi
from modelling.measure_sample import sample_metrics, split_metrics
from modelling.measure_scores import histogram_edges, score_histogram, score_psi
from modelling.measure_tiers import tier_table
from modelling.periods import TIME_ZONE
from modelling.split_summary import SplitSummary, summarise_split
from modelling.splits import SPLITS
from modelling.tier_fit import tier_codes
from modelling.view import View
from scoring.spec import Calibration, FeatureSpec, Scale, Tier


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A model measured on every split.

    Attributes:
        model: Name of the model or candidate.
        bad_definition: What the PD is a probability of, with its window.
        labels: Label statuses of all cases.
        split: How the labelled cases were divided.
        splits: Metrics of development, calibration and out-of-time, in this order.
        months: Metrics per month, earliest first; empty without time.
        newcomers: Out-of-time cases whose applicant is not in development; None when that is all of them, or
            applicants are not known.
        calibration: Calibration that PDs were made with.
        tiers: The tiers.
        tier_tables: One per split, then one per month.
        histograms: Points by label, one per split.
        score_psi: PSI of the score per month; without time one entry, named ``out_of_time``.
        csi: CSI of every feature, largest first.
        feature_auc: Every feature alone, strongest first.
        fairness: Groups of protected characteristics; empty without any.
        scale: Scale of points.
        approved_tiers: Tiers that count as approved in ``fairness``.
        level: Confidence level of all intervals.
        resamples: Draws of each bootstrap.
        seed: Seed of the bootstraps.
    """

    model: str
    bad_definition: str
    labels: LabelCounts
    split: SplitSummary
    splits: tuple[SplitMetrics, ...]
    months: tuple[SampleMetrics, ...]
    newcomers: SampleMetrics | None
    calibration: Calibration
    tiers: tuple[Tier, ...]
    tier_tables: tuple[TierTable, ...]
    histograms: tuple[ScoreHistogram, ...]
    score_psi: tuple[MonthPsi, ...]
    csi: tuple[FeatureCsi, ...]
    feature_auc: tuple[FeatureAuc, ...]
    fairness: tuple[FairnessRow, ...]
    scale: Scale
    approved_tiers: tuple[str, ...]
    level: float
    resamples: int
    seed: int

    def on(self, split: str) -> SplitMetrics:
        """Return the metrics of one split.

        Raises:
            KeyError: there is no such split.
        """
        for metrics in self.splits:
            if metrics.split == split:
                return metrics
        raise KeyError(f"split == {split!r}, must be one of {', '.join(part.split for part in self.splits)}")

    def tier_table(self, sample: str) -> TierTable:
        """Return the tier table of one split or month.

        Raises:
            KeyError: there is no such table.
        """
        for table in self.tier_tables:
            if table.sample == sample:
                return table
        raise KeyError(f"sample == {sample!r}, must be one of {', '.join(table.sample for table in self.tier_tables)}")


def evaluate(
    frame: pl.DataFrame,
    margin: ArrayLike,
    *,
    model: str,
    features: Sequence[FeatureSpec],
    calibration: Calibration,
    tiers: Sequence[Tier],
    bad_definition: str,
    scale: Scale | None = None,
    approved_tiers: Sequence[str] = (),
    time_zone: str = TIME_ZONE,
    level: float = 0.95,
    resamples: int = 500,
    seed: int = 0,
) -> Evaluation:
    """Measure a model on every split of a dataset.

    Args:
        frame: The dataset's frame (`modelling.dataset.Dataset`): all cases, labelled or not.
        margin: Raw log-odds of bad of every row of the frame, rejects included.
        model: Name of the model.
        features: Features of the model.
        calibration: Line from margin to log-odds.
        tiers: Tiers, safest first.
        bad_definition: What bad means.
        scale: Points scale of the histogram.
        approved_tiers: Tiers that count as approved in the fairness table.
        time_zone: Where a day, and so a month, begins.
        level: Confidence level of all intervals.
        resamples: Draws of each bootstrap.
        seed: Seed of the bootstraps.

    Raises:
        MetricError: margins do not fit the frame or are not finite, or a split lacks good or bad cases.
    """
    view = View.of(frame, margin, calibration, time_zone)
    early, late, scale = view.window("development"), view.window("out_of_time"), scale or Scale()
    approved = _approved(view, tiers, approved_tiers) if approved_tiers else None
    outside = view.of_split("calibration") | view.of_split("out_of_time")
    return Evaluation(
        model=model,
        bad_definition=bad_definition,
        labels=label_counts(frame["label_status"]),
        split=summarise_split(frame),
        splits=_splits(view, level=level, resamples=resamples, seed=seed),
        months=_months(view, level),
        newcomers=_newcomers(view, level),
        calibration=calibration,
        tiers=tuple(tiers),
        tier_tables=_tier_tables(view, tiers, level),
        histograms=_histograms(view, scale),
        score_psi=score_psi(view.cases.margin[early], view.periods()),
        csi=feature_csi(frame, features, early, late),
        feature_auc=feature_auc(frame, features, view.cases.bad, view.of_split("development"), outside, level=level),
        fairness=_fairness(frame, view, approved, level),
        scale=scale,
        approved_tiers=tuple(approved_tiers),
        level=level,
        resamples=resamples,
        seed=seed,
    )


def _splits(view: View, *, level: float, resamples: int, seed: int) -> tuple[SplitMetrics, ...]:
    return tuple(
        split_metrics(name, view.cases_of(name), level=level, resamples=resamples, seed=seed) for name in SPLITS
    )


def _months(view: View, level: float) -> tuple[SampleMetrics, ...]:
    return tuple(sample_metrics(month, part, cases, level=level) for month, part, cases in view.labelled_months())


def _tier_tables(view: View, tiers: Sequence[Tier], level: float) -> tuple[TierTable, ...]:
    whole = (tier_table(name, name, view.cases_of(name), tiers, level=level) for name in SPLITS)
    months = (tier_table(month, part, cases, tiers, level=level) for month, part, cases in view.labelled_months())
    return (*whole, *months)


def _histograms(view: View, scale: Scale) -> tuple[ScoreHistogram, ...]:
    points = view.points(scale)
    edges = histogram_edges(points[view.labelled])
    inside = {name: view.of_split(name) for name in SPLITS}
    return tuple(score_histogram(name, points[which], view.cases.bad[which], edges) for name, which in inside.items())


def _approved(view: View, tiers: Sequence[Tier], approved_tiers: Sequence[str]) -> Flags:
    places = [place for place, tier in enumerate(tiers) if tier.name in approved_tiers]
    return np.isin(tier_codes(view.cases.pd, tiers), places)


def _fairness(frame: pl.DataFrame, view: View, approved: Flags | None, level: float) -> tuple[FairnessRow, ...]:
    """Measure groups on the applications of the out-of-time months, labelled or not."""
    late = view.window("out_of_time")
    return fairness_rows(
        frame.filter(late),
        view.cases.where(late),
        labelled=view.labelled[late],
        approved=None if approved is None else approved[late],
        level=level,
    )


def _newcomers(view: View, level: float) -> SampleMetrics | None:
    late = view.of_split("out_of_time")
    new = late & view.newcomer
    if not view.applicants_known or not new.any() or new.sum() == late.sum():
        return None
    return sample_metrics("newcomers", "out_of_time", view.cases.where(new), level=level)
