"""Metrics of one sample of labelled cases: a whole split, or a month of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelling.arrays import Flags, Floats
from modelling.bootstrap import bootstrap_auc
from modelling.calibration_metrics import brier, calibration_report, log_loss
from modelling.discrimination import auc, curve, ks
from modelling.evaluation_parts import SampleMetrics, SplitMetrics
from modelling.rate_tests import jeffreys


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Labelled and scored cases, one place per case in every array.

    Attributes:
        bad: Labels.
        margin: Raw log-odds of bad.
        pd: Calibrated probability of bad.
        applicant: Who each case belongs to.
    """

    bad: Flags
    margin: Floats
    pd: Floats
    applicant: NDArray[np.object_]

    def where(self, keep: Flags) -> Cases:
        """Return the cases that are kept."""
        return Cases(bad=self.bad[keep], margin=self.margin[keep], pd=self.pd[keep], applicant=self.applicant[keep])


def split_metrics(split: str, cases: Cases, *, level: float, resamples: int, seed: int) -> SplitMetrics:
    """Measure one split on everything.

    Raises:
        MetricError: the split lacks good or bad cases.
    """
    return SplitMetrics(
        split=split,
        n=cases.bad.size,
        bads=int(cases.bad.sum()),
        auc=auc(cases.bad, cases.margin, level=level),
        auc_by_applicant=bootstrap_auc(
            cases.bad, cases.margin, cases.applicant, resamples=resamples, level=level, seed=seed
        ),
        ks=ks(cases.bad, cases.margin, level=level),
        calibration=calibration_report(cases.bad, cases.pd, level=level),
        curve=curve(cases.bad, cases.margin),
    )


def sample_metrics(name: str, split: str | None, cases: Cases, *, level: float) -> SampleMetrics:
    """Measure a sample of at least one case; what needs both classes is None where there is one."""
    bads, n = int(cases.bad.sum()), cases.bad.size
    both = 0 < bads < n
    mean_pd = float(np.mean(cases.pd))
    return SampleMetrics(
        name=name,
        split=split,
        n=n,
        bads=bads,
        mean_pd=mean_pd,
        rate=jeffreys(n, bads, mean_pd, level=level),
        auc=auc(cases.bad, cases.margin, level=level) if both else None,
        ks=ks(cases.bad, cases.margin, level=level) if both else None,
        brier=brier(cases.bad, cases.pd, level=level),
        log_loss=log_loss(cases.bad, cases.pd, level=level),
    )
