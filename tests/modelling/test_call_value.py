"""The value of a call is learned where past calls teach one, and not where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from modelling.call_shifts import ShiftForest, Stakes
from modelling.call_value import agreement, learn_call_value, predicted, threshold_for_capacity, weights_of
from modelling.errors import MetricError
from modelling.past_calls import PastCalls
from modelling.propensity import called_propensity
from scoring.points import factor, offset
from scoring.spec import (
    Calibration,
    Economics,
    FeatureSpec,
    ModelSpec,
    Policy,
    Provenance,
    ReasonText,
    Scale,
    Tier,
)

CUTOFF = 560.0
FEATURES = tuple(
    FeatureSpec(
        name=name,
        kind="number",
        source="declared",
        direction=0,
        reason_group="g",
        null_means="",
        en=name,
        zh=name,
        question="q" if name == "stated" else None,
    )
    for name in ("stated", "known")
)


def spec_of(cutoff=CUTOFF):
    """A model whose cut-off stands at some points, and whose loans just pay there."""
    scale = Scale()
    pd = 1 / (1 + np.exp((cutoff - offset(scale)) / factor(scale)))
    return ModelSpec(
        name="m",
        version="1",
        features=FEATURES,
        reasons=(ReasonText(id="g", en="g", zh="g"),),
        questions=(),
        calibration=Calibration(slope=1.0, intercept=0.0),
        tiers=(Tier(name="A", upper_pd=float(pd)), Tier(name="B", upper_pd=1.0)),
        policy=Policy(approved_tiers=("A",), economics=Economics(amount_feature=None, margin_rate=0.1, loss_rate=0.6)),
        provenance=Provenance(created_at="", code_version="", bad_definition=""),
        scale=scale,
    )


def inputs_like(random, n):
    """Group points, points over the cut-off, verifiable points lost (negative: gained by stated facts), ln amount."""
    over = random.normal(5, 25, n)
    return np.column_stack([over, over, random.normal(0, 8, n), random.normal(8.5, 0.5, n)])


def shifts_like(random, inputs, *, teach):
    """Calls take points away from those whose stated facts gained many; or move nobody who stands near the cut-off."""
    gained = -inputs[:, 2]
    lies = random.random(len(inputs)) < np.where(gained > 6, 0.6, 0.03)
    return np.where(lies & (teach | (np.abs(inputs[:, 1]) > 30)), -random.gamma(4, 4, len(inputs)), 0.0)


def calls_like(n, seed, *, teach=True):
    """Past calls of a lender, with what they gained by the end of the loans."""
    random = np.random.default_rng(seed)
    inputs = inputs_like(random, n)
    points, amounts = inputs[:, 1] + CUTOFF, np.exp(inputs[:, 3])
    shift = shifts_like(random, inputs, teach=teach)
    if not teach:  # calls that change decisions by mere chance, near the cut-off and far from it
        shift = np.where(random.random(n) < 0.03, -inputs[:, 1] * random.uniform(0, 2, n), shift * 0)
    stakes = Stakes.of(spec_of())
    expected = stakes.gain(points, shift, amounts) if teach else np.where(shift, random.normal(0, 900, n), 0.0)
    noise = np.where(expected != 0, random.normal(0, 2000, n), 0.0)
    period = inputs_like(random, 4000)
    return PastCalls(
        case_ids=tuple(f"c{place:05d}" for place in range(n)),
        inputs=inputs,
        points=points,
        shift=shift,
        amounts=amounts,
        gain=expected + noise,
        expected=expected,
        control=random.random(n) < 0.2,
        reached=np.ones(n, dtype=bool),
        changed=expected != 0,
        realised=expected != 0,
        propensity=np.full(n, 0.1),
        period_inputs=period,
        period_amounts=np.exp(period[:, 3]),
    )


@pytest.fixture(scope="module")
def fit():
    return learn_call_value(calls_like(1500, 1), spec_of(), seed=0)


@pytest.fixture(scope="module")
def fresh():
    return calls_like(20_000, 2)


def test_a_value_is_learned_that_ranks_calls_by_what_they_gain(fit, fresh):
    assert fit.value is not None, fit.why
    value = predicted(fit.value.trees, fresh.inputs)
    best, worst = np.argsort(-value)[:1000], np.argsort(value)[:10_000]

    assert fresh.expected[best].mean() > 5 * fresh.expected.mean()
    assert fresh.expected[worst].mean() < 0.2 * fresh.expected.mean()


def test_predictions_are_in_yuan_and_not_too_bold(fit, fresh):
    slope, _ = np.polyfit(predicted(fit.value.trees, fresh.inputs), fresh.expected, 1)

    assert 0.75 < slope < 1.4


def test_the_trees_repeat_what_the_forest_says(fit):
    assert fit.proof.fidelity > 0.9


def test_it_is_better_than_distance_to_the_cut_off_alone(fit, fresh):
    value = predicted(fit.value.trees, fresh.inputs)
    by_value, by_distance = np.argsort(-value)[:1000], np.argsort(np.abs(fresh.inputs[:, 1]))[:1000]

    assert fresh.expected[by_value].mean() > 1.5 * fresh.expected[by_distance].mean()


def test_of_calls_that_teach_nothing_hardly_any_value_is_learned():
    learned = [
        learn_call_value(calls_like(600, seed, teach=False), spec_of(), seed=0).value is not None for seed in range(5)
    ]

    # At 5 % each, more than two of five have a probability of 0.1 %.
    assert sum(learned) <= 2


def test_loans_that_end_against_the_expectation_teach_nothing():
    past = calls_like(1500, 1)

    fit = learn_call_value(replace(past, gain=-past.expected), spec_of(), seed=0)

    assert fit.value is None
    assert "must not be negative" in fit.why


@pytest.mark.parametrize(("keep", "message"), [(400, "400 past calls,"), (600, "3 of which changed the decision;")])
def test_too_few_calls_or_changes_teach_nothing(keep, message):
    past = calls_like(keep, 1)
    if keep == 600:
        past = replace(past, changed=np.arange(keep) < 3)

    fit = learn_call_value(past, spec_of(), seed=0)

    assert fit.value is None
    assert message in fit.why


def test_the_order_of_past_calls_does_not_matter():
    past = calls_like(800, 4)
    mixed = np.random.default_rng(0).permutation(800)

    again = learn_call_value(past.take(mixed), spec_of(), seed=0)

    assert again == learn_call_value(past, spec_of(), seed=0)


def test_the_gain_of_a_shift_is_the_profit_of_the_decision_that_turns():
    stakes = Stakes.of(spec_of())
    points = np.array([CUTOFF + 5, CUTOFF + 5, CUTOFF - 5, CUTOFF - 5])

    found = stakes.gain(points, np.array([-10.0, -4.0, 10.0, 4.0]), np.full(4, 1000.0))

    turned = 1 / (1 + np.exp((np.array([CUTOFF - 5, CUTOFF + 5]) - offset(Scale())) / factor(Scale())))
    profit = 1000 * (0.1 * (1 - turned) - 0.6 * turned)
    assert found == pytest.approx([-profit[0], 0.0, profit[1], 0.0])


def test_one_leaf_for_all_gives_the_mean_gain_over_all_past_shifts():
    """Against a slow loop: when the forest sees no difference, every past shift is applied to every case."""
    random = np.random.default_rng(0)
    shift, weights = random.normal(-5, 10, 200), random.random(200)
    forest = ShiftForest.fit(np.ones((200, 4)), shift, weights, 0)
    stakes, points, amounts = Stakes.of(spec_of()), np.array([550.0, 561.0, 580.0]), np.array([1e3, 2e3, 3e3])

    # Every tree has one leaf, so all past calls are similar to every case.
    found = forest.gain(np.ones((3, 4)), points, amounts, stakes)

    slow = [
        sum(
            w * stakes.gain(np.array([p]), np.array([d]), np.array([a]))[0] for d, w in zip(shift, weights, strict=True)
        )
        / weights.sum()
        for p, a in zip(points, amounts, strict=True)
    ]
    assert found == pytest.approx(slow)


def test_calls_chosen_for_small_gains_are_weighted_back_to_all_cases():
    """The rules of the time avoided cases near the cut-off; the weighted mean gain is still that of all cases."""
    random = np.random.default_rng(0)
    inputs = random.normal(0, 20, (40_000, 5))
    gain = np.where(
        random.random(40_000) < 0.5 * np.exp(-np.abs(inputs[:, 2]) / 10), random.normal(600, 900, 40_000), 0
    )
    shy = expit(-3 + 1.5 * (np.abs(inputs[:, 2]) > 20))
    control = random.random(40_000) < 0.02
    called = np.flatnonzero(control | (random.random(40_000) < shy))
    propensity = called_propensity(inputs, called, control[called])

    plain = gain[called].mean()
    weighted = np.average(gain[called], weights=weights_of(propensity))

    error = gain.std() / np.sqrt(len(called) / 2)
    assert abs(weighted - gain.mean()) < 3 * error
    assert abs(plain - gain.mean()) > 3 * error


def test_no_propensity_is_below_the_share_of_the_control_arm():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(5000, 3))
    control = random.random(5000) < 0.03
    called = np.flatnonzero(control | (inputs[:, 0] > 1.5))

    found = called_propensity(inputs, called, control[called])

    assert found.min() >= control.mean()
    assert found.max() <= 1
    assert found[inputs[called, 0] > 2.5].mean() > 5 * found[inputs[called, 0] < 0].mean()


def test_without_any_rule_the_propensity_is_the_share_of_the_control_arm():
    called = np.arange(50)

    found = called_propensity(np.random.default_rng(0).normal(size=(1000, 2)), called, np.ones(50, dtype=bool))

    assert found == pytest.approx(np.full(50, 0.05))


def test_a_control_column_of_another_length_is_refused():
    with pytest.raises(MetricError, match="control has 2 entries, must have 3"):
        called_propensity(np.ones((5, 1)), np.arange(3), np.ones(2, dtype=bool))


def test_agreement_is_the_weighted_slope_and_its_standard_score():
    random = np.random.default_rng(0)
    f = random.normal(size=500)
    g = 0.4 * f + random.normal(size=500)
    weights = random.random(500)

    slope, z = agreement(f, g, weights)

    assert slope == pytest.approx(np.polyfit(f, g, 1, w=np.sqrt(weights))[0])
    assert 4 < z < 14
    assert agreement(f, -g, weights)[0] == 0.0
    assert agreement(np.ones(500), g, weights) == (0.0, 0.0)


@given(
    st.lists(st.integers(-5, 20).map(float), min_size=1, max_size=60),
    st.floats(0.01, 1.0),
)
def test_a_threshold_never_overfills_the_desk_and_leaves_no_room_that_could_be_filled(values, share):
    found = threshold_for_capacity(values, share)
    called = sum(value >= found for value in values)
    room = int(share * len(values))

    assert found >= 0
    assert called <= room
    waiting = [value for value in values if value < found]
    if waiting and max(waiting) >= 0:
        assert called + waiting.count(max(waiting)) > room


@pytest.mark.parametrize(
    ("values", "share", "message"),
    [([], 0.5, "0 values"), ([1.0, np.nan], 0.5, "must be one or more finite"), ([1.0], 0, "capacity_share == 0")],
)
def test_a_threshold_of_nothing_is_refused(values, share, message):
    with pytest.raises(MetricError, match=message):
        threshold_for_capacity(values, share)
