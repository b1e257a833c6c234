"""The call sheet holds what a caller needs and nothing that tells why the case was chosen."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from review.errors import SheetError
from review.sheet import Fact, call_sheet, possible_answers


def test_a_case_picked_at_random_has_the_same_sheet_as_one_picked_for_its_value(decision, random_pick, spec):
    assert call_sheet(random_pick, spec) == call_sheet(decision, spec)


def test_no_field_of_the_sheet_bears_the_arm_or_the_value_of_the_call(decision, spec):
    text = json.dumps(call_sheet(replace(decision, call_value=4321.125), spec).to_dict())

    assert "4321.125" not in text
    assert not {"control", "routed_by", "call_value", "arm"} & set(call_sheet(decision, spec).to_dict())


def test_questions_come_in_the_order_of_the_decision_in_both_languages(decision, spec):
    asks = call_sheet(decision, spec).asks

    assert [ask.question for ask in asks] == ["declared_income", "declared_other_lenders"]
    assert asks[0].en == "What about declared_income?"
    assert asks[0].zh == "请问declared_income?"


def test_points_of_a_stated_fact_are_those_of_all_features_that_rest_on_it(decision, spec):
    income, lenders = call_sheet(decision, spec).asks

    assert income.points == pytest.approx(8.5)
    assert income.features == ("income", "income_per_amount")
    assert lenders.points == pytest.approx(-3.0)


def test_answers_are_checked_against_other_sources_under_the_same_reason(decision, spec):
    income, lenders = call_sheet(decision, spec).asks

    assert income.checked_against == ()
    # ``inquiries`` is unknown for this case and ``logins`` speaks of something else.
    assert lenders.checked_against == (
        Fact(id="loans_open", value=3, en="loans_open in words", zh="loans_open说明", unit="yuan"),
    )


def test_what_was_stated_is_taken_from_the_application_before_the_scored_value(decision, spec):
    _, lenders = call_sheet(decision, spec).asks
    income, told = call_sheet(decision, spec, stated={"declared_income": 9000.0, "declared_other_lenders": None}).asks

    assert lenders.stated == 0
    assert income.stated == 9000.0
    assert told.stated is None


def test_two_scored_values_on_one_fact_do_not_say_what_was_stated(decision, spec):
    assert call_sheet(decision, spec).asks[0].stated is None


@pytest.mark.parametrize(
    ("name", "stated", "expected"),
    [
        ("declared_income", 5000.0, ["as_stated", "lower", "higher", "refused"]),
        ("declared_other_lenders", 0, ["as_stated", "lower", "higher", "refused"]),
        ("declared_married", False, ["as_stated", "different", "refused"]),
        ("declared_city", "Wuhan", ["as_stated", "different", "refused"]),
        ("declared_city", None, ["stated_now", "refused"]),
    ],
)
def test_possible_answers_follow_the_kind_of_question(spec, name, stated, expected):
    asked = next(question for question in spec.questions if question.id == name)

    found = possible_answers(asked, stated)

    assert [answer.id for answer in found] == expected
    assert all(asked.check_en in answer.check_en for answer in found[:-1])
    assert all(answer.zh and answer.check_zh for answer in found)


def test_a_decision_without_id_has_no_sheet(decision, spec):
    with pytest.raises(SheetError, match="case_id is None"):
        call_sheet(replace(decision, case_id=None), spec)


def test_a_decision_of_another_model_is_refused(decision, spec):
    with pytest.raises(SheetError, match="asks 'declared_shoe_size', must be one of declared_income"):
        call_sheet(replace(decision, questions=("declared_shoe_size",)), spec)
    with pytest.raises(SheetError, match="names feature 'income', which the spec lacks"):
        call_sheet(decision, replace(spec, features=spec.features[1:]))
