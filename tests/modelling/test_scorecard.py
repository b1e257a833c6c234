import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from optbinning import OptimalBinning

from modelling.errors import LabelError
from modelling.scorecard import MODEL_FILE, Binned, Scorecard


@pytest.fixture(scope="module")
def fitted(small_dataset):
    return Scorecard().fit(small_dataset, 0)


def evidence_by_hand(bins, labels, number):
    """Weight of evidence from shares, counted case by case."""
    goods = sum(1 for one, label in zip(bins, labels, strict=True) if one == number and label == 0)
    bads = sum(1 for one, label in zip(bins, labels, strict=True) if one == number and label == 1)
    return np.log((goods / (labels == 0).sum()) / (bads / (labels == 1).sum()))


def test_weights_of_evidence_are_logs_of_shares(fitted, small_dataset):
    development = small_dataset.part("development")
    matrix, labels = small_dataset.matrix(development), development["label"].to_numpy()
    names = [spec.name for spec in small_dataset.features]
    for binned in fitted.binned:
        bins = binned.bins(matrix[:, names.index(binned.feature)])
        by_hand = [evidence_by_hand(bins, labels, number) for number in range(len(binned.woe))]
        np.testing.assert_allclose(binned.woe, by_hand, atol=1e-12)


def test_splits_are_those_of_optimal_binning(fitted, small_dataset):
    development = small_dataset.part("development")
    binned = next(one for one in fitted.binned if one.feature == "income")
    reference = OptimalBinning(
        name="income", monotonic_trend="descending", max_n_prebins=12, max_n_bins=6, min_prebin_size=0.04
    )
    reference.fit(development["income"].to_numpy(), development["label"].to_numpy())
    values = np.array([*binned.splits, *(np.array(binned.splits) - 1e-6), 1.0, 1e9])

    np.testing.assert_array_equal(binned.splits, reference.splits)
    np.testing.assert_array_equal(binned.bins(values), reference.transform(values, metric="indices"))


@pytest.mark.parametrize(("feature", "direction"), [("income", -1), ("inquiries", 1)])
def test_bins_keep_the_declared_direction(fitted, feature, direction):
    binned = next(one for one in fitted.binned if one.feature == feature)

    # More evidence for good is less risk, so that it falls where risk may only rise.
    assert (np.diff(binned.woe) * -direction > 0).all()


def test_every_weight_lowers_risk_with_evidence(fitted):
    assert all(binned.weight < 0 for binned in fitted.binned)


def test_margin_is_the_written_out_sum(fitted, small_dataset):
    case = small_dataset.frame[:1]
    matrix = small_dataset.matrix(case)
    names = [spec.name for spec in small_dataset.features]
    total = fitted.intercept
    for one in json.loads(fitted.files()[MODEL_FILE])["binned"]:
        value = matrix[0, names.index(one["feature"])]
        if np.isnan(value):
            woe = one["missing_woe"]
        elif one["code_bins"]:
            woe = one["woe"][one["code_bins"][int(value)]]
        else:
            woe = one["woe"][sum(value >= split for split in one["splits"])]
        total += one["weight"] * woe

    assert fitted.margin(case)[0] == pytest.approx(total, abs=1e-12)


def test_missing_values_have_evidence_of_their_own(fitted):
    binned = next(one for one in fitted.binned if one.feature == "inquiries")

    assert binned.evidence(np.array([np.nan])) == [binned.missing_woe]
    assert binned.missing_woe not in (0.0, *binned.woe)


def test_noise_does_not_outweigh_what_matters(fitted):
    by_name = {binned.feature: binned.iv for binned in fitted.binned}

    assert by_name["income"] > 4 * by_name.get("noise", 0.0)


def test_a_feature_said_twice_is_used_once(small_dataset):
    twice = replace(
        small_dataset,
        frame=small_dataset.frame.with_columns((pl.col("income") * 2).alias("doubled")),
        features=(*small_dataset.features, replace(small_dataset.features[0], name="doubled")),
    )
    used = {binned.feature for binned in Scorecard().fit(twice, 0).binned}

    assert len(used & {"income", "doubled"}) == 1


def test_features_without_information_are_refused(small_dataset):
    noise = tuple(spec for spec in small_dataset.features if spec.name == "noise")

    with pytest.raises(LabelError, match=r"no feature has an information value of 0\.5 or more"):
        Scorecard(least_iv=0.5).fit(replace(small_dataset, features=noise), 0)


def test_unknown_bucket_has_a_bin_even_when_development_had_no_rare_category():
    binned = Binned(feature="x", splits=(), code_bins=(0, 1, 1), woe=(0.5, -0.5), missing_woe=0.0, iv=0.1)

    np.testing.assert_array_equal(binned.evidence(np.array([0.0, 1.0, 2.0, np.nan])), [0.5, -0.5, -0.5, 0.0])
