"""Features of how instalments elsewhere were paid."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, MAX, MEAN, MIN, SHARE, SUM
from features.feature import Feature
from features.loan_views import INSTALMENTS_ELSEWHERE
from features.windowed import summed, windows

FEATURES: Final[tuple[Feature, ...]] = (
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
"""Features of repayment elsewhere, in the order of the catalogue."""
