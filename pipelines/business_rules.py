"""The rules that no single column can tell: between times, between columns, between tables.

Rules that compare several columns or tables are flags: an expression that is true (or null, where there is nothing to
compare) in every good row. They may read what `pipelines.derived` adds from other tables, such as
``_loans_term_months``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from features.schema_check import OLDEST_YEARS
from features.tables import TIME, Table
from pipelines.rules import Between, Holds, NotBefore, Rule

CENT: Final = 0.01
"""Amounts are rounded to it, so a sum of n amounts may be off by n of them."""


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A rule over several columns, declared by the expression that holds.

    Attributes:
        id: Reason of the rows that break it.
        says: What must hold, in a sentence.
        shown: Columns that show why it does not.
        holds: True in a good row; null counts as true.
    """

    id: str
    says: str
    shown: tuple[str, ...]
    holds: pl.Expr

    @property
    def rule(self) -> Rule:
        """The rule that every row of the flag is true."""
        return Rule(id=self.id, says=self.says, check=Holds(f"_{self.id}", self.shown))

    @property
    def column(self) -> pl.Expr:
        """The flag as a column that is never null."""
        return self.holds.fill_null(value=True).alias(f"_{self.id}")


FUTURE_ALLOWED: Final = frozenset({("watchlist", "expires_at")})
"""Table and time that may lie after the end of the extract."""

ORDER: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "loans": (
        ("closed_at", "happened_at"),
        ("status_known_at", "closed_at"),
        ("happened_at", "_applications_applied_at"),
    ),
    "instalments": (("payment_known_at", "paid_at"), ("happened_at", "_loans_happened_at")),
    "calls": (("happened_at", "_applications_applied_at"),),
    "watchlist": (("expires_at", "happened_at"),),
    "outcomes": (
        ("decided_at", "_applications_applied_at"),
        ("disbursed_at", "decided_at"),
        ("first_30dpd_at", "disbursed_at"),
        ("first_60dpd_at", "first_30dpd_at"),
        ("observed_until", "disbursed_at"),
        ("observed_until", "first_30dpd_at"),
        ("observed_until", "first_60dpd_at"),
    ),
}
"""Table to pairs of times, the first of which is not before the second."""


def _together(id: str, *names: str) -> Flag:  # noqa: A002 - the word that `Flag` uses
    first, *others = (pl.col(name).is_null() for name in names)
    says = f"{', '.join(names[:-1])} and {names[-1]} are all given or all null"
    return Flag(id=id, says=says, shown=names, holds=pl.all_horizontal(first == other for other in others))


def _implies(condition: pl.Expr, consequence: pl.Expr) -> pl.Expr:
    return ~condition | consequence


_VERIFIED: Final = ("verified_income", "verified_job_months", "verified_other_lenders", "verified_monthly_debt")
_TOLERANCE: Final = CENT * (pl.col("_instalments_count") + 1)

