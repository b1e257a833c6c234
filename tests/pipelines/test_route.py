"""`bamboo route` fills the desk with the most valuable calls and never tells the arm."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.decisions import read_decisions, write_decisions
from pipelines.errors import ArgumentError
from pipelines.route import RouteError, route
from pipelines.score import score
from review.call_list import call_list
from review.errors import CallListError


@pytest.fixture(scope="module")
def scored(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scored")
    small.cases.write_parquet(folder / "cases.parquet")
    score(folder / "cases.parquet", small.folder, folder / "decisions.parquet")
    return folder / "decisions.parquet"


@pytest.fixture(scope="module")
def decisions(scored):
    return read_decisions(scored)


def listed(calls):
    return [call.case_id for call in calls.called]


def test_the_list_never_exceeds_the_capacity_and_leaves_no_room(small, decisions):
    waiting = sum(decision.outcome == "phone_review" for decision in decisions)
    for capacity in (1, 2, 7, 40, waiting, waiting + 5):
        calls = call_list(decisions, small.bundle.spec, capacity=capacity)
        assert len(calls.called) == min(capacity, waiting)
        assert len(calls.called) + len(calls.waiting) == waiting


def test_no_waiting_case_is_worth_more_than_a_called_one(small, decisions):
    value = {decision.case_id: decision.call_value for decision in decisions}
    calls = call_list(decisions, small.bundle.spec, capacity=60)

    chosen = [value[call.case_id] for call in calls.called if not call.control]
    assert calls.ranked_by == "value"
    assert min(chosen) >= max(value[case] for case in calls.waiting)
    assert chosen == sorted(chosen, reverse=True)


def test_the_list_does_not_depend_on_the_order_of_the_decisions(small, decisions):
    mixed = list(decisions)
    random.Random(3).shuffle(mixed)  # noqa: S311 - a shuffle, not a secret

    assert call_list(mixed, small.bundle.spec, capacity=50) == call_list(decisions, small.bundle.spec, capacity=50)


def test_the_control_arm_is_called_as_far_as_half_of_the_desk_takes_it(small, decisions):
    control = {decision.case_id for decision in decisions if decision.control}
    roomy = call_list(decisions, small.bundle.spec, capacity=2 * len(control))
    tight = call_list(decisions, small.bundle.spec, capacity=10)

    assert control <= set(listed(roomy))
    assert roomy.control_left_out == 0
    assert sum(call.control for call in tight.called) == 5
    assert tight.control_left_out == len(control) - 5


def test_the_control_arm_is_its_share_and_does_not_look_at_the_score(small):
    """Within 4 standard deviations of the share, and as frequent among the better half of the scores."""
    row = small.cases.drop("application_id").to_dicts()[0]
    poor = {**row, "income": 900.0, "lenders": 9.0}
    n = 3000
    picked = [
        sum(small.scorer.decide(values, case_id=f"{name}-{place}").control for place in range(n))
        for name, values in (("a", row), ("b", poor))
    ]

    spread = (n * 0.05 * 0.95) ** 0.5
    assert all(abs(count - n * 0.05) < 4 * spread for count in picked)
    assert abs(picked[0] - picked[1]) < 4 * spread * 2**0.5
    assert small.scorer.decide(row, case_id="a-1").control == small.scorer.decide(poor, case_id="a-1").control


def test_control_cases_stand_anywhere_on_the_list(small, decisions):
    calls = call_list(decisions, small.bundle.spec, capacity=10_000)
    places = [call.position / len(calls.called) for call in calls.called if call.control]

    assert len(places) > 15
    assert min(places) < 0.3
    assert max(places) > 0.7


def test_a_case_that_a_person_must_see_stands_above_any_value(small, decisions):
    humble = next(d for d in decisions if d.outcome == "approve" and not d.control)
    must = replace(humble, outcome="phone_review", routed_by="hard_rule", call_value=-10.0)
    others = [decision for decision in decisions if decision.case_id != must.case_id]

    calls = call_list([*others, must], small.bundle.spec, capacity=40)

    assert next(call.rank for call in calls.called if call.case_id == must.case_id) == 1


def test_without_learned_values_the_triggers_rank(small_by_triggers, tmp_path):
    small = small_by_triggers
    small.cases.write_parquet(tmp_path / "cases.parquet")
    score(tmp_path / "cases.parquet", small.folder, tmp_path / "d.parquet")

    calls = call_list(read_decisions(tmp_path / "d.parquet"), small.bundle.spec, capacity=80)
    ranks = [(len(call.triggers), call.points_at_stake) for call in calls.called if not call.control]

    assert calls.ranked_by == "triggers"
    assert ranks == sorted(ranks, reverse=True)


@pytest.mark.parametrize("capacity", [0, -1, True, 2.0])
def test_a_desk_without_room_is_refused(small, decisions, capacity):
    with pytest.raises(CallListError, match=r"capacity == .*, must be a whole number"):
        call_list(decisions, small.bundle.spec, capacity=capacity)


def test_decisions_nobody_could_call_are_refused(small, decisions):
    with pytest.raises(CallListError, match=r"1 decision\(s\) have no case id"):
        call_list([replace(decisions[0], case_id=None)], small.bundle.spec, capacity=5)
    with pytest.raises(CallListError, match="'case-00000' stands 2 times"):
        call_list([decisions[0], decisions[0]], small.bundle.spec, capacity=5)
    with pytest.raises(CallListError, match="more than one bundle"):
        call_list([decisions[0], replace(decisions[1], bundle="x")], small.bundle.spec, capacity=5)


@pytest.fixture(scope="module")
def routed(small, scored, tmp_path_factory):
    out = tmp_path_factory.mktemp("routed") / "calls"
    return route(scored, 12, out, bundle_folder=small.folder)


def test_what_callers_get_does_not_tell_the_arm(routed):
    lead = json.loads((routed.out / "call_list.json").read_text())
    rows = list(csv.DictReader((routed.out / "call_list.csv").read_text().splitlines()))
    sheets = [path.read_text() for path in sorted((routed.out / "sheets").iterdir())]

    assert {call["control"] for call in lead["called"]} == {True, False}
    assert list(rows[0]) == ["position", "application_id", "triggers", "points_at_stake", "questions", "sheet"]
    for call in lead["called"]:
        assert not any(str(call["value"]) in text for text in sheets)
    # "at random" stands in the opening that all sheets share, and nowhere else.
    assert not any(word in text.lower() for text in sheets for word in ("control", "call_value", "routed_by"))


def test_calls_for_their_value_alone_are_counted(small, scored, tmp_path):
    routed = route(scored, 120, tmp_path / "calls", bundle_folder=small.folder)
    called = json.loads((routed.out / "call_list.json").read_text())["called"]
    fired = sum(bool(call["triggers"]) for call in called)
    at_random = sum(call["control"] and not call["triggers"] for call in called)

    assert routed.value_alone == len(called) - fired - at_random > 0


def test_there_is_a_sheet_per_call_in_html_and_json(routed):
    rows = list(csv.DictReader((routed.out / "call_list.csv").read_text().splitlines()))

    assert routed.called == len(rows) == 12
    assert sorted(path.name for path in (routed.out / "sheets").iterdir()) == sorted(
        f"{place:04d}.{ending}" for place in range(1, 13) for ending in ("html", "json")
    )
    for row in rows:
        assert row["application_id"] in (routed.out / row["sheet"]).read_text()


def test_a_sheet_has_words_in_both_languages_checks_and_a_field_per_answer(routed):
    page = (routed.out / "sheets" / "0001.html").read_text()

    for words in ("Income?", "收入", "pay slips", "工资单", 'name="answer-1"', 'name="status-1"', "<form"):
        assert words in page
    assert "http://" not in page
    assert "https://" not in page


def test_routing_again_replaces_the_list_as_a_whole(small, scored, tmp_path):
    route(scored, 9, tmp_path / "calls", bundle_folder=small.folder)
    route(scored, 4, tmp_path / "calls", bundle_folder=small.folder)

    assert len(list((tmp_path / "calls" / "sheets").iterdir())) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["calls"]


def test_ids_that_a_spreadsheet_would_run_are_escaped(small, decisions, tmp_path):
    risky = replace(next(d for d in decisions if d.outcome == "phone_review"), case_id="=HYPERLINK(1)")
    write_decisions(tmp_path / "d.parquet", [risky])

    route(tmp_path / "d.parquet", 3, tmp_path / "calls", bundle_folder=small.folder)

    assert "1,'=HYPERLINK(1)," in (tmp_path / "calls" / "call_list.csv").read_text()
    assert "'=HYPERLINK(1)," in (tmp_path / "calls" / "answers.csv").read_text()


def test_hostile_words_are_shown_as_text(small, decisions, tmp_path):
    hostile = replace(next(d for d in decisions if d.outcome == "phone_review"), case_id="<script>alert(1)</script>")
    write_decisions(tmp_path / "d.parquet", [hostile])

    route(tmp_path / "d.parquet", 3, tmp_path / "calls", bundle_folder=small.folder)

    assert "<script>alert" not in (tmp_path / "calls" / "sheets" / "0001.html").read_text()


def test_decisions_of_another_bundle_are_refused(scored, small_by_triggers, tmp_path):
    with pytest.raises(RouteError, match=r"holds decisions of bundle .*, but the bundle given is"):
        route(scored, 5, tmp_path / "calls", bundle_folder=small_by_triggers.folder)
    assert not (tmp_path / "calls").exists()


def test_the_folder_one_stands_in_is_not_replaced(small, scored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ArgumentError, match=r"out == '\.', must end in the name of a folder"):
        route(scored, 5, Path(), bundle_folder=small.folder)


def test_answers_that_are_filled_in_are_not_replaced(small, scored, tmp_path):
    calls = tmp_path / "calls"
    route(scored, 5, calls, bundle_folder=small.folder)
    route(scored, 6, calls, bundle_folder=small.folder)
    answers = calls / "answers.csv"
    first, second, *rest = answers.read_text().splitlines()
    filled = "\n".join([first, second.removesuffix(",,") + ",refused,", *rest])
    answers.write_text(filled)

    with pytest.raises(RouteError, match=r"answers\.csv' has 1 row\(s\) filled in, .* Give another folder, or move"):
        route(scored, 5, calls, bundle_folder=small.folder)
    assert answers.read_text() == filled


def test_a_folder_with_something_else_is_not_replaced(small, scored, tmp_path):
    Path(tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "thesis.doc").write_text("years of work")

    with pytest.raises(RouteError, match=r"holds 'thesis\.doc', must be a new folder"):
        route(scored, 5, tmp_path / "calls", bundle_folder=small.folder)
    assert (tmp_path / "calls" / "thesis.doc").read_text() == "years of work"
