"""Features of the loans taken elsewhere."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, MIN, SHARE, SUM
from features.bureau import by_lender_type
from features.expression import of, ratio
from features.feature import Feature
from features.loan_views import LOANS_ELSEWHERE
from features.rowwise import derived
from features.windowed import summed, windows

TAKEN: Final = (
    *windows(
        LOANS_ELSEWHERE,
        COUNT,
        "Loans opened with other lenders in the last {days} days",
        "近{days}天在其他机构新增贷款笔数",
        *(7, 30, 90, 180, 365),
        direction=1,
    ),
    *windows(
        LOANS_ELSEWHERE,
        DISTINCT,
        "Lenders that lent in the last {days} days",
        "近{days}天放款机构数",
        *(30, 90, 180, 365),
        column="lenders",
        direction=1,
    ),
    *by_lender_type(
        LOANS_ELSEWHERE, "Different {lenders} that lent in the last {days} days", "近{days}天放款的{lenders}数", 90, 365
    ),
    summed(
        LOANS_ELSEWHERE,
        MIN,
        "Days since the last loan was opened",
        "距最近一笔贷款天数",
        column="days_ago",
        unit="days",
    ),
    summed(
        LOANS_ELSEWHERE,
        MAX,
        "Days since the first loan was opened",
        "距首笔贷款天数",
        column="days_ago",
        group="credit_history",
        unit="days",
    ),
    *windows(
        LOANS_ELSEWHERE,
        SUM,
        "Amount borrowed in the last {days} days",
        "近{days}天借款总额",
        *(90, 365),
        column="amount",
        unit="yuan",
    ),
    *windows(
        LOANS_ELSEWHERE,
        MEAN,
        "Mean amount of the loans opened in the last {days} days",
        "近{days}天贷款平均金额",
        365,
        column="amount",
        group="credit_history",
        unit="yuan",
    ),
    summed(
        LOANS_ELSEWHERE,
        MAX,
        "Largest loan ever",
        "历史最大单笔贷款金额",
        column="amount",
        group="credit_history",
        unit="yuan",
    ),
    *windows(
        LOANS_ELSEWHERE,
        MEAN,
        "Mean interest and fees over the amount of loans opened in the last {days} days",
        "近{days}天贷款平均息费率",
        365,
        column="cost",
        group="debt_burden",
        direction=1,
    ),
    *windows(
        LOANS_ELSEWHERE,
        SHARE,
        "Share of loans of three months or less among those opened in the last {days} days",
        "近{days}天三个月及以内短期贷款占比",
        365,
        column="short",
    ),
    summed(LOANS_ELSEWHERE, COUNT, "Loans repaid", "已结清贷款笔数", where="repaid", group="credit_history"),
    summed(
        LOANS_ELSEWHERE,
        COUNT,
        "Loans charged off",
        "已核销贷款笔数",
        where="charged_off",
        group="delinquency",
        direction=1,
    ),
)

_MONTH, _YEAR = (of(summed(LOANS_ELSEWHERE, COUNT, days=days)) for days in (30, 365))

MONTH_SHARE: Final = derived(
    LOANS_ELSEWHERE,
    "month_share_of_year",
    ratio(_MONTH, _YEAR),
    "Share of the last year's loans that were opened in the last 30 days",
    "近30天新增贷款占近一年比例",
    null="no loan opened in the last year is known",
    upper=1,
)

FEATURES: Final[tuple[Feature, ...]] = (*TAKEN, MONTH_SHARE)
"""Features of loans taken elsewhere, in the order of the catalogue."""
