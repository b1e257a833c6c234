"""Features of what the applicant states against what others report."""

from __future__ import annotations

from typing import Final

import polars as pl

from features.application import AGE_DAYS, INCOME
from features.declaration import QUESTIONS, REASON_GROUPS, Direction, Kind, Meaning, Source
from features.feature import Feature
from features.open_loans import OPEN_COUNT, OPEN_LENDERS, OPEN_MONTHLY, REPORTED_MONTHLY
from features.rowwise import Rowwise, of, ratio

STEM: Final = "disagreement"
DEBT: Final = pl.col("declared_monthly_debt")
NO_LOAN: Final = "no loan of the applicant is known"


def _declared(
    column: str,
    expression: pl.Expr,
    question: str,
    en: str,
    zh: str,
    *,
    null: str,
    inputs: tuple[Feature, ...] = (),
    kind: Kind = "number",
    direction: Direction = 0,
    unit: str = "",
    lower: float | None = None,
    source: Source = "declared",
) -> Rowwise:
    return Rowwise(
        stem=STEM,
        column=column,
        expression=expression,
        inputs=inputs,
        kind=kind,
        lower=lower,
        meaning=Meaning(
            source=source,
            direction=direction,
            group=REASON_GROUPS["disagreement"],
            null_means=null,
            en=en,
            zh=zh,
            unit=unit,
            question=QUESTIONS[question],
            changeable=True,
        ),
    )


FEATURES: Final[tuple[Feature, ...]] = (
    _declared(
        "other_lenders",
        of(OPEN_LENDERS).cast(pl.Float64) - pl.col("declared_other_lenders"),
        "declared_other_lenders",
        "Lenders with an open loan as reported, less those stated",
        "征信显示的未结清机构数减填报数",
        null=f"other lenders not stated, or {NO_LOAN}",
        inputs=(OPEN_LENDERS,),
        unit="lenders",
    ),
    _declared(
        "other_lenders_denied",
        # Without the condition, "no open loan" would say false for an applicant who stated nothing.
        pl.when(pl.col("declared_other_lenders").is_not_null()).then(
            (of(OPEN_LENDERS) > 0) & (pl.col("declared_other_lenders") == 0)
        ),
        "declared_other_lenders",
        "States no other lender while an open loan is reported",
        "填报无其他借款但征信显示有未结清贷款",
        null=f"other lenders not stated, or {NO_LOAN}",
        inputs=(OPEN_LENDERS,),
        kind="flag",
    ),
    _declared(
        "monthly_debt",
        REPORTED_MONTHLY - DEBT,
        "declared_monthly_debt",
        "Monthly instalments as reported, less those stated",
        "征信推算月供减填报月还款额",
        null=f"monthly debt not stated, or {NO_LOAN}",
        inputs=(OPEN_COUNT, OPEN_MONTHLY),
        unit="yuan a month",
    ),
    _declared(
        "monthly_debt_share_stated",
        ratio(DEBT, REPORTED_MONTHLY),
        "declared_monthly_debt",
        "Monthly instalments stated over those reported",
        "填报月还款额与征信推算月供之比",
        null=f"monthly debt not stated, no open loan, or {NO_LOAN}",
        inputs=(OPEN_COUNT, OPEN_MONTHLY),
        lower=0,
    ),
    _declared(
        "income_below_instalments",
        REPORTED_MONTHLY > INCOME,
        "declared_income",
        "Reported instalments exceed the stated income",
        "征信推算月供超过填报月收入",
        null=f"income not stated, or {NO_LOAN}",
        inputs=(OPEN_COUNT, OPEN_MONTHLY),
        kind="flag",
        direction=1,
    ),
    _declared(
        "tenure_since_childhood",
        pl.col("declared_job_months") * (365.25 / 12) > AGE_DAYS - 16 * 365.25,
        "declared_job_months",
        "States to have worked for the employer since before the sixteenth birthday",
        "填报工龄早于十六周岁",
        null="tenure not stated, or date of birth not given",
        kind="flag",
    ),
)
"""Features of disagreement, in the order of the catalogue."""
