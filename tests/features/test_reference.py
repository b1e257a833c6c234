"""The same numbers from a slow obvious loop, over random histories."""

from __future__ import annotations

from datetime import timedelta
from math import fsum
from statistics import fmean
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.build import build
from features.catalogue import CATALOGUE

ZONE = ZoneInfo("Asia/Shanghai")


class Past:
    """What was known of one applicant before one application, row by row."""

    def __init__(self, tables, application):
        self.tables = tables
        self.application = application
        self.at = application["applied_at"]

    def rows(self, name, **late):
        """Return the known rows of a table; ``late`` names columns and the columns that tell when they became known."""
        known = []
        for row in self.tables[name].iter_rows(named=True):
            if row["applicant_id"] != self.application["applicant_id"]:
                continue
            if row["known_at"] < self.at and row["happened_at"] < self.at:
                masked = {c: row[c] if row[t] is not None and row[t] < self.at else None for c, t in late.items()}
                known.append({**row, **masked})
        return known

    def loans(self):
        return self.rows("loans", status="status_known_at", closed_at="status_known_at")

    def instalments(self):
        loans = {row["loan_id"]: row for row in self.rows("loans")}
        rows = self.rows("instalments", paid_at="payment_known_at", amount_paid="payment_known_at")
        return [{**row, "lender_type": loans[row["loan_id"]]["lender_type"]} for row in rows if row["loan_id"] in loans]

    def within(self, rows, days):
        return [row for row in rows if row["happened_at"] >= self.at - timedelta(days=days)]

    def others(self, key):
        """Return the earlier applications of other applicants with the same key, outcomes beside them."""
        decided = self.tables.get("outcomes", pl.DataFrame()).iter_rows(named=True)
        outcomes = {row["application_id"]: row for row in decided}
        for row in self.tables["applications"].iter_rows(named=True):
            mine = row["applicant_id"] == self.application["applicant_id"]
            if not mine and row[key] == self.application[key] and row["applied_at"] < self.at:
                yield {**row, **{k: v for k, v in outcomes.get(row["application_id"], {}).items() if k not in row}}


def elsewhere(rows):
    return [row for row in rows if row["lender_type"] != "own"]


def inquiries(past):
    return [row for row in elsewhere(past.rows("bureau_inquiries")) if row["purpose"] != "post_loan"]


