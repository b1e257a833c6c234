"""Comparison: paired on the same cases, month by month, and JSON form."""

import json

import numpy as np
import polars as pl
import pytest

from modelling.bootstrap import bootstrap_difference
from modelling.calibration import calibrated_pd
from modelling.calibration_metrics import brier, log_loss
from modelling.compare import Comparison, Scores, compare
from modelling.discrimination import delong
from modelling.errors import MetricError
from modelling.records import from_plain, to_plain
from scoring.spec import Calibration

TRUTH = Calibration(slope=1.0, intercept=0.0)


@pytest.fixture(scope="module")
def rivals(lender):
    """Return the lender's noisy model, and the truth as its challenger."""
    return (
        Scores(name="noisy", margin=lender.margin, calibration=lender.calibration),
        Scores(name="truth", margin=lender.logit, calibration=TRUTH),
    )


@pytest.fixture(scope="module")
def comparison(lender, rivals):
    return compare(lender.frame, *rivals, amount=np.full(len(lender.frame), 1000.0), resamples=300)


@pytest.fixture(scope="module")
def late(lender):
    return (lender.frame["split"] == "out_of_time").fill_null(value=False).to_numpy()


def test_tests_are_paired_on_the_out_of_time_cases(lender, comparison, late):
    y = lender.frame["label"].to_numpy()[late]
    applicants = lender.frame["applicant_id"].to_numpy()[late]

    assert (comparison.n, comparison.bads) == (y.size, y.sum())
    assert comparison.delong == delong(y, lender.margin[late], lender.logit[late])
    assert comparison.bootstrap == bootstrap_difference(
        y, lender.margin[late], lender.logit[late], applicants, resamples=300, seed=0
    )
    assert comparison.challenger.auc.value == comparison.delong.b


def test_losses_are_compared_case_by_case(lender, comparison, late):
    y = lender.frame["label"].to_numpy()[late]
    old, new = calibrated_pd(lender.margin[late], lender.calibration), calibrated_pd(lender.logit[late], TRUTH)

    assert comparison.brier.value == pytest.approx(brier(y, new).value - brier(y, old).value)
    assert comparison.log_loss.value == pytest.approx(log_loss(y, new).value - log_loss(y, old).value)
    assert comparison.brier.upper - comparison.brier.lower < brier(y, old).upper - brier(y, old).lower


def test_months_are_those_of_the_split(lender, comparison):
    months = lender.frame.filter(pl.col("split") == "out_of_time")["time"].dt.strftime("%Y-%m")

    assert [one.month for one in comparison.months] == sorted(months.unique())
    assert sum(one.n for one in comparison.months) == comparison.n
    first = lender.frame.with_row_index().filter(
        (pl.col("split") == "out_of_time") & (pl.col("time").dt.strftime("%Y-%m") == comparison.months[0].month)
    )
    rows = first["index"].to_numpy()
    assert comparison.months[0].auc == delong(first["label"].to_numpy(), lender.margin[rows], lender.logit[rows])


def test_the_swap_set_holds_all_applications_of_the_months(lender, comparison):
    months = {one.month for one in comparison.months}
    door = lender.frame["time"].dt.strftime("%Y-%m").is_in(list(months)).sum()

    assert sum(cell.n for cell in comparison.swap_set.cells) == door > comparison.n
    assert sum(cell.labelled for cell in comparison.swap_set.cells) == comparison.n
    assert sum(cell.amount for cell in comparison.swap_set.cells) == 1000 * door


def test_json_brings_the_record_back(comparison):
    text = json.dumps(to_plain(comparison), allow_nan=False)

    assert from_plain(Comparison, json.loads(text)) == comparison
    assert len(text) < 200_000


def test_a_model_is_no_better_than_itself(lender, rivals):
    found = compare(lender.frame, rivals[0], rivals[0], resamples=100)

    assert (found.delong.difference, found.delong.p_better, found.bootstrap.p_better) == (0, 1, 1)
    assert (found.brier.value, found.log_loss.value) == (0, 0)
    assert found.swap_set.cells[0].amount is None


def test_another_split_can_be_asked_for(lender, rivals):
    found = compare(lender.frame, *rivals, split="calibration", resamples=100)

    assert found.n == (lender.frame["split"] == "calibration").sum()


def test_an_unknown_split_is_refused_with_those_there_are(lender, rivals):
    with pytest.raises(MetricError, match=r"split == 'test' holds no case; the frame has \['calibration', 'develop"):
        compare(lender.frame, *rivals, split="test")


def test_amounts_must_fit_the_frame(lender, rivals):
    with pytest.raises(MetricError, match=r"amounts have shape \(1,\), must be \(9000,\)"):
        compare(lender.frame, *rivals, amount=[1.0])
