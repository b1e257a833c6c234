"""The inputs of the value of a call, and the value itself against LightGBM."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scoring.call_value import amounts_of, call_value_inputs, cutoff_points, input_names
from scoring.kernel import prepare
from scoring.points import points_of_pd


def test_inputs_are_what_their_names_say(scorer, spec, bundle, cases):
    for case in cases[:30]:
        decision = scorer.decide(case)
        points = np.array([[each.points for each in decision.contributions]])
        amount = amounts_of(spec, [case["amount"]])
        found = call_value_inputs(spec, points, np.array([decision.points]), amount, bundle.reference)
        named = dict(zip(input_names(spec), found[0].tolist(), strict=True))
        by_name = {each.feature: each for each in decision.contributions}
        assert named["points_income"] == by_name["income"].points
        assert named["points_multi_lender"] == pytest.approx(by_name["lenders"].points + by_name["inquiries"].points)
        assert named["points_over_cutoff"] == decision.points - points_of_pd(0.15)
        lost = by_name["income"].points_lost + by_name["lenders"].points_lost
        assert named["verifiable_points_lost"] == pytest.approx(lost)
        assert named["ln_amount"] == math.log(case["amount"])
        worth = prepare(bundle.call_value.trees).margin(found[0])
        assert decision.call_value == worth - spec.policy.economics.call_cost


def test_many_inputs_are_each_alone(scorer, spec, bundle, columns):
    matrix = scorer.matrix(columns)
    points = scorer._model.line.points_of(scorer.contributions(matrix))
    scores = np.array([scorer._model.line.points(each) for each in scorer.margins(matrix)])
    amount = amounts_of(spec, columns["amount"].tolist())
    many = call_value_inputs(spec, points, scores, amount, bundle.reference)
    for row in range(0, 400, 37):
        some = slice(row, row + 1)
        alone = call_value_inputs(spec, points[some], scores[some], amount[some], bundle.reference)
        assert alone.tobytes() == many[some].tobytes()


def test_an_amount_that_is_unknown_is_the_policys(spec):
    assert amounts_of(spec, [None, math.nan, 0.0, -5.0, 700.0]).tolist() == [5000.0] * 4 + [700.0]


def test_the_cutoff_is_in_points(spec):
    assert cutoff_points(spec) == points_of_pd(0.15)
