"""Loans and instalments as they looked on the day of the application, for other lenders' and for own ones."""

from __future__ import annotations

from typing import Final

from features.expression import column, days_between, when
from features.history import DAYS_AGO, NIGHT, History, View
from features.tables import BUREAU_INQUIRIES, INSTALMENTS, LENDER_TYPES, LOANS

OWN: Final = "own"
LATE_FROM: Final = 1
"""Days past due from which an instalment counts as late."""
DAYS_PER_MONTH: Final = 365.25 / 12
QUARTER: Final = 90
YEAR: Final = 365

_TERM_LEFT: Final = (1 - DAYS_AGO / (column("term_months") * DAYS_PER_MONTH)).clip(0, 1)
_SINCE_CLOSED: Final = days_between("closed_at", "applied_at")

LOAN_VIEW: Final = View(
    table=LOANS,
    columns={
        **{kind: column("lender_type") == kind for kind in LENDER_TYPES},
        # Statuses learned too late are masked, so a loan is open here when its end was not known by then.
        "open": column("status").is_null(),
        "repaid": column("status").is_in("repaid", "repaid_early"),
        "repaid_early": column("status") == "repaid_early",
        "charged_off": column("status") == "charged_off",
        "short": column("term_months") <= 3,
        "monthly": column("amount_repayable") / column("term_months"),
        "outstanding": column("amount_repayable") * _TERM_LEFT,
        "cost": column("amount_repayable") / column("amount") - 1,
        "lenders": column("lender_id"),
        "days_ago": DAYS_AGO,
        "closed_days_ago": _SINCE_CLOSED,
        "open_days_of_year": (DAYS_AGO.clip(0, YEAR) - _SINCE_CLOSED.fill_null(0).clip(0, YEAR)).clip(lower=0),
    },
)

_PAID: Final = column("paid_at").is_not_null()
DAYS_PAST_DUE: Final = (
    when(_PAID)
    .then(days_between("happened_at", "paid_at"))
    .otherwise(days_between("happened_at", "applied_at"))
    .clip(lower=0)
)
"""Days past due as known: up to the payment when it was known by then, else up to the application. The due day is 0."""

INSTALMENT_VIEW: Final = View(
    table=INSTALMENTS,
    parent=LOANS,
    columns={
        "days_past_due": DAYS_PAST_DUE,
        "late": DAYS_PAST_DUE >= LATE_FROM,
        "late_30dpd": DAYS_PAST_DUE >= 30,
        "overdue": ~_PAID & (DAYS_PAST_DUE >= LATE_FROM),
        "cured": _PAID & (DAYS_PAST_DUE >= 7),
        "partial": column("amount_paid") < column("amount_due"),
        "early": column("paid_at") < column("happened_at"),
        "first": column("number") == 1,
        "older": DAYS_AGO >= QUARTER,
        "paid": _PAID,
        "lenders": column("loan_lender_id"),
        "small_loan": column("loan_lender_type") == "small_loan",
        "days_ago": DAYS_AGO,
    },
)

INQUIRY_VIEW: Final = View(
    table=BUREAU_INQUIRIES,
    columns={
        **{kind: column("lender_type") == kind for kind in LENDER_TYPES},
        "night": NIGHT,
        "lenders": column("lender_id"),
        "days_ago": DAYS_AGO,
    },
)

INQUIRIES: Final = History(
    stem="inquiries",
    source="bureau",
    group="multi_lender",
    nothing="no inquiry about the applicant is known",
    view=INQUIRY_VIEW,
    rows=(column("lender_type") != OWN) & (column("purpose") != "post_loan"),
)
"""Inquiries with which the applicant sought credit elsewhere; reviews of running loans are left out."""
NO_LOAN_ELSEWHERE: Final = "no loan elsewhere is known"
"""What null means where only a loan elsewhere can tell: an own one lets counts be 0, and leaves the rest null."""
LOANS_ELSEWHERE: Final = History(
    stem="loans",
    source="bureau",
    group="multi_lender",
    nothing="no loan of the applicant is known",
    view=LOAN_VIEW,
    rows=column("lender_type") != OWN,
)
INSTALMENTS_ELSEWHERE: Final = History(
    stem="instalments",
    source="bureau",
    group="delinquency",
    nothing="no instalment of the applicant is known",
    view=INSTALMENT_VIEW,
    rows=column("loan_lender_type") != OWN,
)
OWN_LOANS: Final = History(
    stem="own_loans",
    source="own_loans",
    group="own_repayment",
    nothing="no loan of the applicant is known, with us or elsewhere",
    view=LOAN_VIEW,
    rows=column("lender_type") == OWN,
)
OWN_INSTALMENTS: Final = History(
    stem="own_instalments",
    source="own_loans",
    group="own_repayment",
    nothing="no instalment of the applicant is known, with us or elsewhere",
    view=INSTALMENT_VIEW,
    rows=column("loan_lender_type") == OWN,
)
