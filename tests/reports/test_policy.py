"""Volumes are counted right, and the policy report tells them."""

from collections import Counter
from dataclasses import replace

import pytest

from pipelines.decisions import decisions_frame
from reports.page import render
from reports.policy import policy_report
from reports.policy_volumes import volumes
from scoring.spec import ConcentrationLimit


@pytest.fixture(scope="module")
def counted(decisions):
    return volumes(decisions_frame(decisions))


@pytest.fixture(scope="module")
def report(parse, spec):
    return lambda counted, **more: parse(render(policy_report(counted, spec, **more))).text()


def test_volumes_agree_with_a_plain_count(decisions, counted):
    assert counted.outcomes == Counter(d.outcome for d in decisions)
    assert counted.routed_by == Counter(d.routed_by for d in decisions)
    assert counted.called_by == Counter(d.routed_by for d in decisions if d.outcome == "phone_review")
    assert counted.overturned == Counter(d.provisional for d in decisions if d.outcome == "phone_review")
    assert counted.control == sum(d.control for d in decisions)
    assert (counted.cases, counted.valued) == (len(decisions), len(decisions))
    assert sum(counted.value_counts) == len(decisions)


def test_tiers_agree_with_a_plain_count(decisions, counted):
    for tier in counted.tiers:
        own = Counter(d.outcome for d in decisions if d.tier == tier.tier)
        assert (tier.approve, tier.decline, tier.phone_review) == (own["approve"], own["decline"], own["phone_review"])


def test_triggers_agree_with_a_plain_count(decisions, counted):
    for trigger in counted.triggers:
        fired = [d for d in decisions if trigger.id in {t.id for t in d.triggers}]
        assert trigger.fired == len(fired)
        assert trigger.called == sum(d.outcome == "phone_review" for d in fired)
        assert trigger.alone == sum(len(d.triggers) == 1 for d in fired)
    assert {t.id for t in counted.triggers} == {t.id for d in decisions for t in d.triggers}


def test_a_bundle_without_call_values_says_so(decisions, report):
    unlearned = volumes(decisions_frame([replace(d, call_value=None) for d in decisions]))

    assert unlearned.value_edges == ()
    assert "too few past calls" in report(unlearned)


def test_rules_are_told_with_who_is_beaten(report, counted, routing):
    text = report(counted, routing=routing)

    assert "riskiest approved" in text
    assert "100 calls chosen by this policy add" in text
    assert "knows the end" in text


def test_a_rule_that_beats_the_policy_is_named(report, counted, routing):
    rules = routing.comparison.rules
    swapped = replace(routing.comparison, rules=(rules[2], rules[1], *rules[3:]))

    assert f"this policy ({swapped.rules[0].name.replace('_', ' ')}) adds" in report(
        counted, routing=replace(routing, comparison=swapped)
    )


def test_groups_changes_and_the_control_arm_are_told(report, counted, routing):
    text = report(counted, routing=routing)

    for words in ("tenth 1", "control above", "12,345", "1,400 (1,008 to 1,792)", "reached with probability 80 %"):
        assert words in text


def test_a_group_without_a_changed_decision_has_no_interval(report, counted, routing):
    none = replace(routing, control=replace(routing.control, changed=0, added_per_100=-1500.0, standard_error=0.0))
    text = report(counted, routing=none)

    assert "no change seen" in text
    assert "−1,500 (" not in text


def test_both_ways_of_counting_are_told_with_their_own_verdict(report, counted, routing):
    sure = replace(
        routing.comparison.rules[0], added_per_100=replace(routing.comparison.rules[0].added_per_100, value=777.0)
    )
    certain = replace(routing.comparison, rules=(sure, *routing.comparison.rules[1:]))
    text = report(counted, routing=replace(routing, comparison_expected=certain))

    assert "777 yuan by the true probabilities of default" in text
    assert "knows the truth" in text


def test_all_money_is_in_the_models_currency(parse, spec, counted, routing):
    amount = replace(spec.features[0], name="amount", unit="Czech koruna")
    economics = replace(spec.policy.economics, amount_feature="amount")
    other = replace(spec, features=(*spec.features, amount), policy=replace(spec.policy, economics=economics))
    text = parse(render(policy_report(counted, other, routing=routing, capacity=3))).text()

    assert "yuan" not in text
    for words in ("22 Czech koruna", "Added by 100 calls (Czech koruna)", "Expected (Czech koruna)", "15 Czech koruna"):
        assert words in text


def test_limits_of_the_portfolio_are_told_with_what_they_say(parse, spec, counted):
    category = replace(spec.features[0], name="city", kind="category", vocabulary=("Wuhan",))
    limit = ConcentrationLimit(feature="city", limit=0.3)
    limited = replace(
        spec, features=(*spec.features, category), policy=replace(spec.policy, concentration_limits=(limit,))
    )
    fired = replace(counted.triggers[0], id="concentration_city", kind="hard_rule")
    text = parse(render(policy_report(replace(counted, triggers=(fired,)), limited))).text()

    assert "Limits of the portfolio's concentration" in text
    assert "30.0 % of the portfolio or more" in text
    assert "Too much of the portfolio already stands in this category of city" in text


def test_more_calls_than_the_desk_can_make_are_told(report, counted):
    calls = counted.outcomes["phone_review"]

    assert "They are 1 more than" in report(counted, capacity=calls - 1)
    assert "They are" not in report(counted, capacity=calls)


def test_groups_without_an_expectation_draw_none(report, counted, routing):
    plain = tuple(replace(group, expected_per_100=None) for group in routing.by_value)

    assert "expected: " not in report(counted, routing=replace(routing, by_value=plain))


def test_without_rules_the_results_say_that_they_were_not_measured(report, counted):
    assert "Not measured" in report(counted)


def test_a_control_arm_of_another_size_than_chance_allows_is_pointed_out(report, counted):
    assert "not what chance explains" in report(replace(counted, control=counted.cases // 2))
    assert "not what chance explains" not in report(counted)


def test_no_decision_at_all_is_legal(report):
    assert "Of 0 cases" in report(volumes(decisions_frame([])))
