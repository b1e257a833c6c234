"""Rules, then a failed explanation, then chance, then value or triggers, then the tier; every trigger recorded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scoring import Scorer
from scoring.decision import Trigger
from scoring.errors import PortfolioError
from scoring.model import Scored
from scoring.routing import ControlArm, route
from scoring.spec import ConcentrationLimit, Economics, HardRule, Policy
from scoring.tiers import tier_of

POLICY = Policy(approved_tiers=("A",), economics=Economics(amount_feature=None), call_value_threshold=10.0)
BY_TRIGGERS = replace(POLICY, call_value_threshold=None)


def trigger(name):
    return Trigger(id=name, kind="trigger", evidence={}, en="", zh="")


def settled(policy=POLICY, **changed):
    facts = {
        "rules": [],
        "provisional": "approve",
        "explained": True,
        "triggers": [],
        "call_value": 0.0,
        "picked": False,
    }
    return route(policy=policy, **{**facts, **changed})


RULE = (trigger("r"), "decline")
LOOK = (trigger("r"), "phone_review")
EVERYTHING = {"explained": False, "picked": True, "call_value": 99.0, "triggers": [trigger("conflict")]}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({**EVERYTHING, "rules": [RULE, LOOK]}, ("decline", "hard_rule", False)),
        ({**EVERYTHING, "rules": [LOOK, RULE]}, ("phone_review", "hard_rule", True)),
        (EVERYTHING, ("phone_review", "explanation_failed", True)),
        ({**EVERYTHING, "explained": True}, ("phone_review", "control", True)),
        ({"call_value": 10.0}, ("phone_review", "call_value", False)),
        ({"call_value": 10.0, "provisional": "decline"}, ("phone_review", "call_value", False)),
        ({"call_value": 9.99, "triggers": [trigger("conflict")]}, ("approve", "tier", False)),
        ({"call_value": None, "triggers": [trigger("conflict")]}, ("phone_review", "trigger", False)),
        ({"provisional": "decline"}, ("decline", "tier", False)),
        ({}, ("approve", "tier", False)),
    ],
)
def test_what_comes_first_settles(changed, expected):
    assert settled(**changed) == expected


@pytest.mark.parametrize("name", ["hinges_on_unverified", "conflict", "unfamiliar"])
@pytest.mark.parametrize("provisional", ["approve", "decline"])
def test_without_a_threshold_triggers_call(name, provisional):
    found = settled(BY_TRIGGERS, triggers=[trigger(name)], provisional=provisional, call_value=999.0)
    assert found == ("phone_review", "trigger", False)


@pytest.mark.parametrize("name", ["multi_lender_pressure", "network_alert"])
def test_what_only_speaks_against_a_case_calls_none_that_is_declined_anyway(name):
    assert settled(BY_TRIGGERS, triggers=[trigger(name)])[0] == "phone_review"
    assert settled(BY_TRIGGERS, triggers=[trigger(name)], provisional="decline") == ("decline", "tier", False)
    both = [trigger(name), trigger("conflict")]
    assert settled(BY_TRIGGERS, triggers=both, provisional="decline")[0] == "phone_review"


def test_the_control_arm_is_a_fixed_random_share_under_its_key():
    ids = [f"application-{place}" for place in range(20_000)]
    policy = replace(POLICY, control_share=0.05, control_key="aa")
    picked = {name for name in ids if ControlArm.of(policy).picks(name)}
    assert len(picked) == pytest.approx(1000, abs=5 * np.sqrt(20_000 * 0.05 * 0.95))
    assert picked == {name for name in ids if ControlArm.of(policy).picks(name)}
    assert picked <= {name for name in ids if ControlArm.of(replace(policy, control_share=0.1)).picks(name)}
    other = {name for name in ids if ControlArm.of(replace(policy, control_key="ab")).picks(name)}
    assert len(picked & other) < 150
    assert not ControlArm.of(replace(policy, control_share=1.0)).picks(None)
    assert ControlArm.of(replace(policy, control_share=1.0)).picks("a")
    assert not any(ControlArm.of(replace(policy, control_share=0.0)).picks(name) for name in ids)


def test_the_control_arm_wins_over_the_value_but_not_over_a_rule(with_policy, cases):
    scorer = with_policy(control_share=1.0, call_value_threshold=-1e6)
    for case in cases[:40]:
        decision = scorer.decide(case, case_id="any")
        if case["age"] < 18:
            assert (decision.outcome, decision.routed_by, decision.control) == ("decline", "hard_rule", False)
        else:
            assert (decision.outcome, decision.routed_by, decision.control) == ("phone_review", "control", True)
        assert scorer.decide(case).routed_by in {"hard_rule", "call_value"}


def test_the_value_of_a_call_is_less_its_cost_and_set_against_the_threshold(with_policy, cases):
    free = with_policy(economics=Economics(amount_feature="amount", call_cost=0.0), call_value_threshold=40.0)
    dear = with_policy(economics=Economics(amount_feature="amount", call_cost=25.0), call_value_threshold=40.0)
    called = 0
    for case in cases[:100]:
        one, other = free.decide(case), dear.decide(case)
        assert one.call_value - 25.0 == other.call_value
        assert (one.routed_by == "call_value") == (one.call_value >= 40.0 and case["age"] >= 18)
        called += one.routed_by == "call_value"
    assert 0 < called < 100


def test_without_a_learned_value_triggers_decide(bundle, cases):
    policy = replace(bundle.spec.policy, call_value_threshold=0.0)
    scorer = Scorer(replace(bundle, call_value=None, spec=replace(bundle.spec, policy=policy)))
    decisions = [scorer.decide(case) for case in cases]
    assert {decision.call_value for decision in decisions} == {None}
    assert {decision.routed_by for decision in decisions} == {"hard_rule", "trigger", "tier"}


def test_hinging_cases_flip_when_stated_facts_are_average(scorer, spec, cases):
    reference, line = scorer._model.reference, scorer._model.line
    asked = [place for place, each in enumerate(spec.features) if each.question]
    seen = set()
    for case in cases[:150]:
        decision = scorer.decide(case)
        phi = scorer.contributions(scorer.matrix({name: [value] for name, value in case.items()}))[0]
        without = decision.margin + sum(reference.contributions[place] - phi[place] for place in asked)
        approved = tier_of(line.pd(without), spec.tiers) in spec.policy.approved_tiers
        found = [each for each in decision.triggers if each.id == "hinges_on_unverified"]
        assert bool(found) == (approved != (decision.provisional == "approve"))
        if found:
            evidence = found[0].evidence
            assert evidence["without"] == pytest.approx(line.points(without), abs=1e-9)
            assert (evidence["points"] < evidence["cutoff"]) != (evidence["without"] < evidence["cutoff"])
        seen.add(bool(found))
    assert seen == {True, False}


def evidence_of(decision, name):
    return next((each.evidence for each in decision.triggers if each.id == name), None)


def lost_by_group(decision, spec):
    group = {feature.name: feature.reason_group for feature in spec.features}
    lost = dict.fromkeys((reason.id for reason in spec.reasons), 0.0)
    for each in decision.contributions:
        lost[group[each.feature]] += each.points_lost
    return lost


def test_other_triggers_follow_their_definitions(scorer, spec, cases):
    fired = set()
    for case in cases:
        decision = scorer.decide(case)
        lost = lost_by_group(decision, spec)
        worse = sum(points for points in lost.values() if points > 0)
        better = -sum(points for points in lost.values() if points < 0)
        expected = {
            "conflict": min(worse, better) >= 25.0,
            "multi_lender_pressure": lost["multi_lender"] >= 15.0,
            "network_alert": lost["network"] >= 10.0,
        }
        for name, should in expected.items():
            assert (evidence_of(decision, name) is not None) == should
        fired |= {name for name, should in expected.items() if should}
        if expected["conflict"]:
            assert evidence_of(decision, "conflict") == pytest.approx({"gained": better, "lost": worse, "limit": 25.0})
    assert fired == {"conflict", "multi_lender_pressure", "network_alert"}


def test_an_explanation_unlike_any_is_unfamiliar(with_policy, bundle, cases):
    scorer = with_policy(unfamiliar_distance=2.5)
    reference = bundle.reference
    groups = np.array(
        [[reason.id for reason in bundle.spec.reasons].index(f.reason_group) for f in bundle.spec.features]
    )
    fired = 0
    for case in cases[:150]:
        phi = scorer.contributions(scorer.matrix({name: [value] for name, value in case.items()}))[0]
        apart = np.array([phi[groups == group].sum() for group in range(5)]) - reference.group_mean
        distance = np.sqrt(apart @ reference.group_precision @ apart)
        evidence = evidence_of(scorer.decide(case), "unfamiliar")
        assert (evidence is not None) == (distance > 2.5)
        if evidence:
            assert evidence["distance"] == pytest.approx(distance)
            fired += 1
    assert 0 < fired < 150
    assert evidence_of(with_policy(unfamiliar_distance=None).decide(cases[0]), "unfamiliar") is None


def test_at_the_limit_itself_a_case_is_familiar_and_one_bit_below_it_is_not(with_policy, cases):
    """Alone and among others: what is surely within the limit is told without its distance, what is not is measured."""
    told = [
        evidence_of(decision, "unfamiliar") for decision in map(with_policy(unfamiliar_distance=1e-9).decide, cases)
    ]
    for case, distance in [(case, each["distance"]) for case, each in zip(cases, told, strict=True) if each][:40]:
        columns = {name: [value] for name, value in case.items()}
        for limit, fires in ((distance, False), (np.nextafter(distance, 0.0).item(), True)):
            scorer = with_policy(unfamiliar_distance=limit)
            expected = {"distance": distance, "limit": limit} if fires else None
            assert evidence_of(scorer.decide(case), "unfamiliar") == expected
            assert evidence_of(scorer.decide_many(columns)[0], "unfamiliar") == expected


@pytest.mark.parametrize("wrong", [1e-6, -1.0, np.nan, np.inf])
def test_an_explanation_that_does_not_add_up_goes_to_a_person_without_reasons(scorer, cases, wrong):
    model = scorer._model
    case = next(each for each in cases if each["age"] >= 18)
    row = model.encoder.row(case)
    margin, contributions = model.kernel.explain(row)
    contributions[0] += wrong
    broken = Scored(
        rows=row[np.newaxis], words=({},), margins=np.array([margin]), contributions=contributions[np.newaxis]
    )
    (decision,) = model.decide(broken, ["id"], None)
    assert (decision.outcome, decision.routed_by) == ("phone_review", "explanation_failed")
    assert decision.reasons == ()
    assert decision.call_value is None
    assert [each.id for each in decision.triggers] == ["explanation_failed"]
    assert decision.triggers[0].evidence["tolerance"] == 1e-9


def test_hard_rules_are_tried_in_order_and_all_recorded(with_policy, cases):
    def rule(name, operator, bound, outcome):
        words = {"en": name, "zh": name}
        return HardRule(id=name, feature="age", operator=operator, bound=bound, outcome=outcome, **words)

    rules = (rule("senior", ">=", 60.0, "phone_review"), rule("over_50", ">", 50.0, "decline"))
    scorer = with_policy(hard_rules=rules)
    case = {**cases[0], "age": 60}
    decision = scorer.decide(case)
    assert (decision.outcome, decision.routed_by) == ("phone_review", "hard_rule")
    assert [each.id for each in decision.triggers if each.kind == "hard_rule"] == ["senior", "over_50"]
    assert decision.triggers[0].evidence == {"feature": "age", "value": 60.0, "operator": ">=", "bound": 60.0}
    assert scorer.decide({**case, "age": 51}).outcome == "decline"
    assert scorer.decide({**case, "age": 50}).routed_by != "hard_rule"
    assert scorer.decide({**case, "age": None}).routed_by != "hard_rule"


def test_a_flag_counts_as_a_number_in_a_rule(with_policy, cases):
    shared = HardRule(
        id="shared", feature="shared_device", operator="==", bound=1.0, outcome="decline", en="s", zh="共"
    )
    scorer = with_policy(hard_rules=(shared,))
    assert scorer.decide({**cases[0], "shared_device": True}).routed_by == "hard_rule"
    assert scorer.decide({**cases[0], "shared_device": False}).routed_by != "hard_rule"


@pytest.mark.parametrize(
    ("region", "share", "fires"),
    [("west", 0.4, True), ("west", 0.39, False), ("east", 0.9, False), (None, 0.9, False)],
)
def test_a_concentration_limit_holds_its_own_category(scorer, cases, region, share, fires):
    case = {**cases[0], "age": 30, "region": region}
    decision = scorer.decide(case, portfolio={"region": {"west": share}})
    assert (decision.routed_by == "hard_rule") == fires
    if fires:
        assert decision.outcome == "phone_review"
        assert evidence_of(decision, "concentration_region") == {
            "feature": "region",
            "category": "west",
            "share": 0.4,
            "limit": 0.4,
        }
    assert evidence_of(scorer.decide(case), "concentration_region") is None


def test_a_category_never_seen_has_a_limit_too(with_policy, cases):
    scorer = with_policy(concentration_limits=(ConcentrationLimit(feature="region", limit=0.1, outcome="decline"),))
    decision = scorer.decide({**cases[0], "age": 30, "region": "moon"}, portfolio={"region": {"moon": 0.1}})
    assert (decision.outcome, decision.unseen) == ("decline", ("region",))


@pytest.mark.parametrize(
    ("portfolio", "says"),
    [
        ({}, "limits 'region', which the portfolio's state lacks"),
        ({"regoin": {}}, "the portfolio's state lacks. It holds 'regoin', which limits nothing. Give its shares"),
        ({"region": {"west": 40}}, r"portfolio\['region'\]\['west'\] == 40, must be a number from 0 to 1"),
        ({"region": {"west": float("nan")}}, "== nan"),
        ({"region": {"west": True}}, "== True"),
        ({"region": {"west": "0.4"}}, "== '0.4'"),
        ({"region": {"west": 10**400}}, "== an integer of 1329 bits"),
        (5, "portfolio == 5, must be a mapping"),
        ([("region", {})], "portfolio == <list>, must be a mapping"),
        ({"region": 5}, r"portfolio\['region'\] == 5, must be a mapping of categories to their shares"),
        ({"region": {}, "channel": [0.4]}, r"portfolio\['channel'\] == <list>, must be a mapping"),
        ({"region": {}, 7: {}}, "portfolio has the feature 7, must be text"),
        ({"region": {7: 0.1}}, r"portfolio\['region'\] has the category 7, must be text"),
        ({"region": {None: 0.1}}, r"portfolio\['region'\] has the category None, must be text"),
    ],
)
def test_a_portfolio_that_does_not_fit_is_refused(scorer, cases, portfolio, says):
    with pytest.raises(PortfolioError, match=says):
        scorer.decide(cases[0], portfolio=portfolio)


def test_a_portfolio_that_is_none_is_refused_without_limits_too(with_policy, cases):
    with pytest.raises(PortfolioError, match="portfolio == 5, must be a mapping"):
        with_policy(concentration_limits=()).decide(cases[0], portfolio=5)


def test_questions_are_ordered_by_the_points_they_carried(scorer, cases):
    orders = set()
    for case in cases[:60]:
        decision = scorer.decide(case)
        points = {each.feature: abs(each.points) for each in decision.contributions}
        expected = ("declared_income", "declared_other_lenders")
        if points["lenders"] > points["income"]:
            expected = expected[::-1]
        assert decision.questions == expected
        orders.add(expected)
    assert len(orders) == 2


def test_a_thin_file_is_scored_and_flagged(scorer, cases):
    for empty in (None, 0, 0.0, float("nan")):
        assert scorer.decide({**cases[0], "inquiries": empty}).thin_file
    assert not scorer.decide({**cases[0], "inquiries": 1}).thin_file


def test_reasons_and_points_lost_are_against_the_just_approved(scorer, bundle, cases):
    line = scorer._model.line
    for case in cases[:60]:
        decision = scorer.decide(case)
        for each, mean in zip(decision.contributions, bundle.reference.contributions, strict=True):
            assert each.points_lost == pytest.approx(line.per_margin * mean - each.points, abs=1e-12)
        lost = lost_by_group(decision, bundle.spec)
        worst = sorted((group for group in lost if lost[group] > 1e-9), key=lambda group: -lost[group])
        assert [each.group for each in decision.reasons] == worst[:4]
        assert "ignored" not in {name for reason in decision.reasons for name in reason.features}
