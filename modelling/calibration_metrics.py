"""How far probabilities can be taken at their word: Brier, log-loss, slope, ECE, Hosmer–Lemeshow, Spiegelhalter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from modelling.arrays import Flags, Floats, Ints, as_labels, as_probabilities
from modelling.errors import CalibrationError
from modelling.estimate import Estimate, mean_estimate, normal_estimate
from modelling.logistic_line import fit_line, fit_shift
from modelling.rate_tests import jeffreys_interval

EPSILON = 1e-12
"""Probabilities are kept this far from 0 and 1 before a logarithm is taken."""


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """Cases of neighbouring PD.

    Attributes:
        lower_pd: Smallest PD in the bin.
        upper_pd: Largest PD in it.
        n: Cases.
        bads: Bad cases among them.
        mean_pd: Mean PD.
        observed: Observed bad rate.
        lower: Lower end of the Jeffreys interval of the observed rate.
        upper: Upper end.
    """

    lower_pd: float
    upper_pd: float
    n: int
    bads: int
    mean_pd: float
    observed: float
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Chi2:
    """A chi-squared statistic with its degrees of freedom and p-value."""

    value: float
    dof: int
    p: float


@dataclass(frozen=True, kw_only=True)
class CalibrationReport:
    """What calibration looks like on one sample.

    Attributes:
        n: Cases.
        bads: Bad cases among them.
        mean_pd: Mean PD.
        observed: Observed bad rate.
        brier: Mean squared difference of label and PD.
        log_loss: Mean negative log-likelihood, natural logarithm.
        slope: Slope of the logistic fit of the label on logit(PD); 1 is right, below 1 too extreme. None where no
            finite line fits (constant PD, or classes that the PD separates).
        intercept: Intercept of that fit; 0 is right. None as above.
        shift: Intercept when the slope is held at 1: log-odds by which PDs are too low on the whole.
        ece: Expected calibration error: mean absolute difference of observed rate and mean PD over the bins, weighted
            by cases.
        ece_by_chance: The ECE that perfectly calibrated PDs would show on so many cases, by noise alone.
        hosmer_lemeshow: ``Σ (O−Np)² / (Np(1−p))`` over the same bins; as many degrees of freedom as bins, since the PDs
            were not fitted on this sample.
        spiegelhalter_z: ``Σ(y−p)(1−2p) / √Σ(1−2p)²p(1−p)``; standard normal when PDs are right. None when every PD is
            0.5.
        spiegelhalter_p: Its two-sided p-value.
        bins: The equal-count bins; equal PDs are never divided, so there may be fewer than asked for.
        bins_asked: Bins asked for.
        epsilon: How far PDs were kept from 0 and 1 in logarithms.
    """

    n: int
    bads: int
    mean_pd: float
    observed: float
    brier: Estimate
    log_loss: Estimate
    slope: Estimate | None
    intercept: Estimate | None
    shift: Estimate
    ece: float
    ece_by_chance: float
    hosmer_lemeshow: Chi2
    spiegelhalter_z: float | None
    spiegelhalter_p: float | None
    bins: tuple[CalibrationBin, ...]
    bins_asked: int
    epsilon: float


def calibration_report(y: ArrayLike, pd: ArrayLike, *, bins: int = 20, level: float = 0.95) -> CalibrationReport:
    """Measure the calibration of PDs on cases with labels.

    Args:
        y: Labels, 1 for bad.
        pd: Calibrated probabilities of bad.
        bins: Equal-count bins for ECE and Hosmer–Lemeshow.
        level: Confidence level of the intervals.

    Raises:
        MetricError: lengths differ, a value is missing or out of range, or only one class is there.

    References:
        Cox (1958) for slope and intercept; Hosmer, Lemeshow (1980); Spiegelhalter (1986).
    """
    bad = as_labels(y)
    probability = as_probabilities(pd, bad.size)
    binned = calibration_bins(bad, probability, bins=bins, level=level)
    slope, intercept = _cox(bad, probability, level)
    shift, shift_error = fit_shift(_logit(probability), bad)
    z = _spiegelhalter(bad, probability)
    return CalibrationReport(
        n=bad.size,
        bads=int(bad.sum()),
        mean_pd=float(np.mean(probability)),
        observed=float(np.mean(bad)),
        brier=brier(bad, probability, level=level),
        log_loss=log_loss(bad, probability, level=level),
        slope=slope,
        intercept=intercept,
        shift=normal_estimate(shift, shift_error, n=bad.size, level=level),
        ece=_ece(binned),
        ece_by_chance=_ece_by_chance(binned),
        hosmer_lemeshow=_hosmer_lemeshow(binned),
        spiegelhalter_z=z,
        spiegelhalter_p=None if z is None else float(2 * stats.norm.sf(abs(z))),
        bins=binned,
        bins_asked=bins,
        epsilon=EPSILON,
    )


def brier(y: ArrayLike, pd: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return the mean squared difference of label and PD; one class alone is legal.

    Raises:
        MetricError: lengths differ, or a value is missing or out of range.
    """
    bad = as_labels(y, both=False)
    return mean_estimate((bad - as_probabilities(pd, bad.size)) ** 2, level=level)


