"""PSI: zero for equal samples, its formula by hand, its threshold by simulation, and empty bins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from modelling.errors import MetricError
from modelling.stability import psi, psi_categories

numbers = st.lists(st.one_of(st.integers(-30, 30).map(float), st.just(float("nan"))), min_size=1, max_size=60)
categories = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=60)


@given(numbers)
def test_a_sample_has_not_moved_from_itself(values):
    found = psi(values, values)

    assert found.value == 0
    assert not found.moved


@given(numbers, numbers)
def test_the_index_is_never_negative_and_the_sum_of_its_parts(expected, actual):
    found = psi(expected, actual)

    assert found.value >= 0
    assert found.value == pytest.approx(sum(part.part for part in found.bins))
    assert all(part.part >= 0 for part in found.bins)


@given(numbers, numbers)
def test_a_rising_transform_changes_nothing(expected, actual):
    straight, bent = psi(expected, actual), psi(np.exp(expected), np.exp(actual))

    assert bent.value == pytest.approx(straight.value)


@given(categories, categories)
def test_names_of_categories_do_not_matter(expected, actual):
    renamed = [[None if value is None else f"x{value}" for value in sample] for sample in (expected, actual)]

    assert psi_categories(*renamed).value == pytest.approx(psi_categories(expected, actual).value)


def test_the_index_by_hand():
    found = psi_categories(["a"] * 6 + ["b"] * 4, ["a"] * 3 + ["b"] * 7)

    assert found.value == pytest.approx((0.3 - 0.6) * np.log(0.3 / 0.6) + (0.7 - 0.4) * np.log(0.7 / 0.4))
    assert (found.n_expected, found.n_actual, found.epsilon) == (10, 10, 1e-4)


def test_missing_values_that_appear_later_are_seen():
    values = np.arange(100.0)
    later = np.where(values < 30, np.nan, values)

    found = psi(values, later)

    missing = found.bins[-1]
    assert (missing.label, missing.expected, missing.actual) == ("missing", 1e-4, 0.3)
    assert missing.part == pytest.approx((0.3 - 1e-4) * np.log(0.3 / 1e-4))


def test_a_special_value_has_its_own_bin():
    early, late = np.arange(1.0, 101), np.append(np.arange(1.0, 91), np.full(10, -999.0))

    assert [part.label for part in psi(early, late, special=(-999,)).bins if part.expected == 1e-4] == ["x = -999"]
    assert "x = -999" not in [part.label for part in psi(early, late).bins]


def test_a_bin_without_cases_in_either_sample_counts_for_nothing():
    found = psi(np.arange(50.0), np.arange(50.0), special=(-1,))

    assert [part.label for part in found.bins if part.label in {"missing", "x = -1"}] == []
    assert found.threshold == pytest.approx(stats.chi2.ppf(0.95, 9) * (1 / 50 + 1 / 50))


def test_chance_alone_passes_the_threshold_in_one_sample_of_twenty():
    """600 pairs of samples of one law: 5 % pass within 2.8 binomial errors, and all are far below 0.1."""
    random = np.random.default_rng(0)
    found = [psi(random.normal(size=2000), random.normal(size=1000)) for _ in range(600)]

    assert 0.025 < np.mean([one.moved for one in found]) < 0.075
    assert max(one.value for one in found) < 0.1


def test_the_customary_bound_is_wrong_for_small_samples():
    """40 cases against 40 pass 0.25 by chance often; the threshold knows the sample size."""
    random = np.random.default_rng(1)
    found = [psi(random.normal(size=40), random.normal(size=40)) for _ in range(200)]

    assert np.mean([one.value > 0.25 for one in found]) > 0.5
    assert np.mean([one.threshold > 0.25 for one in found]) == 1


def test_a_moved_sample_is_found():
    random = np.random.default_rng(2)

    assert psi(random.normal(size=3000), random.normal(0.3, 1, size=1000)).moved


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"expected": [], "actual": [1.0]}, "samples hold 0 and 1 cases"),
        ({"expected": [1.0], "actual": []}, "samples hold 1 and 0 cases"),
        ({"expected": [1.0], "actual": [1.0], "epsilon": 0}, "epsilon == 0, must lie between 0 and 0.5"),
    ],
)
def test_what_has_no_shares_is_refused(arguments, message):
    with pytest.raises(MetricError, match=message):
        psi(**arguments)
