"""Answers that come back from calls, checked before any is used.

A file is taken whole or not at all: every wrong row is named with its value, and nothing is applied. Rows hold

* ``application_id``: a case that was decided;
* ``question``: a question of the model; may be empty in a ``not_reached`` row, which then speaks for the whole case;
* ``status``: ``answered``, ``refused`` (also when the applicant cannot say) or ``not_reached``;
* ``answer``: the value when answered, empty (null) otherwise.

A row whose status and answer are both empty is a call not made yet: counted, and passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, cast, get_args

from review.answers import Answer, Answers, Limits, RowError, Status, check_limits, typed, wrong
from review.errors import AnswersError
from scoring.decision import Value
from scoring.spec import Question

COLUMNS: Final = ("application_id", "question", "status", "answer")
_SEARCHED: Final = 2000
"""Most case ids among which a near one is looked for: the search is slow, and a file may be wrong in every row."""

__all__ = ["COLUMNS", "Answer", "Answers", "Checker", "Limits"]


@dataclass(frozen=True, kw_only=True)
class Checker:
    """What answers are checked against.

    Attributes:
        case_ids: Cases that were decided.
        questions: Questions of the model.
        limits: Question id to what a number may be; a question that is missing has no limits but zero below.
        vocabulary: Question id to the only legal texts; a question that is missing takes any text.
    """

    case_ids: AbstractSet[str]
    questions: Sequence[Question]
    limits: Mapping[str, Limits] = field(default_factory=dict)
    vocabulary: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def check(self, rows: Iterable[tuple[str, Mapping[str, object]]]) -> Answers:
        """Check rows that come with the place where they stand.

        Raises:
            AnswersError: a row is wrong; all wrong rows are named.
        """
        problems: list[str] = []
        taken: list[tuple[str, Answer]] = []
        blank = 0
        for where, row in rows:
            if row.get("status", "") is None and row.get("answer", "") is None:
                blank += 1
                continue
            try:
                taken.append((where, self._answer(row)))
            except RowError as wrong:
                problems.append(f"{where}: {wrong}")
        kept, repeated, conflicts = _without_repeats(taken)
        problems += conflicts
        if problems:
            raise AnswersError(problems)
        return Answers(rows=kept, repeated=repeated, blank=blank)

    def _answer(self, row: Mapping[str, object]) -> Answer:
        _check_columns(row)
        case, status = row["application_id"], row["status"]
        if not isinstance(case, str):
            raise wrong("application_id", case, "a text: identifiers are strings")
        if case not in self.case_ids:
            raise wrong("application_id", case, "a decided case", _near(case, self.case_ids))
        if status not in get_args(Status):
            raise wrong("status", status, f"one of {', '.join(get_args(Status))}")
        question = self._question(row["question"], optional=status == "not_reached")
        return Answer(
            application_id=case,
            question=question.id if question else None,
            status=cast("Status", status),
            value=self._value(question, row["answer"], answered=status == "answered"),
        )

    def _question(self, name: object, *, optional: bool) -> Question | None:
        if name is None and optional:
            return None
        known = {question.id: question for question in self.questions}
        if not isinstance(name, str) or name not in known:
            expected = f"one of {', '.join(known)}" if known else "absent: the model has no question"
            raise wrong("question", name, expected, _near(name, tuple(known)))
        return known[name]

    def _value(self, question: Question | None, given: object, *, answered: bool) -> Value:
        if not answered or question is None:
            if given is not None:
                raise wrong("answer", given, "empty unless the status is answered")
            return None
        value = typed(question, given)
        check_limits(question, value, self.limits.get(question.id, Limits(lower=0)))
        allowed = self.vocabulary.get(question.id, ())
        if allowed and value not in allowed:
            raise wrong(f"answer to {question.id}", value, f"one of {', '.join(allowed)}")
        return value


def _near(name: object, known: Sequence[str] | AbstractSet[str]) -> str:
    near = get_close_matches(str(name)[:100], sorted(known), n=1) if len(known) <= _SEARCHED else []
    return f". Did you mean {near[0]!r}?" if near else ""


def _check_columns(row: Mapping[str, object]) -> None:
    for name in row:
        if name not in COLUMNS:
            raise RowError(f"column {ascii(name)[:80]} is not known, must be one of {', '.join(COLUMNS)}")
    for name in COLUMNS:
        if name not in row:
            raise RowError(f"column {name!r} is missing")


def _without_repeats(taken: list[tuple[str, Answer]]) -> tuple[tuple[Answer, ...], int, list[str]]:
    """Keep what is said twice once; two rows that contradict each other are both named."""
    first: dict[tuple[str, str | None], tuple[str, Answer]] = {}
    problems: list[str] = []
    repeated = 0
    for where, answer in taken:
        key = (answer.application_id, answer.question)
        earlier_where, earlier = first.setdefault(key, (where, answer))
        repeated += earlier == answer and earlier_where != where
        if earlier != answer:
            problems.append(
                f"{where}: case {answer.application_id!r}, question {answer.question!r}: {_said(answer)} contradicts "
                f"{_said(earlier)} of {earlier_where}, must be said once"
            )
    return tuple(answer for _, answer in first.values()), repeated, problems + _half_reached(first.values())


def _said(answer: Answer) -> str:
    return repr(answer.value) if answer.status == "answered" else answer.status


def _half_reached(taken: Iterable[tuple[str, Answer]]) -> list[str]:
    statuses: dict[str, set[bool]] = {}
    for _, answer in taken:
        statuses.setdefault(answer.application_id, set()).add(answer.status == "not_reached")
    return [
        f"case {case!r} has both not_reached and other answers, must be one or the other"
        for case, found in statuses.items()
        if len(found) == 2
    ]
