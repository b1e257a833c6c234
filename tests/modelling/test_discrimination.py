"""AUC, DeLong, KS and the curve: against definitions written out, scikit-learn and simulation."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score, roc_curve

from modelling.discrimination import auc, curve, delong, ks
from modelling.errors import MetricError


@st.composite
def labelled_scores(draw, scores=1):
    """Draw labels of both classes with scores that tie often."""
    n = draw(st.integers(2, 40))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda labels: 0 < sum(labels) < len(labels)))
    columns = [draw(st.lists(st.integers(-6, 6).map(float), min_size=n, max_size=n)) for _ in range(scores)]
    return np.array(y), *(np.array(column) for column in columns)


def wins(risky, safe):
    return (risky > safe) + 0.5 * (risky == safe)


def auc_by_pairs(y, score):
    pairs = [wins(risky, safe) for risky in score[y == 1] for safe in score[y == 0]]
    return sum(pairs) / len(pairs)


def delong_covariance(y, a, b):
    """Covariance of the two areas exactly as DeLong, DeLong and Clarke-Pearson write it, pair by pair."""
    parts = []
    for score in (a, b):
        risky, safe = score[y == 1], score[y == 0]
        table = np.array([[wins(x, z) for z in safe] for x in risky])
        parts.append((table.mean(axis=1), table.mean(axis=0)))
    (v10_a, v01_a), (v10_b, v01_b) = parts
    return np.cov(v10_a, v10_b) / v10_a.size + np.cov(v01_a, v01_b) / v01_a.size


def sample(n=400, seed=0, strength=1.0, rate=0.3):
    random = np.random.default_rng(seed)
    y = (random.random(n) < rate).astype(int)
    return random, y, random.normal(size=n) + strength * y


@given(labelled_scores())
def test_auc_counts_the_pairs_in_order(drawn):
    y, score = drawn

    found = auc(y, score)

    assert found.value == pytest.approx(auc_by_pairs(y, score), abs=1e-12)
    assert found.value == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    assert found.gini == pytest.approx(2 * found.value - 1)
    assert (found.n, found.bads) == (y.size, y.sum())


@given(labelled_scores())
def test_interval_holds_the_area_and_stays_within_zero_and_one(drawn):
    found = auc(*drawn)

    assert 0 <= found.lower <= found.value <= found.upper <= 1
    assert found.lower < found.upper


@given(labelled_scores(), st.sampled_from([np.exp, lambda x: x**3 + x, lambda x: 2 * x - 7]))
def test_a_rising_transform_changes_nothing_but_the_scale(drawn, transform):
    y, score = drawn

    assert auc(y, transform(score)) == auc(y, score)
    assert ks(y, transform(score)).value == ks(y, score).value


@given(labelled_scores())
def test_a_reversed_score_mirrors_the_area(drawn):
    y, score = drawn

    straight, reversed_ = auc(y, score), auc(y, -score)

    assert reversed_.value == pytest.approx(1 - straight.value, abs=1e-12)
    assert (reversed_.lower, reversed_.upper) == pytest.approx((1 - straight.upper, 1 - straight.lower), abs=1e-8)


def test_variance_of_the_area_is_delongs():
    _, y, score = sample(60)
    error = delong_covariance(y, score, score)[0, 0] ** 0.5

    found = auc(y, score)

    logit = np.log(found.value / (1 - found.value))
    half = stats.norm.ppf(0.975) * error / (found.value * (1 - found.value))
    assert (found.lower, found.upper) == pytest.approx(tuple(1 / (1 + np.exp(-(logit + np.array([-half, half]))))))
    assert found.method == "delong"


@given(labelled_scores(scores=2))
def test_paired_difference_is_delongs(drawn):
    y, a, b = drawn
    assume(2 <= y.sum() <= y.size - 2)
    covariance = delong_covariance(y, a, b)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]

    found = delong(y, a, b)

    assert found.difference == pytest.approx(auc_by_pairs(y, b) - auc_by_pairs(y, a), abs=1e-12)
    half = stats.norm.ppf(0.975) * max(variance, 0.0) ** 0.5
    assert (found.upper - found.lower) / 2 == pytest.approx(half, abs=1e-7)


def test_p_values_follow_from_the_difference_and_its_error():
    random, y, a = sample(300)
    b = a + random.normal(size=300)
    covariance = delong_covariance(y, a, b)
    z = (auc_by_pairs(y, b) - auc_by_pairs(y, a)) / (covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]) ** 0.5

    found = delong(y, a, b)

    assert found.p == pytest.approx(2 * stats.norm.sf(abs(z)))
    assert found.p_better == pytest.approx(stats.norm.sf(z))
    assert delong(y, b, a).p_better == pytest.approx(stats.norm.sf(-z))


def test_scores_in_the_same_order_do_not_differ():
    _, y, score = sample()

    found = delong(y, score, np.exp(score))

    assert (found.difference, found.lower, found.upper, found.p, found.p_better) == (0, 0, 0, 1, 1)


def test_p_values_of_equal_models_are_uniform():
    """400 samples of two equally noisy views of one truth: the one-sided p-value must be uniform (KS test at 0.1 %)."""
    random = np.random.default_rng(11)
    p = []
    for _ in range(400):
        truth = random.normal(size=300)
        y = random.random(300) < 1 / (1 + np.exp(1 - truth))
        p.append(delong(y, truth + random.normal(size=300), truth + random.normal(size=300)).p_better)

    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_interval_covers_the_true_area_as_often_as_it_says():
    """500 samples with true area Φ(1/√2): 95 % intervals cover 92.5 % to 97.5 % (binomial, 2.5 errors)."""
    random = np.random.default_rng(12)
    true = stats.norm.cdf(1 / 2**0.5)
    y = np.arange(150) < 40
    found = [auc(y, random.normal(size=150) + y) for _ in range(500)]

    assert 0.925 <= np.mean([one.lower <= true <= one.upper for one in found]) <= 0.975


@pytest.mark.parametrize(
    ("y", "score", "value"), [([0, 0, 0, 1, 1], [1, 2, 3, 4, 5], 1), ([0, 1], [2, 1], 0), ([0, 0, 1], [1, 1, 1], 0.5)]
)
def test_an_area_without_variance_still_has_an_honest_interval(y, score, value):
    found = auc(y, score)

    assert found.value == value
    assert found.method == "newcombe"
    assert found.upper - found.lower > 0.4


def test_perfect_order_of_many_cases_is_surer_than_of_few():
    few, many = (auc([0] * n + [1] * n, range(2 * n)) for n in (3, 300))

    assert few.lower < 0.7
    assert many.lower > 0.98
    assert few.upper == many.upper == 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning:scipy")  # of its p-value on tiny samples, which is not looked at
@given(labelled_scores())
def test_ks_is_the_largest_gap_found_by_trying_every_score(drawn):
    y, score = drawn
    gaps = {at: np.mean(score[y == 1] >= at) - np.mean(score[y == 0] >= at) for at in score}

    found = ks(y, score)

    assert abs(found.value) == pytest.approx(max(map(abs, gaps.values())), abs=1e-12)
    assert gaps[found.score] == pytest.approx(found.value, abs=1e-12)
    assert abs(found.value) == pytest.approx(stats.ks_2samp(score[y == 1], score[y == 0]).statistic, abs=1e-12)
    assert found.interval.lower <= found.value <= found.interval.upper


def test_ks_of_a_reversed_model_is_negative():
    _, y, score = sample()

    assert ks(y, score).value > 0.3
    assert ks(y, -score).value < -0.3


def test_the_whole_curve_is_scikit_learns():
    _, y, score = sample(150)
    score = score.round(1)
    false_positive, true_positive, _ = roc_curve(y, score, drop_intermediate=False)

    found = curve(y, score, points=1000)

    assert found.good == pytest.approx(false_positive[1:])
    assert found.bad == pytest.approx(true_positive[1:])


@settings(max_examples=30)
@given(st.integers(2, 60), st.integers(2, 300))
def test_a_thinned_curve_keeps_its_ends_and_its_order(points, n):
    _, y, score = sample(n + 10, rate=0.5)

    found = curve(y, score, points=points)

    assert len(found.score) <= points
    assert (found.bad[-1], found.good[-1]) == (1, 1)
    assert found.score[0] == score.max()
    assert np.all(np.diff(found.score) < 0)


@pytest.mark.parametrize("measure", [auc, ks, curve], ids=lambda measure: measure.__name__)
@pytest.mark.parametrize(
    ("y", "score", "message"),
    [
        ([0, 0], [1, 2], "all 2 labels are 0, must hold at least one bad and one good"),
        ([1, 1], [1, 2], "all 2 labels are 1"),
        ([0, 2], [1, 2], "label == 2.0, must be 0"),
        ([0, None], [1, 2], "label == nan, must be 0"),
        ([0, float("nan")], [1, 2], "label == nan, must be 0"),
        (["good", "bad"], [1, 2], "are not numbers"),
        ([], [], "at least one case"),
        ([[0, 1]], [1], r"labels have shape \(1, 2\), must be one-dimensional"),
        ([0, 1], [1, 2, 3], r"scores have shape \(3,\), must be \(2,\)"),
        ([0, 1], [1, float("nan")], "score == nan, must be finite"),
        ([0, 1], [1, float("inf")], "score == inf, must be finite"),
    ],
)
def test_what_has_no_order_is_refused(measure, y, score, message):
    with pytest.raises(MetricError, match=message):
        measure(y, score)


def test_a_level_out_of_range_is_refused():
    with pytest.raises(MetricError, match="level == 95, must be strictly between 0 and 1"):
        auc([0, 1], [1, 2], level=95)
