"""Answers are taken whole or not at all, and each wrong row is named with its value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.answer_files import blank_csv, parse_csv, parse_json
from review.cells import RISKY, escape_cell, unescape_cell
from review.errors import AnswersError
from review.sheet import call_sheet
from review.verify import Answer, Checker, Limits

HEADER = "application_id,question,status,answer\n"


@pytest.fixture
def checker(spec):
    return Checker(
        case_ids={"A-1", "A-2", "=3"},
        questions=spec.questions,
        limits={
            "declared_income": Limits(lower=0, upper=10_000_000),
            "declared_other_lenders": Limits(lower=0, upper=100),
        },
        vocabulary={"declared_city": ("Wuhan", "Xi'an")},
    )


def row(question="declared_income", answer=8000, case="A-1", status="answered"):
    return {"application_id": case, "question": question, "status": status, "answer": answer}


def take(checker, *rows):
    return parse_json(json.dumps(rows), checker)


def test_json_and_csv_of_the_same_answers_are_taken_alike(checker):
    rows = [
        row(answer=8000.5),
        row("declared_other_lenders", 3),
        row("declared_married", answer=True, case="A-2"),
        row("declared_city", "Xi'an", case="A-2"),
        row("declared_income", None, case="A-2", status="refused"),
        row(None, None, case="=3", status="not_reached"),
    ]
    text = (
        HEADER + "A-1,declared_income,answered,8000.5\nA-1,declared_other_lenders,answered,3\n"
        "A-2,declared_married,answered,true\nA-2,declared_city,answered,Xi'an\nA-2,declared_income,refused,\n"
        "'=3,,not_reached,\n"
    )

    found = take(checker, *rows)

    assert found == parse_csv(text, checker)
    assert found.verified() == {
        "A-1": {"declared_income": 8000.5, "declared_other_lenders": 3},
        "A-2": {"declared_married": True, "declared_city": "Xi'an"},
        "=3": {},
    }
    assert found.reached() == {"A-1": True, "A-2": True, "=3": False}


def test_answers_have_the_type_of_their_question(checker):
    values = take(checker, row(answer=8000), row("declared_other_lenders", 3)).verified()["A-1"]

    assert [type(value) for value in values.values()] == [float, int]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (row(case="A-3"), r"answer 1: application_id == 'A-3', must be a decided case\. Did you mean 'A-2'\?"),
        (row(case=7), "application_id == 7, must be a text: identifiers are strings"),
        (row("declared_incom"), r"question == 'declared_incom', must be one of .*Did you mean 'declared_income'\?"),
        (row(None), "question == None, must be one of"),
        (row(status="maybe"), "status == 'maybe', must be one of answered, refused, not_reached"),
        (row(status="refused"), "answer == 8000, must be empty unless the status is answered"),
        (row(answer="8000"), "answer to declared_income == '8000', must be a plain number"),
        (row(answer=True), "answer to declared_income == True, must be a plain number"),
        (row(answer=10**400), "answer to declared_income == 1000000000.*, must be a plain number"),
        (row("declared_other_lenders", 3.0), r"declared_other_lenders == 3\.0, must be a whole number"),
        (row("declared_other_lenders", 101), "declared_other_lenders == 101, must be from 0 to 100"),
        (row(answer=-1), "declared_income == -1.0, must be from 0 to 1e"),
        (row("declared_married", 1), "declared_married == 1, must be true or false"),
        (row("declared_city", "Paris"), "declared_city == 'Paris', must be one of Wuhan, Xi'an"),
        (row("declared_city", "a\u202eb"), r"declared_city == 'a\\u202eb', must be text"),
        (row("declared_city", "a\x00"), r"declared_city == 'a\\x00', must be text"),
        (row("declared_city", "\ud800"), r"declared_city == '\\ud800', must be text"),
        (row("declared_city", "x" * 1_000_000), r"declared_city == 'x{70,80}\.\.\., must be text"),
        ({**row(), "who": "me"}, "column 'who' is not known"),
        ({"application_id": "A-1"}, "column 'question' is missing"),
    ],
)
def test_a_wrong_answer_is_named_with_its_value_and_nothing_is_taken(checker, wrong, message):
    with pytest.raises(AnswersError, match=message):
        take(checker, wrong, row("declared_other_lenders", 3))


@pytest.mark.parametrize("cell", ["1_000", " 5 ", "１２", "1e3", "-5", "+5", "NaN", "inf", "0x10", "'=5", "5,0"])
def test_a_csv_cell_that_is_no_plain_number_is_refused(checker, cell):
    with pytest.raises(AnswersError, match=r"line 2: answer to declared_income == .*must be a plain number"):
        parse_csv(f'{HEADER}A-1,declared_income,answered,"{cell}"\n', checker)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "header == "),
        ("application_id,question,answer\n", "header == .*must hold application_id, question, status, answer"),
        (HEADER + "A-1,declared_income,answered\n", "line 2: 3 cells, must be 4"),
        (HEADER + 'A-1,declared_income,answered,"8\n', "not CSV"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(checker, text, message):
    with pytest.raises(AnswersError, match=message):
        parse_csv(text, checker)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "not JSON"),
        ('{"a": 1}', r"must be a list of objects"),
        ("[1]", r"must be a list of objects"),
        ('[{"status": "answered", "status": "refused"}]', "name 'status' stands twice"),
        (json.dumps([row()]).replace("8000", "NaN"), "NaN is not a number in JSON"),
        (json.dumps([row()]).replace("8000", "1e999"), "declared_income == inf, must be a plain number"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_json_of_another_shape_is_refused(checker, text, message):
    with pytest.raises(AnswersError, match=message):
        parse_json(text, checker)


def test_every_wrong_row_is_named(checker):
    with pytest.raises(AnswersError) as caught:
        take(checker, row(answer="x"), row("declared_other_lenders", 3), row(case="Z"))

    assert len(caught.value.problems) == 2
    assert caught.value.problems[1].startswith("answer 3: application_id == 'Z'")


def test_the_same_answer_twice_is_kept_once_and_counted(checker):
    found = take(checker, row(), row())

    assert found.rows == (Answer(application_id="A-1", question="declared_income", status="answered", value=8000.0),)
    assert found.repeated == 1


def test_contradicting_answers_are_refused_with_both_places(checker):
    with pytest.raises(AnswersError, match=r"answer 2: case 'A-1'.*9000\.0 contradicts 8000\.0 of answer 1"):
        take(checker, row(), row(answer=9000))


def test_a_case_cannot_be_both_reached_and_not(checker):
    with pytest.raises(AnswersError, match="case 'A-1' has both not_reached and other answers"):
        take(checker, row(), row(None, None, status="not_reached"))


def test_rows_left_blank_are_calls_not_made_yet(checker, decision, spec):
    sheet = call_sheet(decision, spec)

    assert parse_json(json.dumps(sheet.to_dict()), checker).blank == 2
    assert parse_csv(blank_csv([sheet]), checker).blank == 2
    assert parse_csv(blank_csv([sheet]), checker).rows == ()


def test_a_filled_in_sheet_is_read_back(checker, decision, spec):
    sheet = call_sheet(decision, spec).to_dict()
    sheet["answers"][0] |= {"status": "answered", "answer": 7500}

    assert parse_json(json.dumps(sheet), checker).verified() == {"A-1": {"declared_income": 7500.0}}


@given(st.text())
def test_an_escaped_cell_comes_back_as_it_was(text):
    assert unescape_cell(escape_cell(text)) == text


@given(st.sampled_from(RISKY), st.text())
def test_an_escaped_cell_never_starts_like_a_formula(start, text):
    assert escape_cell(start + text).startswith("'")
