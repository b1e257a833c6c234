"""The online builder gives what the batch gives, to the bit, for whatever rows a request may bring."""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta, timezone

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.aggregates import COUNT, MAX, MEAN, MIN, SHARE, SUM
from features.build import build
from features.catalogue import CATALOGUE
from features.errors import DeclarationError, UnknownApplicationError, UnknownFeatureError
from features.expression import column, days_between, of, smallest, when
from features.history import History, View
from features.online import OnlineBuilder
from features.rowwise import Rowwise, derived
from features.tables import APPLICATIONS, BEHAVIOUR_EVENTS, BUREAU_INQUIRIES, INSTALMENTS, LOANS, OUTCOMES, TABLES
from features.windowed import summed

slow = settings(max_examples=25, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def builder():
    return OnlineBuilder()


def records(tables):
    """Return tables as a service holds them: a list of dicts a table, times in UTC."""

    def plain(value):
        return value.astimezone(UTC) if hasattr(value, "astimezone") else value

    return {n: [{k: plain(v) for k, v in row.items()} for row in f.to_dicts()] for n, f in tables.items()}


def bits(values):
    return {name: struct.pack("<d", value) if isinstance(value, float) else value for name, value in values.items()}


def differences(builder, tables, only=None, **options):
    """Return what differs from the batch: application, feature, value, and what the batch gives."""
    batch = build(tables, only=only, **options)
    given = records(tables)
    found = []
    for row in batch.iter_rows(named=True):
        online = bits(builder.build(row["application_id"], given))
        expected = bits({name: row[name] for name in builder.names})
        found += [(row["application_id"], n, online[n], v) for n, v in expected.items() if online[n] != v]
    return found


@slow
@given(data=st.data())
def test_online_is_the_batch_for_any_history(builder, world, data):
    names = data.draw(st.sets(st.sampled_from([n for n in TABLES if n not in {"truth", "calls", "applications"}])))
    tables = data.draw(world.random_tables(only=("applications", *sorted(names)), last_days=60))
    twice = data.draw(st.sets(st.sampled_from(sorted(tables))))
    tables = {n: pl.concat([f, f[:2]]) if n in twice else f for n, f in tables.items()}

    assert differences(builder, tables) == []


@pytest.mark.parametrize("seed", range(4))
def test_online_is_the_batch_for_rich_histories(builder, world, seed):
    assert differences(builder, world.seeded_tables(seed)) == []


def test_online_is_the_batch_for_thousands_of_rows(builder, world):
    tables = world.seeded_tables(7, rows=3000)
    some = tables["applications"]["application_id"].to_list()[::750]

    assert differences(builder, tables, only=some) == []


def test_online_is_the_batch_where_everything_happened(builder, world):
    ages = [timedelta(days=n) for n in (3, 50, 300)]
    tables = world.together(world.me(), *(world.everything(age, world.applied_at - age) for age in ages))

    assert differences(builder, tables) == []


def test_online_is_the_batch_in_another_time_zone(world):
    builder = OnlineBuilder(time_zone="America/New_York")

    assert differences(builder, world.seeded_tables(3), time_zone="America/New_York") == []


def odd_features():
    """Return declarations that no group has, but a lender may: late times, nullable times, edges of numbers."""
    told = {"source": "bureau", "group": "delinquency", "nothing": "none"}
    ended = History(stem="ended", view=View(table=LOANS, happened="closed_at", known="status_known_at"), **told)
    odd = History(
        stem="odd",
        view=View(
            table=BEHAVIOUR_EVENTS,
            columns={
                "halves": column("seconds") * 0.00005,
                "per_second": 1 / column("seconds"),
                "inverse": 1e300 / column("seconds"),
                "known_for": (column("applied_at") > column("known_at")).as_number(),
                "seen": column("device_id") == column("this_device_id"),
                "either": (column("device_id") == column("this_device_id")) | (column("seconds") > 10),
            },
        ),
        rows=column("seconds") > -1,
        **told,
    )
    bad = History(
        stem="bad",
        view=View(
            table=OUTCOMES,
            parent=APPLICATIONS,
            applicant="application_applicant_id",
            happened="first_30dpd_at",
            known="first_30dpd_at",
            columns={
                "soonest": days_between(smallest(column("first_60dpd_at"), column("observed_until")), "applied_at"),
                "asked": column("application_amount"),
            },
        ),
        **told,
    )
    of_ended = History(
        stem="of_ended",
        view=View(table=INSTALMENTS, parent=LOANS, columns={"ended": column("loan_status").is_not_null()}),
        **told,
    )
    most = summed(odd, MAX, column="per_second")
    region = when(of(most) > 1).then(column("region")).otherwise("none")
    return (
        summed(ended, MAX, column="amount"),
        summed(ended, SUM, column="amount", days=20),
        *(summed(odd, a, column=c) for a in (SUM, MEAN, MIN, MAX) for c in ("halves", "known_for", "seen")),
        *(summed(odd, SHARE, days=d, column=c) for d in (5, 30) for c in ("seen", "either")),
        most,
        summed(odd, MIN, where=("seen", "either"), column="inverse"),
        summed(of_ended, SHARE, column="ended"),
        summed(of_ended, SUM, column="loan_amount", where="ended"),
        summed(bad, SUM, column="asked"),
        summed(bad, MIN, column="soonest"),
        derived(odd, "unbounded", of(most) * 1e308 * column("amount"), "x", "x"),
        derived(odd, "chosen", when(of(most) > 1).then(column("declared_income")).otherwise(-of(most)), "x", "x"),
        Rowwise(stem="odd", column="pick", kind="category", meaning=odd.meaning("x", "x"), expression=region),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_online_is_the_batch_for_a_lenders_own_declarations(world, seed):
    features = odd_features()

    assert differences(OnlineBuilder(features), world.seeded_tables(seed, last_days=60), features=features) == []


def test_sixteen_threads_get_the_same(builder, world):
    given = records(world.seeded_tables(1))
    ids = [row["application_id"] for row in given["applications"]]
    alone = [bits(builder.build(one, given)) for one in ids]

    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda one: bits(builder.build(one, given)), ids * 3))

    assert together == alone * 3


