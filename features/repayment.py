"""Features of earlier loans and applications with this lender."""

from __future__ import annotations

from typing import Final

from features.aggregates import COUNT, MAX, MEAN, MIN, SHARE, SUM
from features.expression import column, of, ratio
from features.feature import Feature
from features.history import DAYS_AGO, THIS, History, View
from features.loan_views import DAYS_PER_MONTH, OWN_INSTALMENTS, OWN_LOANS
from features.rowwise import derived
from features.tables import APPLICATIONS, OUTCOMES
from features.windowed import summed, windows

STABLE: Final = {
    "channel": "channel",
    "device": "device_id",
    "phone": "phone_hash",
    "contact": "contact_hash",
    "employer": "declared_employer",
    "occupation": "declared_occupation",
    "region": "region",
}
"""What mostly stays from one application to the next, by its short name."""
_AT_ONE_EMPLOYER: Final = column("declared_job_months") + DAYS_AGO / DAYS_PER_MONTH
"""What the tenure stated earlier has grown to by now."""
_EARLIER_COLUMNS: Final = {
    "days_ago": DAYS_AGO,
    **{f"other_{what}": column(name) != column(f"{THIS}{name}") for what, name in STABLE.items()},
    "same_employer": column("declared_employer") == column(f"{THIS}declared_employer"),
    "tenure_gap": (column(f"{THIS}declared_job_months") - _AT_ONE_EMPLOYER).abs(),
}

EARLIER: Final = History(
    stem="earlier_applications",
    source="own_loans",
    group="own_repayment",
    nothing="the applicant has not applied before",
    view=View(table=APPLICATIONS, happened="applied_at", known="applied_at", columns=_EARLIER_COLUMNS),
)
DECIDED: Final = History(
    stem="earlier_decisions",
    source="own_loans",
    group="own_repayment",
    nothing="no earlier application was decided",
    view=View(
        table=OUTCOMES,
        parent=APPLICATIONS,
        applicant="application_applicant_id",
        happened="decided_at",
        known="decided_at",
        columns={"declined": column("decision") == "declined"},
    ),
)

_LARGEST: Final = summed(
    OWN_LOANS, MAX, "Largest loan with us", "在本机构历史最大贷款金额", column="amount", unit="yuan"
)

LOANS: Final[tuple[Feature, ...]] = (
    summed(OWN_LOANS, COUNT, "Loans with us", "在本机构历史贷款笔数"),
    summed(OWN_LOANS, COUNT, "Open loans with us", "在本机构未结清贷款笔数", where="open"),
    summed(OWN_LOANS, COUNT, "Loans with us repaid", "在本机构已结清贷款笔数", where="repaid", direction=-1),
    summed(OWN_LOANS, COUNT, "Loans with us charged off", "在本机构已核销贷款笔数", where="charged_off", direction=1),
    summed(
        OWN_LOANS, MIN, "Days since the last loan with us", "距在本机构最近一笔贷款天数", column="days_ago", unit="days"
    ),
    _LARGEST,
    summed(
        OWN_LOANS,
        MIN,
        "Days since a loan with us was last repaid",
        "距在本机构最近一次结清天数",
        where="repaid",
        column="closed_days_ago",
        unit="days",
    ),
    summed(
        OWN_LOANS,
        SHARE,
        "Share of loans repaid with us that were repaid before their term",
        "在本机构已结清贷款中提前结清占比",
        where="repaid",
        column="repaid_early",
    ),
    summed(
        OWN_LOANS,
        SUM,
        "Outstanding on open loans with us, by the time left of their terms",
        "在本机构未结清贷款估计余额",
        where="open",
        column="outstanding",
        unit="yuan",
    ),
    derived(
        OWN_LOANS,
        "amount_asked_to_largest",
        ratio(column("amount"), of(_LARGEST)),
        "Amount asked for over the largest earlier loan with us",
        "申请金额与在本机构历史最大贷款金额之比",
        null="no loan with us is known",
        changeable=True,
    ),
)

INSTALMENTS: Final = (
    summed(OWN_INSTALMENTS, COUNT, "Instalments that fell due with us", "在本机构已到期期数"),
    *windows(
        OWN_INSTALMENTS,
        MAX,
        "Most days past due with us among instalments of the last {days} days",
        "近{days}天在本机构最大逾期天数",
        *(90, 365),
        column="days_past_due",
        direction=1,
        unit="days",
    ),
    *windows(
        OWN_INSTALMENTS,
        MEAN,
        "Mean days past due with us among instalments of the last {days} days",
        "近{days}天在本机构平均逾期天数",
        365,
        column="days_past_due",
        direction=1,
        unit="days",
    ),
    *windows(
        OWN_INSTALMENTS,
        SHARE,
        "Share of instalments with us paid late or not at all among those of the last {days} days",
        "近{days}天在本机构逾期期数占比",
        365,
        column="late",
        direction=1,
    ),
    summed(
        OWN_INSTALMENTS,
        COUNT,
        "Instalments with us past due and not paid",
        "在本机构当前逾期期数",
        where="overdue",
        direction=1,
    ),
    *windows(
        OWN_INSTALMENTS,
        SHARE,
        "Share of paid instalments with us paid before the due time in the last {days} days",
        "近{days}天在本机构提前还款期数占比",
        365,
        column="early",
    ),
    summed(
        OWN_INSTALMENTS,
        SUM,
        "Amount past due with us and not paid",
        "在本机构当前逾期金额",
        where="overdue",
        column="amount_due",
        unit="yuan",
    ),
)

_LARGEST_ASKED: Final = summed(
    EARLIER,
    MAX,
    "Largest amount asked for in earlier applications with us",
    "历史申请最大金额",
    column="amount",
    unit="yuan",
)
_FIRST, _LAST = (of(summed(EARLIER, aggregate, days=365, column="days_ago")) for aggregate in (MAX, MIN))
_YEAR: Final = of(summed(EARLIER, COUNT, days=365))

APPLICATIONS_BEFORE: Final[tuple[Feature, ...]] = (
    *windows(
        EARLIER,
        COUNT,
        "Earlier applications with us in the last {days} days",
        "近{days}天在本机构申请次数",
        30,
        90,
        365,
    ),
    summed(EARLIER, MIN, "Days since the last application with us", "距上次申请天数", column="days_ago", unit="days"),
    _LARGEST_ASKED,
    derived(
        EARLIER,
        "days_between_365d",
        ratio(_FIRST - _LAST, _YEAR - 1),
        "Mean days between earlier applications with us in the last year",
        "近一年在本机构平均申请间隔天数",
        null="fewer than two earlier applications in the last year",
        unit="days",
    ),
    derived(
        EARLIER,
        "amount_asked_to_largest",
        ratio(column("amount"), of(_LARGEST_ASKED)),
        "Amount asked for over the largest asked for in earlier applications with us",
        "申请金额与历史申请最大金额之比",
        changeable=True,
    ),
    *windows(
        DECIDED,
        SHARE,
        "Share of our decisions of the last {days} days that were to decline",
        "近{days}天在本机构被拒占比",
        365,
        column="declined",
    ),
    *windows(
        DECIDED,
        COUNT,
        "Applications that we declined in the last {days} days",
        "近{days}天在本机构被拒次数",
        *(90, 365),
        where="declined",
    ),
)

FEATURES: Final[tuple[Feature, ...]] = (*LOANS, *INSTALMENTS, *APPLICATIONS_BEFORE)
"""Features of earlier business with us, in the order of the catalogue."""
