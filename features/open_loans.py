"""Features of what the applicant owes elsewhere on the day of the application."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, DISTINCT, MAX, SUM
from features.application import INCOME, MONTHLY_ASKED
from features.expression import Expression, of, ratio, when
from features.feature import Feature
from features.loan_views import LOANS_ELSEWHERE, NO_LOAN_ELSEWHERE, YEAR
from features.rowwise import Rowwise, derived
from features.windowed import Windowed, summed


def _open_sum(column: str, en: str = "", zh: str = "", unit: str = "yuan") -> Windowed:
    return summed(LOANS_ELSEWHERE, SUM, en, zh, where="open", column=column, group="debt_burden", unit=unit)


OPEN_COUNT: Final = summed(
    LOANS_ELSEWHERE, COUNT, "Open loans with other lenders", "其他机构未结清贷款笔数", where="open", direction=1
)
OPEN_LENDERS: Final = summed(
    LOANS_ELSEWHERE,
    DISTINCT,
    "Other lenders with an open loan",
    "有未结清贷款的其他机构数",
    where="open",
    column="lenders",
    direction=1,
)
OPEN_MONTHLY: Final = _open_sum(
    "monthly", "Monthly instalments of open loans with other lenders", "其他机构未结清贷款月供合计", "yuan a month"
)
OPEN_OUTSTANDING: Final = _open_sum(
    "outstanding",
    "Outstanding on open loans with other lenders, by the time left of their terms",
    "其他机构未结清贷款估计余额",
)


def when_none_is_open(total: Feature) -> Expression:
    """Return a sum over open loans with 0 where loans are known and none of them is open."""
    return when(of(OPEN_COUNT) == 0).then(0).otherwise(of(total))


REPORTED_MONTHLY: Final = when_none_is_open(OPEN_MONTHLY)
"""Monthly instalments reported by the bureau; null when no loan of the applicant is known."""


def _over_income(name: str, burden: Expression, en: str, zh: str) -> Rowwise:
    return derived(
        LOANS_ELSEWHERE,
        name,
        ratio(burden, INCOME),
        en,
        zh,
        null="no loan of the applicant is known, or income not stated or zero",
        group="debt_burden",
        direction=1,
        question="declared_income",
    )


OPEN_AMOUNT: Final = _open_sum("amount", "Amount of open loans with other lenders", "其他机构未结清贷款总额")
_EVER: Final = of(summed(LOANS_ELSEWHERE, SUM, column="amount"))
_LARGEST: Final = of(summed(LOANS_ELSEWHERE, MAX, column="amount"))
OPEN_IN_YEAR: Final = of(summed(LOANS_ELSEWHERE, SUM, column="open_days_of_year")) / YEAR
"""Loans elsewhere open at a time, on the mean of the days of the last year."""

USED: Final = (
    derived(
        LOANS_ELSEWHERE,
        "open_amount_share",
        ratio(when_none_is_open(OPEN_AMOUNT), _EVER),
        "Share of all that was ever borrowed elsewhere whose loans are open",
        "未结清贷款金额占历史借款总额比例",
        null=NO_LOAN_ELSEWHERE,
        group="debt_burden",
        direction=1,
        upper=1,
    ),
    derived(
        LOANS_ELSEWHERE,
        "open_amount_to_largest",
        ratio(when_none_is_open(OPEN_AMOUNT), _LARGEST),
        "Amount of open loans elsewhere over the largest loan ever",
        "未结清贷款总额与历史最大单笔之比",
        null=NO_LOAN_ELSEWHERE,
        group="debt_burden",
        direction=1,
    ),
    derived(
        LOANS_ELSEWHERE,
        "open_at_a_time_365d",
        OPEN_IN_YEAR,
        "Loans elsewhere open at a time, mean over the days of the last year",
        "近一年日均未结清贷款笔数",
        null=NO_LOAN_ELSEWHERE,
        unit="loans",
    ),
    derived(
        LOANS_ELSEWHERE,
        "open_to_year",
        ratio(of(OPEN_COUNT), OPEN_IN_YEAR),
        "Open loans elsewhere over the mean number open at a time in the last year",
        "未结清贷款笔数与近一年日均笔数之比",
        null="no loan elsewhere that was open in the last year is known",
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (
    OPEN_COUNT,
    OPEN_LENDERS,
    OPEN_MONTHLY,
    OPEN_AMOUNT,
    OPEN_OUTSTANDING,
    summed(
        LOANS_ELSEWHERE,
        COUNT,
        "Open loans with small-loan companies",
        "小贷公司未结清贷款笔数",
        where=("open", "small_loan"),
        direction=1,
    ),
    derived(
        LOANS_ELSEWHERE,
        "open_outstanding_share",
        ratio(of(OPEN_OUTSTANDING), of(_open_sum("amount_repayable"))),
        "Share still outstanding of what open loans cost in all",
        "未结清贷款估计余额占应还总额比例",
        null="no open loan elsewhere is known",
        group="debt_burden",
        upper=1,
    ),
    _over_income(
        "open_monthly_to_income",
        REPORTED_MONTHLY,
        "Instalments of open loans elsewhere over the stated income",
        "其他机构月供与填报月收入之比",
    ),
    _over_income(
        "burden_with_this_loan",
        REPORTED_MONTHLY + MONTHLY_ASKED,
        "Instalments elsewhere and principal of the loan asked for, over the stated income",
        "其他机构月供加本次每月本金与填报月收入之比",
    ),
    _over_income(
        "outstanding_to_income",
        when_none_is_open(OPEN_OUTSTANDING),
        "Outstanding on open loans elsewhere over the stated monthly income",
        "其他机构估计余额与填报月收入之比",
    ),
    *USED,
)
"""Features of open loans elsewhere, in the order of the catalogue."""
