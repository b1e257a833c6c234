"""Features of what the applicant states against what others report."""

from __future__ import annotations

from typing import Final

from features.aggregates import DISTINCT
from features.application import DAYS_SINCE_16, INCOME, JOB_DAYS
from features.expression import column, of, ratio, when
from features.feature import Feature
from features.loan_views import INQUIRIES
from features.open_loans import OPEN_LENDERS, REPORTED_MONTHLY
from features.rowwise import derived, flag
from features.topic import Topic
from features.windowed import summed

DISAGREEMENT: Final = Topic(stem="disagreement", source="declared", group="disagreement", changeable=True)
DEBT: Final = column("declared_monthly_debt")
LENDERS: Final = column("declared_other_lenders")
NO_LOAN: Final = "no loan of the applicant is known"

_INQUIRING: Final = summed(INQUIRIES, DISTINCT, days=90, column="lenders")

FEATURES: Final[tuple[Feature, ...]] = (
    derived(
        DISAGREEMENT,
        "other_lenders",
        of(OPEN_LENDERS) - LENDERS,
        "Lenders with an open loan as reported, less those stated",
        "征信显示的未结清机构数减填报数",
        null=f"other lenders not stated, or {NO_LOAN}",
        question="declared_other_lenders",
        unit="lenders",
        lower=None,
    ),
    flag(
        DISAGREEMENT,
        "other_lenders_denied",
        # Without the condition, one of the two would say false for an applicant of whom the other is not known.
        when(LENDERS.is_not_null() & of(OPEN_LENDERS).is_not_null()).then((of(OPEN_LENDERS) > 0) & (LENDERS == 0)),
        "States no other lender while an open loan is reported",
        "填报无其他借款但征信显示有未结清贷款",
        null=f"other lenders not stated, or {NO_LOAN}",
        question="declared_other_lenders",
    ),
    derived(
        DISAGREEMENT,
        "inquiring_lenders",
        of(_INQUIRING) - LENDERS,
        "Lenders that inquired in the last 90 days, less the other lenders stated",
        "近90天查询机构数减填报机构数",
        null=f"other lenders not stated, or {INQUIRIES.nothing}",
        question="declared_other_lenders",
        unit="lenders",
        lower=None,
    ),
    derived(
        DISAGREEMENT,
        "monthly_debt",
        REPORTED_MONTHLY - DEBT,
        "Monthly instalments as reported, less those stated",
        "征信推算月供减填报月还款额",
        null=f"monthly debt not stated, or {NO_LOAN}",
        question="declared_monthly_debt",
        unit="yuan a month",
        lower=None,
    ),
    derived(
        DISAGREEMENT,
        "monthly_debt_share_stated",
        ratio(DEBT, REPORTED_MONTHLY),
        "Monthly instalments stated over those reported",
        "填报月还款额与征信推算月供之比",
        null="monthly debt not stated, or no open loan elsewhere is known",
        question="declared_monthly_debt",
    ),
    flag(
        DISAGREEMENT,
        "income_below_instalments",
        REPORTED_MONTHLY > INCOME,
        "Reported instalments exceed the stated income",
        "征信推算月供超过填报月收入",
        null=f"income not stated, or {NO_LOAN}",
        question="declared_income",
        direction=1,
    ),
    flag(
        DISAGREEMENT,
        "tenure_since_childhood",
        JOB_DAYS > DAYS_SINCE_16,
        "States to have worked for the employer since before the sixteenth birthday",
        "填报工龄早于十六周岁",
        null="tenure not stated, or date of birth not given",
        question="declared_job_months",
    ),
)
"""Features of disagreement, in the order of the catalogue."""
