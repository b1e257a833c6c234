"""Weight of evidence: its sign, its formula, and the information value as a law of PSI."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelling.errors import MetricError
from modelling.stability import psi_categories
from modelling.woe import information_value, information_value_categories

cases = st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.booleans()), min_size=2, max_size=60).filter(
    lambda drawn: 0 < sum(bad for _, bad in drawn) < len(drawn)
)


def test_the_safer_bin_has_a_positive_weight():
    found = information_value_categories(["safe"] * 10 + ["risky"] * 10, [1] + [0] * 9 + [1] * 6 + [0] * 4)

    weights = {part.label: part.woe for part in found.bins}
    assert weights["safe"] == pytest.approx(np.log((9 / 13) / (1 / 7)))
    assert weights["risky"] == pytest.approx(np.log((4 / 13) / (6 / 7)))


@given(cases)
def test_sign_of_the_weight_tells_the_side_of_the_mean(drawn):
    values, bad = [value for value, _ in drawn], [bad for _, bad in drawn]
    rate = np.mean(bad)

    for part in information_value_categories(values, bad).bins:
        observed = part.bads / part.n
        if observed != pytest.approx(rate):
            assert (part.woe > 0) == (observed < rate)


@given(cases)
def test_information_value_is_the_psi_of_goods_against_bads(drawn):
    values, bad = [value for value, _ in drawn], np.array([bad for _, bad in drawn])
    goods = [value for value, one in zip(values, bad, strict=True) if not one]
    bads = [value for value, one in zip(values, bad, strict=True) if one]

    found = information_value_categories(values, bad)

    assert found.value >= 0
    if set(bads) <= set(goods):  # psi takes categories that its first sample lacks together as "other"
        assert found.value == pytest.approx(psi_categories(goods, bads).value)


@given(cases)
def test_turning_labels_round_turns_weights_round(drawn):
    values, bad = [value for value, _ in drawn], np.array([bad for _, bad in drawn])

    straight, turned = (information_value_categories(values, labels) for labels in (bad, ~bad))

    assert [part.woe for part in turned.bins] == pytest.approx([-part.woe for part in straight.bins])
    assert turned.value == pytest.approx(straight.value)


def test_a_feature_that_says_nothing_has_no_information():
    values = np.tile(np.arange(10.0), 20)

    assert information_value(values, np.repeat([0, 1], 100)).value == pytest.approx(0)


def test_a_bin_without_bads_counts_with_epsilon():
    found = information_value([1.0, 1.0, 2.0, 2.0], [0, 0, 0, 1])

    assert found.bins[0].woe == pytest.approx(np.log((2 / 3) / 1e-4))
    assert found.epsilon == 1e-4


def test_missing_values_have_their_own_weight():
    found = information_value([1.0, 1.0, np.nan, np.nan], [0, 1, 1, 0])

    assert [(part.label, part.n, part.bads) for part in found.bins] == [("all", 2, 1), ("missing", 2, 1)]


def test_lengths_must_agree():
    with pytest.raises(MetricError, match=r"values have shape \(1,\), must be \(2,\)"):
        information_value([1.0], [0, 1])
