"""Logistic regression of the label on one number: the line of Platt calibration and of calibration tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from modelling.arrays import Flags, Floats, as_labels, as_scores
from modelling.errors import CalibrationError

_MAX_STEPS = 100
_LONGEST = 4.0
"""Most that one step moves the log-odds of any case."""


@dataclass(frozen=True, kw_only=True)
class LogisticLine:
    """``logit P(bad) = intercept + slope · x``, by maximum likelihood.

    Attributes:
        slope: Factor on x.
        intercept: Added after it.
        slope_error: Standard error of the slope.
        intercept_error: Standard error of the intercept.
        log_likelihood: Natural logarithm of the likelihood at the maximum.
        n: Cases.
    """

    slope: float
    intercept: float
    slope_error: float
    intercept_error: float
    log_likelihood: float
    n: int


def fit_line(x: ArrayLike, y: ArrayLike) -> LogisticLine:
    """Fit intercept and slope by Newton's method with halved steps.

    Args:
        x: One finite number per case.
        y: Labels, 1 for bad.

    Raises:
        MetricError: lengths differ, a value is missing, or only one class is there.
        CalibrationError: x is constant, or separates bad from good, so that no finite line is best.
    """
    bad = as_labels(y)
    values = as_scores(x, bad.size)
    spread = float(np.std(values))
    if spread <= 1e-12 * max(1.0, float(np.max(np.abs(values)))):
        raise CalibrationError(f"all scores are {values[0]}: a line needs scores that differ")
    _refuse_separation(values, bad)
    centre = float(np.mean(values))
    design = np.column_stack([np.ones(bad.size), (values - centre) / spread])
    start = np.array([special.logit(np.mean(bad)), 0.0])
    beta, information, likelihood = _newton(design, bad, start, np.zeros(bad.size))
    covariance = np.linalg.inv(information)
    back = np.array([[1.0, -centre / spread], [0.0, 1.0 / spread]])
    beta, covariance = back @ beta, back @ covariance @ back.T
    return LogisticLine(
        slope=float(beta[1]),
        intercept=float(beta[0]),
        slope_error=float(covariance[1, 1] ** 0.5),
        intercept_error=float(covariance[0, 0] ** 0.5),
        log_likelihood=likelihood,
        n=bad.size,
    )


def fit_shift(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """Fit the intercept alone, the slope held at 1: by how much the log-odds of ``x`` are off on the whole.

    Returns:
        The shift and its standard error; positive when there are more bad cases than ``x`` says.

    Raises:
        MetricError: as in :func:`fit_line`.
    """
    bad = as_labels(y)
    values = as_scores(x, bad.size)
    beta, information, _ = _newton(np.ones((bad.size, 1)), bad, np.zeros(1), values)
    return float(beta[0]), float(information[0, 0] ** -0.5)


def _refuse_separation(values: Floats, bad: Flags) -> None:
    risky, safe = values[bad], values[~bad]
    if risky.min() >= safe.max() or safe.min() >= risky.max():
        raise CalibrationError(
            f"the scores separate {risky.size} bad from {safe.size} good cases completely, so no finite line is best; "
            "use more cases, and look for a leak"
        )


def _newton(design: Floats, bad: Flags, beta: Floats, offset: Floats) -> tuple[Floats, Floats, float]:
    """Maximise the log-likelihood; return the coefficients, the information there, and the likelihood."""

    def likelihood_at(coefficients: Floats) -> float:
        logits = design @ coefficients + offset
        return float(-np.sum(np.logaddexp(0.0, np.where(bad, -logits, logits))))

    likelihood = likelihood_at(beta)
    for _ in range(_MAX_STEPS):
        fitted = special.expit(design @ beta + offset)
        gradient = design.T @ (bad - fitted)
        information = (design * (fitted * (1 - fitted))[:, None]).T @ design
        step = np.linalg.solve(information, gradient)
        # The Newton decrement bounds what is left to gain, whatever the scale of the coefficients. The last step is
        # still taken and squares it; a smaller bound would ask for gains that the rounding of the likelihood hides.
        if gradient @ step < 1e-14 * max(1.0, abs(likelihood)):
            return beta + step, information, likelihood
        # From far off a whole step lands where every case is certain and nothing tells the way back.
        longest = float(np.max(np.abs(design @ step)))
        beta, likelihood = _halve_until_better(likelihood_at, beta, step * min(1.0, _LONGEST / longest), likelihood)
    raise CalibrationError(f"no logistic line found in {_MAX_STEPS} steps over {bad.size} cases")


def _halve_until_better(
    likelihood_at: Callable[[Floats], float], beta: Floats, step: Floats, likelihood: float
) -> tuple[Floats, float]:
    for _ in range(60):
        reached = likelihood_at(beta + step)
        if reached >= likelihood:
            return beta + step, reached
        step = step / 2
    return beta, likelihood
