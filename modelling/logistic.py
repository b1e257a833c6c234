"""The logistic challenger: standardised numbers, flags for what is missing, one column per category."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelling.dataset import Dataset, encode, labels_of
from modelling.errors import TrackingError
from modelling.linear_fit import solve
from scoring.spec import FeatureSpec

MODEL_FILE: Final = "logistic.json"

CLIP: Final = (0.005, 0.995)
"""Numbers are held within these development quantiles: a linear term must not be ruled by a few extremes."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """How one feature enters the linear sum.

    Attributes:
        lower: Numbers below are raised to it.
        upper: Numbers above are lowered to it.
        mean: Taken off, and put in where the value is missing.
        scale: Divided by.
        weight: Weight of the standardised number; 0 for a category.
        missing_weight: Added when the value is missing.
        category_weights: Added per category code; the last is the unknown bucket's. Empty unless a category.
    """

    lower: float
    upper: float
    mean: float
    scale: float
    weight: float = 0.0
    missing_weight: float = 0.0
    category_weights: tuple[float, ...] = ()

    def log_odds(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the column adds to the log-odds of bad, per row."""
        missing = np.isnan(values)
        if self.category_weights:
            codes = np.where(missing, 0, values).astype(np.int64)
            known = np.asarray(self.category_weights)[codes]
        else:
            known = self.weight * (np.clip(values, self.lower, self.upper) - self.mean) / self.scale
        return np.where(missing, self.missing_weight, known)


@dataclass(frozen=True, kw_only=True)
class FittedLogistic:
    """A fitted logistic regression.

    Attributes:
        features: The features, in order.
        intercept: Log-odds of bad before any feature.
        columns: One per feature.
    """

    features: tuple[FeatureSpec, ...]
    intercept: float
    columns: tuple[Column, ...]

    def margin(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Return the log-odds of bad per case."""
        matrix = encode(frame, self.features)
        terms = [column.log_odds(matrix[:, index]) for index, column in enumerate(self.columns)]
        return np.asarray(self.intercept + np.sum(terms, axis=0), dtype=np.float64)

    def parameters(self) -> dict[str, str | int | float]:
        """Return the number of features and the intercept."""
        return {"features": len(self.features), "intercept": self.intercept}

    def files(self) -> dict[str, str]:
        """Return the coefficients as JSON."""
        held = {"intercept": self.intercept, "columns": [asdict(column) for column in self.columns]}
        return {MODEL_FILE: json.dumps(held, indent=1)}


@dataclass(frozen=True, kw_only=True)
class Logistic:
    """L2-regularised logistic regression.

    Attributes:
        strength: Inverse of the regularisation strength (scikit-learn's ``C``).
    """

    strength: float = 0.05

    @property
    def name(self) -> str:
        """``logistic``."""
        return "logistic"

    def fit(self, dataset: Dataset, seed: int) -> FittedLogistic:
        """Fit on the development part; ``seed`` has no effect, since nothing is drawn.

        Raises:
            LabelError: labels are missing or of one kind only.
        """
        development = dataset.part("development")
        labels = labels_of(development, "development")
        matrix = dataset.matrix(development)
        bare = [_bare(spec, matrix[:, index]) for index, spec in enumerate(dataset.features)]
        blocks = [
            _block(spec, column, matrix[:, i])
            for i, (spec, column) in enumerate(zip(dataset.features, bare, strict=True))
        ]
        weights, intercept = solve(np.hstack(blocks), labels, self.strength, seed)
        ends = np.cumsum([block.shape[1] for block in blocks])
        parts = np.split(weights, ends[:-1])
        columns = tuple(_weighted(column, part) for column, part in zip(bare, parts, strict=True))
        return FittedLogistic(features=dataset.features, intercept=intercept, columns=columns)

    def load(self, files: Mapping[str, str], features: tuple[FeatureSpec, ...]) -> FittedLogistic:
        """Read coefficients back.

        Raises:
            TrackingError: the file of coefficients is missing.
        """
        if MODEL_FILE not in files:
            raise TrackingError(f"the run holds no {MODEL_FILE}; it holds {', '.join(files) or 'no file'}")
        held = json.loads(files[MODEL_FILE])
        columns = tuple(
            Column(**(column | {"category_weights": tuple(column["category_weights"])})) for column in held["columns"]
        )
        return FittedLogistic(features=features, intercept=held["intercept"], columns=columns)


def _bare(spec: FeatureSpec, values: NDArray[np.float64]) -> Column:
    known = values[~np.isnan(values)]
    if spec.kind == "category" or len(known) == 0:
        buckets = len(spec.vocabulary) + 1 if spec.kind == "category" else 0
        return Column(lower=0.0, upper=0.0, mean=0.0, scale=1.0, category_weights=(0.0,) * buckets)
    lower, upper = (float(bound) for bound in np.quantile(known, CLIP))
    clipped = np.clip(known, lower, upper)
    spread = float(clipped.std())
    return Column(lower=lower, upper=upper, mean=float(clipped.mean()), scale=spread if spread > 0 else 1.0)


def _block(spec: FeatureSpec, column: Column, values: NDArray[np.float64]) -> NDArray[np.float64]:
    missing = np.isnan(values)
    if spec.kind == "category":
        buckets = np.arange(len(column.category_weights))
        return np.column_stack([values[:, None] == buckets, missing]).astype(np.float64)
    standard = np.where(missing, 0.0, (np.clip(values, column.lower, column.upper) - column.mean) / column.scale)
    return np.column_stack([standard, missing]).astype(np.float64)


def _weighted(column: Column, weights: NDArray[np.float64]) -> Column:
    held = asdict(column) | {"missing_weight": float(weights[-1])}
    if column.category_weights:
        return Column(**(held | {"category_weights": tuple(float(weight) for weight in weights[:-1])}))
    return Column(**(held | {"weight": float(weights[0])}))
