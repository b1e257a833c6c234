"""Raw tables for the tests of features: whole rows from the few values a test is about, and random ones."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import strategies as st

from features.schema_check import UNREAD
from features.tables import DATE, FLAG, MONEY, TABLES, TEXT, TIME, WHOLE, Column, table

Row = dict[str, object]
Tables = dict[str, pl.DataFrame]
ALL = tuple(name for name in TABLES if name not in UNREAD)

APPLIED_AT = datetime(2024, 6, 14, 18, 30, tzinfo=UTC)  # 02:30 in Shanghai, so that whole days before it are nights
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
KEYS = {"device_id": "d", "phone_hash": "p", "id_hash": "i", "contact_hash": "c"}
OTHERWISE: Row = dict.fromkeys(
    ("device_id", "phone_hash", "contact_hash", "region", "declared_employer", "declared_occupation"), "another"
)
"""What an earlier application of the same person stated, each of it different."""
LIED: Row = {"declared_employer": "e", "declared_job_months": 90, "declared_income": 3000.0}
ENDS = ("charged_off", "repaid_early")
CROSSED = {"phone_hash": "c", "contact_hash": "p"}
ME: Row = {
    "application_id": "A",
    "applicant_id": "P",
    "applied_at": APPLIED_AT,
    "amount": 6000.0,
    "term_months": 12,
    "birth_date": date(1994, 2, 3),
    "region": "r",
    "declared_employer": "e",
    "declared_occupation": "o",
    "declared_income": 8000.0,
    "declared_job_months": 24,
    "declared_other_lenders": 0,
    "declared_monthly_debt": 1000.0,
    **KEYS,
}


def _some(column: Column) -> object:
    if column.nullable:
        return None
    if column.allowed:
        return column.allowed[0]
    values = {TIME: LONG_AGO, MONEY: 1000.0, WHOLE: 10, FLAG: True, TEXT: "P", DATE: date(1990, 5, 17)}
    return values[column.dtype]


def frame(name: str, *rows: Mapping[str, object]) -> pl.DataFrame:
    """Return a raw table of the given rows: null where nothing is given and that is legal, else something legal."""
    contract = table(name)
    whole = []
    for i, row in enumerate(rows):
        assert set(row) <= set(contract.schema), set(row) - set(contract.schema)
        happened = {"known_at": row["happened_at"]} if "happened_at" in row and "known_at" in contract.schema else {}
        whole.append({**{c.name: _some(c) for c in contract.columns}, contract.key: f"{name}{i}", **happened, **row})
    return pl.DataFrame(whole, schema=contract.schema, orient="row")


def together(*worlds: Tables) -> Tables:
    """Return tables that hold the rows of all of them."""
    names = [name for name in TABLES if any(name in world for world in worlds)]
    return {name: pl.concat([world[name] for world in worlds if name in world]) for name in names}


def me(**mine: object) -> Tables:
    """Return the one application ``A`` of applicant ``P``, and every other table empty."""
    empty = {name: table(name).empty() for name in ALL}
    return {**empty, "applications": frame("applications", {**ME, **mine})}


_TAGS = itertools.count()


def everything(age: timedelta, known: datetime, *, bad: bool = True, loans_of: str | None = None) -> Tables:
    """Return rows of every kind that belong to ``A``, all from one moment: a little good, or everything bad.

    The bad rows hold something for every condition of every feature, worse than anything in the good ones.
    """
    tag = f"t{next(_TAGS)}"
    happened = APPLIED_AT - age
    times: Row = {"happened_at": happened, "known_at": known}
    ended: Row = {"status_known_at": known, "closed_at": happened}
    lenders = ("bank", "small_loan", "own")
    lent: Row = {**times, "amount": 72_000.0 if bad else 900.0, "amount_repayable": 180_000.0 if bad else 1000.0}
    lent["term_months"] = 2 if bad else 24
    loans = [
        {**lent, **ended, "loan_id": f"{tag}-{kind}", "lender_type": kind, "lender_id": kind, "status": "repaid"}
        for kind in lenders
    ]
    due: Row = {
        **times,
        "number": 1,
        "amount_due": 900.0,
        "payment_known_at": known,
        "paid_at": happened,
        "amount_paid": 900.0,
    }
    instalments = [
        {**due, "loan_id": f"{loans_of or tag}-{kind}", "instalment_id": f"{tag}-{kind}"} for kind in lenders
    ]
    tried = [(app, factor, False, 0.5) for app in ("A", "before") for factor in ("otp", "id_card", "face")]
    tried.append(("before", "face", True, 0.9 if bad else 0.5))
    events = ["login", "type_id", "view_terms"]
    asked = ["bank"]
    applications: list[Row] = []
    listed: list[tuple[str, str, datetime | None]] = []
    if bad:
        kinds = ("bank", "consumer_finance", "small_loan", "own")
        loans += [{**lent, "lender_type": kind, "lender_id": f"{tag}{kind}"} for kind in kinds]
        loans += [{**lent, **ended, "lender_type": kind, "status": how} for kind in lenders for how in ENDS]
        for number, kind in itertools.product((2, 3, 4), lenders):
            row = {**due, "loan_id": f"{loans_of or tag}-{kind}", "instalment_id": f"{tag}-{kind}{number}"}
            unpaid: Row = {"paid_at": None, "amount_paid": None, "payment_known_at": None}
            cured: Row = {"paid_at": happened + timedelta(days=10)}
            early: Row = {"paid_at": happened - timedelta(days=1), "amount_paid": 1.0}
            instalments.append({**row, **{2: unpaid, 3: cured, 4: early}[number]})
        tried += [(app, factor, True, 0.99) for app, factor, _, _ in tried]
        tried += [(app, factor, False, 0.01) for app, factor, passed, _ in tried if passed]
        events += [
            "edit_income",
            "edit_contact",
            "edit_employer",
            "paste_id",
            "upload",
            "calculator",
            "abandon",
            "return",
        ]
        asked += ["consumer_finance", "small_loan", "small_loan"]
        who: list[tuple[str, Row]] = [
            ("P", OTHERWISE),
            ("P", LIED),
            (f"{tag}-ring", dict(KEYS)),
            (f"{tag}-crossed", dict(CROSSED)),
        ]
        applications = [
            {"application_id": f"{tag}-{i}", "applicant_id": name, "applied_at": known, "amount": 90_000.0, **stated}
            for i, (name, stated) in enumerate(who)
        ]
        keys = {"device": "d", "phone": "p", "id": "i", "contact": "c"}
        listed = [(kind, key, until) for kind, key in keys.items() for until in (None, APPLIED_AT)]
    decided: Row = {"decided_at": known, "decision": "declined", "first_30dpd_at": known, "first_60dpd_at": known}
    using: Row = {"seconds": 900.0 if bad else 30.0, "device_id": tag if bad else "d", "session_id": tag}

    used: list[Row] = [{"kind": kind} for kind in events]

    def rows(name: str, given: list[Row]) -> pl.DataFrame:
        return frame(name, *({table(name).key: f"{tag}{i}", **row} for i, row in enumerate(given)))

    return {
        "applications": rows("applications", applications),
        "identity_checks": rows(
            "identity_checks",
            [
                {**times, "application_id": app, "factor": factor, "passed": passed, "match_score": score}
                for app, factor, passed, score in tried
            ],
        ),
        "behaviour_events": rows(
            "behaviour_events", [{**times, **using, **event} for event in [*used, {"device_id": "d"}]]
        ),
        "bureau_inquiries": rows(
            "bureau_inquiries", [{**times, "lender_type": kind, "lender_id": f"{tag}{kind}"} for kind in asked]
        ),
        "loans": rows("loans", loans),
        "instalments": rows("instalments", instalments),
        "watchlist": rows(
            "watchlist",
            [{**times, "key_type": kind, "key_hash": key, "expires_at": until} for kind, key, until in listed],
        ),
        "outcomes": rows(
            "outcomes", [{**decided, "application_id": str(row["application_id"])} for row in applications]
        ),
    }


@st.composite
def random_tables(draw: st.DrawFn, *, only: Collection[str] = ALL, most: int = 6, last_days: int = 40) -> Tables:
    """Draw tables of three applicants with few different times and keys, so that ties and matches are common."""
    world: Tables = {}
    for name in only:
        contract = table(name)
        ids = [f"{name}{i}" for i in range(draw(st.integers(1 if name == "applications" else 0, most)))]
        world[name] = pl.DataFrame(
            [{**{c.name: draw(_values(c, last_days)) for c in contract.columns}, contract.key: i} for i in ids],
            schema=contract.schema,
            orient="row",
        )
    return world


def _values(column: Column, last_days: int) -> st.SearchStrategy[object]:
    values = st.integers(0, 10**9).map(lambda number: _value(column, number, last_days))
    return st.none() | values if column.nullable else values


def _value(column: Column, number: int, last_days: int) -> object:
    """Return the legal value of a column that a number stands for."""
    if column.allowed:
        return column.allowed[number % len(column.allowed)]
    if column.name == "applicant_id":
        return "PQR"[number % 3]
    if column.name in {"application_id", "loan_id"}:
        return f"{column.name.removesuffix('_id')}s{number % 6}"
    if column.name.endswith(("_hash", "_id")):
        return "kl"[number % 2]
    lower, upper = column.lower or 0.0, min(column.upper or 1.0, 20_000.0)
    values = {
        TIME: APPLIED_AT - timedelta(hours=12) * (number % (2 * last_days)),
        MONEY: max(lower, min(number % 2_000_000 / 100, upper)),
        WHOLE: int(lower) + number % 24,
        FLAG: number % 2 == 0,
        TEXT: "xy"[number % 2],
        DATE: date(1994, 2, 3) + timedelta(days=number % 3000),
    }
    return values[column.dtype]


def seeded_tables(seed: int, *, rows: int = 40, last_days: int = 400) -> Tables:
    """Return tables as ``random_tables`` draws them, but larger and at once; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 -- test data, not secrets

    def value(column: Column) -> object:
        number = chance.randrange(10**9)
        return None if column.nullable and number % 7 == 0 else _value(column, number // 7, last_days)

    return {
        name: pl.DataFrame(
            [{**{c.name: value(c) for c in table(name).columns}, table(name).key: f"{name}{i}"} for i in range(rows)],
            schema=table(name).schema,
            orient="row",
        )
        for name in ALL
    }


class World:
    """What tests of features build with."""

    applied_at = APPLIED_AT
    frame = staticmethod(frame)
    together = staticmethod(together)
    me = staticmethod(me)
    everything = staticmethod(everything)
    random_tables = staticmethod(random_tables)
    seeded_tables = staticmethod(seeded_tables)


@pytest.fixture(scope="session")
def world() -> type[World]:
    return World


@pytest.fixture(scope="session")
def history(world: type[World]) -> Callable[..., Tables]:
    """Return the application ``A`` with given rows of single tables beside it."""

    def of(**rows: list[Row]) -> Tables:
        mine = me()
        return {**mine, **{name: pl.concat([mine[name], frame(name, *given)]) for name, given in rows.items()}}

    return of
