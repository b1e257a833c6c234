from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import special

from modelling.approval import profitable_tiers
from modelling.calibration import fit_platt
from modelling.errors import CalibrationError
from modelling.gradient_boosting import GradientBoosting
from modelling.training import train
from scoring.spec import Economics, Tier


def scrambled(dataset, split):
    turned = pl.when(pl.col("split") == split).then(1 - pl.col("label")).otherwise("label").alias("label")
    return replace(dataset, frame=dataset.frame.with_columns(turned))


def test_out_of_time_labels_change_the_evaluation_alone(small_dataset, small_trained):
    found = train(scrambled(small_dataset, "out_of_time"), GradientBoosting(), seed=3, resamples=100)

    assert found.fitted.files() == small_trained.fitted.files()
    assert (found.calibration, found.tiers) == (small_trained.calibration, small_trained.tiers)
    assert found.evaluation.on("out_of_time").auc.value < 0.5 < small_trained.evaluation.on("out_of_time").auc.value


def test_equal_seed_gives_an_equal_model_and_evaluation(small_dataset, small_trained):
    assert train(small_dataset, GradientBoosting(), seed=3, resamples=100).evaluation == small_trained.evaluation


def test_calibration_is_fitted_on_the_calibration_split(small_dataset, small_trained):
    held_out = small_dataset.part("calibration")

    assert small_trained.calibration == fit_platt(small_trained.fitted.margin(held_out), held_out["label"].to_numpy())


def test_a_margin_that_orders_calibration_the_wrong_way_is_refused(small_dataset):
    with pytest.raises(CalibrationError, match="must be positive"):
        train(scrambled(small_dataset, "calibration"), GradientBoosting(), seed=3)


def test_every_case_is_predicted_and_rejects_are_counted(small_dataset, small_trained):
    rejects = small_dataset.frame[:300].with_columns(
        pl.col("case_id") + "r",
        pl.lit("unknown").alias("label_status"),
        pl.lit(None, dtype=pl.Int8).alias("label"),
        pl.lit(None, dtype=pl.String).alias("split"),
    )
    more = replace(small_dataset, frame=pl.concat([small_dataset.frame, rejects]))
    found = train(more, GradientBoosting(), seed=3, resamples=100)

    assert found.evaluation.labels.unknown == 300
    assert len(found.predictions) == len(small_dataset.frame) + 300
    assert found.predictions["pd"].null_count() == 0
    assert found.fitted.files() == small_trained.fitted.files()


def test_pd_is_the_calibrated_margin(small_trained):
    line, cases = small_trained.calibration, small_trained.predictions

    np.testing.assert_allclose(cases["pd"], special.expit(line.intercept + line.slope * cases["margin"].to_numpy()))


def test_amounts_come_from_the_amount_column(small_dataset, small_trained):
    assert small_trained.predictions["amount"].equals(small_dataset.frame["asked"].alias("amount"))


TIERS = tuple(
    Tier(name=name, upper_pd=upper, development_pd=rate)
    for name, upper, rate in (("A", 0.05, 0.02), ("B", 0.15, 0.1), ("C", 0.3, 0.2), ("D", 1.0, None))
)
EVEN = Economics(amount_feature=None, margin_rate=0.12, loss_rate=0.6)


@pytest.mark.parametrize(
    ("economics", "rates", "approved"),
    [
        (EVEN, {}, ("A", "B")),
        (EVEN, {"B": 0.17}, ("A",)),
        (EVEN, {"C": 0.166}, ("A", "B", "C")),
        (EVEN, {"A": 0.9}, ("A", "B")),
        (replace(EVEN, margin_rate=0.0), {}, ("A",)),
        (replace(EVEN, loss_rate=0.0), {}, ("A", "B", "C")),
    ],
    ids=[
        "development",
        "worse held out",
        "better held out",
        "safest always",
        "no margin",
        "no loss",
    ],
)
def test_tiers_are_approved_while_they_pay(economics, rates, approved):
    assert profitable_tiers(TIERS, economics, rates) == approved
