"""Features of how instalments elsewhere were paid."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, MIN, SHARE, SUM
from features.expression import of
from features.feature import Feature
from features.loan_views import INSTALMENTS_ELSEWHERE
from features.rowwise import derived
from features.windowed import summed, windows

PAID: Final[tuple[Feature, ...]] = (
    *windows(
        INSTALMENTS_ELSEWHERE,
        COUNT,
        "Instalments that fell due elsewhere in the last {days} days",
        "近{days}天其他机构到期期数",
        180,
        group="credit_history",
    ),
    *windows(
        INSTALMENTS_ELSEWHERE,
        MAX,
        "Most days past due of instalments elsewhere that fell due in the last {days} days",
        "近{days}天其他机构最大逾期天数",
        *(30, 90, 180, 365),
        column="days_past_due",
        direction=1,
        unit="days",
    ),
    *windows(
        INSTALMENTS_ELSEWHERE,
        MEAN,
        "Mean days past due of instalments elsewhere that fell due in the last {days} days",
        "近{days}天其他机构平均逾期天数",
        *(90, 365),
        column="days_past_due",
        direction=1,
        unit="days",
    ),
    *windows(
        INSTALMENTS_ELSEWHERE,
        SHARE,
        "Share of instalments elsewhere paid late or not at all among those of the last {days} days",
        "近{days}天其他机构逾期期数占比",
        *(90, 365),
        column="late",
        direction=1,
    ),
    *windows(
        INSTALMENTS_ELSEWHERE,
        COUNT,
        "Instalments elsewhere 30 or more days past due among those of the last {days} days",
        "近{days}天其他机构逾期30天以上期数",
        365,
        where="late_30dpd",
        direction=1,
    ),
    summed(
        INSTALMENTS_ELSEWHERE,
        COUNT,
        "Instalments elsewhere past due and not known to be paid",
        "其他机构当前逾期期数",
        where="overdue",
        direction=1,
    ),
    summed(
        INSTALMENTS_ELSEWHERE,
        SUM,
        "Amount past due elsewhere and not known to be paid",
        "其他机构当前逾期金额",
        where="overdue",
        column="amount_due",
        unit="yuan",
    ),
    *windows(
        INSTALMENTS_ELSEWHERE,
        COUNT,
        "Instalments elsewhere paid a week or more late among those of the last {days} days",
        "近{days}天其他机构逾期七天以上后还清期数",
        365,
        where="cured",
    ),
    *windows(
        INSTALMENTS_ELSEWHERE,
        COUNT,
        "Instalments elsewhere paid in part among those of the last {days} days",
        "近{days}天其他机构部分还款期数",
        180,
        where="partial",
    ),
    *windows(
        INSTALMENTS_ELSEWHERE,
        SHARE,
        "Share of paid instalments elsewhere paid before the due time in the last {days} days",
        "近{days}天其他机构提前还款期数占比",
        365,
        column="early",
    ),
    summed(
        INSTALMENTS_ELSEWHERE,
        MIN,
        "Days since the last instalment elsewhere fell due that was paid late or not at all",
        "距最近一次其他机构逾期的到期日天数",
        where="late",
        column="days_ago",
        unit="days",
    ),
)

OVERDUE: Final = summed(INSTALMENTS_ELSEWHERE, SUM, where="overdue", column="amount_due")
_WORST, _WORST_OLDER = (
    of(summed(INSTALMENTS_ELSEWHERE, MAX, days=days, where=where, column="days_past_due"))
    for days, where in ((90, ()), (365, "older"))
)
_LATE_QUARTER, _LATE_YEAR = (of(summed(INSTALMENTS_ELSEWHERE, SHARE, days=days, column="late")) for days in (90, 365))

ROLL: Final[tuple[Feature, ...]] = (
    *windows(
        INSTALMENTS_ELSEWHERE,
        COUNT,
        "Instalments elsewhere paid late or not at all among those of the last {days} days",
        "近{days}天其他机构逾期期数",
        *(30, 90),
        where="late",
        direction=1,
    ),
    derived(
        INSTALMENTS_ELSEWHERE,
        "days_past_due_rise",
        _WORST - _WORST_OLDER,
        "Most days past due of the last 90 days less those of the nine months before",
        "近90天与此前九个月最大逾期天数之差",
        null="no instalment elsewhere fell due in one of the two, or none is known",
        direction=1,
        unit="days",
        lower=None,
    ),
    derived(
        INSTALMENTS_ELSEWHERE,
        "late_share_rise",
        _LATE_QUARTER - _LATE_YEAR,
        "Share of instalments late in the last 90 days less that of the last year",
        "近90天与近一年逾期期数占比之差",
        null="no instalment elsewhere in the last 90 days is known",
        direction=1,
        lower=-1,
        upper=1,
    ),
    *windows(
        INSTALMENTS_ELSEWHERE,
        SHARE,
        "Share of late instalments elsewhere since paid among those of the last {days} days",
        "近{days}天其他机构逾期后已还清占比",
        365,
        where="late",
        column="paid",
        direction=-1,
    ),
    summed(
        INSTALMENTS_ELSEWHERE,
        SHARE,
        "Share of loans elsewhere whose first instalment was paid late or not at all",
        "其他机构贷款首期逾期占比",
        where="first",
        column="late",
        direction=1,
    ),
    *windows(
        INSTALMENTS_ELSEWHERE,
        SHARE,
        "Share of instalments of small-loan companies paid late or not at all among those of the last {days} days",
        "近{days}天小贷公司逾期期数占比",
        365,
        where="small_loan",
        column="late",
        direction=1,
    ),
    summed(
        INSTALMENTS_ELSEWHERE,
        DISTINCT,
        "Other lenders with an instalment past due and not known to be paid",
        "当前逾期的其他机构数",
        where="overdue",
        column="lenders",
        direction=1,
    ),
    summed(
        INSTALMENTS_ELSEWHERE,
        MAX,
        "Days since the oldest instalment elsewhere fell due that is not known to be paid",
        "其他机构最早未还期数到期距今天数",
        where="overdue",
        column="days_ago",
        direction=1,
        unit="days",
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*PAID, *ROLL)
"""Features of repayment elsewhere, in the order of the catalogue."""
