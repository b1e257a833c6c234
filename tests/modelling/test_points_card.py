"""A points card on paper: every case's lines add up to the scorecard's own points."""

import math

import numpy as np
import pytest

from modelling.points_card import points_card
from modelling.scorecard import Scorecard
from modelling.training import train
from scoring.points import PointsMap
from scoring.spec import Scale


@pytest.fixture(scope="module")
def trained(small_dataset):
    return train(small_dataset, Scorecard(), seed=3, resamples=100)


def test_the_base_is_what_a_case_without_evidence_has(trained):
    base, *others = points_card(trained.fitted, trained.calibration)

    assert base.points == PointsMap.of(trained.calibration, Scale()).points(trained.fitted.intercept)
    assert all(row.points == 0 for row in others if row.woe == 0)


def test_safer_bins_bring_more_points(trained):
    for binned in trained.fitted.binned:
        rows = [row for row in points_card(trained.fitted, trained.calibration) if row.feature == binned.feature]
        order = np.argsort([row.woe for row in rows])
        assert np.all(np.diff(np.array([row.points for row in rows])[order]) >= 0)


def test_ranges_leave_no_gap(trained):
    card = points_card(trained.fitted, trained.calibration)
    for binned in trained.fitted.binned:
        ranges = [row for row in card if row.feature == binned.feature and row.kind == "range"]
        if ranges:
            assert ranges[0].lower is None
            assert ranges[-1].upper is None
            assert [row.upper for row in ranges[:-1]] == [row.lower for row in ranges[1:]]


def test_whole_points_are_the_nearest(trained):
    for row in points_card(trained.fitted, trained.calibration):
        assert math.isclose(row.whole, row.points, abs_tol=0.5)
