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

BY_TYPE: Final = (
    *windows(
        LOANS_ELSEWHERE,
        COUNT,
        "Loans opened with small-loan companies in the last {days} days",
        "近{days}天小贷公司新增贷款笔数",
        *(30, 90),
        where="small_loan",
        direction=1,
    ),
    summed(
        LOANS_ELSEWHERE,
        MIN,
        "Days since the last loan of a bank was opened",
        "距最近一笔银行贷款天数",
        where="bank",
        column="days_ago",
        unit="days",
    ),
    summed(
        LOANS_ELSEWHERE,
        MAX,
        "Largest loan of a bank ever",
        "历史最大单笔银行贷款金额",
        where="bank",
        column="amount",
        group="credit_history",
        unit="yuan",
    ),
    summed(
        LOANS_ELSEWHERE,
        MIN,
        "Days since a loan was last repaid",
        "距最近一次结清贷款天数",
        where="repaid",
        column="closed_days_ago",
        group="credit_history",
        unit="days",
    ),
    summed(
        LOANS_ELSEWHERE,
        SHARE,
        "Share of loans repaid that were repaid before their term",
        "已结清贷款中提前结清占比",
        where="repaid",
        column="repaid_early",
        group="credit_history",
    ),
)

_WEEK, _MONTH, _QUARTER, _YEAR = (of(summed(LOANS_ELSEWHERE, COUNT, days=days)) for days in (7, 30, 90, 365))
_FIRST, _LAST = (of(summed(LOANS_ELSEWHERE, aggregate, days=365, column="days_ago")) for aggregate in (MAX, MIN))
_SUM_MONTH, _SUM_YEAR = (of(summed(LOANS_ELSEWHERE, SUM, days=days, column="amount")) for days in (30, 365))
_MEAN_QUARTER, _MEAN_YEAR = (of(summed(LOANS_ELSEWHERE, MEAN, days=days, column="amount")) for days in (90, 365))
_SMALL_YEAR: Final = of(summed(LOANS_ELSEWHERE, SUM, days=365, where="small_loan", column="amount"))
NONE_IN_YEAR: Final = "no loan opened elsewhere in the last year is known"

TRENDS: Final = (
    derived(
        LOANS_ELSEWHERE,
        "month_share_of_year",
        ratio(_MONTH, _YEAR),
        "Share of the last year's loans that were opened in the last 30 days",
        "近30天新增贷款占近一年比例",
        null=NONE_IN_YEAR,
        upper=1,
    ),
    derived(
        LOANS_ELSEWHERE,
        "amount_month_share_of_year",
        ratio(_SUM_MONTH.fill_null(0), _SUM_YEAR),
        "Share of the amount borrowed in the last year that was borrowed in the last 30 days",
        "近30天借款金额占近一年比例",
        null=NONE_IN_YEAR,
        upper=1,
    ),
    derived(
        LOANS_ELSEWHERE,
        "amount_small_loan_share_365d",
        ratio(_SMALL_YEAR.fill_null(0), _SUM_YEAR),
        "Share of the amount borrowed in the last year that small-loan companies lent",
        "近一年小贷公司借款金额占比",
        null=NONE_IN_YEAR,
        direction=1,
        upper=1,
    ),
    derived(
        LOANS_ELSEWHERE,
        "amount_quarter_to_year",
        ratio(_MEAN_QUARTER, _MEAN_YEAR),
        "Mean amount of the loans of the last 90 days over that of the last year's",
        "近90天与近一年贷款平均金额之比",
        null="no loan opened elsewhere in the last 90 days is known",
    ),
    derived(
        LOANS_ELSEWHERE,
        "week_rate_to_quarter",
        ratio(_WEEK * 90, _QUARTER * 7),
        "Loans opened a day in the last 7 days over those in the last 90",
        "近7天与近90天日均新增贷款之比",
        null="no loan opened elsewhere in the last 90 days is known",
    ),
    derived(
        LOANS_ELSEWHERE,
        "days_between_365d",
        ratio(_FIRST - _LAST, _YEAR - 1),
        "Mean days between loans of the last year",
        "近一年平均借款间隔天数",
        null="fewer than two loans opened elsewhere in the last year are known",
        unit="days",
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*TAKEN, *BY_TYPE, *TRENDS)
"""Features of loans taken elsewhere, in the order of the catalogue."""
