"""What is known of a case before the call, for its call sheet: from the raw tables, or from what was scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from features.tables import APPLICATIONS, VERIFIABLE
from pipelines.errors import PipelineError
from reports.money import currency_of, in_currency
from review.sheet import Fact
from scoring.decision import Decision, Value
from scoring.spec import ModelSpec

SHOWN: Final[Mapping[str, str]] = {
    "amount": "申请金额",
    "term_months": "申请期限(月)",
    "product": "产品",
    "purpose": "借款用途",
    "channel": "渠道",
    "region": "地区",
    "declared_employer": "填报单位",
    "declared_occupation": "填报职业",
}
"""Columns of ``applications`` that open a call sheet, with their names in Chinese."""

ENGLISH: Final[Mapping[str, str]] = {
    "amount": "Amount asked for",
    "term_months": "Term asked for",
    "product": "Product",
    "purpose": "Purpose",
    "channel": "Channel",
    "region": "Region",
    "declared_employer": "Stated employer",
    "declared_occupation": "Stated occupation",
}

MOST_SCORED: Final = 8
"""Scored values that open a call sheet when there are no raw tables."""


class UnknownCaseError(PipelineError):
    """Decisions on applications that the raw tables do not hold."""


def application_rows(applications: pl.DataFrame, decisions: list[Decision]) -> dict[str, Mapping[str, Value]]:
    """Return the raw row of each decided case by its id.

    Raises:
        UnknownCaseError: a case is not among the applications.
    """
    ids = [decision.case_id or "" for decision in decisions]
    columns = [APPLICATIONS.key, *(name for name in (*SHOWN, *VERIFIABLE) if name in applications.columns)]
    rows = applications.filter(pl.col(APPLICATIONS.key).is_in(ids)).select(columns).unique(APPLICATIONS.key, keep="any")
    found: dict[str, Mapping[str, Value]] = {row[APPLICATIONS.key]: row for row in rows.iter_rows(named=True)}
    missing = [case for case in ids if case not in found]
    if missing:
        raise UnknownCaseError(
            f"{len(missing)} decided case(s) are not in applications, such as {missing[0]!r}. "
            "Give the tables that the decisions were made from."
        )
    return found


def facts_of_row(row: Mapping[str, Value], spec: ModelSpec) -> tuple[Fact, ...]:
    """Return the facts that open a sheet, from a raw row; what was not stated is left out."""
    currency = currency_of(spec)
    return tuple(
        Fact(
            id=name,
            value=row[name],
            en=ENGLISH[name],
            zh=zh,
            unit=in_currency(APPLICATIONS.column(name).unit, currency),
        )
        for name, zh in SHOWN.items()
        if row.get(name) is not None
    )


def stated_in_row(row: Mapping[str, Value], spec: ModelSpec) -> dict[str, Value]:
    """Return question id to what the applicant stated; questions are named after the column they check."""
    return {question.id: row[question.id] for question in spec.questions if question.id in row}


def facts_scored(decision: Decision, spec: ModelSpec) -> tuple[Fact, ...]:
    """Return the facts that open a sheet when there are no raw tables: scored values that move the score most."""
    asked = {feature.name for feature in spec.features if feature.question is not None}
    words = {feature.name: feature for feature in spec.features}
    known = [c for c in decision.contributions if c.value is not None and c.feature not in asked]
    known.sort(key=lambda c: (-abs(c.points), c.feature))
    return tuple(
        Fact(
            id=c.feature,
            value=c.value,
            en=words[c.feature].en,
            zh=words[c.feature].zh,
            unit=words[c.feature].unit,
        )
        for c in known[:MOST_SCORED]
    )
