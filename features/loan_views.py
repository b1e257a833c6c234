"""Loans and instalments as they looked on the day of the application, for other lenders' and for own ones."""

from __future__ import annotations

from typing import Final

import polars as pl

from features.history import DAYS_AGO, NIGHT, History, View, days_between
from features.tables import BUREAU_INQUIRIES, INSTALMENTS, LENDER_TYPES, LOANS

OWN: Final = "own"
LATE_FROM: Final = 1
"""Days past due from which an instalment counts as late."""
DAYS_PER_MONTH: Final = 365.25 / 12

_TERM_LEFT: Final = (1 - DAYS_AGO / (pl.col("term_months") * DAYS_PER_MONTH)).clip(0, 1)

LOAN_VIEW: Final = View(
    table=LOANS,
    columns={
        **{kind: pl.col("lender_type") == kind for kind in LENDER_TYPES},
        # Statuses learned too late are masked, so a loan is open here when its end was not known by then.
        "open": pl.col("status").is_null(),
        "repaid": pl.col("status").is_in(["repaid", "repaid_early"]),
        "repaid_early": pl.col("status") == "repaid_early",
        "charged_off": pl.col("status") == "charged_off",
        "short": pl.col("term_months") <= 3,
        "monthly": pl.col("amount_repayable") / pl.col("term_months"),
        "outstanding": pl.col("amount_repayable") * _TERM_LEFT,
        "cost": pl.col("amount_repayable") / pl.col("amount") - 1,
        "lenders": pl.col("lender_id"),
        "days_ago": DAYS_AGO,
    },
)

DAYS_PAST_DUE: Final = (
    pl.when(pl.col("paid_at").is_not_null())
    .then(days_between("happened_at", "paid_at"))
    .otherwise(days_between("happened_at", "applied_at"))
    .clip(lower_bound=0)
)
"""Days past due as known: up to the payment when it was known by then, else up to the application. The due day is 0."""
_PAID: Final = pl.col("paid_at").is_not_null()

INSTALMENT_VIEW: Final = View(
    table=INSTALMENTS,
    parent=LOANS,
    columns={
        "days_past_due": DAYS_PAST_DUE,
        "late": DAYS_PAST_DUE >= LATE_FROM,
        "late_30dpd": DAYS_PAST_DUE >= 30,
        "overdue": ~_PAID & (DAYS_PAST_DUE >= LATE_FROM),
        "cured": _PAID & (DAYS_PAST_DUE >= 7),
        "partial": pl.col("amount_paid") < pl.col("amount_due"),
        "early": pl.col("paid_at") < pl.col("happened_at"),
        "first": pl.col("number") == 1,
        "days_ago": DAYS_AGO,
    },
)

INQUIRY_VIEW: Final = View(
    table=BUREAU_INQUIRIES,
    columns={
        **{kind: pl.col("lender_type") == kind for kind in LENDER_TYPES},
        "night": NIGHT,
        "lenders": pl.col("lender_id"),
        "days_ago": DAYS_AGO,
    },
)

INQUIRIES: Final = History(
    stem="inquiries",
    view=INQUIRY_VIEW,
    rows=(pl.col("lender_type") != OWN) & (pl.col("purpose") != "post_loan"),
)
"""Inquiries with which the applicant sought credit elsewhere; reviews of running loans are left out."""
LOANS_ELSEWHERE: Final = History(stem="loans", view=LOAN_VIEW, rows=pl.col("lender_type") != OWN)
INSTALMENTS_ELSEWHERE: Final = History(stem="instalments", view=INSTALMENT_VIEW, rows=pl.col("loan_lender_type") != OWN)
OWN_LOANS: Final = History(stem="own_loans", view=LOAN_VIEW, rows=pl.col("lender_type") == OWN)
OWN_INSTALMENTS: Final = History(stem="own_instalments", view=INSTALMENT_VIEW, rows=pl.col("loan_lender_type") == OWN)
