"""PD, points and tiers."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import points
from scoring.points import PointsMap, pd_of_log_odds, points_of_margin, points_of_pd
from scoring.spec import Calibration, Economics, Policy, Scale, Tier
from scoring.tiers import cutoff_pd, tier_of

TIERS = (Tier(name="A", upper_pd=0.05), Tier(name="B", upper_pd=0.2), Tier(name="C", upper_pd=1.0))


def test_examples_of_the_docstrings_run():
    assert doctest.testmod(points).failed == 0


@given(st.floats(-30, 30), st.floats(0.1, 3), st.floats(-2, 2))
def test_points_of_the_margin_are_points_of_the_pd(margin, slope, intercept):
    line = PointsMap.of(Calibration(slope=slope, intercept=intercept), Scale())
    pd = line.pd(margin)
    if 1e-9 < pd < 1 - 1e-6:
        assert line.points(margin) == pytest.approx(points_of_pd(pd), abs=1e-4)
    assert points_of_margin(margin, Calibration(slope=slope, intercept=intercept)) == line.points(margin)


@given(st.floats(allow_nan=False))
def test_pd_is_a_probability_for_any_log_odds(log_odds):
    pd = pd_of_log_odds(log_odds)
    assert 0.0 <= pd <= 1.0
    assert pd_of_log_odds(-log_odds) == pytest.approx(1 - pd, abs=1e-15)


@given(st.lists(st.floats(-800, 800), max_size=20))
def test_many_pds_have_the_bits_of_each(margins):
    line = PointsMap.of(Calibration(slope=0.7, intercept=0.1), Scale())
    assert line.pds(np.array(margins)).tolist() == [line.pd(margin) for margin in margins]


def test_twenty_points_double_the_odds():
    scale = Scale(base_points=500.0, base_odds=10.0, pdo=40.0)
    assert points_of_pd(1 / 11, scale) == pytest.approx(500)
    assert points_of_pd(1 / 21, scale) == pytest.approx(540)


@pytest.mark.parametrize("pd", [-0.01, 1.01, math.nan])
def test_what_is_no_probability_is_refused(pd):
    with pytest.raises(ValueError, match=r"pd == .*must be from 0 to 1"):
        points_of_pd(pd)
    with pytest.raises(ValueError, match=r"pd == .*must be from 0 to 1"):
        tier_of(pd, TIERS)


def test_points_are_finite_at_both_ends():
    assert points_of_pd(0.0) == pytest.approx(-points_of_pd(1.0) + 2 * points_of_pd(0.5))


@pytest.mark.parametrize(
    ("pd", "name"), [(0.0, "A"), (0.05, "A"), (math.nextafter(0.05, 1), "B"), (0.2, "B"), (0.21, "C"), (1.0, "C")]
)
def test_the_upper_pd_belongs_to_the_tier(pd, name):
    assert tier_of(pd, TIERS) == name


@pytest.mark.parametrize(("approved", "cutoff"), [((), 0.0), (("A",), 0.05), (("A", "B"), 0.2), (("A", "B", "C"), 1.0)])
def test_the_cutoff_ends_the_last_approved_tier(approved, cutoff):
    assert cutoff_pd(TIERS, Policy(approved_tiers=approved, economics=Economics(amount_feature=None))) == cutoff
