"""Features of what the applicant asks for and states in the form."""

from __future__ import annotations

from typing import Final

from features.declaration import Direction, Source
from features.expression import column, days_between, how_many, ratio
from features.feature import Feature
from features.rowwise import Rowwise, derived, flag
from features.tables import APPLICATIONS
from features.topic import Topic

APPLICATION: Final = Topic(stem="application", source="declared", group="loan_asked", changeable=True)

INCOME: Final = column("declared_income")
MONTHLY_ASKED: Final = column("amount") / column("term_months")
"""Principal of the loan asked for that falls due each month."""
BORN: Final = column("birth_date")
TODAY: Final = column("applied_at").local_date()
AGE_DAYS: Final = days_between(BORN, TODAY)
AGE_YEARS: Final = (
    TODAY.year() - BORN.year() - (TODAY.month() * 100 + TODAY.day() < BORN.month() * 100 + BORN.day()).as_number()
)
"""Whole years since birth on the local day of the application, as a birthday is counted."""
DAYS_SINCE_16: Final = AGE_DAYS - 16 * 365.25
JOB_DAYS: Final = column("declared_job_months") * (365.25 / 12)
OPTIONAL: Final = (
    "purpose",
    "contact_hash",
    "declared_employer",
    "declared_occupation",
    "declared_education",
    "declared_housing",
)


def _stated(
    name: str,
    en: str,
    zh: str,
    *,
    group: str = "",
    null: str = "",
    direction: Direction = 0,
    unit: str = "",
    question: str | None = None,
) -> Rowwise:
    """Return a number of the form as it was stated, with the bounds of its contract."""
    contract = APPLICATIONS.column(name)
    meaning = APPLICATION.meaning(en, zh, group=group, null=null, direction=direction, unit=unit, question=question)
    return Rowwise(stem=APPLICATION.stem, column=name, meaning=meaning, lower=contract.lower, upper=contract.upper)


def _category(name: str, group: str, en: str, zh: str, *, null: str = "", source: Source | None = None) -> Rowwise:
    meaning = APPLICATION.meaning(en, zh, group=group, null=null, source=source)
    return Rowwise(stem=APPLICATION.stem, column=name, meaning=meaning, kind="category")


LOAN_ASKED: Final[tuple[Feature, ...]] = (
    _stated("amount", "Amount asked for", "申请金额", unit="yuan"),
    _stated("term_months", "Term asked for", "申请期限", unit="months"),
    derived(
        APPLICATION,
        "monthly_principal",
        MONTHLY_ASKED,
        "Principal asked for per month of term",
        "每月应还本金",
        unit="yuan a month",
    ),
    flag(
        APPLICATION,
        "amount_round",
        column("amount") % 5000 == 0,
        "Amount asked for is a multiple of 5,000",
        "申请金额为五千整数倍",
    ),
    _category("product", "loan_asked", "Product asked for", "申请产品"),
    _category("purpose", "loan_asked", "Purpose of the loan, as stated", "借款用途", null="not stated"),
    _category("channel", "application_conduct", "Channel the applicant came through", "进件渠道", source="behaviour"),
)

PERSON: Final[tuple[Feature, ...]] = (
    derived(
        APPLICATION,
        "age_years",
        AGE_YEARS,
        "Age on the day of the application",
        "申请时年龄",
        null="date of birth not given",
        group="personal",
        unit="years",
        changeable=False,
        source="identity",
        upper=120,
    ),
    _category("region", "personal", "Region", "所在地区", null="not given"),
    _category("declared_education", "personal", "Education, as stated", "填报学历", null="not stated"),
    _category("declared_housing", "personal", "Housing, as stated", "填报住房情况", null="not stated"),
    _category("declared_occupation", "employment", "Occupation, as stated", "填报职业", null="not stated"),
    _stated(
        "declared_job_months",
        "Time with the present employer, as stated",
        "填报现单位在职月数",
        null="not stated",
        group="employment",
        direction=-1,
        unit="months",
        question="declared_job_months",
    ),
    derived(
        APPLICATION,
        "job_share_of_adult_life",
        ratio(JOB_DAYS, DAYS_SINCE_16),
        "Time with the present employer as a share of the time since the sixteenth birthday",
        "在职时长占十六岁以来时长的比例",
        null="tenure not stated, date of birth not given, or younger than sixteen",
        group="employment",
        question="declared_job_months",
    ),
)

MONEY: Final[tuple[Feature, ...]] = (
    _stated(
        "declared_income",
        "Monthly income after tax, as stated",
        "填报月收入（税后）",
        null="not stated",
        group="income",
        direction=-1,
        unit="yuan a month",
        question="declared_income",
    ),
    flag(
        APPLICATION,
        "declared_job_months_round",
        column("declared_job_months") % 12 == 0,
        "Stated time with the employer is a whole number of years",
        "填报在职时长为整年",
        null="tenure not stated",
        group="employment",
        question="declared_job_months",
    ),
    flag(
        APPLICATION,
        "declared_income_round",
        INCOME % 1000 == 0,
        "Stated income is a whole number of thousands",
        "填报收入为整千",
        null="income not stated",
        group="income",
        question="declared_income",
    ),
    derived(
        APPLICATION,
        "amount_to_income",
        ratio(column("amount"), INCOME),
        "Amount asked for over the stated monthly income",
        "申请金额与填报月收入之比",
        null="income not stated, or zero",
        group="income",
        direction=1,
        question="declared_income",
    ),
    derived(
        APPLICATION,
        "monthly_principal_to_income",
        ratio(MONTHLY_ASKED, INCOME),
        "Monthly principal asked for over the stated monthly income",
        "每月应还本金与填报月收入之比",
        null="income not stated, or zero",
        group="income",
        direction=1,
        question="declared_income",
    ),
    _stated(
        "declared_other_lenders",
        "Other lenders with an open loan, as stated",
        "填报其他借款机构数",
        null="not stated",
        group="multi_lender",
        direction=1,
        unit="lenders",
        question="declared_other_lenders",
    ),
    _stated(
        "declared_monthly_debt",
        "Monthly instalments on other loans, as stated",
        "填报其他贷款月还款额",
        null="not stated",
        group="debt_burden",
        direction=1,
        unit="yuan a month",
        question="declared_monthly_debt",
    ),
)

FORM: Final[tuple[Feature, ...]] = (
    derived(
        APPLICATION,
        "local_hour",
        column("applied_at").local_hour(),
        "Local hour of the application",
        "申请时刻（小时）",
        group="application_conduct",
        source="behaviour",
        upper=23,
    ),
    derived(
        APPLICATION,
        "weekday",
        column("applied_at").local_weekday(),
        "Local weekday of the application, Monday is 1",
        "申请星期",
        group="application_conduct",
        source="behaviour",
        lower=1,
        upper=7,
    ),
    derived(
        APPLICATION,
        "month_day",
        TODAY.day(),
        "Local day of the month of the application",
        "申请日（当月第几天）",
        group="application_conduct",
        source="behaviour",
        lower=1,
        upper=31,
    ),
    derived(
        APPLICATION,
        "fields_empty",
        how_many(*(column(name).is_null() for name in OPTIONAL)),
        "Optional fields left empty: purpose, contact, employer, occupation, education, housing",
        "未填写的选填项数量",
        group="application_conduct",
        upper=len(OPTIONAL),
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*LOAN_ASKED, *PERSON, *MONEY, *FORM)
"""Features of the application, in the order of the catalogue."""
