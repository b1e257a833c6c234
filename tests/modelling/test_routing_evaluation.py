"""Rules for choosing calls are compared on equal calls, and nobody beats the clairvoyant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelling.errors import MetricError
from modelling.profit import call_gain, loan_profit
from modelling.routing_evaluation import CLAIRVOYANT, RANDOM, Cases, compare_rules
from scoring.spec import Economics

ECONOMICS = Economics(amount_feature=None, margin_rate=0.1, loss_rate=0.5)


def cases_of(gain, applicants=None):
    ids = [f"c{place:04d}" for place in range(len(gain))]
    return Cases(case_ids=ids, applicants=applicants or ids, gain=np.asarray(gain, dtype=float))


def by_name(comparison):
    return {rule.name: rule for rule in comparison.rules}


@st.composite
def gains_and_scores(draw):
    n = draw(st.integers(1, 30))
    number = st.floats(-1000, 1000, width=32)
    gain = np.array(draw(st.lists(number, min_size=n, max_size=n)))
    score = np.array(draw(st.lists(number, min_size=n, max_size=n)))
    return gain, score, draw(st.floats(0.01, 1))


@given(gains_and_scores())
def test_no_rule_beats_the_clairvoyant(drawn):
    gain, score, share = drawn

    found = by_name(
        compare_rules(cases_of(gain), {"rule": score}, capacity_share=share, call_cost=15, seed=1, replicates=5)
    )

    best = found[CLAIRVOYANT].added_per_100.value
    assert all(rule.added_per_100.value <= best + 1e-9 for rule in found.values())


@given(gains_and_scores())
def test_a_rule_adds_what_a_slow_loop_over_its_calls_adds(drawn):
    gain, score, share = drawn
    calls = max(1, round(share * len(gain)))
    queue = sorted(range(len(gain)), key=lambda place: (-score[place], place))[:calls]

    found = compare_rules(cases_of(gain), {"rule": score}, capacity_share=share, call_cost=15, seed=1, replicates=2)
    rule = found.rules[0]

    assert found.calls == rule.calls == calls
    assert rule.gain == pytest.approx(sum(gain[queue]), abs=1e-6)
    assert rule.added_per_100.value == pytest.approx(100 * (sum(gain[queue]) / calls - 15), abs=1e-6)
    assert rule.changed == sum(gain[place] != 0 for place in queue)


@given(gains_and_scores(), st.randoms(use_true_random=False))
def test_the_order_of_the_cases_does_not_matter(drawn, random):
    gain, score, share = drawn
    cases = cases_of(gain)
    mixed = list(range(len(gain)))
    random.shuffle(mixed)
    again = Cases(
        case_ids=[cases.case_ids[place] for place in mixed],
        applicants=[cases.applicants[place] for place in mixed],
        gain=gain[mixed],
    )

    arguments = {"capacity_share": share, "call_cost": 15.0, "seed": 3, "replicates": 3}

    assert compare_rules(again, {"rule": score[mixed]}, **arguments) == compare_rules(
        cases, {"rule": score}, **arguments
    )


def test_random_is_the_mean_over_all_draws():
    gain = np.array([0.0, 0.0, 0.0, 400.0])

    found = by_name(
        compare_rules(cases_of(gain), {"rule": gain}, capacity_share=0.5, call_cost=10, seed=0, replicates=2)
    )

    assert found[RANDOM].added_per_100.value == pytest.approx(100 * (100 - 10))
    assert found["rule"].added_per_100.value == pytest.approx(100 * (200 - 10))


def test_at_full_capacity_all_rules_are_alike():
    random = np.random.default_rng(0)
    gain = random.normal(size=50)

    found = compare_rules(
        cases_of(gain), {"a": random.random(50), "b": random.random(50)}, capacity_share=1, call_cost=0, seed=0
    )

    assert np.ptp([rule.added_per_100.value for rule in found.rules]) < 1e-9
    assert max(abs(rule.ahead_per_100.upper) for rule in found.rules) < 1e-9


def test_the_interval_is_as_wide_as_theory_says_for_random_calls():
    gain = np.random.default_rng(1).normal(20, 100, size=4000)

    found = by_name(
        compare_rules(cases_of(gain), {"rule": gain * 0}, capacity_share=0.5, call_cost=0, seed=2, replicates=1000)
    )
    interval = found[RANDOM].added_per_100

    expected = 2 * 1.96 * 100 * gain.std() / np.sqrt(4000)
    assert interval.upper - interval.lower == pytest.approx(expected, rel=0.1)


def test_cases_of_one_applicant_are_resampled_together():
    gain = np.random.default_rng(1).normal(20, 100, size=500)
    apart = cases_of(np.repeat(gain, 4))
    together = cases_of(np.repeat(gain, 4), applicants=[f"p{place}" for place in np.repeat(np.arange(500), 4)])

    widths = []
    for cases in (apart, together):
        found = by_name(
            compare_rules(cases, {"rule": cases.gain * 0}, capacity_share=0.5, call_cost=0, seed=2, replicates=400)
        )
        widths.append(found[RANDOM].added_per_100.upper - found[RANDOM].added_per_100.lower)

    assert widths[1] == pytest.approx(2 * widths[0], rel=0.2)


@pytest.mark.parametrize("share", [0, -0.1, 1.1, float("nan")])
def test_a_capacity_that_is_no_share_is_refused(share):
    with pytest.raises(MetricError, match=r"capacity_share == .* must be above 0 and at most 1"):
        compare_rules(cases_of([1.0]), {"rule": np.ones(1)}, capacity_share=share, call_cost=0, seed=0)


def test_scores_that_do_not_fit_the_cases_are_refused():
    arguments = {"capacity_share": 0.5, "call_cost": 0, "seed": 0}
    with pytest.raises(MetricError, match=r"rule has shape \(1,\), must be 2 numbers"):
        compare_rules(cases_of([1.0, 2.0]), {"rule": np.ones(1)}, **arguments)
    with pytest.raises(MetricError, match="without NaN"):
        compare_rules(cases_of([1.0]), {"rule": np.array([np.nan])}, **arguments)
    with pytest.raises(MetricError, match="stands twice"):
        compare_rules(
            Cases(case_ids=["a", "a"], applicants=["a", "a"], gain=np.ones(2)), {"r": np.ones(2)}, **arguments
        )


def test_a_call_gains_the_loss_it_prevents_and_the_margin_it_finds():
    before = np.array([True, True, False, False, True])
    after = np.array([False, False, True, True, True])
    bad = np.array([1.0, 0.0, 0.0, 1.0, 1.0])

    found = call_gain(before, after, loan_profit(bad, np.full(5, 1000.0), ECONOMICS))

    assert found.tolist() == [500.0, -100.0, 100.0, -500.0, 0.0]


def test_profit_at_a_probability_is_the_mean_of_both_ends():
    found = loan_profit(np.array([0.25]), np.array([1000.0]), ECONOMICS)

    assert found[0] == pytest.approx(0.75 * 100 - 0.25 * 500)


@pytest.mark.parametrize(
    ("bad", "amount", "message"),
    [
        (1.2, 1.0, "bad_probability == 1.2, must be from 0 to 1"),
        (np.nan, 1.0, "bad_probability == nan"),
        (0.1, -1.0, "amount == -1.0, must be a finite number"),
        (0.1, np.inf, "amount == inf"),
    ],
)
def test_impossible_loans_are_refused(bad, amount, message):
    with pytest.raises(MetricError, match=message):
        loan_profit(np.array([bad]), np.array([amount]), ECONOMICS)
