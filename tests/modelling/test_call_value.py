"""The value of a call is learned where past calls teach one, and not where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from modelling.call_value import (
    agreement,
    learn_call_value,
    predicted,
    shrunken,
    threshold_for_capacity,
    weights_of,
)
from modelling.errors import MetricError
from modelling.past_calls import PastCalls
from modelling.propensity import called_propensity


def calls_like(n, seed, *, teach=True):
    """Past calls whose gain is high near the cut-off (when they teach anything), mostly zero, and noisy."""
    random = np.random.default_rng(seed)
    inputs = random.normal(0, 20, (n, 5))
    near = np.exp(-np.abs(inputs[:, 2]) / 10)
    changed = random.random(n) < (0.5 * near if teach else np.full(n, 0.2))
    gain = np.where(changed, random.normal(600, 900, n), 0.0)
    return PastCalls(
        case_ids=tuple(f"c{place:05d}" for place in range(n)),
        inputs=inputs,
        gain=gain,
        control=random.random(n) < 0.2,
        reached=np.ones(n, dtype=bool),
        changed=changed,
        realised=changed,
        propensity=np.full(n, 0.1),
        applications=10 * n,
    )


def test_a_value_is_learned_that_ranks_calls_by_what_they_gain():
    fit = learn_call_value(calls_like(3000, 1), seed=0)
    fresh = calls_like(3000, 2)

    assert fit.value is not None, fit.why
    value = predicted(fit.value.trees, fresh.inputs)
    best, worst = np.argsort(-value)[:300], np.argsort(value)[:300]
    assert fresh.gain[best].mean() > 2 * fresh.gain.mean()
    assert fresh.gain[worst].mean() < 0.5 * fresh.gain.mean()


def test_predictions_are_in_yuan_and_not_too_bold():
    fit = learn_call_value(calls_like(3000, 1), seed=0)
    fresh = calls_like(6000, 3)

    slope, _ = np.polyfit(predicted(fit.value.trees, fresh.inputs), fresh.gain, 1)

    assert 0.7 < slope < 1.4


def test_of_calls_that_teach_nothing_hardly_any_value_is_learned():
    learned = [learn_call_value(calls_like(600, seed, teach=False), seed=0).value is not None for seed in range(6)]

    # At 5 % each, more than two of six have a probability of 0.2 %.
    assert sum(learned) <= 2


@pytest.mark.parametrize(("keep", "message"), [(400, "400 past calls with"), (600, "with 3 changed decisions")])
def test_too_few_calls_or_changes_teach_nothing(keep, message):
    past = calls_like(keep, 1)
    if keep == 600:
        few = np.arange(keep) < 3
        past = replace(past, gain=np.where(few, past.gain, 0.0), changed=few)

    fit = learn_call_value(past, seed=0)

    assert fit.value is None
    assert message in fit.why


def test_the_order_of_past_calls_does_not_matter():
    past = calls_like(800, 4)
    mixed = np.random.default_rng(0).permutation(800)
    again = replace(
        past,
        case_ids=tuple(past.case_ids[place] for place in mixed),
        **{
            name: getattr(past, name)[mixed]
            for name in ("inputs", "gain", "control", "reached", "changed", "realised", "propensity")
        },
    )

    assert learn_call_value(again, seed=0) == learn_call_value(past, seed=0)


def test_calls_chosen_for_small_gains_are_weighted_back_to_all_cases():
    """The rules of the time avoided cases near the cut-off; the weighted mean gain is still that of all cases."""
    everyone = calls_like(40_000, 5)
    random = np.random.default_rng(0)
    shy = expit(-3 + 1.5 * (np.abs(everyone.inputs[:, 2]) > 20))
    control = random.random(40_000) < 0.02
    called = np.flatnonzero(control | (random.random(40_000) < shy))
    propensity = called_propensity(everyone.inputs, called, control[called])

    plain = everyone.gain[called].mean()
    weighted = np.average(everyone.gain[called], weights=weights_of(propensity))

    error = everyone.gain.std() / np.sqrt(len(called) / 2)
    assert abs(weighted - everyone.gain.mean()) < 3 * error
    assert abs(plain - everyone.gain.mean()) > 3 * error


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


def test_shrinking_pulls_predictions_to_the_mean():
    past = calls_like(800, 4)
    trees = learn_call_value(calls_like(3000, 1), seed=0).value.trees

    found = predicted(shrunken(trees, 0.25, 80.0), past.inputs)

    assert found == pytest.approx(80 + 0.25 * (predicted(trees, past.inputs) - 80))


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
