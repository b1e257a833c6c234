"""Features of what the applicant asks for and states in the form."""

from __future__ import annotations

from typing import Final

import polars as pl

from features.declaration import QUESTIONS, REASON_GROUPS, Direction, Meaning, Source
from features.feature import Feature
from features.rowwise import Rowwise, ratio
from features.tables import APPLICATIONS

STEM: Final = "application"

INCOME: Final = pl.col("declared_income")
MONTHLY_ASKED: Final = pl.col("amount") / pl.col("term_months")
"""Principal of the loan asked for that falls due each month."""
AGE_DAYS: Final = (pl.col("local_applied_at").dt.date() - pl.col("birth_date")).dt.total_days()
AGE_YEARS: Final = (
    pl.col("local_applied_at").dt.year().cast(pl.Int64)
    - pl.col("birth_date").dt.year().cast(pl.Int64)
    - (
        (pl.col("local_applied_at").dt.month().cast(pl.Int64) * 100 + pl.col("local_applied_at").dt.day())
        < (pl.col("birth_date").dt.month().cast(pl.Int64) * 100 + pl.col("birth_date").dt.day())
    ).cast(pl.Int64)
)
"""Whole years since birth on the local day of the application, as a birthday is counted."""
LOCAL_HOUR: Final = pl.col("local_applied_at").dt.hour()
UNVERIFIED_OPTIONAL: Final = (
    "purpose",
    "contact_hash",
    "declared_employer",
    "declared_occupation",
    "declared_education",
    "declared_housing",
)


def _meaning(
    group: str,
    en: str,
    zh: str,
    *,
    null: str = "",
    direction: Direction = 0,
    unit: str = "",
    question: str | None = None,
    changeable: bool = True,
    source: Source = "declared",
) -> Meaning:
    return Meaning(
        source=source,
        direction=direction,
        group=REASON_GROUPS[group],
        null_means=null or "never null",
        en=en,
        zh=zh,
        unit=unit,
        question=QUESTIONS[question] if question else None,
        changeable=changeable,
    )


def _stated(column: str, meaning: Meaning) -> Rowwise:
    """Return a number of the form as it was stated, with the bounds of its contract."""
    contract = APPLICATIONS.column(column)
    return Rowwise(stem=STEM, column=column, meaning=meaning, lower=contract.lower, upper=contract.upper)


def _category(column: str, meaning: Meaning) -> Rowwise:
    return Rowwise(stem=STEM, column=column, meaning=meaning, kind="category")


def _derived(
    column: str, expression: pl.Expr, meaning: Meaning, *, lower: float | None = 0.0, upper: float | None = None
) -> Rowwise:
    return Rowwise(stem=STEM, column=column, expression=expression, meaning=meaning, lower=lower, upper=upper)


def _flag(column: str, expression: pl.Expr, meaning: Meaning) -> Rowwise:
    return Rowwise(stem=STEM, column=column, expression=expression, meaning=meaning, kind="flag")


LOAN_ASKED: Final[tuple[Feature, ...]] = (
    _stated("amount", _meaning("loan_asked", "Amount asked for", "申请金额", unit="yuan")),
    _stated("term_months", _meaning("loan_asked", "Term asked for", "申请期限", unit="months")),
    _derived(
        "monthly_principal",
        MONTHLY_ASKED,
        _meaning("loan_asked", "Principal asked for per month of term", "每月应还本金", unit="yuan a month"),
    ),
    _category("product", _meaning("loan_asked", "Product asked for", "申请产品")),
    _category("purpose", _meaning("loan_asked", "Purpose of the loan, as stated", "借款用途", null="not stated")),
    _category(
        "channel",
        _meaning("application_conduct", "Channel the applicant came through", "进件渠道", source="behaviour"),
    ),
)

