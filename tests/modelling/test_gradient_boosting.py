from dataclasses import replace

import lightgbm
import numpy as np
import polars as pl
import pytest

from modelling.errors import LabelError
from modelling.gradient_boosting import BoostingSettings, GradientBoosting, validation_mask
from modelling.sweep import monotone_sweep


@pytest.fixture(scope="module")
def fitted(small_dataset):
    return GradientBoosting().fit(small_dataset, 3)


def without_threads(text):
    return text.replace("[num_threads: 1]", "").replace("[num_threads: 2]", "")


def test_threads_do_not_change_a_bit(fitted, small_dataset):
    two = GradientBoosting(settings=BoostingSettings(threads=2)).fit(small_dataset, 3)

    assert without_threads(two.model_text) == without_threads(fitted.model_text)


def test_seed_changes_the_model(fitted, small_dataset):
    assert GradientBoosting().fit(small_dataset, 4).model_text != fitted.model_text


def test_margin_is_lightgbms_raw_score(fitted, small_dataset):
    late = small_dataset.part("out_of_time")
    raw = lightgbm.Booster(model_str=fitted.model_text).predict(small_dataset.matrix(late), raw_score=True)

    np.testing.assert_array_equal(fitted.margin(late), raw)


def test_trees_end_at_the_best_iteration(fitted):
    assert fitted.booster().num_trees() == fitted.parameters()["best_iteration"] < BoostingSettings().trees


def test_declared_directions_hold_everywhere(fitted, small_dataset):
    sweeps = monotone_sweep(
        fitted.margin_of, small_dataset.matrix(small_dataset.frame), small_dataset.features, cases=200
    )

    assert {sweep.feature for sweep in sweeps} == {"income", "inquiries"}
    assert not any(sweep.broken for sweep in sweeps)


def test_a_direction_against_the_data_flattens_the_feature(small_dataset):
    against = tuple(replace(spec, direction=1) if spec.name == "income" else spec for spec in small_dataset.features)
    found = GradientBoosting().fit(replace(small_dataset, features=against), 3)
    sweeps = monotone_sweep(found.margin_of, small_dataset.matrix(small_dataset.frame), against)

    assert not any(sweep.broken for sweep in sweeps)


def test_without_directions_the_sweep_would_be_broken(small_dataset):
    """The law above can fail: the same data without constraints breaks the directions."""
    free = tuple(replace(spec, direction=0) for spec in small_dataset.features)
    found = GradientBoosting().fit(replace(small_dataset, features=free), 3)
    sweeps = monotone_sweep(found.margin_of, small_dataset.matrix(small_dataset.frame), small_dataset.features)

    assert any(sweep.broken for sweep in sweeps)


def test_contributions_and_expected_value_add_up_to_the_margin(fitted, small_dataset):
    matrix = small_dataset.matrix(small_dataset.frame[:50])
    with_start = fitted.booster().predict(matrix, pred_contrib=True)

    np.testing.assert_array_equal(fitted.contributions_of(matrix), with_start[:, :-1])
    np.testing.assert_allclose(with_start.sum(axis=1), fitted.margin_of(matrix), atol=1e-9)


def test_early_stopping_looks_at_the_latest_cases(small_dataset):
    development = small_dataset.part("development")
    held = validation_mask(development, 0.2, seed=1)

    assert held.sum() == np.ceil(0.2 * len(development))
    assert development.filter(pl.Series(~held))["time"].max() <= development.filter(pl.Series(held))["time"].min()


def test_without_time_validation_is_drawn_per_label(small_dataset):
    development = small_dataset.part("development").with_columns(
        pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("time")
    )
    held = validation_mask(development, 0.25, seed=1)
    labels = development["label"].to_numpy()

    assert labels[held].mean() == pytest.approx(labels.mean(), abs=0.01)
    np.testing.assert_array_equal(held, validation_mask(development, 0.25, seed=1))
    assert not np.array_equal(held, validation_mask(development, 0.25, seed=2))


def test_a_validation_part_of_one_kind_is_refused(small_dataset):
    development = small_dataset.part("development").sort("time")
    late_good = development.with_columns(
        pl.when(pl.int_range(pl.len()) > 0.7 * pl.len()).then(0).otherwise("label").cast(pl.Int8).alias("label")
    )

    with pytest.raises(LabelError, match="validation of development holds cases of one kind only"):
        GradientBoosting().fit(replace(small_dataset, frame=late_good), 3)


def test_names_that_lightgbm_could_not_hold_are_numbered(small_dataset):
    odd = small_dataset.frame.rename({"noise": "收入,[x]"})
    features = tuple(
        replace(spec, name="收入,[x]") if spec.name == "noise" else spec for spec in small_dataset.features
    )
    found = GradientBoosting().fit(replace(small_dataset, frame=odd, features=features), 3)

    assert found.booster().feature_name()[0] == "feature_0"
