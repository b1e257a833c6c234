"""The leak prover finds every way in which a feature can see the future, and accuses no honest one."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features import network_events, pair_columns, point_in_time
from features.aggregates import COUNT, MAX
from features.catalogue import CATALOGUE, Module
from features.errors import SchemaError, UnknownApplicationError, UnknownFeatureError
from features.expression import column
from features.history import History, View
from features.leak import prove
from features.tables import APPLICATIONS, BUREAU_INQUIRIES, INSTALMENTS, LOANS, OUTCOMES
from features.windowed import summed


def rows_of(view):
    return History(stem="own", source="bureau", group="multi_lender", nothing="nothing is known", view=view)


def forgetful(table, *names):
    """Return a contract that does not say that some columns are learned later than their rows."""
    return replace(table, columns=tuple(replace(c, known_by=None) if c.name in names else c for c in table.columns))


def count(view, **more):
    return summed(rows_of(view), COUNT, "A count", "计数", **more)


LAGGING = View(table=LOANS, known="happened_at", columns={"small": column("lender_type") == "small_loan"})
FORGETFUL_LOANS = forgetful(LOANS, "closed_at", "status")
UNTIMELY_OUTCOMES = View(
    table=OUTCOMES,
    parent=APPLICATIONS,
    applicant="application_applicant_id",
    happened="application_applied_at",
    known="application_applied_at",
)

LEAKS = {
    "reports that lag": (count(LAGGING), {"loans.known_at"}),
    "reports that lag, in a window": (count(LAGGING, where="small", days=30), {"loans.known_at", "loans.lender_type"}),
    "values of reports that lag": (
        summed(rows_of(LAGGING), MAX, "Most", "最大", column="amount"),
        {"loans.known_at", "loans.amount"},
    ),
    "inquiries that lag": (count(View(table=BUREAU_INQUIRIES, known="happened_at")), {"bureau_inquiries.known_at"}),
    "a time overwritten in the extract": (
        count(View(table=FORGETFUL_LOANS, columns={"ended": column("closed_at").is_not_null()}), where="ended"),
        {"loans.closed_at"},
    ),
    "a status overwritten in the extract": (
        count(View(table=FORGETFUL_LOANS, columns={"bad": column("status") == "charged_off"}), where="bad"),
        {"loans.status"},
    ),
    "the parent's status": (
        count(
            View(
                table=INSTALMENTS,
                parent=FORGETFUL_LOANS,
                columns={"bad": column("loan_status") == "charged_off"},
            ),
            where="bad",
        ),
        {"loans.status"},
    ),
    "rows placed by what is learned later": (count(View(table=LOANS, happened="closed_at")), {"loans.closed_at"}),
    "a payment learned later": (
        summed(
            rows_of(View(table=forgetful(INSTALMENTS, "amount_paid"), parent=LOANS)),
            MAX,
            "Most paid",
            "最大还款",
            column="amount_paid",
        ),
        {"instalments.amount_paid"},
    ),
    "outcomes at the application": (count(UNTIMELY_OUTCOMES), {"outcomes.decided_at"}),
}


def catalogue_with(*features):
    return CATALOGUE.with_module(Module(name="own", sha256="0" * 64, features=features))


def through(proof):
    return {leak.feature: {str(culprit) for culprit in leak.culprits} for leak in proof.leaks}


@pytest.fixture(scope="module")
def tables(world):
    """Return tables of three applicants in which times do not contradict each other."""
    return consistent(world.seeded_tables(5, rows=40, last_days=60))


def consistent(tables):
    """Return the tables with every time after what it follows, as validation leaves them."""
    at = pl.col("happened_at")
    ordered = {
        "loans": {"closed_at": pl.max_horizontal("closed_at", at)},
        "instalments": {},
        "outcomes": {},
    }
    for name, frame in tables.items():
        changed = ordered.get(name, {})
        if "known_at" in frame.columns:
            changed["known_at"] = pl.max_horizontal("known_at", at)
        tables[name] = frame.with_columns(**changed)
    for name, late, teller in (
        ("loans", "closed_at", "status_known_at"),
        ("instalments", "paid_at", "payment_known_at"),
    ):
        if name in tables:
            learned = pl.when(pl.col(teller).is_not_null()).then(pl.max_horizontal(teller, late))
            tables[name] = tables[name].with_columns(learned.alias(teller))
    return tables


@pytest.fixture(scope="module")
def found(tables):
    """Prove all leaking features at once, and honest ones among them."""
    leaking = [
        replace(feature, history=replace(feature.history, stem=f"own{i}"))
        for i, (feature, _) in enumerate(LEAKS.values())
    ]
    honest = [count(View(table=LOANS), days=30)]
    watched = [feature.name for feature in (*leaking, *honest)]
    proof = prove(tables, applications=6, catalogue=catalogue_with(*leaking, *honest), features=[*watched, *BUILT_IN])
    return proof, dict(zip(LEAKS, (feature.name for feature in leaking), strict=True))


BUILT_IN = ("loans_open_count", "inquiries_count_30d", "own_instalments_overdue_count", "network_device_declined")


@pytest.mark.parametrize("what", LEAKS)
def test_a_leak_is_found_with_its_column(what, found):
    proof, names = found

    assert through(proof)[names[what]] == LEAKS[what][1]


def test_only_what_leaks_is_accused(found):
    proof, names = found

    assert {leak.feature for leak in proof.leaks} == set(names.values())
    assert proof.features == len(names) + 1 + len(BUILT_IN)
    assert not proof.holds


def test_a_leak_names_attacks_and_applications(found):
    proof, names = found
    leak = next(leak for leak in proof.leaks if leak.feature == names["reports that lag"])

    assert "deleted" in leak.attacks
    assert leak.applications
    assert set(leak.applications) <= set(proof.applications)


def test_a_status_known_before_the_loan_ended_is_overwritten_and_found(tables):
    """The extract says that an ending was learned with the loan: built-in features then read the future."""
    told = {**tables, "loans": tables["loans"].with_columns(status_known_at=pl.col("known_at"))}

    found = through(prove(told, applications=40, features=["loans_open_count", "inquiries_count_30d"]))

    assert set(found) == {"loans_open_count"}
    assert "loans.status" in found["loans_open_count"]


def test_an_event_that_is_known_too_soon_is_found(tables, monkeypatch):
    """Outcomes of others count from their application on, as if an outcome were known at once."""
    early = replace(network_events.EVENTS["declined"], times={})
    monkeypatch.setattr(
        type(early), "known", lambda _event: pl.when(pl.col("decision") == "declined").then("applied_at")
    )

    found = through(prove(tables, applications=8, features=["network_device_declined"]))

    assert "outcomes.decided_at" in found["network_device_declined"]


@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_no_built_in_feature_leaks(world, data):
    drawn = consistent(data.draw(world.random_tables()))

    assert through(prove(drawn, applications=6, seed=data.draw(st.integers(0, 9)))) == {}


WATCHED = ("inquiries_count_365d", "loans_count_365d", "loans_charged_off_count", "application_amount")


def test_the_law_is_red_when_rows_count_from_when_they_happened(tables, monkeypatch):
    monkeypatch.setattr(point_in_time, "_known", lambda view: pl.col(view.happened))

    accused = through(prove(tables, applications=6, features=WATCHED))

    assert accused.keys() == set(WATCHED) - {"application_amount"}
    assert "bureau_inquiries.known_at" in accused["inquiries_count_365d"]


def test_the_law_is_red_when_late_columns_are_not_masked(tables, monkeypatch):
    monkeypatch.setattr(pair_columns, "learned_later", lambda _view: {})

    accused = through(prove(tables, applications=6, features=WATCHED))

    assert accused == {"loans_charged_off_count": {"loans.status"}}


def test_what_nobody_may_read_is_attacked_too(tables, world):
    told = {**tables, "truth": world.frame("truth", {"application_id": tables["applications"]["application_id"][0]})}

    without, with_truth = (prove(t, applications=40, features=["application_amount"]) for t in (tables, told))

    assert with_truth.cells > without.cells
    assert with_truth.holds


@pytest.mark.parametrize(
    ("name", "columns", "message"),
    [
        ("calls", ["application_id"], "table 'calls' does not fit its contract: column 'call_id' .String. is missing"),
        ("calls", ["call_id"], "table 'calls' .* column 'application_id' .String. is missing"),
        ("truth", ["true_income"], "table 'truth' .* column 'application_id' .String. is missing"),
    ],
)
def test_what_nobody_may_read_must_fit_its_contract_to_be_attacked(tables, world, name, columns, message):
    told = {**tables, name: world.frame(name, {}).select(columns)}

    with pytest.raises(SchemaError, match=message):
        prove(told, features=["application_amount"])


def test_the_same_seed_draws_the_same_applications(tables):
    one, again, other = (prove(tables, applications=5, seed=seed, features=["loans_count_30d"]) for seed in (1, 1, 2))

    assert one == again
    assert one.applications != other.applications
    assert len(one.applications) == 5


def test_all_applications_are_attacked_when_there_are_fewer(tables):
    assert len(prove(tables, applications=1000, features=["loans_count_30d"]).applications) == len(
        tables["applications"]
    )


def test_a_feature_that_nobody_declared_is_named(tables):
    with pytest.raises(UnknownFeatureError, match=r"feature == 'loans_count_31d' is not declared. Did you mean"):
        prove(tables, features=["loans_count_31d"])


def test_nothing_can_be_proven_without_applications(tables):
    empty = {**tables, "applications": tables["applications"].clear()}

    with pytest.raises(UnknownApplicationError, match="application"):
        prove(empty)
