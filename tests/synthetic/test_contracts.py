"""Every table fits its contract, apart from the rows that were planted to break it."""

from datetime import timedelta

import polars as pl
import pytest

from features.tables import TABLES

every_table = pytest.mark.parametrize("name", TABLES)
HISTORY = [name for name, table in TABLES.items() if "known_at" in table.schema]


@every_table
def test_columns_and_types_are_those_of_the_contract(name, tiny):
    assert tiny.tables[name].schema == TABLES[name].schema


@every_table
def test_nulls_stand_only_where_they_are_legal(name, tables):
    illegal = [c.name for c in TABLES[name].columns if not c.nullable and tables[name][c.name].null_count()]

    assert illegal == []


@every_table
def test_categories_hold_allowed_values_only_and_all_but_rare_ones_occur(name, tables):
    for column in TABLES[name].columns:
        if column.allowed:
            found = set(tables[name][column.name].drop_nulls().unique())
            assert found <= set(column.allowed), column.name
            assert len(found) > 1, column.name


@every_table
def test_numbers_are_in_bounds_apart_from_planted_ones(name, lender):
    planted = lender.planted.dirt.get(name, {}).get("impossible", 0)
    frame, outside = lender.tables[name], pl.Series([False] * lender.tables[name].height)
    for column in TABLES[name].columns:
        if column.lower is not None:
            outside |= (frame[column.name] < column.lower).fill_null(value=False)
        if column.upper is not None:
            outside |= (frame[column.name] > column.upper).fill_null(value=False)

    assert outside.sum() == planted


@pytest.mark.parametrize("name", HISTORY)
def test_nothing_is_known_before_it_happened_apart_from_planted_rows(name, lender):
    frame = lender.tables[name]

    early = (frame["known_at"] < frame["happened_at"]).sum()

    assert early == lender.planted.dirt.get(name, {}).get("known_before_happened", 0)


@pytest.mark.parametrize("name", HISTORY)
def test_nothing_happens_after_the_extract_apart_from_planted_rows(name, lender):
    late = (lender.tables[name]["happened_at"] > lender.extract_at).sum()

    assert late == lender.planted.dirt.get(name, {}).get("future", 0)


@pytest.mark.parametrize("name", HISTORY)
def test_nothing_is_known_after_the_extract(name, tables, lender):
    assert tables[name]["known_at"].max() <= lender.extract_at


@pytest.mark.parametrize(
    ("name", "column", "known_by"),
    [
        ("loans", "closed_at", "status_known_at"),
        ("loans", "status", "status_known_at"),
        ("instalments", "paid_at", "payment_known_at"),
        ("instalments", "amount_paid", "payment_known_at"),
    ],
)
def test_what_is_learned_later_says_when(name, column, known_by, tables, lender):
    frame = tables[name]

    assert (frame[column].is_null() == frame[known_by].is_null()).all()
    assert frame[known_by].max() <= lender.extract_at


@every_table
def test_references_are_whole_apart_from_planted_ones(name, lender):
    for column, parent in TABLES[name].parents.items():
        known = lender.tables[parent][TABLES[parent].key]
        broken = ~lender.tables[name][column].drop_nulls().is_in(known.implode())
        assert broken.sum() == lender.planted.dirt.get(name, {}).get("broken_reference", 0)


def test_every_person_in_a_history_applied(tables):
    applied = tables["applications"]["applicant_id"].implode()
    for name in ("loans", "instalments", "bureau_inquiries", "behaviour_events", "identity_checks", "calls"):
        assert tables[name]["applicant_id"].is_in(applied).all()


def test_instalments_of_a_loan_are_numbered_without_gaps_and_sum_to_no_more_than_it_costs(lender):
    clean = lender.tables["instalments"].unique("instalment_id", keep="none").filter(pl.col("amount_due") > 0)
    dirty = lender.tables["instalments"].filter(~pl.col("instalment_id").is_in(clean["instalment_id"].implode()))
    whole = clean.filter(~pl.col("loan_id").is_in(dirty["loan_id"].implode()))
    loans = whole.group_by("loan_id").agg(
        pl.len(), pl.col("number").max(), pl.col("number").n_unique().alias("distinct"), pl.col("amount_due").sum()
    )
    joined = loans.join(lender.tables["loans"].unique("loan_id", keep="none"), on="loan_id")

    assert joined.height > 1000
    assert (joined["len"] == joined["number"]).all()
    assert (joined["len"] == joined["distinct"]).all()
    assert (joined["amount_due"] <= joined["amount_repayable"] + 0.01).all()
    full = joined.filter(pl.col("len") == pl.col("term_months"))
    assert ((full["amount_due"] - full["amount_repayable"]).abs() <= 0.01).all()


def test_sessions_and_checks_of_an_application_are_known_just_before_it(tables):
    applications = tables["applications"].select("application_id", "applicant_id", "applied_at")
    checks = tables["identity_checks"].join(applications, on="application_id")
    submits = tables["behaviour_events"].filter(pl.col("kind") == "submit").sort("known_at")
    handed_in = submits.join_asof(
        applications.sort("applied_at"),
        left_on="known_at",
        right_on="applied_at",
        by="applicant_id",
        strategy="forward",
        check_sortedness=False,
    )

    assert (checks["known_at"] < checks["applied_at"]).all()
    assert (checks["applied_at"] - checks["happened_at"]).max() < timedelta(minutes=5)
    assert (handed_in["applied_at"] - handed_in["known_at"]).max() < timedelta(minutes=5)
    assert (handed_in["known_at"] < handed_in["applied_at"]).all()


@pytest.fixture
def paid_out(tables):
    """Outcomes of loans paid out, without those that refer to no application."""
    known = tables["outcomes"].join(tables["applications"], on="application_id", how="semi")
    return known.filter(pl.col("disbursed_at").is_not_null())


def test_paid_out_means_approved_and_has_a_loan(paid_out, tables):
    outcomes = paid_out
    loans = tables["loans"].filter(pl.col("lender_type") == "own")

    assert (outcomes["decision"] == "approved").all()
    assert set(loans["application_id"]) >= set(outcomes["application_id"])


def test_days_past_due_of_outcomes_agree_with_the_instalments(paid_out, tables, lender):
    """A slow, obvious look: the first instalment that stood 60 days unpaid, by the rows themselves."""
    loans = tables["loans"].filter(pl.col("lender_type") == "own").select("loan_id", "application_id")
    due = tables["instalments"].join(loans, on="loan_id").with_columns(stood=pl.col("happened_at") + timedelta(days=60))
    late = due.filter(
        (pl.col("paid_at").is_null() | (pl.col("paid_at") >= pl.col("stood"))) & (pl.col("stood") < lender.extract_at)
    )
    first = late.group_by("application_id").agg(pl.col("stood").min())
    joined = paid_out.join(first, on="application_id", how="left")
    dirty = set(lender.tables["instalments"].filter(pl.col("amount_due") < 0)["loan_id"])
    dirty |= set(lender.tables["instalments"].filter(pl.col("instalment_id").is_duplicated())["loan_id"])
    dirty |= set(lender.tables["instalments"].filter(pl.col("known_at") < pl.col("happened_at"))["loan_id"])
    skip = loans.filter(pl.col("loan_id").is_in(list(dirty)))["application_id"].implode()
    compared = joined.filter(~pl.col("application_id").is_in(skip))

    assert compared["first_60dpd_at"].is_not_null().sum() > 300
    assert compared["first_60dpd_at"].equals(compared["stood"])
