"""Features that this bank adds to the built-in ones; contract.yaml names this file under ``modules``.

Overdrafts are the bank's own loans here (see map_tables.py): how long the account stood below zero, how deep in
relation to what it takes in, and how old the client is when the loan asked for ends.
"""

from __future__ import annotations

from features.aggregates import MAX, SUM
from features.application import AGE_YEARS, APPLICATION
from features.expression import column, days_between, of, ratio
from features.history import History, View
from features.rowwise import derived
from features.tables import LOANS
from features.windowed import summed

OVERDRAFTS = History(
    stem="overdrafts",
    source="own_loans",
    group="own_repayment",
    nothing="the account was never below zero",
    view=View(table=LOANS, columns={"days_below": days_between("happened_at", "closed_at")}),
    rows=column("lender_type") == "own",
)

DEEPEST = summed(OVERDRAFTS, MAX, "Deepest overdraft", "最大透支金额", column="amount", unit="yuan")

FEATURES = (
    DEEPEST,
    summed(
        OVERDRAFTS,
        SUM,
        "Days below zero in overdrafts of the last {days} days that are paid back",
        "近{days}天已结清透支的总天数",
        days=365,
        column="days_below",
        unit="days",
        direction=1,
    ),
    derived(
        OVERDRAFTS,
        "deepest_to_income",
        ratio(of(DEEPEST), column("declared_income")),
        "Deepest overdraft over what the account takes in a month",
        "最大透支金额与月收入之比",
        direction=1,
        question="declared_income",
    ),
    derived(
        APPLICATION,
        "age_at_last_instalment",
        AGE_YEARS + column("term_months") / 12,
        "Age when the last instalment of the loan asked for falls due",
        "最后一期还款时的年龄",
        null="date of birth not given",
        group="personal",
        unit="years",
    ),
)