def test_the_order_of_rows_does_not_matter(builder, world):
    given = records(world.seeded_tables(2))
    turned = {name: rows[::-1] for name, rows in given.items()}

    assert bits(builder.build("applications3", turned)) == bits(builder.build("applications3", given))


def test_a_request_is_left_as_it_was(builder, world):
    given, same = records(world.seeded_tables(2)), records(world.seeded_tables(2))

    builder.build("applications3", given)

    assert given == same


def test_frames_and_arrow_tables_count_as_their_rows(builder, world):
    tables = world.seeded_tables(4)
    arrow = {name: frame.to_arrow() for name, frame in tables.items()}
    assert all(isinstance(table, pa.Table) for table in arrow.values())

    expected = bits(builder.build("applications5", records(tables)))

    assert bits(builder.build("applications5", tables)) == expected
    assert bits(builder.build("applications5", arrow)) == expected


def test_times_of_other_zones_and_whole_amounts_count_as_what_they_are(builder, world):
    given = records(world.seeded_tables(5))
    shifted = timezone(timedelta(hours=8))

    def moved(value):
        return value.astimezone(shifted) if hasattr(value, "astimezone") else value

    moved_rows = {n: [{k: moved(v) for k, v in row.items()} for row in rows] for n, rows in given.items()}
    for row in moved_rows["applications"]:
        row["amount"] = float(int(row["amount"]))
    whole = {**moved_rows, "applications": [{**r, "amount": int(r["amount"])} for r in moved_rows["applications"]]}

    assert bits(builder.build("applications5", whole)) == bits(builder.build("applications5", moved_rows))


def test_chosen_features_come_in_the_order_asked_for(world):
    wanted = ["loans_open_count", "application_region", "identity_failed"]
    builder = OnlineBuilder([wanted[0], CATALOGUE[wanted[1]], wanted[2]])

    assert builder.names == tuple(wanted)
    assert list(builder.build("A", records(world.me()))) == wanted


