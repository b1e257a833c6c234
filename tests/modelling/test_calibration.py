"""Platt calibration: recovers a distorted margin, and refuses one that does not order the cases."""

import numpy as np
import pytest
from scipy import special

from modelling.calibration import calibrated_pd, fit_platt
from modelling.calibration_metrics import calibration_report
from modelling.errors import CalibrationError
from scoring.points import PointsMap
from scoring.spec import Calibration, Scale


def overfitted(n, seed):
    """Return margins twice as far from the middle as they should be, and labels."""
    random = np.random.default_rng(seed)
    logit = random.normal(size=n) - 2
    return 2 * logit + 1, random.random(n) < special.expit(logit)


def test_a_distorted_margin_is_put_right_on_unseen_cases():
    calibration = fit_platt(*overfitted(20_000, 0))
    margin, y = overfitted(20_000, 1)

    assert (calibration.slope, calibration.intercept) == pytest.approx((0.5, -0.5), abs=0.06)
    report = calibration_report(y, calibrated_pd(margin, calibration))
    assert report.ece < 2 * report.ece_by_chance
    assert calibration_report(y, special.expit(margin)).ece > 5 * report.ece_by_chance


def test_mean_pd_equals_the_bad_rate_of_the_calibration_cases():
    margin, y = overfitted(500, 2)

    assert calibrated_pd(margin, fit_platt(margin, y)).mean() == pytest.approx(y.mean(), abs=1e-9)


def test_a_margin_that_points_the_wrong_way_is_refused():
    margin, y = overfitted(500, 3)

    with pytest.raises(CalibrationError, match=r"slope == -0\.\d+ .* on 500 calibration cases, must be positive"):
        fit_platt(-margin, y)


def test_pds_have_the_bits_of_the_scorer():
    calibration = Calibration(slope=0.7, intercept=-0.3)
    margins = np.random.default_rng(0).normal(size=500) * 5
    line = PointsMap.of(calibration, Scale())

    assert calibrated_pd(margins, calibration).tolist() == [line.pd(margin) for margin in margins.tolist()]