def log_loss(y: ArrayLike, pd: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return the mean negative log-likelihood (natural logarithm); one class alone is legal.

    PDs are kept ``EPSILON`` away from 0 and 1, so that a wrong certainty costs much, but not everything.

    Raises:
        MetricError: lengths differ, or a value is missing or out of range.
    """
    bad = as_labels(y, both=False)
    return mean_estimate(case_losses(bad, as_probabilities(pd, bad.size)), level=level)


def case_losses(bad: Flags, pd: Floats) -> Floats:
    """Return each case's negative log-likelihood, of checked labels and PDs."""
    probability = np.clip(pd, EPSILON, 1 - EPSILON)
    losses: Floats = -np.log(np.where(bad, probability, 1 - probability))
    return losses


def calibration_bins(y: ArrayLike, pd: ArrayLike, *, bins: int = 20, level: float = 0.95) -> tuple[CalibrationBin, ...]:
    """Sort cases by PD into bins of equal count, lowest PD first; equal PDs stay together.

    Raises:
        MetricError: lengths differ, or a value is missing or out of range.
    """
    bad = as_labels(y, both=False)
    probability = as_probabilities(pd, bad.size)
    codes = _equal_count(probability, bins)
    return tuple(_bin(bad[codes == code], probability[codes == code], level) for code in np.unique(codes))


def _equal_count(values: Floats, bins: int) -> Ints:
    """Return the bin of each value by its mid-rank, which equal values share: the order of rows does not matter."""
    rank: Floats = stats.rankdata(values, method="average")
    return np.floor(bins * (rank - 0.5) / values.size).astype(np.int64)


def _bin(bad: Flags, pd: Floats, level: float) -> CalibrationBin:
    n, bads = bad.size, int(bad.sum())
    lower, upper = jeffreys_interval(n, bads, level=level)
    return CalibrationBin(
        lower_pd=float(pd.min()),
        upper_pd=float(pd.max()),
        n=n,
        bads=bads,
        mean_pd=float(np.mean(pd)),
        observed=bads / n,
        lower=lower,
        upper=upper,
    )


def _ece(bins: tuple[CalibrationBin, ...]) -> float:
    return sum(part.n * abs(part.observed - part.mean_pd) for part in bins) / sum(part.n for part in bins)


def _ece_by_chance(bins: tuple[CalibrationBin, ...]) -> float:
    """Return the mean absolute deviation of a normal, ``σ√(2/π)``, over the bins of perfectly calibrated PDs."""
    expected = sum((part.n * part.mean_pd * (1 - part.mean_pd) * 2 / np.pi) ** 0.5 for part in bins)
    return float(expected / sum(part.n for part in bins))


def _hosmer_lemeshow(bins: tuple[CalibrationBin, ...]) -> Chi2:
    value = 0.0
    for part in bins:
        mean = min(max(part.mean_pd, EPSILON), 1 - EPSILON)
        value += (part.bads - part.n * mean) ** 2 / (part.n * mean * (1 - mean))
    return Chi2(value=float(value), dof=len(bins), p=float(stats.chi2.sf(value, len(bins))))


def _spiegelhalter(bad: Flags, pd: Floats) -> float | None:
    variance = float(np.sum((1 - 2 * pd) ** 2 * pd * (1 - pd)))
    return float(np.sum((bad - pd) * (1 - 2 * pd))) / variance**0.5 if variance > 0 else None


def _cox(bad: Flags, pd: Floats, level: float) -> tuple[Estimate | None, Estimate | None]:
    try:
        line = fit_line(_logit(pd), bad)
    except CalibrationError:
        return None, None  # a constant or separating PD has no line, which the report shows as None
    return (
        normal_estimate(line.slope, line.slope_error, n=bad.size, level=level),
        normal_estimate(line.intercept, line.intercept_error, n=bad.size, level=level),
    )


def _logit(pd: Floats) -> Floats:
    logits: Floats = special.logit(np.clip(pd, EPSILON, 1 - EPSILON))
    return logits
