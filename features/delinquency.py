"""Features of how instalments elsewhere were paid."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, MAX, MEAN, MIN, SHARE, SUM
from features.bureau import bureau_summed
from features.feature import Feature
from features.loan_views import INSTALMENTS_ELSEWHERE

FEATURES: Final[tuple[Feature, ...]] = (
    *bureau_summed(
        INSTALMENTS_ELSEWHERE,
        COUNT,
        "credit_history",
        "Instalments that fell due elsewhere in the last {days} days",
        "近{days}天其他机构到期期数",
        180,
    ),
    *bureau_summed(
        INSTALMENTS_ELSEWHERE,
        MAX,
        "delinquency",
        "Most days past due of instalments elsewhere that fell due in the last {days} days",
        "近{days}天其他机构最大逾期天数",
        *(30, 90, 180, 365),
        column="days_past_due",
        direction=1,
        unit="days",
    ),
    *bureau_summed(
        INSTALMENTS_ELSEWHERE,
        MEAN,
        "delinquency",
        "Mean days past due of instalments elsewhere that fell due in the last {days} days",
        "近{days}天其他机构平均逾期天数",
        *(90, 365),
        column="days_past_due",
        direction=1,
        unit="days",
    ),
    *bureau_summed(
        INSTALMENTS_ELSEWHERE,
        SHARE,
        "delinquency",
        "Share of instalments elsewhere paid late or not at all among those of the last {days} days",
        "近{days}天其他机构逾期期数占比",
        *(90, 365),
        column="late",
        direction=1,
    ),
    *bureau_summed(
        INSTALMENTS_ELSEWHERE,
        COUNT,
        "delinquency",
        "Instalments elsewhere 30 or more days past due among those of the last {days} days",
        "近{days}天其他机构逾期30天以上期数",
        365,
        where=("late_30dpd",),
        direction=1,
    ),
    *bureau_summed(
        INSTALMENTS_ELSEWHERE,
        COUNT,
        "delinquency",
        "Instalments elsewhere past due and not known to be paid",
        "其他机构当前逾期期数",
        where=("overdue",),
        direction=1,
    ),
    *bureau_summed(
        INSTALMENTS_ELSEWHERE,
        SUM,
        "delinquency",
        "Amount past due elsewhere and not known to be paid",
        "其他机构当前逾期金额",
        where=("overdue",),
        column="amount_due",
        unit="yuan",
    ),
    *bureau_summed(
        INSTALMENTS_ELSEWHERE,
        COUNT,
        "delinquency",
        "Instalments elsewhere paid a week or more late among those of the last {days} days",
        "近{days}天其他机构逾期七天以上后还清期数",
        365,
        where=("cured",),
    ),
    *bureau_summed(
        INSTALMENTS_ELSEWHERE,
        COUNT,
        "delinquency",
        "Instalments elsewhere paid in part among those of the last {days} days",
        "近{days}天其他机构部分还款期数",
        180,
        where=("partial",),
    ),
    *bureau_summed(
        INSTALMENTS_ELSEWHERE,
        SHARE,
        "delinquency",
        "Share of paid instalments elsewhere paid before the due time in the last {days} days",
        "近{days}天其他机构提前还款期数占比",
        365,
        column="early",
    ),
    *bureau_summed(
        INSTALMENTS_ELSEWHERE,
        MIN,
        "delinquency",
        "Days since the last instalment elsewhere fell due that was paid late or not at all",
        "距最近一次其他机构逾期的到期日天数",
        where=("late",),
        column="days_ago",
        unit="days",
    ),
)
"""Features of repayment elsewhere, in the order of the catalogue."""