def test_an_application_that_is_not_there_is_refused(builder, world):
    with pytest.raises(UnknownApplicationError, match="application_id == 'B' is not among the applications"):
        builder.build("B", records(world.me()))


def test_a_declaration_that_cannot_be_computed_is_refused():
    odd = History(stem="odd", source="bureau", group="delinquency", view=View(table=LOANS))

    with pytest.raises(DeclarationError, match="'odd_amont_max': column 'amont' cannot be read here"):
        OnlineBuilder([summed(odd, MAX, column="amont")])


def test_an_unknown_feature_is_refused():
    with pytest.raises(UnknownFeatureError, match="Did you mean 'loans_open_count'"):
        OnlineBuilder(["loans_open_coun"])


@pytest.mark.parametrize("seed", range(3))
def test_online_is_the_batch_where_a_parents_times_are_those_of_the_rows(world, seed):
    told = {"source": "bureau", "group": "delinquency", "nothing": "none"}
    times = [
        {"table": INSTALMENTS, "parent": LOANS, "happened": "loan_happened_at", "known": "loan_known_at"},
        {"table": INSTALMENTS, "parent": LOANS, "happened": "loan_closed_at", "known": "loan_status_known_at"},
        {"table": INSTALMENTS, "parent": LOANS, "happened": "loan_happened_at"},
    ]
    features = [
        summed(History(stem=f"of_loans{n}", view=View(**given), **told), MAX, days=days, column="amount_due")
        for n, given in enumerate(times)
        for days in (20, None)
    ]
    tables = world.seeded_tables(seed, last_days=60)

    assert any(build(tables, features=features[-1:])[features[-1].name])
    assert differences(OnlineBuilder(features), tables, features=features) == []


@pytest.mark.parametrize("seed", range(2))
def test_online_is_the_batch_where_conditions_read_the_application_alone(world, seed):
    age = days_between("this_birth_date", column("applied_at").local_date())
    asked = {"large": column("this_amount") > 10_000, "adult": age > 10_000}
    view = View(table=BUREAU_INQUIRIES, columns={**asked, "amount": column("this_amount")})
    own = {"view": view, "source": "bureau", "group": "multi_lender", "nothing": "none"}
    every, some = History(stem="every", **own), History(stem="some", rows=column("this_term_months") < 12, **own)
    features = [
        summed(one, aggregate, days=days, where=where, column=name)
        for one in (every, some)
        for days in (20, None)
        for aggregate, where, name in ((COUNT, "large", ""), (COUNT, ("large", "adult"), ""), (MAX, "adult", "amount"))
    ]
    tables = world.seeded_tables(seed, last_days=60)

    for feature in features:
        assert differences(OnlineBuilder([feature]), tables, features=[feature]) == []
        assert build(tables, features=[feature])[feature.name].n_unique() > 1
    assert differences(OnlineBuilder(features), tables, features=features) == []


@pytest.mark.parametrize("learned", [None, timedelta(0), timedelta(days=-1)], ids=str)
@pytest.mark.parametrize("parent", [None, LOANS], ids=["alone", "with a parent"])
def test_a_row_that_never_became_known_never_counts(world, history, learned, parent):
    at = None if learned is None else world.applied_at + learned
    due = {"loan_id": "L", "happened_at": world.applied_at - timedelta(days=20), "payment_known_at": at}
    tables = history(
        loans=[{"loan_id": "L", "happened_at": world.applied_at - timedelta(days=50)}],
        instalments=[{"loan_id": "L", "happened_at": world.applied_at - timedelta(days=40)}, due],
    )
    paid = View(
        table=INSTALMENTS,
        parent=parent,
        known="payment_known_at",
        columns={"known_for": days_between("known_at", "applied_at")},
    )
    told = {"source": "bureau", "group": "delinquency", "nothing": "none"}
    features = [
        summed(History(stem="paid", view=paid, **told), COUNT),
        summed(History(stem="paid", view=paid, **told), MAX, column="known_for"),
    ]

    assert build(tables, features=features).row(0)[-2:] == ((1, 1) if learned else (None, None))
    assert differences(OnlineBuilder(features), tables, features=features) == []
