"""Features of what the applicant owes elsewhere on the day of the application."""

from __future__ import annotations

from typing import Final

import polars as pl

from features.aggregates import COUNT, DISTINCT, SUM
from features.application import INCOME, MONTHLY_ASKED
from features.bureau import bureau_meaning, bureau_summed
from features.feature import Feature
from features.loan_views import LOANS_ELSEWHERE
from features.rowwise import Rowwise, of, ratio

(OPEN_COUNT,) = bureau_summed(
    LOANS_ELSEWHERE,
    COUNT,
    "multi_lender",
    "Open loans with other lenders",
    "其他机构未结清贷款笔数",
    where=("open",),
    direction=1,
)
(OPEN_LENDERS,) = bureau_summed(
    LOANS_ELSEWHERE,
    DISTINCT,
    "multi_lender",
    "Other lenders with an open loan",
    "有未结清贷款的其他机构数",
    where=("open",),
    column="lenders",
    direction=1,
)
(OPEN_MONTHLY,) = bureau_summed(
    LOANS_ELSEWHERE,
    SUM,
    "debt_burden",
    "Monthly instalments of open loans with other lenders",
    "其他机构未结清贷款月供合计",
    where=("open",),
    column="monthly",
    unit="yuan a month",
)
(OPEN_AMOUNT,) = bureau_summed(
    LOANS_ELSEWHERE,
    SUM,
    "debt_burden",
    "Amount of open loans with other lenders",
    "其他机构未结清贷款总额",
    where=("open",),
    column="amount",
    unit="yuan",
)
(OPEN_OUTSTANDING,) = bureau_summed(
    LOANS_ELSEWHERE,
    SUM,
    "debt_burden",
    "Outstanding on open loans with other lenders, by the time left of their terms",
    "其他机构未结清贷款估计余额",
    where=("open",),
    column="outstanding",
    unit="yuan",
)
(_OPEN_REPAYABLE,) = bureau_summed(
    LOANS_ELSEWHERE,
    SUM,
    "debt_burden",
    "Repayable in all on open loans",
    "未结清贷款应还总额",
    where=("open",),
    column="amount_repayable",
)


def when_none_is_open(total: Feature) -> pl.Expr:
    """Return a sum over open loans with 0 where loans are known and none of them is open."""
    return pl.when(of(OPEN_COUNT) == 0).then(0.0).otherwise(of(total))


REPORTED_MONTHLY: Final = when_none_is_open(OPEN_MONTHLY)
"""Monthly instalments reported by the bureau; null when no loan of the applicant is known."""


def _over_income(column: str, inputs: tuple[Feature, ...], burden: pl.Expr, en: str, zh: str) -> Rowwise:
    return Rowwise(
        stem=LOANS_ELSEWHERE.stem,
        column=column,
        inputs=inputs,
        expression=ratio(burden, INCOME),
        meaning=bureau_meaning(
            "debt_burden",
            en,
            zh,
            null="no loan of the applicant is known, or income not stated or zero",
            direction=1,
            question="declared_income",
        ),
        lower=0,
    )


FEATURES: Final[tuple[Feature, ...]] = (
    OPEN_COUNT,
    OPEN_LENDERS,
    OPEN_MONTHLY,
    OPEN_AMOUNT,
    OPEN_OUTSTANDING,
    *bureau_summed(
        LOANS_ELSEWHERE,
        COUNT,
        "multi_lender",
        "Open loans with small-loan companies",
        "小贷公司未结清贷款笔数",
        where=("open", "small_loan"),
        direction=1,
    ),
    Rowwise(
        stem=LOANS_ELSEWHERE.stem,
        column="open_outstanding_share",
        inputs=(OPEN_OUTSTANDING, _OPEN_REPAYABLE),
        expression=ratio(of(OPEN_OUTSTANDING), of(_OPEN_REPAYABLE)),
        meaning=bureau_meaning(
            "debt_burden",
            "Share still outstanding of what open loans cost in all",
            "未结清贷款估计余额占应还总额比例",
            null="no open loan, or no loan of the applicant is known",
        ),
        lower=0,
        upper=1,
    ),
    _over_income(
        "open_monthly_to_income",
        (OPEN_COUNT, OPEN_MONTHLY),
        REPORTED_MONTHLY,
        "Instalments of open loans elsewhere over the stated income",
        "其他机构月供与填报月收入之比",
    ),
    _over_income(
        "burden_with_this_loan",
        (OPEN_COUNT, OPEN_MONTHLY),
        REPORTED_MONTHLY + MONTHLY_ASKED,
        "Instalments elsewhere and principal of the loan asked for, over the stated income",
        "其他机构月供加本次每月本金与填报月收入之比",
    ),
    _over_income(
        "outstanding_to_income",
        (OPEN_COUNT, OPEN_OUTSTANDING),
        when_none_is_open(OPEN_OUTSTANDING),
        "Outstanding on open loans elsewhere over the stated monthly income",
        "其他机构估计余额与填报月收入之比",
    ),
)
"""Features of open loans elsewhere, in the order of the catalogue."""
