"""The builder: which rows and columns come out, the same for one applicant and for a batch, from what it may read."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.build import absent, build
from features.catalogue import CATALOGUE
from features.errors import UnknownApplicationError, UnknownFeatureError
from features.feature import DTYPES
from features.network_batch import needs_everyone
from features.online import OnlineBuilder
from features.tables import TRUTH, table
from features.windowed import Windowed

every_seed = pytest.mark.parametrize("seed", range(6))


@pytest.fixture(scope="module")
def full(world):
    ages = [timedelta(days=n) for n in (3, 50, 300)]
    return world.together(world.me(), *(world.everything(age, world.applied_at - age) for age in ages))


@every_seed
def test_one_application_gives_what_the_batch_gives(world, seed):
    tables = world.seeded_tables(seed)
    batch = build(tables)

    for chosen in batch["application_id"][seed::13]:
        one = build(tables, only=[chosen])
        assert_frame_equal(one, batch.filter(pl.col("application_id") == chosen), check_exact=True)


@pytest.mark.parametrize("last", [datetime(2024, 3, 1, 6, tzinfo=UTC), datetime(2025, 1, 1, 2, tzinfo=UTC)])
def test_applications_at_all_hours_give_in_a_batch_what_each_gives_alone(world, last):
    """One of the last at hour 0, or the first of a year after some at hour 0: both once misled a batch."""
    given = world.seeded_tables(0)["applications"]
    hours = pl.int_range(pl.len()) * 7
    tables = {"applications": given.with_columns(applied_at=pl.lit(last) - pl.duration(hours=hours))}
    features = [name for name, feature in CATALOGUE.items() if "applied_at" in feature.stated]
    batch = build(tables, features=features)

    assert "application_local_hour" in features
    assert batch["application_local_hour"].null_count() == 0
    for chosen in batch["application_id"]:
        one = build(tables, features=features, only=[chosen])
        assert_frame_equal(one, batch.filter(pl.col("application_id") == chosen), check_exact=True)


@every_seed
@pytest.mark.parametrize("person", ["P", "Q", "R"])
def test_all_but_network_features_need_only_the_applicants_own_rows(world, seed, person):
    tables = world.seeded_tables(seed)
    features = [name for name, feature in CATALOGUE.items() if not needs_everyone(feature)]
    mine = {
        name: frame.filter(pl.col("applicant_id") == person) if "applicant_id" in frame.columns else frame
        for name, frame in tables.items()
    }

    expected = build(tables, features=features).filter(pl.col("applicant_id") == person)

    assert_frame_equal(build(mine, features=features), expected, check_exact=True)


@every_seed
def test_the_order_of_rows_does_not_matter(world, seed):
    tables = world.seeded_tables(seed)
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=7) for name, frame in tables.items()}

    assert_frame_equal(build(shuffled), build(tables), check_exact=True)


def test_sums_do_not_depend_on_the_order_of_addition(world, history):
    day = world.applied_at - timedelta(days=1)
    seconds = [0.1, 1e-3, 86_400.0, 0.2, 0.3] * 40

    def total(values):
        rows = [{"happened_at": day, "seconds": value, "event_id": f"e{i}"} for i, value in enumerate(values)]
        return build(history(behaviour_events=rows))["behaviour_seconds_sum_30d"][0]

    shuffled = [random.Random(seed).sample(seconds, len(seconds)) for seed in range(5)]  # noqa: S311 -- no secret
    assert len({total(values) for values in shuffled}) == 1
    assert total(seconds) == pytest.approx(sum(seconds), rel=1e-12)


def test_rows_come_by_time_then_id_and_columns_as_declared(world, full):
    built = build(full)

    assert built.columns == ["application_id", "applicant_id", "applied_at", *CATALOGUE]
    assert built.select("applied_at", "application_id").rows() == sorted(
        full["applications"].select("applied_at", "application_id").rows()
    )
    assert {name: built.schema[name] for name in CATALOGUE} == {n: DTYPES[f.kind] for n, f in CATALOGUE.items()}


def test_chosen_features_come_in_the_order_asked_for(full):
    wanted = ["loans_open_count", "application_amount"]

    built = build(full, features=[wanted[0], CATALOGUE[wanted[1]]])

    assert built.columns[3:] == wanted
    assert_frame_equal(built.select(wanted), build(full).select(wanted), check_exact=True)


def test_numbers_stay_within_their_declared_bounds_and_are_never_nan(full):
    built = build(full, only=["A"])

    for name, feature in CATALOGUE.items():
        value = built[name][0]
        if feature.kind == "number" and value is not None:
            assert not math.isnan(value), name
            assert feature.lower is None or feature.lower <= value, (name, value)
            assert feature.upper is None or value <= feature.upper, (name, value)


def test_a_thin_file_has_its_application_and_its_network_and_nulls_elsewhere(world):
    built = build(world.me())

    present = {name for name in CATALOGUE if built[name][0] is not None}
    assert {"application_amount", "network_device_applicants", "watchlist_active_hits"} <= present
    assert not present & {
        name for name, f in CATALOGUE.items() if isinstance(f, Windowed) and "applicant" in f.history.view.matched
    }


def test_tables_that_are_absent_leave_nulls_and_are_listed(full):
    alone = {"applications": full["applications"]}

    built = build(alone)

    for table_absent in absent(alone):
        assert built.select(table_absent.features).null_count().sum_horizontal()[0] == len(built) * len(
            table_absent.features
        )
    assert [entry.table for entry in absent(alone)] == [
        "identity_checks",
        "behaviour_events",
        "bureau_inquiries",
        "loans",
        "instalments",
        "watchlist",
        "outcomes",
    ]
    assert absent(full) == ()
    assert build(alone, only=["A"])["network_device_applicants"][0] == 3


@pytest.mark.parametrize("name", ["identity_checks", "behaviour_events", "bureau_inquiries", "loans", "instalments"])
def test_all_that_reads_one_absent_table_is_null_in_a_batch_and_alone(full, name):
    """Also what is computed from features that others of its tables could still give a value."""
    without = {other: frame for other, frame in full.items() if other != name}
    readers = [feature.name for feature in CATALOGUE.values() if name in feature.tables]

    built = build(without, only=["A"]).row(0, named=True)
    alone = OnlineBuilder().build("A", without)

    assert {built[reader] for reader in readers} == {None}
    assert {alone[reader] for reader in readers} == {None}


def test_truth_calls_and_gender_are_never_read(world, full):
    truth = pl.DataFrame({name: ["nonsense"] for name in TRUTH.schema})
    calls = table("calls").empty().with_columns(verified_income=pl.lit(1))
    gendered = full["applications"].with_columns(gender=pl.lit("female"))
    plain = build(full)

    assert_frame_equal(build({**full, "truth": truth, "calls": calls, "applications": gendered}), plain)
    assert_frame_equal(build({**full, "applications": gendered.drop("gender")}), plain)


def test_no_declaration_names_truth_calls_or_gender():
    for feature in CATALOGUE.values():
        assert not feature.tables & {"truth", "calls"}, feature.name
        assert "gender" not in str(feature.definition), feature.name


def test_hours_and_days_are_local(world, history):
    late_evening_utc = {"happened_at": world.applied_at - timedelta(hours=1)}  # half past one in Shanghai
    tables = history(behaviour_events=[late_evening_utc])

    def hour_and_night(zone):
        return build(tables, time_zone=zone).select("application_local_hour", "behaviour_night_share_30d").row(0)

    assert hour_and_night("Asia/Shanghai") == (2, 1)
    assert hour_and_night("UTC") == (18, 0)


@pytest.mark.parametrize(
    ("birth", "years"), [(date(1994, 6, 15), 30), (date(1994, 6, 16), 29), (date(1996, 2, 29), 28), (None, None)]
)
def test_age_is_counted_in_birthdays_on_the_local_day(world, birth, years):
    tables = world.me()
    tables["applications"] = tables["applications"].with_columns(birth_date=pl.lit(birth, pl.Date))

    assert build(tables)["application_age_years"][0] == years


def test_an_unknown_feature_is_named_with_the_nearest(full):
    with pytest.raises(
        UnknownFeatureError, match=r"'loans_opened_count' is not declared. Did you mean 'loans_open_count'"
    ):
        build(full, features=["loans_opened_count"])


def test_an_unknown_application_is_named(full):
    with pytest.raises(UnknownApplicationError, match="application_id == 'nobody' is not among the applications"):
        build(full, only=["A", "nobody"])


def test_no_application_gives_no_row(full):
    assert build(full, only=[]).shape == (0, 3 + len(CATALOGUE))
    assert build({**full, "applications": table("applications").empty()}).height == 0
