"""The raw tables: what each column means, its unit, what it may hold and what null means.

Every row of history has two times. ``happened_at`` is when it took place; ``known_at`` is when this lender learned of
it. Some columns of a row are learned later than the row itself: a loan is reported when it opens, its closing only
when it closes. Such a column names the column that tells when it became known (``known_by``), and whoever looks at
the row earlier sees null there.

All times are UTC with microseconds. Money is yuan as float64. Identifiers are strings, and identifiers of persons are
keyed hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from features.errors import UnknownTableError, nearest

TIME: Final = pl.Datetime("us", "UTC")
TEXT: Final = pl.String()
MONEY: Final = pl.Float64()
WHOLE: Final = pl.Int64()
REAL: Final = pl.Float64()
FLAG: Final = pl.Boolean()
DATE: Final = pl.Date()

LENDER_TYPES: Final = ("bank", "consumer_finance", "small_loan", "own")
EVENT_KINDS: Final = (
    "login",
    "view_terms",
    "edit_income",
    "edit_contact",
    "edit_employer",
    "paste_id",
    "type_id",
    "upload",
    "calculator",
    "abandon",
    "return",
    "submit",
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a raw table.

    Attributes:
        name: Column name.
        dtype: Polars type that the column must have.
        meaning: What it says, in one line.
        unit: Unit of the number, such as ``yuan`` or ``months``; empty where there is none.
        nullable: Whether null is legal.
        null_means: What null says, where it is legal.
        allowed: The values that a category may take; empty means any.
        lower: Smallest legal number, inclusive; None means no bound.
        upper: Largest legal number, inclusive; None means no bound.
        known_by: Time column of the same row that tells when this column became known; None means with the row. Before
            that time, and while that time is null, the column counts as null.
        protected: A protected characteristic: it is read by fairness checks and never by a feature or a model.
    """

    name: str
    dtype: pl.DataType
    meaning: str
    unit: str = ""
    nullable: bool = False
    null_means: str = ""
    allowed: tuple[str, ...] = ()
    lower: float | None = None
    upper: float | None = None
    known_by: str | None = None
    protected: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """The contract of one raw table.

    Attributes:
        name: File name without its ending.
        row: What one row stands for.
        key: Column that identifies a row.
        columns: All columns, in order.
        parents: Column to the table whose key it refers to.
        times: Columns of which all must lie before a decision for the row to be known by then; none means that nobody
            knows the row at any decision.
        optional: Whether a lender may come without this table; its features are then null.
    """

    name: str
    row: str
    key: str
    columns: tuple[Column, ...]
    parents: Mapping[str, str]
    times: tuple[str, ...] = ("happened_at", "known_at")
    optional: bool = True

    @property
    def schema(self) -> pl.Schema:
        """Column names and types, in order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def column(self, name: str) -> Column:
        """Return one column.

        Raises:
            KeyError: there is no such column; the message names the nearest.
        """
        for column in self.columns:
            if column.name == name:
                return column
        hint = nearest(name, [column.name for column in self.columns])
        raise KeyError(f"table {self.name!r} has no column {name!r}.{hint}")

    def empty(self) -> pl.DataFrame:
        """Return the table with its columns and no row."""
        return pl.DataFrame(schema=self.schema)


def _id(name: str, meaning: str, *, null_means: str = "") -> Column:
    return Column(name=name, dtype=TEXT, meaning=meaning, nullable=bool(null_means), null_means=null_means)


def _history(key: str, row: str) -> tuple[Column, ...]:
    return (
        _id(key, f"identifies the {row}"),
        _id("applicant_id", "the person"),
        Column(name="happened_at", dtype=TIME, meaning=f"when the {row} took place"),
        Column(name="known_at", dtype=TIME, meaning="when this lender learned of the row; never before happened_at"),
    )


APPLICATIONS: Final = Table(
    name="applications",
    row="application for a loan",
    key="application_id",
    optional=False,
    parents={},
    times=("applied_at",),
    columns=(
        _id("application_id", "identifies the application"),
        _id("applicant_id", "the person who applies; one person may apply several times"),
        Column(name="applied_at", dtype=TIME, meaning="when the finished application was handed in"),
        Column(
            name="product",
            dtype=TEXT,
            meaning="loan product asked for",
            allowed=("cash_small", "cash_standard", "instalment_shopping"),
        ),
        Column(name="amount", dtype=MONEY, meaning="amount asked for", unit="yuan", lower=1, upper=1_000_000),
        Column(name="term_months", dtype=WHOLE, meaning="term asked for", unit="months", lower=1, upper=360),
        Column(
            name="purpose",
            dtype=TEXT,
            meaning="what the money is for, as stated",
            nullable=True,
            null_means="not stated",
            allowed=("shopping", "medical", "education", "renovation", "travel", "business", "turnover", "other"),
        ),
        Column(
            name="channel",
            dtype=TEXT,
            meaning="where the applicant came from",
            allowed=("app_store", "search", "social", "partner", "referral", "agent"),
        ),
        _id("device_id", "device the application was handed in on", null_means="device not seen"),
        _id("phone_hash", "keyed hash of the phone number", null_means="not given"),
        _id("id_hash", "keyed hash of the identity number", null_means="not given"),
        _id("contact_hash", "keyed hash of the emergency contact's phone", null_means="not given"),
        Column(name="birth_date", dtype=DATE, meaning="date of birth", nullable=True, null_means="not given"),
        _id("region", "province or municipality, in pinyin", null_means="not given"),
        Column(
            name="declared_income",
            dtype=MONEY,
            meaning="monthly income after tax, as stated",
            unit="yuan a month",
            nullable=True,
            null_means="not stated",
            lower=0,
            upper=10_000_000,
        ),
        Column(
            name="declared_job_months",
            dtype=WHOLE,
            meaning="time with the present employer, as stated",
            unit="months",
            nullable=True,
            null_means="not stated",
            lower=0,
            upper=720,
        ),
        _id("declared_employer", "name of the employer, as stated", null_means="not stated"),
        Column(
            name="declared_occupation",
            dtype=TEXT,
            meaning="occupation, as stated",
            nullable=True,
            null_means="not stated",
        ),
        Column(
            name="declared_education",
            dtype=TEXT,
            meaning="highest education, as stated",
            nullable=True,
            null_means="not stated",
            allowed=("middle_school", "high_school", "college", "bachelor", "master"),
        ),
        Column(
            name="declared_housing",
            dtype=TEXT,
            meaning="how the applicant lives, as stated",
            nullable=True,
            null_means="not stated",
            allowed=("own", "mortgage", "rent", "family", "dormitory"),
        ),
        Column(
            name="declared_other_lenders",
            dtype=WHOLE,
            meaning="other lenders with an open loan, as stated",
            unit="lenders",
            nullable=True,
            null_means="not stated",
            lower=0,
            upper=100,
        ),
        Column(
            name="declared_monthly_debt",
            dtype=MONEY,
            meaning="instalments on other loans, as stated",
            unit="yuan a month",
            nullable=True,
            null_means="not stated",
            lower=0,
            upper=10_000_000,
        ),
        Column(
            name="gender",
            dtype=TEXT,
            meaning="gender; protected, for fairness checks only",
            nullable=True,
            null_means="not known",
            allowed=("female", "male"),
            protected=True,
        ),
    ),
)

IDENTITY_CHECKS: Final = Table(
    name="identity_checks",
    row="identity factor tried",
    key="check_id",
    parents={"application_id": "applications"},
    columns=(
        *_history("check_id", "identity check"),
        _id("application_id", "application during which the factor was tried"),
        Column(name="factor", dtype=TEXT, meaning="what was checked", allowed=("otp", "id_card", "face")),
        Column(name="passed", dtype=FLAG, meaning="whether the factor was accepted"),
        Column(
            name="match_score",
            dtype=REAL,
            meaning="likeness reported by the checker",
            nullable=True,
            null_means="the factor has no score (one-time passwords)",
            lower=0,
            upper=1,
        ),
    ),
)

BEHAVIOUR_EVENTS: Final = Table(
    name="behaviour_events",
    row="event in the app or on the web",
    key="event_id",
    parents={},
    columns=(
        *_history("event_id", "event"),
        _id("session_id", "session the event belongs to"),
        _id("device_id", "device of the session", null_means="device not seen"),
        Column(name="kind", dtype=TEXT, meaning="what the applicant did", allowed=EVENT_KINDS),
        Column(
            name="seconds",
            dtype=REAL,
            meaning="time spent on it",
            unit="seconds",
            nullable=True,
            null_means="not measured",
            lower=0,
            upper=86_400,
        ),
    ),
)

BUREAU_INQUIRIES: Final = Table(
    name="bureau_inquiries",
    row="inquiry by any lender",
    key="inquiry_id",
    parents={},
    columns=(
        *_history("inquiry_id", "inquiry"),
        _id("lender_id", "lender that asked"),
        Column(name="lender_type", dtype=TEXT, meaning="kind of lender", allowed=LENDER_TYPES),
        Column(
            name="purpose",
            dtype=TEXT,
            meaning="why it asked",
            allowed=("loan_approval", "credit_card", "guarantee", "post_loan"),
        ),
    ),
)

LOANS: Final = Table(
    name="loans",
    row="loan anywhere, as reported",
    key="loan_id",
    parents={"application_id": "applications"},
    columns=(
        *_history("loan_id", "opening of the loan"),
        _id("application_id", "our application it came from", null_means="another lender's loan"),
        _id("lender_id", "lender"),
        Column(name="lender_type", dtype=TEXT, meaning="kind of lender; own is this lender", allowed=LENDER_TYPES),
        Column(name="amount", dtype=MONEY, meaning="amount lent", unit="yuan", lower=1, upper=10_000_000),
        Column(name="term_months", dtype=WHOLE, meaning="number of monthly instalments", lower=1, upper=360),
        Column(
            name="amount_repayable",
            dtype=MONEY,
            meaning="principal, interest and fees over the whole term: the sum of all its instalments",
            unit="yuan",
            lower=1,
            upper=30_000_000,
        ),
        Column(
            name="status_known_at",
            dtype=TIME,
            meaning="when this lender learned how the loan ended",
            nullable=True,
            null_means="not known to have ended",
        ),
        Column(
            name="closed_at",
            dtype=TIME,
            meaning="when the loan ended",
            nullable=True,
            null_means="not known to have ended",
            known_by="status_known_at",
        ),
        Column(
            name="status",
            dtype=TEXT,
            meaning="how the loan ended",
            nullable=True,
            null_means="open, as far as known",
            allowed=("repaid", "repaid_early", "charged_off"),
            known_by="status_known_at",
        ),
    ),
)

INSTALMENTS: Final = Table(
    name="instalments",
    row="instalment of a loan that has fallen due",
    key="instalment_id",
    parents={"loan_id": "loans"},
    columns=(
        *_history("instalment_id", "instalment falling due: happened_at is the due time"),
        _id("loan_id", "loan it belongs to"),
        Column(name="number", dtype=WHOLE, meaning="position in the schedule, from 1", lower=1, upper=360),
        Column(name="amount_due", dtype=MONEY, meaning="amount that fell due", unit="yuan", lower=0, upper=30_000_000),
        Column(
            name="payment_known_at",
            dtype=TIME,
            meaning="when this lender learned of the payment",
            nullable=True,
            null_means="no payment known",
        ),
        Column(
            name="paid_at",
            dtype=TIME,
            meaning="when it was paid; before happened_at when paid early",
            nullable=True,
            null_means="not known to be paid",
            known_by="payment_known_at",
        ),
        Column(
            name="amount_paid",
            dtype=MONEY,
            meaning="amount paid; less than amount_due is a partial payment",
            unit="yuan",
            nullable=True,
            null_means="nothing known to be paid",
            lower=0,
            upper=30_000_000,
            known_by="payment_known_at",
        ),
    ),
)

WATCHLIST: Final = Table(
    name="watchlist",
    row="listed key",
    key="entry_id",
    parents={},
    columns=(
        _id("entry_id", "identifies the entry"),
        Column(name="happened_at", dtype=TIME, meaning="when the deed took place that the key is listed for"),
        Column(name="known_at", dtype=TIME, meaning="when the entry reached this lender; never before happened_at"),
        Column(name="key_type", dtype=TEXT, meaning="what kind of key", allowed=("phone", "id", "device", "contact")),
        _id("key_hash", "the listed key, hashed as in applications"),
        Column(name="source", dtype=TEXT, meaning="who listed it", allowed=("own", "industry", "police")),
        Column(
            name="reason",
            dtype=TEXT,
            meaning="why it is listed",
            allowed=("fraud", "default", "identity_theft", "agent"),
        ),
        Column(
            name="expires_at",
            dtype=TIME,
            meaning="when the entry stops counting",
            nullable=True,
            null_means="never",
        ),
    ),
)

CALLS: Final = Table(
    name="calls",
    row="past phone review",
    key="call_id",
    parents={"application_id": "applications"},
    columns=(
        *_history("call_id", "call"),
        _id("application_id", "application that was reviewed"),
        Column(name="stage", dtype=TEXT, meaning="who called", allowed=("bot", "person")),
        Column(
            name="arm",
            dtype=TEXT,
            meaning="chosen by the rules of the time, or at random",
            allowed=("policy", "control"),
        ),
        Column(name="reached", dtype=FLAG, meaning="whether the applicant answered"),
        Column(
            name="verified_income",
            dtype=MONEY,
            meaning="monthly income found by the call",
            unit="yuan a month",
            nullable=True,
            null_means="not verified",
            lower=0,
            upper=10_000_000,
        ),
        Column(
            name="verified_job_months",
            dtype=WHOLE,
            meaning="time with the employer found by the call",
            unit="months",
            nullable=True,
            null_means="not verified",
            lower=0,
            upper=720,
        ),
        Column(
            name="verified_other_lenders",
            dtype=WHOLE,
            meaning="other lenders found by the call",
            unit="lenders",
            nullable=True,
            null_means="not verified",
            lower=0,
            upper=100,
        ),
        Column(
            name="verified_monthly_debt",
            dtype=MONEY,
            meaning="instalments on other loans found by the call",
            unit="yuan a month",
            nullable=True,
            null_means="not verified",
            lower=0,
            upper=10_000_000,
        ),
        Column(
            name="contact_confirmed",
            dtype=FLAG,
            meaning="whether the emergency contact knew the applicant",
            nullable=True,
            null_means="not asked",
        ),
        Column(
            name="disposition",
            dtype=TEXT,
            meaning="how the call ended",
            allowed=("confirmed", "corrected", "refused_to_answer", "suspicious", "not_reached"),
        ),
        Column(name="minutes", dtype=REAL, meaning="length of the call", unit="minutes", lower=0, upper=240),
    ),
)

OUTCOMES: Final = Table(
    name="outcomes",
    row="decided application",
    key="application_id",
    parents={"application_id": "applications"},
    times=("decided_at",),
    columns=(
        _id("application_id", "application that was decided"),
        Column(name="decided_at", dtype=TIME, meaning="when it was decided"),
        Column(name="decision", dtype=TEXT, meaning="what was decided", allowed=("approved", "declined")),
        Column(
            name="decided_by",
            dtype=TEXT,
            meaning="what decided: the rules of the time, a random approval, or a person after a call",
            allowed=("rules", "random", "person"),
        ),
        Column(
            name="disbursed_at",
            dtype=TIME,
            meaning="when it was paid out",
            nullable=True,
            null_means="not paid out",
            known_by="disbursed_at",
        ),
        Column(
            name="amount_disbursed",
            dtype=MONEY,
            meaning="amount paid out",
            unit="yuan",
            nullable=True,
            null_means="not paid out",
            lower=1,
            upper=1_000_000,
            known_by="disbursed_at",
        ),
        Column(
            name="first_30dpd_at",
            dtype=TIME,
            meaning="when an instalment first stood 30 days past due",
            nullable=True,
            null_means="never, up to observed_until",
            known_by="first_30dpd_at",
        ),
        Column(
            name="first_60dpd_at",
            dtype=TIME,
            meaning="when an instalment first stood 60 days past due",
            nullable=True,
            null_means="never, up to observed_until",
            known_by="first_60dpd_at",
        ),
        Column(
            name="observed_until",
            dtype=TIME,
            meaning="end of what is known of the loan",
            nullable=True,
            null_means="not paid out",
            known_by="observed_until",
        ),
    ),
)

TRUTH: Final = Table(
    name="truth",
    row="application, as only the synthetic lender can know it",
    key="application_id",
    parents={"application_id": "applications"},
    times=(),
    columns=(
        _id("application_id", "the application"),
        Column(
            name="default_probability",
            dtype=REAL,
            meaning="probability of 60 or more days past due within 180 days of disbursement, had it been paid out",
            lower=0,
            upper=1,
        ),
        Column(name="would_be_bad", dtype=FLAG, meaning="whether it would have gone bad, had it been paid out"),
        Column(name="true_income", dtype=MONEY, meaning="monthly income", unit="yuan a month", lower=0),
        Column(name="true_job_months", dtype=WHOLE, meaning="time with the employer", unit="months", lower=0),
        Column(name="true_other_lenders", dtype=WHOLE, meaning="other lenders with an open loan", lower=0),
        Column(name="true_monthly_debt", dtype=MONEY, meaning="instalments elsewhere", unit="yuan a month", lower=0),
        Column(name="misreported_income", dtype=FLAG, meaning="whether the declared income is a misreport"),
        Column(name="misreported_job_months", dtype=FLAG, meaning="whether the declared tenure is a misreport"),
        Column(name="misreported_other_lenders", dtype=FLAG, meaning="whether other lenders were left out"),
        Column(name="misreported_monthly_debt", dtype=FLAG, meaning="whether the declared debt is a misreport"),
        _id("fraud_ring", "ring the applicant belongs to", null_means="no ring"),
    ),
)

TABLES: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        APPLICATIONS,
        IDENTITY_CHECKS,
        BEHAVIOUR_EVENTS,
        BUREAU_INQUIRIES,
        LOANS,
        INSTALMENTS,
        WATCHLIST,
        CALLS,
        OUTCOMES,
        TRUTH,
    )
}
"""Every raw table by name; ``truth`` exists for synthetic lenders alone and is never read by a feature."""

VERIFIABLE: Final[Mapping[str, str]] = {
    "declared_income": "verified_income",
    "declared_job_months": "verified_job_months",
    "declared_other_lenders": "verified_other_lenders",
    "declared_monthly_debt": "verified_monthly_debt",
}
"""Declared column to the column of ``calls`` that holds what a phone review found instead."""


def table(name: str) -> Table:
    """Return the contract of a table.

    Raises:
        UnknownTableError: there is no such table; the message names the nearest.
    """
    if name not in TABLES:
        raise UnknownTableError(name, TABLES)
    return TABLES[name]
