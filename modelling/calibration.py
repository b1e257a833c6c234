"""Platt calibration: a line on the margin that turns it into log-odds one can trust."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from modelling.arrays import Floats
from modelling.errors import CalibrationError
from modelling.logistic_line import fit_line
from scoring.points import PointsMap
from scoring.spec import Calibration, Scale


def fit_platt(margin: ArrayLike, y: ArrayLike) -> Calibration:
    """Fit ``logit(PD) = intercept + slope · margin`` by maximum likelihood, without Platt's smoothed targets.

    Args:
        margin: Raw log-odds of bad, of cases that the model did not see in training.
        y: Labels of the same cases, 1 for bad.

    Raises:
        MetricError: lengths differ, a value is missing, or only one class is there.
        CalibrationError: margins are constant or separate the classes completely; or the best slope is not positive:
            the margin does not order unseen cases, and calibrating it would turn the model round.

    References:
        Platt, "Probabilistic outputs for support vector machines" (1999).
    """
    line = fit_line(margin, y)
    if line.slope <= 0:
        raise CalibrationError(
            f"slope == {line.slope:.4g} (standard error {line.slope_error:.2g}) on {line.n} calibration cases, must be "
            "positive: higher margins do not go with more bad cases there. Use more cases, or another model"
        )
    return Calibration(slope=line.slope, intercept=line.intercept)


def calibrated_pd(margin: ArrayLike, calibration: Calibration) -> Floats:
    """Return the calibrated probability of bad for each margin, with the bits that the scorer gives."""
    return PointsMap.of(calibration, Scale()).pds(np.asarray(margin, dtype=np.float64))
