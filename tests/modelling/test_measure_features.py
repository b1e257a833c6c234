"""Single features: strength out of sample, leaks of every shape found, drift against the plain PSI."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from modelling.discrimination import auc
from modelling.measure_features import feature_auc, feature_csi
from modelling.stability import psi, psi_categories
from modelling.woe import information_value


def alone(lender, column, like=0):
    """Measure one more column alone."""
    feature = replace(lender.features[like], name="extra")
    frame = lender.frame.with_columns(extra=column)
    development = (frame["split"] == "development").fill_null(value=False).to_numpy()
    others = frame["split"].is_in(["calibration", "out_of_time"]).fill_null(value=False).to_numpy()
    bad = (frame["label"] == 1).fill_null(value=False).to_numpy()
    return feature_auc(frame, [feature], bad, development, others, level=0.95)[0]


def bads(lender):
    return (lender.frame["label"] == 1).fill_null(value=False).to_numpy()


def test_the_strongest_feature_comes_first_and_noise_is_near_a_half(evaluation):
    found = {one.feature: one for one in evaluation.feature_auc}

    assert evaluation.feature_auc[0].feature == "debt"
    assert 0.7 < found["debt"].auc.value < 0.8
    assert found["noise"].auc.lower < 0.5 < found["noise"].auc.upper
    assert found["debt"].missing == pytest.approx(0.1, abs=0.03)
    assert found["debt"].iv > 10 * found["noise"].iv


def test_binning_loses_little_of_a_rising_feature(lender):
    found = alone(lender, pl.Series(lender.margin))

    others = lender.frame["split"].is_in(["calibration", "out_of_time"]).fill_null(value=False).to_numpy()
    assert found.auc.value == pytest.approx(auc(bads(lender)[others], lender.margin[others]).value, abs=0.02)


@pytest.mark.parametrize(
    "leak",
    [
        lambda bad, noise: np.where(bad, 1.0, 0.0) + 0.01 * noise,
        lambda bad, noise: np.where(bad, np.sign(noise), 0.0) * (2 + abs(noise)) + 0.1 * noise,
        lambda bad, noise: np.where(bad, np.nan, noise),
    ],
    ids=["rising", "both_ends", "missingness"],
)
def test_a_leak_of_any_shape_is_near_one(lender, leak):
    noise = np.random.default_rng(1).normal(size=len(lender.frame))

    assert alone(lender, pl.Series(leak(bads(lender), noise))).auc.value > 0.97


def test_a_leaking_category_is_near_one(lender):
    column = pl.Series(np.where(bads(lender), "collections", "none"))

    assert alone(lender, column, like=2).auc.value == 1


def test_a_category_of_thousands_gains_nothing_by_chance(lender):
    """Measured where it was learned, an id has an AUC near 1; on other cases it knows nothing."""
    column = pl.Series([f"id{number}" for number in range(len(lender.frame))])

    found = alone(lender, column, like=2)

    assert found.auc.lower <= 0.5 <= found.auc.upper


def test_information_is_that_of_development(lender, evaluation):
    early = lender.frame.filter(pl.col("split") == "development")

    found = next(one for one in evaluation.feature_auc if one.feature == "debt")

    assert found.iv == pytest.approx(information_value(early["debt"].to_numpy(), early["label"].to_numpy()).value)


def test_csi_is_the_psi_of_each_feature(lender):
    half = np.arange(len(lender.frame)) < 4000
    found = {one.feature: one.psi for one in feature_csi(lender.frame, lender.features, half, ~half)}

    early, late = lender.frame.filter(half), lender.frame.filter(~half)
    assert found["debt"] == psi(early["debt"].to_numpy(), late["debt"].to_numpy())
    assert found["region"] == psi_categories(early["region"].to_list(), late["region"].to_list())
    assert found["returning"].value == pytest.approx(
        psi(early["returning"].cast(pl.Float64).to_numpy(), late["returning"].cast(pl.Float64).to_numpy()).value
    )
    assert [part.label for part in found["region"].bins][-1] == "missing"


def test_what_moved_most_comes_first(lender):
    half = np.arange(len(lender.frame)) < 4000
    moved = lender.frame.with_columns(noise=pl.col("noise") + pl.Series(np.where(half, 0.0, 1.0)))

    found = feature_csi(moved, lender.features, half, ~half)

    assert found[0].feature == "noise"
    assert found[0].psi.moved
