"""The logistic line: against scikit-learn without penalty, its own score equations, and data without a best line."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special
from sklearn.linear_model import LogisticRegression

from modelling.errors import CalibrationError, MetricError
from modelling.logistic_line import fit_line, fit_shift


def drawn(n=500, slope=0.8, intercept=-1.5, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=n)
    return x, random.random(n) < special.expit(intercept + slope * x)


@pytest.mark.parametrize("seed", range(5))
def test_line_is_scikit_learns_without_penalty(seed):
    x, y = drawn(seed=seed)
    reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x[:, None], y)

    found = fit_line(x, y)

    assert found.slope == pytest.approx(reference.coef_[0, 0], abs=1e-5)
    assert found.intercept == pytest.approx(reference.intercept_[0], abs=1e-5)


@given(
    st.lists(st.tuples(st.integers(-20, 20), st.booleans()), min_size=6, max_size=60),
    st.sampled_from([1e-6, 1.0, 1e5]),
    st.sampled_from([0.0, 100.0]),
)
def test_score_equations_hold_at_the_line(cases, scale, centre):
    x, y = np.array([case[0] for case in cases]) * scale, np.array([case[1] for case in cases])
    assume(0 < y.sum() < y.size)
    assume(x[y].min() < x[~y].max())
    assume(x[~y].min() < x[y].max())
    assume(np.unique(x[y]).size > 1)
    x = x + centre * scale

    line = fit_line(x, y)

    rest = y - special.expit(line.intercept + line.slope * x)
    assert rest.sum() == pytest.approx(0, abs=1e-6)
    assert (rest * (x - x.mean())).sum() / scale == pytest.approx(0, abs=1e-5)


def test_errors_are_those_of_the_information_matrix():
    x, y = drawn()

    line = fit_line(x, y)

    fitted = special.expit(line.intercept + line.slope * x)
    design = np.column_stack([np.ones(x.size), x])
    covariance = np.linalg.inv((design * (fitted * (1 - fitted))[:, None]).T @ design)
    assert (line.intercept_error, line.slope_error) == pytest.approx(tuple(np.diag(covariance) ** 0.5))
    assert line.log_likelihood == pytest.approx(np.sum(np.log(np.where(y, fitted, 1 - fitted))))


def test_slope_is_found_whatever_the_unit():
    x, y = drawn()

    assert fit_line(1e6 * x + 5e6, y).slope == pytest.approx(fit_line(x, y).slope / 1e6)


def test_shift_alone_solves_its_one_equation():
    x, y = drawn(slope=1.0, intercept=0.7)

    shift, error = fit_shift(x, y)

    fitted = special.expit(x + shift)
    assert (y - fitted).sum() == pytest.approx(0, abs=1e-8)
    assert error == pytest.approx(np.sum(fitted * (1 - fitted)) ** -0.5)


@pytest.mark.parametrize("y", [[0, 0, 1, 1], [1, 1, 0, 0]])
@pytest.mark.parametrize("x", [[1, 2, 3, 4], [1, 2, 2, 4]])
def test_separated_classes_have_no_line(x, y):
    with pytest.raises(CalibrationError, match=r"separate 2 bad from 2 good cases completely.*look for a leak"):
        fit_line(x, y)


def test_a_constant_has_no_line():
    with pytest.raises(CalibrationError, match=r"all scores are 2\.5"):
        fit_line([2.5, 2.5], [0, 1])


def test_a_missing_score_is_refused():
    with pytest.raises(MetricError, match="score == nan"):
        fit_line([2.5, np.nan], [0, 1])


def test_a_line_is_found_however_the_likelihood_rounds():
    """Small samples whose last gain is smaller than the rounding of the likelihood: one in four thousand of these."""
    random, found = np.random.default_rng(0), 0
    for _ in range(8000):
        n = random.integers(2, 60)
        y, x = random.integers(0, 2, n), special.logit(random.integers(1, 100, n) / 100)
        overlap = 0 < y.sum() < n and x[y == 1].min() < x[y == 0].max() and x[y == 0].min() < x[y == 1].max()
        if overlap:
            line = fit_line(x, y)
            assert abs(np.sum(y - special.expit(line.intercept + line.slope * x))) < 1e-6
            found += 1
    assert found > 7000


def test_a_shift_is_found_from_far_off():
    """One bad case among many that were all called nearly certain to be bad: the first whole step would overshoot."""
    for n in (20, 60, 2000):
        x, y = np.full(n, special.logit(0.99)), np.arange(n) == 0

        shift, error = fit_shift(x, y)

        assert shift == pytest.approx(special.logit(1 / n) - special.logit(0.99), abs=1e-9)
        assert error == pytest.approx((n / (n - 1)) ** 0.5, rel=1e-6)
