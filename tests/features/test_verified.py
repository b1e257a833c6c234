"""A call's answers change exactly the features that a call is said to verify."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.build import build
from features.catalogue import CATALOGUE
from features.errors import SchemaError
from features.tables import VERIFIABLE
from features.verified import apply_verified

FOUND = {
    "verified_income": 123.45,
    "verified_job_months": 601,
    "verified_other_lenders": 5,
    "verified_monthly_debt": 5555.5,
}


def verified(**values):
    return pl.DataFrame({"application_id": ["A"], **{name: [value] for name, value in values.items()}})


@pytest.fixture(scope="module")
def tables(world):
    age = timedelta(days=30)
    open_loan = {"happened_at": world.applied_at - age, "lender_type": "bank", "amount_repayable": 12_000.0}
    unpaid = {"loan_id": "open", "happened_at": world.applied_at - age, "amount_due": 1000.0}
    stated = {"declared_income": 4000.0, "declared_job_months": 12, "declared_employer": "e"}
    more = {
        "loans": world.frame("loans", {**open_loan, "loan_id": "open", "term_months": 12}),
        "instalments": world.frame("instalments", unpaid),
        "applications": world.frame("applications", {**stated, "applied_at": world.applied_at - age}),
    }
    return world.together(world.me(), world.everything(age, world.applied_at - age, bad=False), more)


@pytest.fixture(scope="module")
def rebuilt(tables):
    """Build before the call, and after a call that verified one fact."""

    def after(column):
        answered = apply_verified(tables["applications"], verified(**{column: FOUND[column]}))
        return build({**tables, "applications": answered}, only=["A"])

    return {None: build(tables, only=["A"]), **{stated: after(found) for stated, found in VERIFIABLE.items()}}


@pytest.mark.parametrize("feature", CATALOGUE)
@pytest.mark.parametrize("stated", VERIFIABLE)
def test_a_feature_changes_with_a_verified_fact_exactly_when_it_has_that_question(feature, stated, rebuilt):
    question = CATALOGUE[feature].meaning.question
    changes = not rebuilt[stated].select(feature).equals(rebuilt[None].select(feature))

    assert changes == (question is not None and question.id == stated)


def test_values_not_verified_stand_and_rows_keep_their_order(tables):
    before = tables["applications"]

    after = apply_verified(
        before, verified(verified_income=None, verified_job_months=9).cast({"verified_income": pl.Float64})
    )

    expected = before.with_columns(
        declared_job_months=pl.when(pl.col("application_id") == "A").then(9).otherwise("declared_job_months")
    )
    assert_frame_equal(after, expected)


def test_an_answer_to_an_unknown_application_is_ignored(tables):
    stranger = verified(verified_income=1.0).with_columns(application_id=pl.lit("nobody"))

    assert_frame_equal(apply_verified(tables["applications"], stranger), tables["applications"])


def test_an_application_verified_twice_is_refused(tables):
    twice = pl.concat([verified(verified_income=1.0), verified(verified_income=2.0)])

    with pytest.raises(SchemaError, match=r"table 'verified' .* holds an application twice"):
        apply_verified(tables["applications"], twice)


def test_a_wrong_type_is_refused(tables):
    with pytest.raises(SchemaError, match="column 'verified_income' is String, must be Float64"):
        apply_verified(tables["applications"], verified(verified_income="8,000"))


def test_answers_without_an_id_are_refused(tables):
    with pytest.raises(SchemaError, match="column 'application_id' must be there"):
        apply_verified(tables["applications"], verified(verified_income=1.0).drop("application_id"))


@pytest.mark.parametrize("stated", VERIFIABLE)
def test_every_question_verifies_something(stated):
    assert CATALOGUE.with_question(stated)
