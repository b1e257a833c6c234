"""What is true of a person at a moment, and what this lender can see of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.draws import Floats, Ints, count_by
from synthetic.inquiries import Inquiries
from synthetic.loans import Loans
from synthetic.repayment import Schedule


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything that happened at other lenders to the persons of a block.

    Attributes:
        inquiries: Inquiries.
        loans: Loans.
        schedule: Their instalments.
    """

    inquiries: Inquiries
    loans: Loans
    schedule: Schedule


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The state of each person at one time of their own; NaN times give a state of nothing.

    Attributes:
        lenders: Other lenders with an open loan.
        debt: Instalments of open loans, in yuan a month.
        inquiries_60d: Inquiries in the last 60 days, seen or not.
        late_180d: Instalments that were 3 or more days late in the last 180 days.
        seen_inquiries_90d: Inquiries of the last 90 days that this lender knows of.
        seen_late_180d: Instalments 3 or more days late in the last 180 days that this lender knows of.
        seen_loans: Loans that this lender knows of.
    """

    lenders: Ints
    debt: Floats
    inquiries_60d: Floats
    late_180d: Floats
    seen_inquiries_90d: Floats
    seen_late_180d: Floats
    seen_loans: Floats


def facts_at(history: History, at: Floats) -> Facts:
    """Return the state of each person just before a time.

    Args:
        history: What happened to the persons.
        at: One time per person; NaN where the person is not looked at.
    """
    lenders, debt = _open_loans(history, at)
    asked = history.inquiries
    now = at[asked.person]
    recent = (asked.at < now) & (asked.at >= now - 60.0)
    seen = asked.reported & (asked.known < now) & (asked.at >= now - 90.0)
    late, seen_late = _late(history, at)
    loans = history.loans
    return Facts(
        lenders=lenders,
        debt=debt,
        inquiries_60d=count_by(asked.person[recent], len(at)),
        late_180d=late,
        seen_inquiries_90d=count_by(asked.person[seen], len(at)),
        seen_late_180d=seen_late,
        seen_loans=count_by(loans.person[loans.reported & (loans.known < at[loans.person])], len(at)),
    )


def _open_loans(history: History, at: Floats) -> tuple[Ints, Floats]:
    loans = history.loans
    now = at[loans.person]
    is_open = (loans.opened < now) & (history.schedule.ended > now)
    person = loans.person[is_open]
    debt = count_by(person, len(at), loans.instalment[is_open])
    lender = np.unique((person * 10 + loans.kind[is_open]) * 1_000_000 + loans.lender[is_open])
    return count_by(lender // 10_000_000, len(at)).astype(np.int64), np.round(debt, 2)


def _late(history: History, at: Floats) -> tuple[Floats, Floats]:
    schedule, loans = history.schedule, history.loans
    person = loans.person[schedule.loan]
    now = at[person]
    # An unpaid instalment counts as late from the third day, whether or not it is paid later.
    turned = schedule.due + 3.0
    late = ~(schedule.paid <= turned) & (turned < now) & (schedule.due >= now - 180.0)
    seen = late & loans.reported[schedule.loan] & (turned + loans.lag[schedule.loan] < now)
    seen &= loans.known[schedule.loan] < now
    return count_by(person[late], len(at)), count_by(person[seen], len(at))
