"""The windowed aggregates that engines are compared by, declared once: 74 numbers from three tables."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, MIN, SHARE, SUM
from features.behaviour import BEHAVIOUR
from features.loan_views import INQUIRIES, LOANS_ELSEWHERE
from features.windowed import Windowed, summed

DAYS: Final = (7, 30, 90, 180, 365)

_IN_EACH_WINDOW: Final = (
    (INQUIRIES, COUNT, (), ""),
    (INQUIRIES, DISTINCT, (), "lenders"),
    (INQUIRIES, DISTINCT, ("small_loan",), "lenders"),
    (INQUIRIES, SHARE, (), "night"),
    (LOANS_ELSEWHERE, COUNT, (), ""),
    (LOANS_ELSEWHERE, DISTINCT, (), "lenders"),
    (LOANS_ELSEWHERE, SUM, (), "amount"),
    (LOANS_ELSEWHERE, MAX, (), "amount"),
    (BEHAVIOUR, COUNT, (), ""),
    (BEHAVIOUR, DISTINCT, (), "sessions"),
    (BEHAVIOUR, SUM, (), "seconds"),
    (BEHAVIOUR, COUNT, ("edit_income",), ""),
    (BEHAVIOUR, SHARE, (), "night"),
    (BEHAVIOUR, MEAN, ("view_terms",), "seconds"),
)
_OVER_ALL_TIME: Final = (
    (INQUIRIES, MIN, (), "days_ago"),
    (INQUIRIES, MAX, (), "days_ago"),
    (LOANS_ELSEWHERE, COUNT, ("open",), ""),
    (LOANS_ELSEWHERE, SUM, ("open",), "amount"),
)

AGGREGATES: Final[tuple[Windowed, ...]] = (
    *(
        summed(history, aggregate, days=days, where=where, column=column)
        for history, aggregate, where, column in _IN_EACH_WINDOW
        for days in DAYS
    ),
    *(summed(history, aggregate, where=where, column=column) for history, aggregate, where, column in _OVER_ALL_TIME),
)
"""What is compared, in the order of the columns."""
