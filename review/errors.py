"""What can go wrong at the phone-review desk.

ReviewError
├── SheetError      a call sheet that cannot be made
├── CallListError   a call list that cannot be made
└── AnswersError    answers that cannot be taken: every row that is wrong, with its value
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SHOWN: Final = 20


class ReviewError(Exception):
    """Something is wrong with a call sheet or with answers."""


class SheetError(ReviewError):
    """A call sheet that cannot be made."""


class CallListError(ReviewError):
    """A call list that cannot be made."""


class AnswersError(ReviewError):
    """Answers that cannot be taken.

    Attributes:
        problems: One line per wrong row: where it stands, the value, and what was expected.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - SHOWN
        tail = f"; and {more} more" if more > 0 else ""
        super().__init__(
            f"{len(self.problems)} answer(s) cannot be taken, and none was: {'; '.join(self.problems[:SHOWN])}{tail}"
        )
