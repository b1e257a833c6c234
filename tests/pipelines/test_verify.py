"""`bamboo verify` scores a case again on what a call found, and on nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pipelines.decisions import read_decisions, write_decisions
from pipelines.route import RouteError, route
from pipelines.score import score
from pipelines.verified_record import after_calls
from pipelines.verify import VerifyError, verify
from review.answers import Answer, Answers
from review.errors import AnswersError

CALLED_AT = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


@pytest.fixture
def scored(small, tmp_path):
    small.cases.write_parquet(tmp_path / "cases.parquet")
    score(tmp_path / "cases.parquet", small.folder, tmp_path / "decisions.parquet")
    return tmp_path / "decisions.parquet"


@pytest.fixture
def take(small, scored, tmp_path):
    """Verify rows of answers."""

    def run(*rows, out="out", **more):
        path = tmp_path / "answers.json"
        path.write_text(json.dumps(rows))
        arguments = {"bundle_folder": small.folder, "caller": "Li", "now": CALLED_AT} | more
        return verify(path, scored, tmp_path / out, **arguments)

    return run


def answer(question, value, case="case-00000", status="answered"):
    return {"application_id": case, "question": question, "status": status, "answer": value}


def stated(small, case="case-00000"):
    return small.cases.filter(application_id=case).drop("application_id").to_dicts()[0]


def test_what_is_confirmed_as_stated_gives_the_same_decision_bit_for_bit(small, scored, take, tmp_path):
    row = stated(small)

    take(answer("income", row["income"]), answer("lenders", int(row["lenders"])), answer("city", row["city"]))

    after = read_decisions(tmp_path / "out" / "decisions_after.parquet")
    assert after == read_decisions(scored, case_ids=["case-00000"])


def test_a_case_that_a_rule_leaves_to_a_person_anyway_is_not_changed_by_its_call(small):
    """Before and after, the rule asks for a person; what the tier alone would say has no part in it."""
    decision = replace(small.scorer.decide(stated(small), case_id="a"), provisional="approve", outcome="phone_review")
    rows = (Answer(application_id="a", question=None, status="not_reached", value=None),)
    for routed_by, changed in (("hard_rule", False), ("explanation_failed", False), ("trigger", False)):
        same = replace(decision, routed_by=routed_by)
        (found,) = after_calls([same], [same], Answers(rows=rows))
        assert found.changed is changed
    ruled = replace(decision, routed_by="hard_rule")
    (found,) = after_calls([replace(decision, routed_by="trigger")], [ruled], Answers(rows=rows))
    assert found.changed


def test_a_verified_value_is_scored_by_the_same_scorer(small, take, tmp_path):
    found = take(answer("income", 900.0), answer("lenders", 9))

    alone = small.scorer.decide({**stated(small), "income": 900.0, "lenders": 9.0}, case_id="case-00000")
    assert read_decisions(tmp_path / "out" / "decisions_after.parquet") == [alone]
    assert found.cases[0].after.points == alone.points
    assert found.cases[0].points < 0


def test_the_points_that_moved_add_up_to_the_change_of_the_score(take):
    case = take(answer("income", 900.0), answer("lenders", 9)).cases[0]

    assert sum(each.points for each in case.moved) == pytest.approx(case.points, abs=1e-9)
    assert {"income", "lenders"} <= {each.feature for each in case.moved}


def test_after_a_call_the_tier_decides_and_nobody_is_called_twice(small, take, scored):
    waiting = [d.case_id for d in read_decisions(scored) if d.outcome == "phone_review"][:20]

    found = take(*(answer("income", 9000.0, case=case) for case in waiting))

    assert len(found.cases) == 20
    assert all(case.outcome == case.after.provisional for case in found.cases)
    assert found.changed == sum(case.after.provisional != case.before.provisional for case in found.cases)


@pytest.mark.parametrize("status", ["refused", "not_reached"])
def test_a_call_that_verified_nothing_changes_nothing(take, status):
    found = take(answer("income", None, status=status))
    case = found.cases[0]

    assert case.before == case.after
    assert case.moved == ()
    assert case.outcome == case.before.provisional
    assert case.refused == (("income",) if status == "refused" else ())
    assert found.reached == (status == "refused")


def test_the_record_says_who_called_when_and_with_which_bundle(small, take, tmp_path):
    take(answer("income", 900.0))

    record = json.loads((tmp_path / "out" / "verified.json").read_text())
    assert record["caller"] == "Li"
    assert datetime.fromisoformat(record["called_at"]) == CALLED_AT
    assert record["bundle"] == small.scorer.sha256
    assert record["cases"][0]["verified"] == {"income": 900.0}


def test_a_filled_in_sheet_is_an_answer_file(small, scored, take, tmp_path):
    routed = route(scored, 3, tmp_path / "calls", bundle_folder=small.folder)
    sheet = json.loads((routed.out / "sheets" / "0001.json").read_text())
    for row in sheet["answers"]:
        row |= {"status": "refused"}
    sheet["answers"][0] |= {
        "status": "answered",
        "answer": {"income": 5000.0, "lenders": 2, "city": "Wuhan"}[sheet["answers"][0]["question"]],
    }
    (tmp_path / "sheet.json").write_text(json.dumps(sheet))

    found = verify(
        tmp_path / "sheet.json", scored, tmp_path / "o", bundle_folder=small.folder, caller="Li", now=CALLED_AT
    )

    assert [case.case_id for case in found.cases] == [sheet["case_id"]]


def test_a_blank_list_of_answers_verifies_nothing(small, scored, tmp_path):
    routed = route(scored, 3, tmp_path / "calls", bundle_folder=small.folder)

    found = verify(
        routed.out / "answers.csv", scored, tmp_path / "o", bundle_folder=small.folder, caller="Li", now=CALLED_AT
    )

    assert found.cases == ()
    assert found.blank == 9


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([answer("income", -1.0)], "answer to income == -1.0, must be from 0 to inf"),
        ([answer("income", 1.0, case="case-9")], "application_id == 'case-9', must be a decided case"),
        ([answer("incom", 1.0)], r"question == 'incom', must be one of .*Did you mean 'income'"),
        ([answer("income", "1")], "answer to income == '1', must be a plain number"),
        ([answer("income", 1.0), answer("income", 2.0)], r"2\.0 contradicts 1\.0"),
    ],
)
def test_wrong_answers_are_named_and_nothing_is_written(take, tmp_path, rows, message):
    with pytest.raises(AnswersError, match=message):
        take(answer("lenders", 1, case="case-00001"), *rows)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("time", ["now", "called_at"])
def test_a_naive_time_is_refused(take, time):
    with pytest.raises(VerifyError, match=f"{time} == .* must carry its time zone"):
        take(answer("income", 1.0), **{time: CALLED_AT.replace(tzinfo=None)})


def test_calls_of_the_future_are_refused_in_any_zone(take, tmp_path):
    later = (CALLED_AT + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-9)))

    with pytest.raises(VerifyError, match=r"called_at == '2026-03-01T01:30:01-09:00' lies in the future: it is 2026"):
        take(answer("income", 1.0), called_at=later)
    assert not (tmp_path / "out").exists()


def test_calls_of_an_earlier_time_bear_that_time(take, tmp_path):
    earlier = (CALLED_AT - timedelta(days=2)).astimezone(timezone(timedelta(hours=8)))

    take(answer("income", 1.0), called_at=earlier)

    assert datetime.fromisoformat(json.loads((tmp_path / "out" / "verified.json").read_text())["called_at"]) == earlier


@pytest.mark.parametrize("caller", ["", "  ", "Li\n", "Li\u202e", "L" * 201])
def test_a_caller_without_a_printable_name_is_refused(take, tmp_path, caller):
    with pytest.raises(VerifyError, match=r"caller == .*, must be 1 to 200 printable characters"):
        take(answer("income", 1.0), caller=caller)
    assert not (tmp_path / "out").exists()


def test_another_bundle_is_refused(take, small_by_triggers):
    with pytest.raises(RouteError, match="holds decisions of bundle"):
        take(answer("income", 1.0), bundle_folder=small_by_triggers.folder)


def test_answers_that_are_no_text_are_refused(small, scored, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"application_id,question,status,answer\n\xff\xfe")

    with pytest.raises(VerifyError, match="is not UTF-8"):
        verify(tmp_path / "a.csv", scored, tmp_path / "o", bundle_folder=small.folder, caller="Li", now=CALLED_AT)


def test_a_case_that_a_rule_gave_to_a_person_stays_with_one(small, tmp_path):
    from scoring.after_call import final_outcome

    decision = small.scorer.decide(stated(small), case_id="case-00000")
    ruled = replace(decision, routed_by="hard_rule", outcome="phone_review")

    assert final_outcome(ruled) == "phone_review"
    assert final_outcome(replace(ruled, outcome="decline")) == "decline"
    assert final_outcome(replace(ruled, routed_by="control")) == decision.provisional
    write_decisions(tmp_path / "d.parquet", [ruled])
