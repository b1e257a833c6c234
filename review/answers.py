"""One answer of a call, typed strictly by the question it answers."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal, cast

from scoring.decision import Value
from scoring.spec import Question

Status = Literal["answered", "refused", "not_reached"]
TEXT_LIMIT: Final = 200
"""Longest text answer: a name or a place, never a document."""

EXPECTED: Final = {
    "money": "a plain number such as 8000 or 8000.50",
    "whole": "a whole number such as 3",
    "flag": "true or false",
    "text": f"text of at most {TEXT_LIMIT} printable characters",
}
"""Kind of answer to what it must look like, for people."""

_MONEY: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
_WHOLE: Final = re.compile(r"[0-9]{1,15}")
_FLAGS: Final = {"true": True, "false": False}
_LARGEST: Final = 10**15


class Cell(str):
    """Text of a CSV cell, which stands for a value of the type its question asks for; a JSON text never does."""

    __slots__ = ()


class RowError(Exception):
    """One row is wrong; the checker gathers them into an ``AnswersError``."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a number may be, ends included; None means no bound."""

    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One checked answer.

    Attributes:
        application_id: The case.
        question: The question; None when the whole case was not reached.
        status: Whether it was answered.
        value: The answer; None unless ``answered``.
    """

    application_id: str
    question: str | None
    status: Status
    value: Value


@dataclass(frozen=True, kw_only=True)
class Answers:
    """All answers of a file, checked.

    Attributes:
        rows: The answers in the order of the file, each once.
        repeated: How many rows said again what an earlier row said.
        blank: How many rows had neither status nor answer: calls not made yet.
    """

    rows: tuple[Answer, ...]
    repeated: int = 0
    blank: int = 0

    @property
    def case_ids(self) -> tuple[str, ...]:
        """Every case that the file speaks of, in the order of the file."""
        return tuple(dict.fromkeys(row.application_id for row in self.rows))

    def verified(self) -> dict[str, dict[str, Value]]:
        """Return case to question to verified value; a case that verified nothing has an empty inner mapping."""
        found: dict[str, dict[str, Value]] = {case: {} for case in self.case_ids}
        for row in self.rows:
            if row.status == "answered" and row.question is not None:
                found[row.application_id][row.question] = row.value
        return found

    def reached(self) -> dict[str, bool]:
        """Return case to whether the applicant was reached."""
        reached = dict.fromkeys(self.case_ids, False)
        for row in self.rows:
            reached[row.application_id] |= row.status != "not_reached"
        return reached


def wrong(name: str, value: object, expected: str, hint: str = "") -> RowError:
    """Return the error that names a value, escaped and cut, and what was expected."""
    shown = ascii(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return RowError(f"{name} == {shown}, must be {expected}{hint}")


def typed(question: Question, given: object) -> Value:
    """Return an answer as float (money), int (whole), bool (flag) or text.

    JSON values must already have that type (an int is good for money); CSV cells must be plain: no blanks, signs,
    underscores, exponents or digits other than 0 to 9.

    Raises:
        RowError: the answer has another type or form.
    """
    take = {"money": _money, "whole": _whole, "flag": _flag, "text": _text}[question.answer]
    value = take(given)
    if value is None:
        raise wrong(f"answer to {question.id}", given, EXPECTED[question.answer])
    return value


def _money(given: object) -> float | None:
    if isinstance(given, Cell):
        return float(given) if _MONEY.fullmatch(given) else None
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return float(given) if abs(given) < _LARGEST else None  # NaN and infinity fail this, too


def _whole(given: object) -> int | None:
    if isinstance(given, Cell):
        return int(given) if _WHOLE.fullmatch(given) else None
    if isinstance(given, bool) or not isinstance(given, int):
        return None
    return given if abs(given) < _LARGEST else None


def _flag(given: object) -> bool | None:
    if isinstance(given, Cell):
        return _FLAGS.get(given)
    return given if isinstance(given, bool) else None


def _text(given: object) -> str | None:
    """Take short text that holds nothing that hides, reorders or breaks (Unicode categories C)."""
    if not isinstance(given, str) or not 0 < len(given) <= TEXT_LIMIT:
        return None
    return None if any(unicodedata.category(character)[0] == "C" for character in given) else str(given)


def check_limits(question: Question, value: Value, limits: Limits) -> None:
    """Check that a number lies within its limits; other answers pass.

    Raises:
        RowError: it does not.
    """
    if question.answer not in ("money", "whole"):
        return
    number = cast("float", value)
    low = -math.inf if limits.lower is None else limits.lower
    high = math.inf if limits.upper is None else limits.upper
    if not low <= number <= high:
        expected = f"from {low:g} to {high:g}: ask again, or enter it in {question.unit or 'the right unit'}"
        raise wrong(f"answer to {question.id}", value, expected)