FLAGS: Final[Mapping[str, tuple[Flag, ...]]] = {
    "applications": (
        Flag(
            id="impossible_age",
            says=f"the applicant was born before applying, and at most {OLDEST_YEARS} years before",
            shown=("birth_date", "applied_at"),
            holds=pl.col("birth_date").is_between(
                pl.col("applied_at").dt.date().dt.offset_by(f"-{OLDEST_YEARS}y"), pl.col("applied_at").dt.date()
            ),
        ),
    ),
    "loans": (
        _together("ending_half_known", "closed_at", "status", "status_known_at"),
        Flag(
            id="application_of_other_lender",
            says="a loan that came from our application is our own",
            shown=("application_id", "lender_type"),
            holds=_implies(pl.col("application_id").is_not_null(), pl.col("lender_type") == "own"),
        ),
        Flag(
            id="instalments_exceed_loan",
            says="instalments never sum to more than the loan's amount_repayable",
            shown=("amount_repayable", "_instalments_total", "_instalments_count"),
            holds=pl.col("_instalments_total") <= pl.col("amount_repayable") + _TOLERANCE,
        ),
        Flag(
            id="instalments_fall_short",
            says="once all instalments have fallen due they sum to the loan's amount_repayable",
            shown=("amount_repayable", "_instalments_total", "_instalments_count", "term_months"),
            holds=_implies(
                pl.col("_instalments_count") == pl.col("term_months"),
                pl.col("_instalments_total") >= pl.col("amount_repayable") - _TOLERANCE,
            ),
        ),
    ),
    "instalments": (
        _together("payment_half_known", "paid_at", "amount_paid", "payment_known_at"),
        Flag(
            id="number_beyond_term",
            says="no instalment has a number beyond the loan's term_months",
            shown=("loan_id", "number", "_loans_term_months"),
            holds=pl.col("number") <= pl.col("_loans_term_months"),
        ),
        Flag(
            id="number_given_twice",
            says="a loan has one instalment of each number",
            shown=("loan_id", "number"),
            holds=~pl.struct("loan_id", "number").is_duplicated(),
        ),
    ),
    "calls": (
        Flag(
            id="verified_without_answer",
            says="a call that reached nobody has verified nothing",
            shown=("reached", *_VERIFIED, "contact_confirmed"),
            holds=pl.col("reached") | pl.all_horizontal(pl.col(*_VERIFIED, "contact_confirmed").is_null()),
        ),
        Flag(
            id="reached_contradicts_disposition",
            says="the disposition is not_reached exactly when nobody was reached",
            shown=("reached", "disposition"),
            holds=pl.col("reached") == (pl.col("disposition") != "not_reached"),
        ),
    ),
    "outcomes": (
        Flag(
            id="disbursed_without_approval",
            says="what was paid out had been approved",
            shown=("decision", "disbursed_at"),
            holds=_implies(pl.col("disbursed_at").is_not_null(), pl.col("decision") == "approved"),
        ),
        _together("disbursement_half_known", "disbursed_at", "amount_disbursed", "observed_until"),
        Flag(
            id="past_due_without_loan",
            says="only what was paid out can be past due",
            shown=("disbursed_at", "first_30dpd_at", "first_60dpd_at"),
            holds=_implies(
                pl.col("first_30dpd_at").is_not_null() | pl.col("first_60dpd_at").is_not_null(),
                pl.col("disbursed_at").is_not_null(),
            ),
        ),
        Flag(
            id="60_days_without_30",
            says="what stood 60 days past due had stood 30 days past due",
            shown=("first_30dpd_at", "first_60dpd_at"),
            holds=_implies(pl.col("first_60dpd_at").is_not_null(), pl.col("first_30dpd_at").is_not_null()),
        ),
    ),
}
"""Table to its rules over several columns."""


def flags(table: Table) -> tuple[Flag, ...]:
    """Return a table's rules over several columns: its own, then those that its references make."""
    references = [_reference(column, parent) for column, parent in table.parents.items()]
    persons = [_same_person(parent) for parent in table.parents.values() if "applicant_id" in table.schema]
    return (*FLAGS.get(table.name, ()), *references, *persons)


def _reference(column: str, parent: str) -> Flag:
    return Flag(
        id=f"unknown_{column}",
        says=f"{column} is a row of {parent}",
        shown=(column,),
        holds=_implies(pl.col(column).is_not_null(), pl.col(f"_{parent}_known")),
    )


def _same_person(parent: str) -> Flag:
    return Flag(
        id=f"applicant_differs_from_{parent}",
        says=f"applicant_id is the one of the row in {parent}",
        shown=("applicant_id", f"_{parent}_applicant_id"),
        holds=pl.col("applicant_id") == pl.col(f"_{parent}_applicant_id"),
    )


def business_rules(table: Table, extract_at: datetime) -> tuple[Rule, ...]:
    """Return the rules of a table that its contract alone does not make.

    Args:
        table: The table.
        extract_at: End of the extract: nothing can have happened, or be known, after it.
    """
    times = [column.name for column in table.columns if column.dtype == TIME]
    rules = [
        Rule(
            id=f"{name}_in_future", says=f"{name} is not after the extract's end", check=Between(name, upper=extract_at)
        )
        for name in times
        if (table.name, name) not in FUTURE_ALLOWED
    ]
    if "known_at" in times:
        rules.append(_not_before("known_at", "happened_at", id="known_before_happened"))
    rules += [_not_before(later, earlier) for later, earlier in ORDER.get(table.name, ())]
    return (*rules, *(flag.rule for flag in flags(table)))


def _not_before(later: str, earlier: str, *, id: str = "") -> Rule:  # noqa: A002 - the word that `Rule` uses
    words = f"{later} is not before {earlier.lstrip('_').replace('applications_', 'the application was ', 1)}"
    return Rule(
        id=id or f"{later}_before_{earlier.lstrip('_')}",
        says=words.replace("the application was applied_at", "the application's applied_at"),
        check=NotBefore(later, earlier),
    )
