"""A lender small enough to see through: every rule of validation holds for its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from features.tables import TABLES
from pipelines.expectations import Suites
from pipelines.store import write_frame

END = datetime(2024, 7, 1, tzinfo=UTC)
START = datetime(2023, 7, 1, 4, tzinfo=UTC)
APPLICATIONS = 240


def _filled(name: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    table = TABLES[name]
    return pl.DataFrame([{column: row.get(column) for column in table.schema} for row in rows], schema=table.schema)


def _applied_at(number: int) -> datetime:
    return START + timedelta(hours=30 * number)


def _applications() -> list[dict[str, object]]:
    return [
        {
            "application_id": f"A{number:04d}",
            "applicant_id": f"P{number // 2:04d}",
            "applied_at": _applied_at(number),
            "product": ("cash_small", "cash_standard", "instalment_shopping")[number % 3],
            "amount": 1000.0 + 50 * (number % 40),
            "term_months": 3,
            "purpose": ("shopping", "medical", None)[number % 3],
            "channel": ("app_store", "search", "agent")[number % 3],
            "device_id": f"D{number // 2:04d}",
            "phone_hash": f"ph{number // 2:04d}",
            "birth_date": date(1970 + number % 30, 1 + number % 12, 1),
            "region": ("guangdong", "sichuan")[number % 2],
            "declared_income": 4000.0 + number,
            "declared_job_months": number % 100,
            "gender": ("female", "male", None)[number % 3],
        }
        for number in range(APPLICATIONS)
    ]


def _outcomes() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number in range(APPLICATIONS):
        decided, approved = _applied_at(number) + timedelta(hours=1), number % 2 == 0
        paid = {
            "disbursed_at": decided + timedelta(hours=1),
            "amount_disbursed": 1000.0 + 50 * (number % 40),
            "observed_until": END,
        }
        late = {"first_30dpd_at": decided + timedelta(days=61)} if number % 20 == 0 and number < 180 else {}
        worse = {"first_60dpd_at": decided + timedelta(days=91)} if number % 40 == 0 and late else {}
        rows.append(
            {
                "application_id": f"A{number:04d}",
                "decided_at": decided,
                "decision": "approved" if approved else "declined",
                "decided_by": "rules" if number % 5 else "random",
                **((paid | late | worse) if approved else {}),
            }
        )
    return rows


def _loans() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number in range(0, APPLICATIONS, 2):
        opened = _applied_at(number) + timedelta(hours=2)
        ended = opened + timedelta(days=95)
        closed = {"status_known_at": ended + timedelta(days=1), "closed_at": ended, "status": "repaid"}
        amount = 1000.0 + 50 * (number % 40)
        rows.append(
            {
                "loan_id": f"L{number:04d}",
                "applicant_id": f"P{number // 2:04d}",
                "happened_at": opened,
                "known_at": opened + timedelta(minutes=1),
                "application_id": f"A{number:04d}",
                "lender_id": "us",
                "lender_type": "own",
                "amount": amount,
                "term_months": 3,
                "amount_repayable": round(amount * 1.1, 2),
                **(closed if ended + timedelta(days=1) <= END else {}),
            }
        )
    return rows


def _instalments() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for loan in _loans():
        share = round(float(str(loan["amount_repayable"])) / 3, 2)
        for number in (1, 2, 3):
            due = loan["happened_at"] + timedelta(days=30 * number)  # type: ignore[operator]
            paid = {"payment_known_at": due + timedelta(hours=2), "paid_at": due, "amount_paid": share}
            if due + timedelta(hours=2) <= END:
                rows.append(
                    {
                        "instalment_id": f"{loan['loan_id']}-{number}",
                        "applicant_id": loan["applicant_id"],
                        "happened_at": due,
                        "known_at": due + timedelta(hours=1),
                        "loan_id": loan["loan_id"],
                        "number": number,
                        "amount_due": share,
                        **paid,
                    }
                )
    return rows


def _events() -> list[dict[str, object]]:
    return [
        {
            "event_id": f"E{number:04d}-{place}",
            "applicant_id": f"P{number // 2:04d}",
            "happened_at": _applied_at(number) - timedelta(minutes=9 - place),
            "known_at": _applied_at(number) - timedelta(minutes=9 - place),
            "session_id": f"S{number:04d}",
            "device_id": f"D{number // 2:04d}",
            "kind": ("login", "view_terms", "submit")[place],
            "seconds": 3.5 * place,
        }
        for number in range(APPLICATIONS)
        for place in range(3)
    ]


def _calls() -> list[dict[str, object]]:
    return [
        {
            "call_id": f"C{number:04d}",
            "applicant_id": f"P{number // 2:04d}",
            "happened_at": _applied_at(number) + timedelta(minutes=20),
            "known_at": _applied_at(number) + timedelta(minutes=30),
            "application_id": f"A{number:04d}",
            "stage": ("bot", "person")[number % 2],
            "arm": ("policy", "control")[number % 2],
            "reached": number % 3 > 0,
            "verified_income": 3900.0 + number if number % 3 else None,
            "disposition": "confirmed" if number % 3 else "not_reached",
            "minutes": 4.5,
        }
        for number in range(0, APPLICATIONS, 3)
        for number in (number, number + 1)
    ]


def _identity_checks() -> list[dict[str, object]]:
    return [
        {
            "check_id": f"I{number:04d}",
            "applicant_id": f"P{number // 2:04d}",
            "happened_at": _applied_at(number) - timedelta(minutes=2),
            "known_at": _applied_at(number) - timedelta(minutes=2),
            "application_id": f"A{number:04d}",
            "factor": ("face", "otp")[number % 2],
            "passed": number % 7 > 0,
            "match_score": None if number % 2 else 0.9,
        }
        for number in range(APPLICATIONS)
    ]


def _watchlist() -> list[dict[str, object]]:
    return [
        {
            "entry_id": f"W{number:04d}",
            "happened_at": START + timedelta(days=number),
            "known_at": START + timedelta(days=number + 3),
            "key_type": ("phone", "id", "device")[number % 3],
            "key_hash": f"ph{number:04d}",
            "source": ("own", "industry")[number % 2],
            "reason": ("fraud", "default")[number % 2],
            "expires_at": END + timedelta(days=number) if number % 2 else None,
        }
        for number in range(60)
    ]


def _inquiries() -> list[dict[str, object]]:
    return [
        {
            "inquiry_id": f"Q{number:04d}",
            "applicant_id": f"P{number // 2:04d}",
            "happened_at": _applied_at(number) - timedelta(days=4),
            "known_at": _applied_at(number) - timedelta(days=3),
            "lender_id": f"bank{number % 9}",
            "lender_type": ("bank", "small_loan")[number % 2],
            "purpose": ("loan_approval", "credit_card")[number % 2],
        }
        for number in range(APPLICATIONS)
    ]


@pytest.fixture(scope="session")
def good_tables() -> Mapping[str, pl.DataFrame]:
    """Tables of a lender in which nothing is wrong."""
    return {
        "applications": _filled("applications", _applications()),
        "identity_checks": _filled("identity_checks", _identity_checks()),
        "behaviour_events": _filled("behaviour_events", _events()),
        "bureau_inquiries": _filled("bureau_inquiries", _inquiries()),
        "loans": _filled("loans", _loans()),
        "instalments": _filled("instalments", _instalments()),
        "watchlist": _filled("watchlist", _watchlist()),
        "calls": _filled("calls", _calls()),
        "outcomes": _filled("outcomes", _outcomes()),
    }


@pytest.fixture(scope="session")
def extract_at() -> datetime:
    """End of the extract of `good_tables`."""
    return END


@pytest.fixture
def write_tables(tmp_path: Path) -> Callable[[Mapping[str, pl.DataFrame]], Path]:
    """Write tables into a folder of their own and return it."""

    def write(tables: Mapping[str, pl.DataFrame]) -> Path:
        folder = tmp_path / "raw"
        for name, frame in tables.items():
            write_frame(folder / f"{name}.parquet", frame)
        return folder

    return write


@pytest.fixture(scope="session")
def suites() -> Suites:
    """Great Expectations, imported once."""
    return Suites()
