"""Tests of default rates: Jeffreys against scipy and simulation, two rates against a normal table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modelling.errors import MetricError
from modelling.rate_tests import higher_rate_p, jeffreys

samples = st.integers(1, 500).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@given(samples, st.floats(0.001, 0.999))
def test_jeffreys_is_the_beta_distribution(sample, pd):
    n, bads = sample
    posterior = stats.beta(bads + 0.5, n - bads + 0.5)

    found = jeffreys(n, bads, pd)

    assert found.p == pytest.approx(posterior.cdf(pd), abs=1e-12)
    assert (found.lower, found.upper) == pytest.approx(tuple(posterior.interval(0.95)), abs=1e-9)
    assert found.lower <= max(found.observed, posterior.median())


@given(samples, st.floats(0.01, 0.98))
def test_a_higher_pd_or_fewer_defaults_leave_less_doubt(sample, pd):
    n, bads = sample

    assert jeffreys(n, bads, pd + 0.01).p >= jeffreys(n, bads, pd).p
    if bads:
        assert jeffreys(n, bads - 1, pd).p >= jeffreys(n, bads, pd).p


def test_p_values_of_right_pds_are_uniform():
    """2,000 tiers of 2,000 cases at 5 %: counts are discrete, so shares below a level may be off by a point or so."""
    bads = np.random.default_rng(0).binomial(2000, 0.05, size=2000)
    p = np.array([jeffreys(2000, int(count), 0.05).p for count in bads])

    for level in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert np.mean(p < level) == pytest.approx(level, abs=0.035)


def test_a_pd_half_the_rate_is_found():
    assert jeffreys(1000, 60, 0.03).p < 1e-4
    assert jeffreys(1000, 60, 0.12).p > 0.9999


@given(samples, samples)
def test_two_rates_one_way_and_the_other_make_one(a, b):
    if 0 < a[1] + b[1] < a[0] + b[0]:
        assert higher_rate_p(*a, *b) + higher_rate_p(*b, *a) == pytest.approx(1)


def test_two_rates_are_the_pooled_z_test():
    error = (0.15 * 0.85 * (1 / 100 + 1 / 100)) ** 0.5

    assert higher_rate_p(100, 10, 100, 20) == pytest.approx(stats.norm.sf(0.1 / error))
    assert higher_rate_p(10, 0, 10, 0) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0, 0.1), "0 defaults among 0 cases"),
        ((5, 6, 0.1), "6 defaults among 5 cases"),
        ((5, 1, 1.5), "pd == 1.5, must be a probability"),
    ],
)
def test_impossible_counts_are_refused(arguments, message):
    with pytest.raises(MetricError, match=message):
        jeffreys(*arguments)


def test_an_empty_sample_has_no_rate():
    with pytest.raises(MetricError, match="samples hold 0 and 5 cases"):
        higher_rate_p(0, 0, 5, 1)
