"""Calibration metrics: formulas written out, scikit-learn, and what perfect and poor PDs must show."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from modelling.calibration_metrics import brier, calibration_bins, calibration_report, log_loss
from modelling.errors import MetricError


def perfect(n=4000, seed=0, shift=0.0, slope=1.0):
    """Return labels drawn from true PDs, and PDs that are off by a slope and a shift in log-odds."""
    random = np.random.default_rng(seed)
    logit = random.normal(size=n) - 2
    return random.random(n) < special.expit(logit), special.expit((logit - shift) / slope)


@st.composite
def labelled_pds(draw):
    n = draw(st.integers(2, 60))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda labels: 0 < sum(labels) < len(labels)))
    return np.array(y), np.array(draw(st.lists(st.integers(1, 99), min_size=n, max_size=n))) / 100


@given(labelled_pds())
def test_brier_and_log_loss_are_scikit_learns(drawn):
    y, pd = drawn

    assert brier(y, pd).value == pytest.approx(brier_score_loss(y, pd))
    assert log_loss(y, pd).value == pytest.approx(sklearn_log_loss(y, pd))


@given(labelled_pds())
def test_statistics_are_their_formulas(drawn):
    y, pd = drawn

    found = calibration_report(y, pd)

    n = np.array([part.n for part in found.bins])
    observed, mean = (np.array([getattr(part, name) for part in found.bins]) for name in ("observed", "mean_pd"))
    assert n.sum() == y.size
    assert found.ece == pytest.approx(np.sum(n / y.size * np.abs(observed - mean)))
    assert found.hosmer_lemeshow.value == pytest.approx(
        np.sum((n * observed - n * mean) ** 2 / (n * mean * (1 - mean))), rel=1e-9
    )
    spread = np.sum((1 - 2 * pd) ** 2 * pd * (1 - pd)) ** 0.5
    if spread > 0:
        assert found.spiegelhalter_z == pytest.approx(np.sum((y - pd) * (1 - 2 * pd)) / spread)
    else:
        assert found.spiegelhalter_z is None


@given(labelled_pds(), st.randoms())
def test_the_order_of_rows_changes_nothing(drawn, random):
    y, pd = drawn
    order = list(range(y.size))
    random.shuffle(order)

    straight, shuffled = calibration_report(y, pd), calibration_report(y[order], pd[order])

    assert [part.n for part in shuffled.bins] == [part.n for part in straight.bins]
    assert shuffled.ece == pytest.approx(straight.ece)


def test_distinct_pds_fill_twenty_equal_bins():
    y, pd = perfect(1000)

    bins = calibration_bins(y, pd)

    assert [part.n for part in bins] == [50] * 20
    assert all(before.upper_pd < after.lower_pd for before, after in pairwise(bins))


def test_equal_pds_share_a_bin():
    pd = np.repeat([0.1, 0.2, 0.7], [50, 40, 10])

    assert [(part.lower_pd, part.upper_pd, part.n) for part in calibration_bins(np.zeros(100), pd)] == [
        (0.1, 0.1, 50),
        (0.2, 0.2, 40),
        (0.7, 0.7, 10),
    ]


def test_bins_whose_rates_equal_their_pds_have_no_error():
    pd = np.repeat([0.1, 0.3, 0.5], 10)
    y = np.concatenate([np.arange(10) < bads for bads in (1, 3, 5)])

    found = calibration_report(y, pd)

    assert found.ece == pytest.approx(0, abs=1e-12)
    assert found.hosmer_lemeshow.value == pytest.approx(0, abs=1e-12)


def test_right_pds_pass_every_test_as_often_as_they_should():
    """200 samples of right PDs: p-values uniform (KS test at 0.1 %), intervals cover the truth (91 % or more)."""
    found = [calibration_report(*perfect(1500, seed)) for seed in range(200)]

    assert stats.kstest([one.spiegelhalter_p for one in found], "uniform").pvalue > 0.001
    assert stats.kstest([one.hosmer_lemeshow.p for one in found], "uniform").pvalue > 0.001
    for name, truth in (("slope", 1), ("intercept", 0), ("shift", 0)):
        estimates = [getattr(one, name) for one in found]
        assert np.mean([one.lower <= truth <= one.upper for one in estimates]) >= 0.91, name


def test_chance_explains_the_error_of_right_pds():
    """Mean ECE of 100 samples against the formula; the formula takes counts as normal, good to 3 % here."""
    found = [calibration_report(*perfect(3000, seed)) for seed in range(100)]

    assert np.mean([one.ece for one in found]) == pytest.approx(np.mean([one.ece_by_chance for one in found]), rel=0.03)


def test_pds_that_are_too_low_show_a_positive_shift():
    found = calibration_report(*perfect(20_000, shift=0.5))

    assert found.shift.value == pytest.approx(0.5, abs=0.1)
    assert found.slope.lower < 1 < found.slope.upper
    assert found.ece > 3 * found.ece_by_chance
    assert found.spiegelhalter_p < 1e-4


def test_pds_that_are_too_extreme_show_a_slope_below_one():
    found = calibration_report(*perfect(20_000, slope=0.5))

    assert found.slope.value == pytest.approx(0.5, abs=0.05)
    assert found.slope.upper < 1


def test_slope_is_none_where_the_pd_is_constant_and_the_rest_is_there():
    found = calibration_report([0, 1, 0, 0], [0.25] * 4)

    assert (found.slope, found.intercept) == (None, None)
    assert found.shift.value == pytest.approx(0)
    assert found.ece == pytest.approx(0)


def test_slope_is_none_where_the_pd_separates_the_classes():
    assert calibration_report([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]).slope is None


def test_wrong_certainty_costs_much_and_not_everything():
    found = log_loss([1, 0], [0.0, 0.0])

    assert found.value == pytest.approx(-np.log(1e-12) / 2)
    assert np.isfinite(calibration_report([1, 0], [0.0, 1.0]).hosmer_lemeshow.value)


@pytest.mark.parametrize("pd", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(pd):
    with pytest.raises(MetricError, match=f"pd == {pd}, must be a probability from 0 to 1"):
        calibration_report([0, 1], [0.5, pd])
