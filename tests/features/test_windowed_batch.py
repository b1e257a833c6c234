"""Windowed features of a batch against a slow obvious loop: any aggregate, any window, any split of the work."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features.aggregates import COUNT, DISTINCT, MAX, MEAN, MIN, SHARE, SUM
from features.application import APPLICATION
from features.behaviour import BEHAVIOUR
from features.build import build
from features.catalogue import CATALOGUE
from features.expression import column
from features.history import History, View
from features.loan_views import LOAN_VIEW, LOANS_ELSEWHERE
from features.online import OnlineBuilder
from features.rowwise import derived
from features.tables import BEHAVIOUR_EVENTS, WATCHLIST
from features.windowed import Windowed, summed
from features.windowed_batch import with_windowed

LOANS = History(stem="some", view=LOAN_VIEW, source="bureau", group="multi_lender")
LISTED = History(stem="listed", view=View(table=WATCHLIST, matched="key"), source="network", group="network")
HALF_DAY = timedelta(hours=12)  # times in random tables lie half a day apart, so that windows often end at a row

numbers = st.sampled_from(["amount", "term_months", "outstanding"])
flags = st.sampled_from(["open", "short", "bank", "repaid"])
columns = {
    COUNT: st.just(""),
    DISTINCT: st.sampled_from(["lenders", "status", "amount"]),
    SUM: numbers,
    MEAN: numbers,
    MAX: numbers,
    MIN: numbers,
    SHARE: st.sampled_from(["short", "repaid"]),
}


@st.composite
def features(draw: st.DrawFn) -> list[Windowed]:
    """Draw features of loans under different names."""
    found = {}
    for aggregate in draw(st.lists(st.sampled_from(list(columns)), min_size=1, max_size=6)):
        where = draw(st.lists(flags, max_size=2, unique=True).map(tuple))
        days = draw(st.none() | st.integers(1, 40))
        feature = summed(LOANS, aggregate, days=days, where=where, column=draw(columns[aggregate]))
        found[feature.name] = feature
    return list(found.values())


def seen(row, at):
    """Return a loan as it was known at a time, with the columns that the features read."""
    ended = row["status_known_at"] is not None and row["status_known_at"] < at
    status = row["status"] if ended else None
    left = 1 - ((at - row["happened_at"]) // timedelta(days=1)) / (row["term_months"] * (365.25 / 12))
    return {
        **row,
        "status": status,
        "lenders": row["lender_id"],
        "open": status is None,
        "short": row["term_months"] <= 3,
        "bank": row["lender_type"] == "bank",
        "repaid": None if status is None else status in {"repaid", "repaid_early"},
        "outstanding": row["amount_repayable"] * min(max(left, 0.0), 1.0),
    }


def whole(value):
    return math.floor(abs(value) * 10_000 + 0.5) * (1 if value >= 0 else -1)


def aggregated(aggregate, values):
    if aggregate is DISTINCT:
        return len(set(values))
    if not values:
        return None
    total = sum(map(whole, values)) if aggregate in {SUM, MEAN} else None
    return {
        SUM: lambda: total / 10_000,
        MEAN: lambda: total / (len(values) * 10_000),
        MAX: lambda: max(values),
        MIN: lambda: min(values),
        SHARE: lambda: sum(values) / len(values),
    }[aggregate]()


def by_loop(feature, application, loans):
    at = application["applied_at"]
    mine = [row for row in loans if row["applicant_id"] == application["applicant_id"]]
    known = [seen(row, at) for row in mine if row["known_at"] < at and row["happened_at"] < at]
    if not known:
        return None
    inside = [row for row in known if feature.window is None or row["happened_at"] >= at - feature.window]
    inside = [row for row in inside if all(row[name] for name in feature.where)]
    if feature.aggregate is COUNT:
        return len(inside)
    return aggregated(feature.aggregate, [row[feature.column] for row in inside if row[feature.column] is not None])


unhurried = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
SOME = {"only": ("applications", "loans"), "most": 12}


@unhurried
@given(data=st.data(), wanted=features())
def test_a_slow_loop_gives_the_same_bits(world, data, wanted):
    tables = data.draw(world.random_tables(**SOME))

    built = build(tables, features=wanted)

    loans = tables["loans"].rows(named=True)
    applications = {row["application_id"]: row for row in tables["applications"].iter_rows(named=True)}
    for feature in wanted:
        expected = [by_loop(feature, applications[key], loans) for key in built["application_id"]]
        assert built[feature.name].to_list() == expected


@unhurried
@given(data=st.data(), wanted=features(), piece=st.integers(1, 7), pairs=st.sampled_from([1, 3, 9, 1000]))
def test_no_order_and_no_split_changes_a_bit(world, data, wanted, piece, pairs):
    wanted = [*wanted, summed(LISTED, COUNT), summed(LISTED, DISTINCT, column="source")]
    tables = data.draw(world.random_tables(only=("applications", "loans", "watchlist"), most=12))
    other = {name: frame.sample(fraction=1, shuffle=True, seed=piece) for name, frame in tables.items()}
    once = build(tables, features=wanted).rename({"applied_at": "at"})

    # Casts as `build` makes them before.
    other["loans"] = other["loans"].with_columns(pl.col("term_months").cast(pl.Float64))
    numbered = other["applications"].sort("applied_at", "application_id")
    pieces = with_windowed(numbered, wanted, other, "Asia/Shanghai", piece=piece, pairs=pairs)

    names = [feature.name for feature in wanted]
    assert_frame_equal(pieces.select("application_id", *names), once.select("application_id", *names), check_exact=True)


@unhurried
@given(data=st.data())
def test_each_application_alone_gets_what_it_gets_in_the_batch(world, data):
    tables = data.draw(world.random_tables(**SOME))
    wanted = data.draw(features())
    together = build(tables, features=wanted)

    alone = [build(tables, features=wanted, only=[key]) for key in together["application_id"]]

    assert_frame_equal(pl.concat(alone), together, check_exact=True)


@unhurried
@given(data=st.data())
def test_a_value_listed_under_several_keys_of_an_application_counts_once(world, data):
    tables = data.draw(world.random_tables(only=("applications", "watchlist"), most=12))
    sources = summed(LISTED, DISTINCT, column="source")
    entries = summed(LISTED, COUNT)

    built = build(tables, features=[sources, entries])

    keys = {"phone": "phone_hash", "id": "id_hash", "device": "device_id", "contact": "contact_hash"}
    for application in tables["applications"].iter_rows(named=True):
        hits = [
            row["source"]
            for row in tables["watchlist"].iter_rows(named=True)
            if application[keys[row["key_type"]]] == row["key_hash"]
            and max(row["known_at"], row["happened_at"]) < application["applied_at"]
        ]
        given_any = any(application[column] is not None for column in keys.values())
        found = built.filter(application_id=application["application_id"]).row(0, named=True)
        expected = (len(set(hits)), len(hits)) if given_any else (None, None)
        assert (found[sources.name], found[entries.name]) == expected


@pytest.mark.parametrize(
    ("aggregate", "expected"), [(SUM, 30.0), (MEAN, 15.0), (MAX, 20.0), (MIN, 10.0), (DISTINCT, 2)]
)
def test_values_that_are_null_are_left_out(history, world, aggregate, expected):
    rows = [{"happened_at": world.applied_at - timedelta(days=1), "seconds": value} for value in (10.0, None, 20.0)]
    feature = summed(BEHAVIOUR, aggregate, days=30, column="seconds")

    assert build(history(behaviour_events=rows), features=[feature])[feature.name].to_list() == [expected]


@pytest.mark.parametrize("aggregate", [SUM, MEAN])
def test_sums_are_exact_where_floating_point_addition_is_not(history, world, aggregate):
    amounts = [1e11 + 0.1, 0.1, 0.2, 1.0]
    rows = [
        {"happened_at": world.applied_at - timedelta(days=9), "amount": amount, "lender_type": "bank"}
        for amount in amounts
    ]
    feature = summed(LOANS, aggregate, days=30, column="amount")

    value = build(history(loans=rows), features=[feature])[feature.name][0]

    total = sum(map(whole, amounts))
    assert value == (total / 10_000 if aggregate is SUM else total / 40_000)


def test_sums_beyond_64_bits_are_exact(history, world):
    before = [{"happened_at": world.applied_at - timedelta(days=n % 9 + 1), "lender_type": "bank"} for n in range(1000)]
    rows = [{**row, "amount": amount} for row in before for amount in (9.99999999999e11, 9.999999999e11)]
    features = [summed(LOANS, aggregate, days=30, column="amount") for aggregate in (SUM, MEAN)]
    tables = history(loans=rows)

    built = build(tables, features=features).row(0)[-2:]

    wholes = sum(whole(row["amount"]) for row in rows)
    assert wholes > 1 << 63
    assert built == (wholes / 10_000, float(wholes) / (len(rows) * 10_000))
    assert built == tuple(online(tables, features).values())


def online(tables, features):
    builder = OnlineBuilder(features)
    return builder.build(tables["applications"]["application_id"][0], tables)


@pytest.mark.parametrize("aggregate", [SUM, MEAN])
def test_values_too_large_or_not_finite_are_left_out_of_sums(history, world, aggregate):
    odd = View(
        table=BEHAVIOUR_EVENTS, columns={"inverse": 1e300 / column("seconds"), "large": column("seconds") * 1e12}
    )
    of_odd = History(stem="odd", view=odd, source="behaviour", group="multi_lender")
    rows = [{"happened_at": world.applied_at - timedelta(days=1), "seconds": value} for value in (0.5, 2.0, 1e-9)]
    tables = history(behaviour_events=rows)
    features = [summed(of_odd, aggregate, days=30, column=name) for name in ("inverse", "large")]

    built = build(tables, features=features).row(0)[-2:]

    assert built == (None, (0.5e12 + 1000) / (1 if aggregate is SUM else 2))
    assert built == tuple(online(tables, features).values())


def test_zero_has_one_sign_however_many_rows_are_built(world):
    stated = {"declared_income": -0.0, "declared_monthly_debt": 0.0}
    two = world.frame("applications", *({"application_id": name, "applicant_id": name, **stated} for name in "AB"))
    income = CATALOGUE["application_declared_income"]
    negative = derived(
        APPLICATION, "less_debt", column("declared_monthly_debt") * -1.0, "Less", "负", null="-", lower=None
    )

    built = build({"applications": two}, features=[income, negative])

    for name in (income.name, negative.name):
        assert [math.copysign(1.0, value) for value in built[name]] == [1.0, 1.0]


def test_a_listed_key_of_a_kind_that_is_none_meets_nothing(history, world):
    listed = {"key_type": "phone x", "key_hash": "y", "happened_at": world.applied_at - timedelta(days=9)}
    tables = history(watchlist=[listed])
    tables["applications"] = tables["applications"].with_columns(phone_hash=pl.lit("x y"))

    assert build(tables, features=[summed(LISTED, COUNT)]).row(0)[-1] == 0


@pytest.mark.parametrize("aggregate", [COUNT, SUM])
def test_histories_of_one_stem_keep_their_own_rows(history, world, aggregate):
    """A lender may narrow a built-in history and keep its stem, as long as the names of its features are free."""
    large = replace(LOANS_ELSEWHERE, rows=column("amount") > 1e6)
    before = {"happened_at": world.applied_at - timedelta(days=9), "lender_type": "bank"}
    tables = history(loans=[{**before, "amount": amount} for amount in (1e3, 2e3, 4e6)])
    name = "" if aggregate is COUNT else "amount"
    features = [summed(one, aggregate, days=days, column=name) for one, days in ((large, 45), (LOANS_ELSEWHERE, 30))]

    built = build(tables, features=features).row(0)[-2:]

    assert built == ((1, 3) if aggregate is COUNT else (4e6, 4e6 + 3e3))
    assert built == tuple(online(tables, features).values())
    assert built[::-1] == build(tables, features=features[::-1]).row(0)[-2:]
