"""What is known of a model's quality: one record, written as JSON, that reports and gates read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
from modelling.labels import LabelCounts
from modelling.records import from_plain, to_plain
from modelling.split_summary import SplitSummary
from scoring.spec import Calibration, Scale, Tier


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

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_dict(cls, data: object) -> Evaluation:
        """Read what :meth:`to_dict` gave.

        Raises:
            RecordError: a field is missing, unknown or of another type.
        """
        return from_plain(cls, data)
