"""The case report tells what decided, adds up, and shows nothing that was not known."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reports.case import OtherModelError, case_report
from reports.case_call import Review
from reports.known import known_facts
from reports.page import render
from review.answers import Answer
from scoring.decision import Trigger


@pytest.fixture(scope="module")
def review(decision_after):
    answer = Answer(application_id="a-17", question="declared_income", status="answered", value=9000.0)
    return Review(answers=(answer,), after=decision_after)


@pytest.fixture(scope="module")
def text(parse, decision, spec, tables, review):
    return parse(render(case_report(decision, spec, known_facts(tables, "a-17"), review=review))).text()


def test_the_points_are_shown_to_add_up(text):
    assert "581.000000 (start) + 14.812500 (gained) − 20.154707 (lost) = 575.657793 points" in text


def test_reasons_stand_in_both_languages(text):
    assert "Loans and inquiries with many lenders" in text
    assert "短期内在多家机构借款或被查询" in text


def test_triggers_stand_with_their_evidence(text):
    assert "points: 575.66; without: 562.50; facts: declared_income" in text


def test_every_feature_stands_with_value_and_points(text, decision):
    for contribution in decision.contributions:
        assert contribution.feature in text
    assert "Unknown here: never reported." in text


def test_the_call_stands_with_its_answers_and_both_scores(text):
    for words in ("9,000 yuan a month", "575.7 points before, 555.6 after", "What the answers changed", "−20.1"):
        assert words in text


def test_the_future_and_the_truth_stand_nowhere(text):
    for hidden in ("i-late", "i-same", "charged_off", "ring-of-truth", "female"):
        assert hidden not in text
    assert "i-past" in text


def test_bundle_and_data_stand_with_their_hashes(text, decision, spec):
    assert decision.bundle in text
    assert spec.provenance.data["loans"] in text


def test_a_case_whose_points_do_not_add_up_shows_no_sum(parse, decision, spec):
    wrong = replace(decision, points=decision.points + 0.001, reasons=(), routed_by="explanation_failed")
    text = parse(render(case_report(wrong, spec))).text()

    assert "The explanation does not add up." in text
    assert "(start)" not in text


def test_without_tables_and_call_the_page_says_so(parse, decision, spec):
    text = parse(render(case_report(decision, spec))).text()

    assert "The raw tables were not given" in text
    assert "The call was answered" not in text


def test_a_decision_of_another_model_is_refused(decision, spec):
    stranger = replace(spec, features=spec.features[1:])

    with pytest.raises(OtherModelError, match=r"has a contribution of 'inquiries_count_90d', which model bamboo-small"):
        case_report(decision, stranger)


def test_decisions_of_two_bundles_are_pointed_out(parse, decision, spec, review):
    other = replace(review, after=replace(review.after, bundle="00" * 32))
    text = parse(render(case_report(decision, spec, review=other))).text()

    assert "The two decisions come from different bundles." in text


def test_an_answer_that_was_refused_shows_no_value(parse, decision, spec, decision_after):
    refused = Answer(application_id="a-17", question="declared_income", status="refused", value=None)
    text = parse(render(case_report(decision, spec, review=Review(answers=(refused,), after=decision_after)))).text()

    assert "refused" in text


def test_features_that_moved_little_are_listed_all_the_same(parse, decision, spec):
    tiny = replace(decision.contributions[-1], points=0.001, points_lost=0.0)
    contributions = (*decision.contributions[:-1], tiny)
    quiet = replace(decision, contributions=contributions, points=decision.points - 1.499)
    text = parse(render(case_report(quiet, spec))).text()

    assert "1 feature moved the score by less than 0.05 points each." in text
    assert "+0.001" in text
    assert "The points add up." in text


def test_the_reasons_after_the_call_stand_in_both_languages(parse, decision, spec, review):
    after = replace(review.after, reasons=(replace(decision.reasons[0], en="Only after", zh="通话之后"),))
    text = parse(render(case_report(decision, spec, review=replace(review, after=after)))).text()

    assert "Reasons after the call" in text
    assert "通话之后" in text
    assert "before the call: sent to phone review" in text


def test_a_case_in_which_nothing_fired_says_so_instead_of_an_empty_table(parse, decision, spec):
    text = parse(render(case_report(replace(decision, triggers=()), spec))).text()

    assert "No rule and no trigger fired." in text
    assert "Evidence" not in text


def test_after_the_call_nobody_is_called_again(parse, decision, spec, review):
    again = replace(review.after, outcome="phone_review", routed_by="trigger")
    text = parse(render(case_report(decision, spec, review=replace(review, after=again)))).text()

    assert "After the call it scored 555.6 points, tier D, and was declined." in text


def test_a_case_that_nobody_reached_says_so_and_shows_nothing_before_and_after(parse, decision, spec, review):
    nobody = tuple(replace(answer, status="not_reached", value=None) for answer in review.answers)
    told = replace(review, answers=nobody, after=decision)
    text = parse(render(case_report(decision, spec, review=told))).text()

    assert "Nobody was reached by phone; it was" in text
    assert "Nobody was reached, so the score stands." in text
    assert "What the answers changed" not in text
    assert "those after it stand under the call" not in text
    assert "The call was answered" not in text


def test_a_case_that_stays_with_a_person_says_so(parse, decision, spec, review):
    again = replace(review.after, outcome="phone_review", routed_by="hard_rule")
    text = parse(render(case_report(decision, spec, review=replace(review, after=again)))).text()

    assert "tier D, and was left to a person." in text


def test_a_rule_that_settled_the_case_is_named_where_the_outcome_is_told(parse, decision, spec):
    rule = Trigger(
        id="no_otp", kind="hard_rule", evidence={}, en="The one-time password never passed", zh="验证码未通过"
    )
    ruled = replace(decision, outcome="decline", routed_by="hard_rule", triggers=(rule, *decision.triggers))
    text = parse(render(case_report(ruled, spec))).text()

    assert "It was declined. A rule that stands above the score settled it: The one-time password never passed." in text
    assert "a rule settled the case whatever its score" in text


def test_who_called_and_when_is_told(parse, decision, spec, review):
    told = replace(review, caller="Li Wei", called_at=datetime(2024, 5, 18, tzinfo=UTC))
    text = parse(render(case_report(decision, spec, review=told))).text()

    assert "Called on 2024-05-18 00:00 UTC by Li Wei." in text


def test_a_gate_that_a_person_accepted_is_shown_with_the_reason(parse, decision, spec):
    answered = replace(spec, provenance=replace(spec.provenance, accepted_gates={"calibration_level": "a small table"}))
    text = parse(render(case_report(decision, answered))).text()

    assert "A gate failed and a person accepted that. calibration level: a small table" in text
    assert "A gate failed" not in parse(render(case_report(decision, spec))).text()
