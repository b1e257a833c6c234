"""The parts of an evaluation: metrics of a split or month, tiers, histogram, stability, single features, fairness."""

from __future__ import annotations

from dataclasses import dataclass

from modelling.calibration_metrics import CalibrationReport
from modelling.discrimination import Auc, Curve, Ks
from modelling.estimate import Estimate
from modelling.rate_tests import Jeffreys
from modelling.stability import Psi
from modelling.tier_order import TierPair


@dataclass(frozen=True, kw_only=True)
class SplitMetrics:
    """Everything measured on the labelled cases of one split.

    Attributes:
        split: ``development``, ``calibration``, ``out_of_time``.
        n: Labelled cases.
        bads: Bad cases among them.
        auc: AUC and Gini with DeLong's interval, which takes cases as independent.
        auc_by_applicant: The same with the bootstrap interval that draws applicants, not cases.
        ks: Kolmogorov–Smirnov distance.
        calibration: Brier, log-loss, slope, ECE and the rest, with the calibration bins.
        curve: ROC and KS curve, at most 200 points; scores in it are margins.
    """

    split: str
    n: int
    bads: int
    auc: Auc
    auc_by_applicant: Auc
    ks: Ks
    calibration: CalibrationReport
    curve: Curve


@dataclass(frozen=True, kw_only=True)
class SampleMetrics:
    """The main figures of a smaller sample: one month, or one kind of case.

    Attributes:
        name: The month as ``2024-05``, or what the sample is.
        split: The split that its cases belong to; None when to several or none.
        n: Labelled cases.
        bads: Bad cases among them.
        mean_pd: Mean PD.
        rate: Observed bad rate against the mean PD (Jeffreys), with interval.
        auc: None when all cases are good or all bad.
        ks: None as above.
        brier: Mean squared difference of label and PD.
        log_loss: Mean negative log-likelihood.
    """

    name: str
    split: str | None
    n: int
    bads: int
    mean_pd: float
    rate: Jeffreys
    auc: Auc | None
    ks: Ks | None
    brier: Estimate
    log_loss: Estimate


@dataclass(frozen=True, kw_only=True)
class TierRow:
    """One tier in one sample.

    Attributes:
        tier: Name of the tier.
        upper_pd: Largest PD in it.
        n: Labelled cases.
        share: Their share of the sample.
        bads: Bad cases among them.
        mean_pd: Mean PD; None without a case.
        rate: Jeffreys test of the mean PD, with the observed rate and its interval; None without a case.
    """

    tier: str
    upper_pd: float
    n: int
    share: float
    bads: int
    mean_pd: float | None
    rate: Jeffreys | None


@dataclass(frozen=True, kw_only=True)
class TierTable:
    """All tiers in one sample.

    Attributes:
        sample: A split, or a month as ``2024-05``.
        split: The split that it belongs to; None when to several.
        rows: One per tier, safest first.
        portfolio: Jeffreys test over all tiers together.
        pairs: Neighbouring tiers, safest first: which rise, and of which that is demanded.
        rising: Whether observed rates rise strictly from the safest tier to the riskiest; None when a tier is empty.
    """

    sample: str
    split: str | None
    rows: tuple[TierRow, ...]
    portfolio: Jeffreys
    pairs: tuple[TierPair, ...]
    rising: bool | None


@dataclass(frozen=True, kw_only=True)
class ScoreHistogram:
    """Points by label in one split.

    Attributes:
        split: The split.
        edges: Edges of the bins in points, rising; one more than counts.
        good: Good cases per bin.
        bad: Bad cases per bin.
    """

    split: str
    edges: tuple[float, ...]
    good: tuple[int, ...]
    bad: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class MonthPsi:
    """PSI of the score of all applications of one month, labelled or not, against those of the development months."""

    month: str
    psi: Psi


@dataclass(frozen=True, kw_only=True)
class FeatureCsi:
    """CSI of one feature: all applications of the out-of-time months against those of the development months."""

    feature: str
    psi: Psi


@dataclass(frozen=True, kw_only=True)
class FeatureAuc:
    """How well one feature alone separates bad from good, for the leak gate.

    Attributes:
        feature: Feature name.
        auc: AUC on the labelled cases outside development, of the feature's bins ordered by their bad rate in
            development (10 or 50 bins, whichever says more). Missing is a bin, and a feature that works in both
            directions is found, too.
        missing: Share of missing values in development.
        iv: Information value in development.
    """

    feature: str
    auc: Auc
    missing: float
    iv: float


@dataclass(frozen=True, kw_only=True)
class FairnessRow:
    """One group of a protected characteristic, out of time.

    Attributes:
        attribute: The characteristic.
        group: Its value; numbers are cut into four bands of equal count.
        n: Applications, labelled or not.
        approved: Those in approved tiers; None when no approved tiers were given.
        approval_rate: Their share.
        approval_ratio: Approval rate over that of the group with the highest rate (of those with 30 applications).
        labelled: Labelled cases.
        bads: Bad cases among them.
        mean_pd: Mean PD of the labelled cases; None without one.
        rate: Observed bad rate with interval, against the mean PD; None without a labelled case.
        auc: None when all labelled cases are good or all bad.
    """

    attribute: str
    group: str
    n: int
    approved: int | None
    approval_rate: float | None
    approval_ratio: float | None
    labelled: int
    bads: int
    mean_pd: float | None
    rate: Jeffreys | None
    auc: Auc | None
