"""Features of who asked the bureau about the applicant, and how often."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, DISTINCT, MAX, MIN, SHARE
from features.bureau import LENDER_WORDS, by_lender_type
from features.expression import of, ratio
from features.feature import Feature
from features.loan_views import INQUIRIES, LOANS_ELSEWHERE
from features.rowwise import derived
from features.windowed import summed, windows

SOUGHT: Final = (
    *windows(
        INQUIRIES,
        COUNT,
        "Loan inquiries by other lenders in the last {days} days",
        "近{days}天其他机构贷款查询次数",
        *(1, 3, 7, 30, 90, 180, 365),
        direction=1,
    ),
    *windows(
        INQUIRIES,
        DISTINCT,
        "Lenders that inquired in the last {days} days",
        "近{days}天查询机构数",
        *(7, 30, 90, 180, 365),
        column="lenders",
        direction=1,
    ),
    *by_lender_type(
        INQUIRIES, "Different {lenders} that inquired in the last {days} days", "近{days}天查询的{lenders}数", 30, 180
    ),
    summed(INQUIRIES, MIN, "Days since the last inquiry", "距最近一次查询天数", column="days_ago", unit="days"),
    summed(
        INQUIRIES,
        MAX,
        "Days since the first inquiry",
        "距首次查询天数",
        column="days_ago",
        group="credit_history",
        unit="days",
    ),
    *windows(
        INQUIRIES,
        COUNT,
        "Inquiries between midnight and six o'clock in the last {days} days",
        "近{days}天凌晨被查询次数",
        90,
        where="night",
    ),
    *windows(
        INQUIRIES,
        SHARE,
        "Share of inquiries by small-loan companies in the last {days} days",
        "近{days}天小贷公司查询占比",
        180,
        column="small_loan",
        direction=1,
    ),
    *(
        summed(
            INQUIRIES,
            MIN,
            f"Days since the last inquiry by {en}",
            f"距最近一次{zh}查询天数",
            where=kind,
            column="days_ago",
            unit="days",
        )
        for kind, (en, zh) in LENDER_WORDS.items()
    ),
)

_WEEK, _MONTH, _QUARTER, _HALF, _YEAR = (of(summed(INQUIRIES, COUNT, days=days)) for days in (7, 30, 90, 180, 365))
_FIRST, _LAST = (of(summed(INQUIRIES, aggregate, days=365, column="days_ago")) for aggregate in (MAX, MIN))
_TAKEN: Final = of(summed(LOANS_ELSEWHERE, COUNT, days=180))

PATTERNS: Final = (
    derived(
        INQUIRIES,
        "month_share_of_year",
        ratio(_MONTH, _YEAR),
        "Share of the last year's inquiries that fall in the last 30 days",
        "近30天查询占近一年比例",
        null="no inquiry for credit elsewhere in the last year is known",
        upper=1,
    ),
    derived(
        INQUIRIES,
        "week_rate_to_quarter",
        ratio(_WEEK * 90, _QUARTER * 7),
        "Inquiries a day in the last 7 days over those in the last 90",
        "近7天与近90天日均查询次数之比",
        null="no inquiry for credit elsewhere in the last 90 days is known",
    ),
    derived(
        INQUIRIES,
        "days_between_365d",
        ratio(_FIRST - _LAST, _YEAR - 1),
        "Mean days between inquiries of the last year",
        "近一年平均查询间隔天数",
        null="fewer than two inquiries for credit elsewhere in the last year are known",
        unit="days",
    ),
    derived(
        INQUIRIES,
        "per_loan_180d",
        _HALF / (_TAKEN.fill_null(0) + 1),
        "Inquiries per loan opened (plus one) in the last 180 days: high when lenders say no",
        "近180天查询次数与（放款笔数＋1）之比",
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*SOUGHT, *PATTERNS)
"""Features of inquiries, in the order of the catalogue."""
