"""No feature sees what was not known before the application, and every feature sees what was."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.build import build
from features.catalogue import CATALOGUE
from features.network_batch import NetworkFeature
from features.tables import TABLES
from features.windowed import Windowed

JUST_BEFORE = timedelta(microseconds=-1)
DELAYS = (timedelta(0), timedelta(days=30))
AGES = (timedelta(hours=2), timedelta(days=1, hours=16), timedelta(days=20), timedelta(days=200), timedelta(days=800))

every_feature = pytest.mark.parametrize("feature", CATALOGUE)


def reads_history(feature):
    return isinstance(feature, Windowed | NetworkFeature) or any(reads_history(part) for part in feature.inputs)


every_history_feature = pytest.mark.parametrize("feature", [n for n, f in CATALOGUE.items() if reads_history(f)])


@pytest.fixture(scope="module")
def past(world):
    age = timedelta(days=5, hours=12)
    return world.together(world.me(), world.everything(age, world.applied_at - age, bad=False))


@pytest.fixture(scope="module")
def built(world, past):
    """Build with the past alone, and with bad rows that became known at a delay after the application."""
    loan = past["loans"]["loan_id"].sort()[0].removesuffix("-bank")

    def at(delay):
        known = world.applied_at + delay
        hostile = [world.everything(age, known, loans_of=loan) for age in AGES]
        return build(world.together(past, *hostile), only=["A"])

    return {None: build(past), **{delay: at(delay) for delay in (*DELAYS, JUST_BEFORE)}}


@every_feature
@pytest.mark.parametrize("delay", DELAYS, ids=str)
def test_what_is_learned_later_never_changes_a_feature(feature, delay, built):
    assert_frame_equal(built[delay].select(feature), built[None].select(feature), check_exact=True)


@every_history_feature
def test_what_is_learned_just_before_changes_every_feature_of_history(feature, built):
    assert not built[JUST_BEFORE].select(feature).equals(built[None].select(feature))


LATE = {
    "loans_open_count",
    "loans_open_monthly_sum",
    "loans_repaid_count",
    "loans_charged_off_count",
    "own_loans_open_count",
    "own_loans_repaid_count",
    "own_loans_charged_off_count",
    "own_loans_open_outstanding_sum",
    "instalments_days_past_due_mean_90d",
    "instalments_overdue_count",
    "instalments_partial_count_180d",
    "instalments_early_share_365d",
    "own_instalments_overdue_count",
    "own_instalments_days_past_due_mean_365d",
    "own_instalments_early_share_365d",
    "network_device_bad_30dpd",
    "network_device_bad_60dpd",
    "network_contact_as_phone_bad_60dpd",
    "disagreement_monthly_debt",
}
"""Features that read columns which are learned later than their rows."""


def with_late_columns(tables, known):
    """Set every time that tells when a column became known; None: nothing became known."""

    def changed(name, frame):
        tellers = {column.known_by for column in TABLES[name].columns if column.known_by}
        return frame.with_columns(pl.lit(known, TABLES[name].column(teller).dtype).alias(teller) for teller in tellers)

    return {name: changed(name, frame) for name, frame in tables.items()}


@pytest.fixture(scope="module")
def late(world):
    age = timedelta(days=40)
    tables = world.together(world.me(), world.everything(age, world.applied_at - age))
    times = {None: None, **{delay: world.applied_at + delay for delay in (*DELAYS, JUST_BEFORE)}}
    return {delay: build(with_late_columns(tables, known), only=["A"]) for delay, known in times.items()}


@every_feature
@pytest.mark.parametrize("delay", DELAYS, ids=str)
def test_a_column_learned_later_counts_as_null(feature, delay, late):
    assert_frame_equal(late[delay].select(feature), late[None].select(feature), check_exact=True)


@pytest.mark.parametrize("feature", sorted(LATE))
def test_a_column_learned_just_before_counts(feature, late):
    assert not late[JUST_BEFORE].select(feature).equals(late[None].select(feature))


def test_an_instalment_counts_once_its_loan_is_known(world, history):
    due = world.applied_at - timedelta(days=9)

    def overdue(loan_known):
        tables = history(
            loans=[{"loan_id": "L", "lender_type": "bank", "happened_at": due, "known_at": loan_known}],
            instalments=[{"loan_id": "L", "happened_at": due}],
        )
        return build(tables, features=["instalments_overdue_count"])["instalments_overdue_count"][0]

    assert overdue(world.applied_at) is None
    assert overdue(world.applied_at + JUST_BEFORE) == 1


def test_a_row_that_claims_to_be_known_before_it_happened_waits_until_it_happened(world, history):
    tables = history(
        bureau_inquiries=[
            {"happened_at": world.applied_at + timedelta(days=1), "known_at": world.applied_at - timedelta(days=1)}
        ]
    )

    assert build(tables)["inquiries_count_365d"][0] is None


def test_each_application_sees_its_own_past(world, history):
    days = [timedelta(days=n) for n in (20, 10, 0)]
    applications = [{"application_id": f"A{i}", "applied_at": world.applied_at - age} for i, age in enumerate(days)]
    tables = history(bureau_inquiries=[{"happened_at": world.applied_at - timedelta(days=n)} for n in (21, 15, 5)])
    tables["applications"] = world.frame("applications", *applications)

    seen = build(tables, features=["inquiries_count_365d", "earlier_applications_count_365d"])

    assert seen["application_id"].to_list() == ["A0", "A1", "A2"]
    assert seen["inquiries_count_365d"].to_list() == [1, 2, 3]
    assert seen["earlier_applications_count_365d"].to_list() == [None, 1, 2]


def test_applications_of_one_moment_do_not_see_each_other(world):
    tables = world.me()
    twin = world.me(application_id="B")["applications"]
    tables["applications"] = pl.concat([tables["applications"], twin])

    assert build(tables)["earlier_applications_count_365d"].to_list() == [None, None]
