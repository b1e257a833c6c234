"""Features of earlier loans and applications with this lender."""

from __future__ import annotations

from typing import Final

import polars as pl

from features.aggregates import COUNT, MAX, MEAN, MIN, SHARE, SUM, Aggregate
from features.declaration import REASON_GROUPS, Direction, Meaning
from features.feature import Feature
from features.history import DAYS_AGO, History, View
from features.loan_views import OWN_INSTALMENTS, OWN_LOANS
from features.rowwise import Rowwise, of, ratio
from features.tables import APPLICATIONS, OUTCOMES
from features.windowed import Windowed, over

EARLIER: Final = History(
    stem="earlier_applications",
    view=View(table=APPLICATIONS, happened="applied_at", known="applied_at", columns={"days_ago": DAYS_AGO}),
)
DECIDED: Final = History(
    stem="earlier_decisions",
    view=View(
        table=OUTCOMES,
        parent=APPLICATIONS,
        applicant="application_applicant_id",
        happened="decided_at",
        known="decided_at",
        columns={"declined": pl.col("decision") == "declined"},
    ),
)

NO_ROW: Final = {
    OWN_LOANS.stem: "no loan of the applicant is known, with us or elsewhere",
    OWN_INSTALMENTS.stem: "no instalment of the applicant is known, with us or elsewhere",
    EARLIER.stem: "the applicant has not applied before",
    DECIDED.stem: "no earlier application was decided",
}


def _summed(
    history: History,
    aggregate: Aggregate,
    en: str,
    zh: str,
    *days: int,
    where: tuple[str, ...] = (),
    column: str = "",
    direction: Direction = 0,
    unit: str = "",
) -> tuple[Windowed, ...]:
    """Declare an aggregate, once for each window; its null law follows from the aggregate."""
    none = NO_ROW[history.stem]
    meaning = Meaning(
        source="own_loans",
        direction=direction,
        group=REASON_GROUPS["own_repayment"],
        null_means=none if aggregate.counts else f"no such row in the window, or {none}",
        en=en,
        zh=zh,
        unit=unit,
    )
    feature = Windowed(history=history, aggregate=aggregate, meaning=meaning, where=where, column=column)
    return over(feature, *days) if days else (feature,)


(_LARGEST,) = _summed(OWN_LOANS, MAX, "Largest loan with us", "在本机构历史最大贷款金额", column="amount", unit="yuan")

LOANS: Final[tuple[Feature, ...]] = (
    *_summed(OWN_LOANS, COUNT, "Loans with us", "在本机构历史贷款笔数"),
    *_summed(OWN_LOANS, COUNT, "Open loans with us", "在本机构未结清贷款笔数", where=("open",)),
    *_summed(OWN_LOANS, COUNT, "Loans with us repaid", "在本机构已结清贷款笔数", where=("repaid",), direction=-1),
    *_summed(
        OWN_LOANS, COUNT, "Loans with us charged off", "在本机构已核销贷款笔数", where=("charged_off",), direction=1
    ),
    *_summed(
        OWN_LOANS, MIN, "Days since the last loan with us", "距在本机构最近一笔贷款天数", column="days_ago", unit="days"
    ),
    _LARGEST,
    *_summed(
        OWN_LOANS,
        SUM,
        "Outstanding on open loans with us, by the time left of their terms",
        "在本机构未结清贷款估计余额",
        where=("open",),
        column="outstanding",
        unit="yuan",
    ),
    Rowwise(
        stem=OWN_LOANS.stem,
        column="amount_asked_to_largest",
        inputs=(_LARGEST,),
        expression=ratio(pl.col("amount"), of(_LARGEST)),
        meaning=Meaning(
            source="own_loans",
            direction=0,
            group=REASON_GROUPS["own_repayment"],
            null_means="no loan with us is known",
            en="Amount asked for over the largest earlier loan with us",
            zh="申请金额与在本机构历史最大贷款金额之比",
            changeable=True,
        ),
        lower=0,
    ),
)

INSTALMENTS: Final = (
    *_summed(OWN_INSTALMENTS, COUNT, "Instalments that fell due with us", "在本机构已到期期数"),
    *_summed(
        OWN_INSTALMENTS,
        MAX,
        "Most days past due with us among instalments of the last {days} days",
        "近{days}天在本机构最大逾期天数",
        *(90, 365),
        column="days_past_due",
        direction=1,
        unit="days",
    ),
    *_summed(
        OWN_INSTALMENTS,
        MEAN,
        "Mean days past due with us among instalments of the last {days} days",
        "近{days}天在本机构平均逾期天数",
        365,
        column="days_past_due",
        direction=1,
        unit="days",
    ),
    *_summed(
        OWN_INSTALMENTS,
        SHARE,
        "Share of instalments with us paid late or not at all among those of the last {days} days",
        "近{days}天在本机构逾期期数占比",
        365,
        column="late",
        direction=1,
    ),
    *_summed(
        OWN_INSTALMENTS,
        COUNT,
        "Instalments with us past due and not paid",
        "在本机构当前逾期期数",
        where=("overdue",),
        direction=1,
    ),
    *_summed(
        OWN_INSTALMENTS,
        SHARE,
        "Share of paid instalments with us paid before the due time in the last {days} days",
        "近{days}天在本机构提前还款期数占比",
        365,
        column="early",
    ),
)

APPLICATIONS_BEFORE: Final = (
    *_summed(
        EARLIER,
        COUNT,
        "Earlier applications with us in the last {days} days",
        "近{days}天在本机构申请次数",
        30,
        90,
        365,
    ),
    *_summed(EARLIER, MIN, "Days since the last application with us", "距上次申请天数", column="days_ago", unit="days"),
    *_summed(
        EARLIER,
        MAX,
        "Largest amount asked for in earlier applications with us",
        "历史申请最大金额",
        column="amount",
        unit="yuan",
    ),
    *_summed(
        DECIDED,
        COUNT,
        "Applications that we declined in the last {days} days",
        "近{days}天在本机构被拒次数",
        *(90, 365),
        where=("declined",),
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*LOANS, *INSTALMENTS, *APPLICATIONS_BEFORE)
"""Features of earlier business with us, in the order of the catalogue."""