PERSON: Final[tuple[Feature, ...]] = (
    _derived(
        "age_years",
        AGE_YEARS,
        _meaning(
            "personal",
            "Age on the day of the application",
            "申请时年龄",
            null="date of birth not given",
            unit="years",
            changeable=False,
            source="identity",
        ),
        upper=120,
    ),
    _category("region", _meaning("personal", "Region", "所在地区", null="not given")),
    _category("declared_education", _meaning("personal", "Education, as stated", "填报学历", null="not stated")),
    _category("declared_housing", _meaning("personal", "Housing, as stated", "填报住房情况", null="not stated")),
    _category("declared_occupation", _meaning("employment", "Occupation, as stated", "填报职业", null="not stated")),
    _stated(
        "declared_job_months",
        _meaning(
            "employment",
            "Time with the present employer, as stated",
            "填报现单位在职月数",
            null="not stated",
            direction=-1,
            unit="months",
            question="declared_job_months",
        ),
    ),
    _derived(
        "job_share_of_adult_life",
        ratio(pl.col("declared_job_months") * (365.25 / 12), AGE_DAYS - 16 * 365.25),
        _meaning(
            "employment",
            "Time with the present employer as a share of the time since the sixteenth birthday",
            "在职时长占十六岁以来时长的比例",
            null="tenure not stated, date of birth not given, or younger than sixteen",
            question="declared_job_months",
        ),
    ),
)

MONEY: Final[tuple[Feature, ...]] = (
    _stated(
        "declared_income",
        _meaning(
            "income",
            "Monthly income after tax, as stated",
            "填报月收入(税后)",
            null="not stated",
            direction=-1,
            unit="yuan a month",
            question="declared_income",
        ),
    ),
    _flag(
        "declared_income_round",
        INCOME % 1000 == 0,
        _meaning(
            "income",
            "Stated income is a whole number of thousands",
            "填报收入为整千",
            null="income not stated",
            question="declared_income",
        ),
    ),
    _derived(
        "amount_to_income",
        ratio(pl.col("amount"), INCOME),
        _meaning(
            "income",
            "Amount asked for over the stated monthly income",
            "申请金额与填报月收入之比",
            null="income not stated, or zero",
            direction=1,
            question="declared_income",
        ),
    ),
    _derived(
        "monthly_principal_to_income",
        ratio(MONTHLY_ASKED, INCOME),
        _meaning(
            "income",
            "Monthly principal asked for over the stated monthly income",
            "每月应还本金与填报月收入之比",
            null="income not stated, or zero",
            direction=1,
            question="declared_income",
        ),
    ),
    _stated(
        "declared_other_lenders",
        _meaning(
            "multi_lender",
            "Other lenders with an open loan, as stated",
            "填报其他借款机构数",
            null="not stated",
            direction=1,
            unit="lenders",
            question="declared_other_lenders",
        ),
    ),
    _stated(
        "declared_monthly_debt",
        _meaning(
            "debt_burden",
            "Monthly instalments on other loans, as stated",
            "填报其他贷款月还款额",
            null="not stated",
            direction=1,
            unit="yuan a month",
            question="declared_monthly_debt",
        ),
    ),
)

FORM: Final[tuple[Feature, ...]] = (
    _derived(
        "local_hour",
        LOCAL_HOUR,
        _meaning("application_conduct", "Local hour of the application", "申请时刻(小时)", source="behaviour"),
        upper=23,
    ),
    _derived(
        "weekday",
        pl.col("local_applied_at").dt.weekday(),
        _meaning(
            "application_conduct", "Local weekday of the application, Monday is 1", "申请星期", source="behaviour"
        ),
        lower=1,
        upper=7,
    ),
    _derived(
        "fields_empty",
        pl.sum_horizontal(pl.col(name).is_null() for name in UNVERIFIED_OPTIONAL),
        _meaning(
            "application_conduct",
            "Optional fields left empty: purpose, contact, employer, occupation, education, housing",
            "未填写的选填项数量",
        ),
        upper=len(UNVERIFIED_OPTIONAL),
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*LOAN_ASKED, *PERSON, *MONEY, *FORM)
"""Features of the application, in the order of the catalogue."""