def days_past_due(past, row):
    return max(((row["paid_at"] or past.at) - row["happened_at"]) // timedelta(days=1), 0)


def count_of_inquiries(past):
    return len(past.within(inquiries(past), 7)) if past.rows("bureau_inquiries") else None


def lenders_of_inquiries(past):
    lenders = {row["lender_id"] for row in past.within(inquiries(past), 30) if row["lender_type"] == "small_loan"}
    return len(lenders) if past.rows("bureau_inquiries") else None


def days_since_last_inquiry(past):
    return min(((past.at - row["happened_at"]) // timedelta(days=1) for row in inquiries(past)), default=None)


def open_monthly(past):
    monthly = [r["amount_repayable"] / r["term_months"] for r in elsewhere(past.loans()) if r["status"] is None]
    return pytest.approx(fsum(monthly), abs=1e-4 * len(monthly)) if monthly else None


def mean_amount(past):
    amounts = [row["amount"] for row in past.within(elsewhere(past.loans()), 365)]
    return pytest.approx(fmean(amounts), abs=1e-4) if amounts else None


def worst_days_past_due(past):
    rows = past.within(elsewhere(past.instalments()), 30)
    return max((days_past_due(past, row) for row in rows), default=None)


def late_share(past):
    rows = past.within(elsewhere(past.instalments()), 365)
    return fmean(days_past_due(past, row) >= 1 for row in rows) if rows else None


def overdue(past):
    rows = [r for r in elsewhere(past.instalments()) if r["paid_at"] is None and days_past_due(past, r) >= 1]
    return len(rows) if past.instalments() else None


def night_share(past):
    rows = past.within(past.rows("behaviour_events"), 30)
    return fmean(row["happened_at"].astimezone(ZONE).hour < 6 for row in rows) if rows else None


def active_days(past):
    rows = past.rows("behaviour_events")
    return len({row["happened_at"].astimezone(ZONE).date() for row in past.within(rows, 30)}) if rows else None


def identity_failed(past):
    rows = [r for r in past.rows("identity_checks") if r["application_id"] == past.application["application_id"]]
    tried = {row["factor"] for row in rows}
    return bool(tried - {row["factor"] for row in rows if row["passed"]}) if rows else None


def applicants_of_device(past):
    found = {row["applicant_id"] for row in past.others("device_id")}
    return len(found) if past.application["device_id"] is not None else None


def applications_of_phone(past):
    rows = [r for r in past.others("phone_hash") if r["applied_at"] >= past.at - timedelta(days=30)]
    return len(rows) if past.application["phone_hash"] is not None else None


def bad_of_contact(past):
    bad = {
        row["applicant_id"]
        for row in past.others("contact_hash")
        if row.get("first_60dpd_at") is not None and max(row["first_60dpd_at"], row["decided_at"]) < past.at
    }
    return len(bad) if past.application["contact_hash"] is not None else None


def watchlist_hits(past):
    keys = {"phone": "phone_hash", "id": "id_hash", "device": "device_id", "contact": "contact_hash"}
    if all(past.application[column] is None for column in keys.values()):
        return None
    hits = set()
    for row in past.tables["watchlist"].iter_rows(named=True):
        known = row["known_at"] < past.at and row["happened_at"] < past.at
        active = row["expires_at"] is None or row["expires_at"] > past.at
        if known and active and past.application[keys[row["key_type"]]] == row["key_hash"]:
            hits.add(row["key_type"])
    return len(hits)


def other_lenders(past):
    stated = past.application["declared_other_lenders"]
    lenders = {row["lender_id"] for row in elsewhere(past.loans()) if row["status"] is None}
    return len(lenders) - stated if past.loans() and stated is not None else None


def burden(past):
    income = past.application["declared_income"]
    if not past.loans() or not income:
        return None
    asked = past.application["amount"] / past.application["term_months"]
    open_loans = [r["amount_repayable"] / r["term_months"] for r in elsewhere(past.loans()) if r["status"] is None]
    return pytest.approx((fsum(open_loans) + asked) / income, abs=1e-3 / income)


def minutes_from_terms(past):
    rows = [row for row in past.within(past.rows("behaviour_events"), 7) if row["kind"] == "view_terms"]
    return min(((past.at - row["happened_at"]) // timedelta(minutes=1) for row in rows), default=None)


def new_devices(past):
    rows = [row for row in past.rows("behaviour_events") if row["device_id"] is not None]
    older = {row["device_id"] for row in rows if past.at - row["happened_at"] >= timedelta(days=7)}
    return len({row["device_id"] for row in rows} - older) if past.rows("behaviour_events") else None


def working_share(past):
    rows = [row["happened_at"].astimezone(ZONE) for row in past.within(past.rows("behaviour_events"), 30)]
    return fmean(at.weekday() < 5 and 9 <= at.hour < 18 for at in rows) if rows else None


def open_at_a_time(past):
    """Count, for each of the last 365 days before the application, the loans that were open on it."""
    lives = [
        ((past.at - row["happened_at"]).days, (past.at - row["closed_at"]).days if row["closed_at"] else 0)
        for row in elsewhere(past.loans())
    ]
    return sum(ended <= day < begun for begun, ended in lives for day in range(365)) / 365 if lives else None


def rise_of_days_past_due(past):
    rows = past.within(elsewhere(past.instalments()), 365)
    ages = [(days_past_due(past, row), past.at - row["happened_at"]) for row in rows]
    late = max((days for days, age in ages if age <= timedelta(days=90)), default=None)
    older = max((days for days, age in ages if age >= timedelta(days=90)), default=None)
    return None if late is None or older is None else late - older


def loan_after_unpaid(past):
    rows, taken = elsewhere(past.instalments()), elsewhere(past.loans())
    if not past.instalments() or not taken:
        return None
    due = [row["happened_at"] for row in rows if row["paid_at"] is None and days_past_due(past, row) >= 1]
    days = [[(past.at - at) // timedelta(days=1) for at in times] for times in (due, [r["happened_at"] for r in taken])]
    return max(days[0], default=0) > min(days[1])


def income_to_earlier(past):
    mine = past.application
    rows = [
        row["declared_income"]
        for row in past.tables["applications"].iter_rows(named=True)
        if row["applicant_id"] == mine["applicant_id"] and row["applied_at"] < past.at
    ]
    incomes = [income for income in rows if income is not None]
    if mine["declared_income"] is None or not incomes or fmean(incomes) == 0:
        return None
    return pytest.approx(mine["declared_income"] / fmean(incomes), rel=1e-6)


def fresh_confidence(past):
    keys = {"phone": "phone_hash", "id": "id_hash", "device": "device_id", "contact": "contact_hash"}
    found = []
    for row in past.tables["watchlist"].iter_rows(named=True):
        known = row["known_at"] < past.at and row["happened_at"] < past.at
        active = row["expires_at"] is None or row["expires_at"] > past.at
        if known and active and past.application[keys[row["key_type"]]] == row["key_hash"]:
            age = (past.at - row["happened_at"]).days
            found.append({"police": 1.0, "own": 0.9, "industry": 0.6}[row["source"]] * max(1 - age / 730, 0))
    return pytest.approx(max(found)) if found else None


REFERENCES = {
    "inquiries_count_7d": count_of_inquiries,
    "inquiries_small_loan_lenders_30d": lenders_of_inquiries,
    "inquiries_days_ago_min": days_since_last_inquiry,
    "loans_open_monthly_sum": open_monthly,
    "loans_amount_mean_365d": mean_amount,
    "loans_burden_with_this_loan": burden,
    "instalments_days_past_due_max_30d": worst_days_past_due,
    "instalments_late_share_365d": late_share,
    "instalments_overdue_count": overdue,
    "behaviour_night_share_30d": night_share,
    "behaviour_active_days_30d": active_days,
    "identity_failed": identity_failed,
    "network_device_applicants": applicants_of_device,
    "network_phone_applications_30d": applications_of_phone,
    "network_contact_bad_60dpd": bad_of_contact,
    "watchlist_active_hits": watchlist_hits,
    "disagreement_other_lenders": other_lenders,
    "behaviour_view_terms_minutes_ago_min_7d": minutes_from_terms,
    "behaviour_new_devices_7d": new_devices,
    "behaviour_working_share_30d": working_share,
    "loans_open_at_a_time_365d": open_at_a_time,
    "instalments_days_past_due_rise": rise_of_days_past_due,
    "spiral_loan_after_unpaid": loan_after_unpaid,
    "changes_income_to_earlier": income_to_earlier,
    "watchlist_active_fresh_confidence_max": fresh_confidence,
}


@pytest.mark.parametrize("feature", REFERENCES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_a_slow_loop_gives_the_same(feature, world, data):
    tables = data.draw(world.random_tables(only=("applications", *sorted(CATALOGUE[feature].tables))))

    built = build(tables, features=[feature])

    applications = {row["application_id"]: row for row in tables["applications"].iter_rows(named=True)}
    expected = [REFERENCES[feature](Past(tables, applications[key])) for key in built["application_id"]]
    assert built[feature].to_list() == expected
