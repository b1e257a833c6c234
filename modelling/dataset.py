"""What models are trained on: cases with a label, a split and features, and what the features mean."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelling.errors import LabelError
from modelling.labels import LabelCounts, label_counts
from modelling.periods import TIME_ZONE
from modelling.splits import Split
from scoring.encode import Encoder
from scoring.spec import FeatureSpec, Question, ReasonText

MIN_CATEGORY_COUNT: Final = 30
"""A category seen in fewer development cases goes to the unknown bucket, so that the bucket is trained."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Cases to train and judge models on.

    Attributes:
        frame: One row per case: ``case_id``, ``applicant_id`` (null where there is none), ``time`` (null where there
            is none), ``label_status`` (good, bad, indeterminate, pending, unknown), ``label`` (1 bad, 0 good, else
            null), ``split`` (null: not used), the features under their own names, protected columns as
            ``protected_<name>``.
        features: The features a model sees, in order.
        reasons: Words of every reason group that a feature is told under.
        questions: Questions with which a call verifies a feature.
        bad_definition: What bad means, with its window.
        sources: Name of each source to the SHA-256 of its content.
        amount_feature: Feature that holds the amount asked for; None when there is none.
        notices: What the reader should know, such as columns left out.
        time_zone: Where a day, and so a month, begins.
    """

    frame: pl.DataFrame
    features: tuple[FeatureSpec, ...]
    reasons: tuple[ReasonText, ...]
    questions: tuple[Question, ...]
    bad_definition: str
    sources: Mapping[str, str] = field(default_factory=dict)
    amount_feature: str | None = None
    notices: tuple[str, ...] = ()
    time_zone: str = TIME_ZONE

    def part(self, split: Split) -> pl.DataFrame:
        """Return the labelled cases of one split, in the order of the frame."""
        return self.frame.filter((pl.col("split") == split) & pl.col("label").is_not_null())

    def matrix(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Encode cases as the scorer will: one row per case, one column per feature, NaN where unknown."""
        return encode(frame, self.features)

    def counts(self) -> LabelCounts:
        """Return the number of cases per label status: rejects are counted, never trained on."""
        return label_counts(self.frame["label_status"].to_list())

    def sha256(self) -> str:
        """Hash of what a model is trained and judged on: cases, splits, labels and encoded features, in order."""
        used = self.frame.filter(pl.col("split").is_not_null() & pl.col("label").is_not_null())
        digest = hashlib.sha256()
        for name in ("case_id", "split"):
            digest.update("\x1f".join(used[name].cast(pl.String).to_list()).encode())
        digest.update(used["label"].to_numpy().astype(np.int8).tobytes())
        digest.update("\x1f".join(feature.name for feature in self.features).encode())
        digest.update(self.matrix(used).tobytes())
        return digest.hexdigest()


def feature_columns(
    frame: pl.DataFrame, features: Sequence[FeatureSpec]
) -> dict[str, NDArray[np.generic] | list[object]]:
    """Return the feature columns as the scorer takes them: numbers as float64 with NaN, the rest as lists with None.

    The result fits `scoring.scorer.Scorer.decide_many` and `scoring.encode.Encoder.columns`.
    """
    return {
        feature.name: frame[feature.name].cast(pl.Float64).to_numpy()
        if feature.kind == "number"
        else frame[feature.name].to_list()
        for feature in features
    }


def encode(frame: pl.DataFrame, features: Sequence[FeatureSpec]) -> NDArray[np.float64]:
    """Encode the features of a frame with the scorer's own encoder."""
    return Encoder(tuple(features)).columns(feature_columns(frame, features))


def labels_of(frame: pl.DataFrame, what: str) -> NDArray[np.float64]:
    """Return the labels as 0.0 and 1.0, checked.

    Args:
        frame: Cases with a ``label`` column.
        what: Name of these cases in an error, such as ``development``.

    Raises:
        LabelError: a label is null or neither 0 nor 1, or only one of the two occurs. LightGBM would train on any of
            these without complaint.
    """
    labels = frame["label"].cast(pl.Float64)
    if labels.null_count() or labels.is_nan().any():
        missing = labels.null_count() + int(labels.is_nan().sum())
        raise LabelError(
            f"{missing} of {len(labels)} labels in {what} are missing; keep only cases labelled good or bad"
        )
    values = labels.to_numpy()
    if not np.isin(values, (0.0, 1.0)).all():
        wrong = values[~np.isin(values, (0.0, 1.0))][0]
        raise LabelError(f"a label in {what} is {wrong}, must be 1 (bad) or 0 (good)")
    bad = int(values.sum())
    if bad in (0, len(values)):
        raise LabelError(
            f"{what} holds {bad} bad and {len(values) - bad} good cases; a model needs both. "
            "Check the bad definition, the observation window and the split."
        )
    return values


def vocabulary(column: pl.Series, min_count: int = MIN_CATEGORY_COUNT) -> tuple[str, ...]:
    """Return the categories that get a code of their own, in alphabetical order.

    Categories seen fewer than ``min_count`` times are left to the unknown bucket. When all are that rare, the
    most frequent is kept, so that the column says something.
    """
    counts = column.drop_nulls().value_counts().sort(["count", column.name], descending=[True, False])
    kept = counts.filter(pl.col("count") >= min_count)
    return tuple(sorted((kept if len(kept) else counts.head(1))[column.name].to_list()))
