"""Features of borrowing that feeds on itself, and of debt against what the applicant was able to pay so far."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, MAX, MIN, SUM
from features.application import INCOME, MONTHLY_ASKED
from features.delinquency import OVERDUE
from features.expression import column, of, ratio, when
from features.feature import Feature
from features.loan_views import INQUIRIES, INSTALMENTS_ELSEWHERE, LOANS_ELSEWHERE, NO_LOAN_ELSEWHERE
from features.open_loans import REPORTED_MONTHLY
from features.rowwise import derived, flag
from features.topic import Topic
from features.windowed import summed

SPIRAL: Final = Topic(stem="spiral", source="bureau", group="multi_lender", nothing=INSTALMENTS_ELSEWHERE.nothing)
BURDEN: Final = Topic(stem="burden", source="bureau", group="debt_burden")

BURST: Final = 3
"""Inquiries within a week from which they count as a burst."""

_ASKED_WEEK: Final = of(summed(INQUIRIES, COUNT, days=7))
_TAKEN_WEEK: Final = of(summed(LOANS_ELSEWHERE, COUNT, days=7))
_SMALL_MONTH: Final = of(summed(LOANS_ELSEWHERE, COUNT, days=30, where="small_loan"))
_LAST_TAKEN: Final = of(summed(LOANS_ELSEWHERE, MIN, column="days_ago"))
_BORROWED: Final = of(summed(LOANS_ELSEWHERE, SUM, days=90, column="amount")).fill_null(0)
_UNPAID: Final = of(summed(INSTALMENTS_ELSEWHERE, COUNT, where="overdue"))
_OLDEST_UNPAID: Final = of(summed(INSTALMENTS_ELSEWHERE, MAX, where="overdue", column="days_ago"))
_DUE: Final = of(summed(INSTALMENTS_ELSEWHERE, SUM, days=90, column="amount_due"))
SERVED: Final = of(summed(INSTALMENTS_ELSEWHERE, SUM, days=90, column="amount_paid")) / 3
"""What was paid on loans elsewhere a month, in the last three: an income at least as high must have been there."""
NONE_PAID: Final = "no payment of an instalment that fell due elsewhere in the last 90 days is known"
_LARGEST_OF_BANK: Final = of(summed(LOANS_ELSEWHERE, MAX, where="bank", column="amount"))


SPIRALS: Final[tuple[Feature, ...]] = (
    flag(
        SPIRAL,
        "loan_after_unpaid",
        when(_UNPAID.is_not_null()).then(_OLDEST_UNPAID.fill_null(0) > _LAST_TAKEN),
        "A loan elsewhere was opened while an older instalment is still unpaid",
        "有未还期数后又新增其他机构贷款",
        null=f"{NO_LOAN_ELSEWHERE}, or {INSTALMENTS_ELSEWHERE.nothing}",
        direction=1,
    ),
    flag(
        SPIRAL,
        "small_loan_while_overdue",
        when(_UNPAID.is_not_null()).then((_SMALL_MONTH > 0) & (_UNPAID > 0)),
        "A small-loan company lent in the last 30 days while instalments elsewhere are past due",
        "存在逾期且近30天新增小贷贷款",
        direction=1,
    ),
    flag(
        SPIRAL,
        "loan_in_burst",
        when(_TAKEN_WEEK.is_not_null() & _ASKED_WEEK.is_not_null()).then((_TAKEN_WEEK > 0) & (_ASKED_WEEK >= BURST)),
        f"A loan elsewhere was opened in a week of {BURST} or more inquiries, the last one",
        f"近7天查询不少于{BURST}次且有新增贷款",
        null="no loan of the applicant is known, or no inquiry",
        direction=1,
    ),
    derived(
        SPIRAL,
        "borrowed_to_due_90d",
        ratio(_BORROWED, _DUE),
        "Amount borrowed elsewhere in the last 90 days over the instalments that fell due",
        "近90天新增借款与到期应还金额之比",
        null="no instalment that fell due elsewhere in the last 90 days is known",
    ),
    derived(
        SPIRAL,
        "paid_share_of_due_90d",
        ratio(SERVED * 3, _DUE),
        "Amount paid over the amount due of instalments elsewhere of the last 90 days",
        "近90天实还与应还金额之比",
        null=NONE_PAID,
        group="delinquency",
        direction=-1,
    ),
)

BURDENS: Final = (
    derived(
        BURDEN,
        "monthly_asked_to_served",
        ratio(MONTHLY_ASKED, SERVED),
        "Monthly principal asked for over what was paid a month on loans elsewhere, in the last 90 days",
        "每月应还本金与近90天月均实还之比",
        null=NONE_PAID,
        changeable=True,
    ),
    derived(
        BURDEN,
        "monthly_to_served",
        ratio(REPORTED_MONTHLY, SERVED),
        "Instalments of open loans elsewhere over what was paid a month, in the last 90 days",
        "其他机构月供与近90天月均实还之比",
        null=NONE_PAID,
    ),
    derived(
        BURDEN,
        "served_to_income",
        ratio(SERVED, INCOME),
        "What was paid a month on loans elsewhere in the last 90 days over the stated income",
        "近90天月均实还与填报月收入之比",
        null=f"income not stated or zero, or {NONE_PAID}",
        question="declared_income",
    ),
    derived(
        BURDEN,
        "overdue_to_income",
        ratio(when(_UNPAID == 0).then(0).otherwise(of(OVERDUE)), INCOME),
        "Amount past due elsewhere over the stated monthly income",
        "其他机构当前逾期金额与填报月收入之比",
        null=f"income not stated or zero, or {INSTALMENTS_ELSEWHERE.nothing}",
        group="delinquency",
        direction=1,
        question="declared_income",
    ),
    derived(
        BURDEN,
        "amount_asked_to_largest_of_bank",
        ratio(column("amount"), _LARGEST_OF_BANK),
        "Amount asked for over the largest loan that a bank ever granted",
        "申请金额与历史最大单笔银行贷款之比",
        null="no loan of a bank is known",
        changeable=True,
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*SPIRALS, *BURDENS)
"""Features of spirals and burden, in the order of the catalogue."""
