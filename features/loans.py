"""Features of the loans taken elsewhere."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, MIN, SHARE, SUM
from features.bureau import bureau_by_lender_type, bureau_meaning, bureau_summed
from features.feature import Feature
from features.loan_views import LOANS_ELSEWHERE
from features.rowwise import Rowwise, of, ratio

TAKEN: Final = (
    *bureau_summed(
        LOANS_ELSEWHERE,
        COUNT,
        "multi_lender",
        "Loans opened with other lenders in the last {days} days",
        "近{days}天在其他机构新增贷款笔数",
        *(7, 30, 90, 180, 365),
        direction=1,
    ),
    *bureau_summed(
        LOANS_ELSEWHERE,
        DISTINCT,
        "multi_lender",
        "Lenders that lent in the last {days} days",
        "近{days}天放款机构数",
        *(30, 90, 180, 365),
        column="lenders",
        direction=1,
    ),
    *bureau_by_lender_type(
        LOANS_ELSEWHERE,
        "Different {lenders} that lent in the last {days} days",
        "近{days}天放款的{lenders}数",
        *(90, 365),
        column="lenders",
    ),
    *bureau_summed(
        LOANS_ELSEWHERE,
        MIN,
        "multi_lender",
        "Days since the last loan was opened",
        "距最近一笔贷款天数",
        column="days_ago",
        unit="days",
    ),
    *bureau_summed(
        LOANS_ELSEWHERE,
        MAX,
        "credit_history",
        "Days since the first loan was opened",
        "距首笔贷款天数",
        column="days_ago",
        unit="days",
    ),
    *bureau_summed(
        LOANS_ELSEWHERE,
        SUM,
        "multi_lender",
        "Amount borrowed in the last {days} days",
        "近{days}天借款总额",
        90,
        365,
        column="amount",
        unit="yuan",
    ),
    *bureau_summed(
        LOANS_ELSEWHERE,
        MEAN,
        "credit_history",
        "Mean amount of the loans opened in the last {days} days",
        "近{days}天贷款平均金额",
        365,
        column="amount",
        unit="yuan",
    ),
    *bureau_summed(
        LOANS_ELSEWHERE,
        MAX,
        "credit_history",
        "Largest loan ever",
        "历史最大单笔贷款金额",
        column="amount",
        unit="yuan",
    ),
    *bureau_summed(
        LOANS_ELSEWHERE,
        MEAN,
        "debt_burden",
        "Mean interest and fees over the amount of loans opened in the last {days} days",
        "近{days}天贷款平均息费率",
        365,
        column="cost",
        direction=1,
    ),
    *bureau_summed(
        LOANS_ELSEWHERE,
        SHARE,
        "multi_lender",
        "Share of loans of three months or less among those opened in the last {days} days",
        "近{days}天三个月及以内短期贷款占比",
        365,
        column="short",
    ),
    *bureau_summed(LOANS_ELSEWHERE, COUNT, "credit_history", "Loans repaid", "已结清贷款笔数", where=("repaid",)),
    *bureau_summed(
        LOANS_ELSEWHERE,
        COUNT,
        "delinquency",
        "Loans charged off",
        "已核销贷款笔数",
        where=("charged_off",),
        direction=1,
    ),
)

_MONTH, _YEAR = bureau_summed(LOANS_ELSEWHERE, COUNT, "multi_lender", "loans", "贷款", 30, 365)

MONTH_SHARE: Final = Rowwise(
    stem=LOANS_ELSEWHERE.stem,
    column="month_share_of_year",
    inputs=(_MONTH, _YEAR),
    expression=ratio(of(_MONTH), of(_YEAR)),
    meaning=bureau_meaning(
        "multi_lender",
        "Share of the last year's loans that were opened in the last 30 days",
        "近30天新增贷款占近一年比例",
        null="no loan opened in the last year is known",
    ),
    lower=0,
    upper=1,
)

FEATURES: Final[tuple[Feature, ...]] = (*TAKEN, MONTH_SHARE)
"""Features of loans taken elsewhere, in the order of the catalogue."""
