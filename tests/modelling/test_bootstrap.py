"""Bootstrap by applicant: against a slow loop over whole applicants, DeLong, and clustered data."""

import numpy as np
import pytest

from modelling.bootstrap import bootstrap_auc, bootstrap_difference
from modelling.discrimination import auc, delong
from modelling.errors import MetricError


def independent(n=600, seed=0):
    random = np.random.default_rng(seed)
    y = random.random(n) < 0.25
    return random, y, random.normal(size=n) + y


def width(found):
    return found.upper - found.lower


def test_draws_equal_a_slow_loop_over_applicants():
    """The same draws of applicants, their cases written out one by one and scored by the plain AUC."""
    random, y, score = independent(80)
    score = score.round(1)
    applicant = random.integers(0, 30, 80)
    codes = np.unique(applicant, return_inverse=True)[1]
    count = codes.max() + 1
    picked = np.random.default_rng(5).integers(0, count, size=(150, count))
    slow = []
    for draw in picked:
        rows = np.concatenate([np.flatnonzero(codes == person) for person in draw])
        if 0 < y[rows].sum() < rows.size:
            slow.append(auc(y[rows], score[rows]).value)

    found = bootstrap_auc(y, score, applicant, resamples=150, seed=5)

    assert (found.lower, found.upper) == pytest.approx(tuple(np.quantile(slow, [0.025, 0.975])), abs=1e-12)


def test_independent_cases_give_delongs_interval():
    _, y, score = independent()

    found, plain = bootstrap_auc(y, score, resamples=2000), auc(y, score)

    assert found.value == plain.value
    assert (found.lower, found.upper) == pytest.approx((plain.lower, plain.upper), abs=0.006)
    assert found.method == "bootstrap_by_applicant"


def test_repeating_every_case_fools_delong_but_not_the_bootstrap():
    """Four copies of each applicant hold no more information; DeLong's interval halves all the same."""
    _, y, score = independent()
    person = np.arange(y.size)
    copies = [np.tile(part, 4) for part in (y, score, person)]

    assert width(auc(*copies[:2])) == pytest.approx(width(auc(y, score)) / 2, rel=0.02)
    assert width(bootstrap_auc(*copies, resamples=1000)) == pytest.approx(
        width(bootstrap_auc(y, score, person, resamples=1000)), rel=0.1
    )


def test_difference_is_paired():
    """Two nearly equal scores: unpaired draws would give an interval as wide as either area's own."""
    random, y, a = independent()
    b = a + 0.1 * random.normal(size=y.size)

    found, plain = bootstrap_difference(y, a, b), delong(y, a, b)

    assert found.difference == pytest.approx(plain.difference)
    assert (found.lower, found.upper) == pytest.approx((plain.lower, plain.upper), abs=0.002)
    assert width(found) < width(auc(y, a)) / 4


def test_p_values_point_to_the_better_score():
    random, y, good = independent()
    poor = good + 2 * random.normal(size=y.size)

    assert bootstrap_difference(y, poor, good).p_better < 0.01
    assert bootstrap_difference(y, good, poor).p_better > 0.99
    assert bootstrap_difference(y, good, good).p_better == 1


def test_the_seed_settles_the_draws():
    _, y, score = independent(200)

    assert bootstrap_auc(y, score, seed=1) == bootstrap_auc(y, score, seed=1)
    assert bootstrap_auc(y, score, seed=1) != bootstrap_auc(y, score, seed=2)


def test_names_of_applicants_may_be_strings():
    random, y, score = independent(200)
    numbers = random.integers(0, 60, 200)
    names = np.array([f"p{number}" for number in numbers], dtype=object)

    # Codes of strings are given in order of appearance, so the draws differ, and the intervals agree but for noise.
    by_name, by_number = (bootstrap_auc(y, score, key, resamples=2000) for key in (names, numbers))

    assert (by_name.lower, by_name.upper) == pytest.approx((by_number.lower, by_number.upper), abs=0.015)


def test_too_few_usable_draws_are_refused():
    with pytest.raises(MetricError, match="of 100 draws hold both classes, must be at least 100"):
        bootstrap_auc([0, 1], [1, 2], resamples=100)


def test_applicants_must_fit_the_cases():
    with pytest.raises(MetricError, match=r"groups have shape \(1,\), must be \(2,\)"):
        bootstrap_auc([0, 1], [1, 2], ["p"])
