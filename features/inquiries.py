"""Features of who asked the bureau about the applicant, and how often."""

from __future__ import annotations

from typing import Final

import polars as pl

from features.aggregates import COUNT, DISTINCT, MAX, MIN
from features.bureau import bureau_by_lender_type, bureau_meaning, bureau_summed
from features.feature import Feature
from features.loan_views import INQUIRIES, LOANS_ELSEWHERE
from features.rowwise import Rowwise, of, ratio

SOUGHT: Final = (
    *bureau_summed(
        INQUIRIES,
        COUNT,
        "multi_lender",
        "Loan inquiries by other lenders in the last {days} days",
        "近{days}天其他机构贷款查询次数",
        *(7, 30, 90, 180, 365),
        direction=1,
    ),
    *bureau_summed(
        INQUIRIES,
        DISTINCT,
        "multi_lender",
        "Lenders that inquired in the last {days} days",
        "近{days}天查询机构数",
        *(7, 30, 90, 180, 365),
        column="lenders",
        direction=1,
    ),
    *bureau_by_lender_type(
        INQUIRIES,
        "Different {lenders} that inquired in the last {days} days",
        "近{days}天查询的{lenders}数",
        *(30, 180),
        column="lenders",
    ),
    *bureau_summed(
        INQUIRIES,
        MIN,
        "multi_lender",
        "Days since the last inquiry",
        "距最近一次查询天数",
        column="days_ago",
        unit="days",
    ),
    *bureau_summed(
        INQUIRIES,
        MAX,
        "credit_history",
        "Days since the first inquiry",
        "距首次查询天数",
        column="days_ago",
        unit="days",
    ),
    *bureau_summed(
        INQUIRIES,
        COUNT,
        "multi_lender",
        "Inquiries between midnight and six o'clock in the last {days} days",
        "近{days}天凌晨被查询次数",
        90,
        where=("night",),
    ),
)

_ASKED_MONTH, _ASKED_HALF, _ASKED_YEAR = bureau_summed(
    INQUIRIES, COUNT, "multi_lender", "inquiries", "查询", 30, 180, 365
)
(_ASKED_FIRST,) = bureau_summed(INQUIRIES, MAX, "multi_lender", "first", "首次", 365, column="days_ago")
(_ASKED_LAST,) = bureau_summed(INQUIRIES, MIN, "multi_lender", "last", "末次", 365, column="days_ago")
(_TAKEN_HALF,) = bureau_summed(LOANS_ELSEWHERE, COUNT, "multi_lender", "loans", "贷款", 180)

PATTERNS: Final = (
    Rowwise(
        stem=INQUIRIES.stem,
        column="month_share_of_year",
        inputs=(_ASKED_MONTH, _ASKED_YEAR),
        expression=ratio(of(_ASKED_MONTH), of(_ASKED_YEAR)),
        meaning=bureau_meaning(
            "multi_lender",
            "Share of the last year's inquiries that fall in the last 30 days",
            "近30天查询占近一年比例",
            null="no inquiry in the last year is known",
        ),
        lower=0,
        upper=1,
    ),
    Rowwise(
        stem=INQUIRIES.stem,
        column="days_between_365d",
        inputs=(_ASKED_FIRST, _ASKED_LAST, _ASKED_YEAR),
        expression=ratio(of(_ASKED_FIRST) - of(_ASKED_LAST), of(_ASKED_YEAR).cast(pl.Float64) - 1),
        meaning=bureau_meaning(
            "multi_lender",
            "Mean days between inquiries of the last year",
            "近一年平均查询间隔天数",
            null="fewer than two inquiries in the last year are known",
            unit="days",
        ),
        lower=0,
    ),
    Rowwise(
        stem=INQUIRIES.stem,
        column="per_loan_180d",
        inputs=(_ASKED_HALF, _TAKEN_HALF),
        expression=of(_ASKED_HALF) / (of(_TAKEN_HALF).fill_null(0) + 1),
        meaning=bureau_meaning(
            "multi_lender",
            "Inquiries per loan opened (plus one) in the last 180 days: high when lenders say no",
            "近180天查询次数与(放款笔数+1)之比",
            null="no inquiry about the applicant is known",
        ),
        lower=0,
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*SOUGHT, *PATTERNS)
"""Features of inquiries, in the order of the catalogue."""
