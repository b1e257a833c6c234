from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from modelling.dataset import feature_columns, labels_of, vocabulary
from modelling.errors import LabelError
from scoring.encode import Encoder


def labelled(values):
    return pl.DataFrame({"label": pl.Series(values, dtype=pl.Float64)})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 1, None], "1 of 3 labels in trial are missing"),
        ([0, 1, float("nan")], "1 of 3 labels in trial are missing"),
        ([0, 1, 2], r"a label in trial is 2.0, must be 1 \(bad\) or 0 \(good\)"),
        ([0, 0, 0], "trial holds 0 bad and 3 good cases"),
        ([1, 1], "trial holds 2 bad and 0 good cases"),
        ([], "trial holds 0 bad and 0 good cases"),
    ],
)
def test_labels_no_model_can_be_trained_on_are_refused(values, message):
    with pytest.raises(LabelError, match=message):
        labels_of(labelled(values), "trial")


def test_vocabulary_is_in_order_and_leaves_rare_ones_to_the_unknown_bucket():
    column = pl.Series("x", ["b"] * 5 + ["a"] * 4 + ["rare"] + [None] * 9)

    assert vocabulary(column, 2) == ("a", "b")


def test_vocabulary_of_rare_ones_alone_keeps_the_most_frequent():
    assert vocabulary(pl.Series("x", ["c", "b", "c"]), 10) == ("c",)


def test_vocabulary_of_nothing_is_empty():
    assert vocabulary(pl.Series("x", [None], dtype=pl.String)) == ()


def test_matrix_is_what_the_scorers_encoder_gives_row_by_row(small_dataset):
    cases = small_dataset.frame[:40]
    encoder = Encoder(small_dataset.features)
    names = [spec.name for spec in small_dataset.features]
    by_row = np.array([encoder.row(row) for row in cases.select(names).iter_rows(named=True)])

    np.testing.assert_array_equal(small_dataset.matrix(cases), by_row)


def test_feature_columns_fit_the_encoder_whatever_is_missing(small_dataset):
    cases = small_dataset.frame[:5].with_columns(pl.lit(None, dtype=pl.Boolean).alias("returning"))
    matrix = Encoder(small_dataset.features).columns(feature_columns(cases, small_dataset.features))

    assert np.isnan(matrix[:, [spec.name for spec in small_dataset.features].index("returning")]).all()


@pytest.mark.parametrize(
    "change",
    [
        pl.when(pl.int_range(pl.len()) == 3).then(1 - pl.col("label")).otherwise("label").alias("label"),
        pl.when(pl.int_range(pl.len()) == 3).then(pl.lit(0.125)).otherwise("income").alias("income"),
        pl.when(pl.int_range(pl.len()) == 3).then(pl.lit("calibration")).otherwise("split").alias("split"),
    ],
    ids=["label", "feature", "split"],
)
def test_hash_tells_any_change_of_what_a_model_sees(small_dataset, change):
    changed = replace(small_dataset, frame=small_dataset.frame.with_columns(change))

    assert changed.sha256() != small_dataset.sha256()
    assert replace(small_dataset).sha256() == small_dataset.sha256()
