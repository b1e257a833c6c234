"""What a person asks on the phone fits the field that the answer goes into."""

import pytest

from features.declaration import QUESTIONS


@pytest.mark.parametrize(
    "question", [one for one in QUESTIONS.values() if one.answer == "whole"], ids=lambda one: one.id
)
def test_a_question_whose_answer_is_counted_asks_how_many(question):
    assert "how many" in question.en.lower()
    assert "多少" in question.zh or "几" in question.zh
    assert question.unit
