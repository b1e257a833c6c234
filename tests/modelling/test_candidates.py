"""Laws that every candidate keeps."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from modelling.candidates import CANDIDATES, candidate
from modelling.errors import LabelError, ModellingError, TrackingError

SEED = 7


@pytest.fixture(scope="module")
def fitted(small_dataset):
    return {name: one.fit(small_dataset, SEED) for name, one in CANDIDATES.items()}


every_candidate = pytest.mark.parametrize("name", CANDIDATES)


@every_candidate
def test_equal_data_and_seed_give_an_equal_model(name, fitted, small_dataset):
    assert candidate(name).fit(small_dataset, SEED).files() == fitted[name].files()


@every_candidate
@pytest.mark.parametrize("split", ["calibration", "out_of_time"])
def test_labels_and_values_outside_development_change_nothing(name, split, fitted, small_dataset):
    inside = pl.col("split") == split
    scrambled = small_dataset.frame.with_columns(
        pl.when(inside).then(1 - pl.col("label")).otherwise("label").alias("label"),
        pl.when(inside).then(pl.lit(1e6)).otherwise("income").alias("income"),
    )

    found = candidate(name).fit(replace(small_dataset, frame=scrambled), SEED)

    assert found.files() == fitted[name].files()


@every_candidate
def test_labels_in_development_do_change_the_model(name, fitted, small_dataset):
    turned = small_dataset.frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 5 == 0).then(1 - pl.col("label")).otherwise("label").alias("label")
    )

    assert candidate(name).fit(replace(small_dataset, frame=turned), SEED).files() != fitted[name].files()


@every_candidate
def test_cases_without_label_teach_nothing(name, fitted, small_dataset):
    rejects = small_dataset.frame[:500].with_columns(
        pl.lit("unknown").alias("label_status"),
        pl.lit(None, dtype=pl.Int8).alias("label"),
        pl.lit(None, dtype=pl.String).alias("split"),
        pl.lit(1e6).alias("income"),
    )
    more = replace(small_dataset, frame=pl.concat([rejects, small_dataset.frame]))

    assert candidate(name).fit(more, SEED).files() == fitted[name].files()


@every_candidate
def test_files_read_back_give_the_same_margins(name, fitted, small_dataset):
    again = candidate(name).load(fitted[name].files(), small_dataset.features)

    np.testing.assert_array_equal(again.margin(small_dataset.frame), fitted[name].margin(small_dataset.frame))


@every_candidate
def test_margins_are_finite_whatever_is_missing_or_unseen(name, fitted, small_dataset):
    names = [spec.name for spec in small_dataset.features]
    some = small_dataset.frame[:3]
    nothing = some.with_columns(pl.lit(None).cast(some.schema[column]).alias(column) for column in names)
    unseen = some.with_columns(pl.lit("somewhere new").alias("channel"), pl.lit(1e12).alias("income"))

    assert np.isfinite(fitted[name].margin(pl.concat([nothing, unseen]))).all()


@every_candidate
def test_margin_orders_cases_it_has_not_seen(name, fitted, small_dataset):
    late = small_dataset.part("out_of_time")
    margin, bad = fitted[name].margin(late), late["label"].to_numpy() == 1

    assert np.mean(margin[bad][:, None] > margin[~bad][None, :]) > 0.7


@every_candidate
@pytest.mark.parametrize("label", [0, 1, None])
def test_labels_of_one_kind_are_refused(name, label, small_dataset):
    one_kind = small_dataset.frame.with_columns(pl.lit(label, dtype=pl.Int8).alias("label"))

    with pytest.raises(LabelError, match=r"development holds (0 bad|\d+ bad and 0 good)"):
        candidate(name).fit(replace(small_dataset, frame=one_kind), SEED)


@every_candidate
def test_a_run_without_the_model_is_refused(name, small_dataset):
    with pytest.raises(TrackingError, match=r"the run holds no .*; it holds other\.txt"):
        candidate(name).load({"other.txt": ""}, small_dataset.features)


def test_an_unknown_candidate_is_refused_with_the_nearest():
    with pytest.raises(ModellingError, match="Did you mean 'lightgbm'"):
        candidate("lightgmb")
