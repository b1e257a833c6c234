"""The LightGBM candidate: boosted trees under monotone constraints, reproducible to the bit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelling.dataset import Dataset, encode, labels_of
from modelling.errors import LabelError, TrackingError
from scoring.spec import FeatureSpec

if TYPE_CHECKING:
    import lightgbm

MODEL_FILE: Final = "model.txt"


@dataclass(frozen=True, kw_only=True)
class BoostingSettings:
    """How trees are grown.

    The defaults keep the model small: explanation tables grow with depth and leaves.

    Attributes:
        trees: Largest number of trees; early stopping mostly ends sooner.
        leaves: Largest number of leaves per tree.
        depth: Largest depth.
        learning_rate: Shrinkage per tree.
        leaf_share: Smallest share of development cases in a leaf, within ``leaf_cases``.
        leaf_cases: Smallest and largest bound that ``leaf_share`` may give.
        feature_share: Share of features offered to each tree.
        case_share: Share of cases drawn for each tree.
        l2: L2 regularisation of leaf values.
        bins: Largest number of histogram bins per feature.
        patience: Trees without gain on the validation part before growing stops.
        validation_share: Share of development, the latest in time, that early stopping looks at.
        threads: Threads; the result does not depend on it. More than one is faster on idle processors, and many times
            slower on busy ones, since LightGBM's threads wait for each other in a loop.
    """

    trees: int = 300
    leaves: int = 8
    depth: int = 4
    learning_rate: float = 0.06
    leaf_share: float = 0.01
    leaf_cases: tuple[int, int] = (15, 200)
    feature_share: float = 0.3
    case_share: float = 0.8
    l2: float = 10.0
    bins: int = 127
    patience: int = 30
    validation_share: float = 0.2
    threads: int = 1


@dataclass(frozen=True, kw_only=True)
class FittedTrees:
    """Boosted trees, held as LightGBM's model text.

    Attributes:
        features: The features, in the order of the trees' inputs.
        model_text: LightGBM's text of the model, cut at the best iteration.
        found: Settings and findings of the fit.
    """

    features: tuple[FeatureSpec, ...]
    model_text: str
    found: Mapping[str, str | int | float] = field(default_factory=dict)

    def booster(self) -> lightgbm.Booster:
        """Return a Booster made from the model text, a new one each time: Boosters are not safe to share."""
        import lightgbm

        return lightgbm.Booster(model_str=self.model_text)

    def margin(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Return the raw log-odds of bad per case."""
        return self.margin_of(encode(frame, self.features))

    def margin_of(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the raw log-odds of bad per row of an encoded matrix."""
        margins: NDArray[np.float64] = self.booster().predict(matrix, raw_score=True, num_threads=1)
        return margins

    def contributions_of(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return path-dependent SHAP values in log-odds of bad, one row per row of an encoded matrix."""
        found: NDArray[np.float64] = self.booster().predict(matrix, pred_contrib=True, num_threads=1)
        return found[:, :-1]

    def parameters(self) -> dict[str, str | int | float]:
        """Return settings and findings of the fit."""
        return dict(self.found)

    def files(self) -> dict[str, str]:
        """Return the model text."""
        return {MODEL_FILE: self.model_text}


@dataclass(frozen=True, kw_only=True)
class GradientBoosting:
    """LightGBM on log-loss, its directions bound to what the features declare.

    Constraints are kept by the ``intermediate`` method: ``advanced`` breaks them where values are missing. The number
    of trees is found on the latest part of development; the trees are then grown again on all of it with that number,
    so that the newest cases teach too. Neither the calibration split nor the out-of-time split is read.

    Attributes:
        settings: How trees are grown.
    """

    settings: BoostingSettings = field(default_factory=BoostingSettings)

    @property
    def name(self) -> str:
        """``lightgbm``."""
        return "lightgbm"

    def fit(self, dataset: Dataset, seed: int) -> FittedTrees:
        """Grow trees on the development part.

        Raises:
            LabelError: labels are missing, or development or its validation part holds one kind only.
        """
        development = dataset.part("development")
        labels = labels_of(development, "development")
        matrix = dataset.matrix(development)
        held_out = validation_mask(development, self.settings.validation_share, seed)
        parameters = self._parameters(dataset.features, int((~held_out).sum()), seed)
        best, loss = self._best_iteration(matrix, labels, held_out, dataset.features, parameters)
        parameters |= {"min_data_in_leaf": self._leaf_cases(len(labels))}
        booster = _grow(_data(matrix, labels, dataset.features, parameters), parameters, best)
        settings = {key: value for key, value in parameters.items() if isinstance(value, str | int | float)}
        return FittedTrees(
            features=dataset.features,
            model_text=booster.model_to_string(num_iteration=best),
            found=settings | {"best_iteration": best, "validation_log_loss": loss},
        )

    def load(self, files: Mapping[str, str], features: tuple[FeatureSpec, ...]) -> FittedTrees:
        """Take the model text; the caller has checked its hash, since an altered text loads silently or crashes.

        Raises:
            TrackingError: the model text is missing.
        """
        if MODEL_FILE not in files:
            raise TrackingError(f"the run holds no {MODEL_FILE}; it holds {', '.join(files) or 'no file'}")
        return FittedTrees(features=features, model_text=files[MODEL_FILE])

    def _leaf_cases(self, cases: int) -> int:
        lowest, highest = self.settings.leaf_cases
        return int(min(max(cases * self.settings.leaf_share, lowest), highest))

    def _parameters(self, features: tuple[FeatureSpec, ...], cases: int, seed: int) -> dict[str, Any]:
        settings = self.settings
        return {
            "objective": "binary",
            "metric": "binary_logloss",
            "num_leaves": settings.leaves,
            "max_depth": settings.depth,
            "learning_rate": settings.learning_rate,
            "min_data_in_leaf": self._leaf_cases(cases),
            "feature_fraction": settings.feature_share,
            "bagging_fraction": settings.case_share,
            "bagging_freq": 1,
            "lambda_l2": settings.l2,
            "max_bin": settings.bins,
            "monotone_constraints": [0 if spec.kind == "category" else spec.direction for spec in features],
            "monotone_constraints_method": "intermediate",
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "num_threads": settings.threads,
            "seed": seed,
            "verbosity": -1,
        }

    def _best_iteration(
        self,
        matrix: NDArray[np.float64],
        labels: NDArray[np.float64],
        held_out: NDArray[np.bool_],
        features: tuple[FeatureSpec, ...],
        parameters: dict[str, Any],
    ) -> tuple[int, float]:
        import lightgbm

        for part, mask in (("validation", held_out), ("the earlier part", ~held_out)):
            if len(np.unique(labels[mask])) < 2:
                raise LabelError(f"{part} of development holds cases of one kind only; more cases are needed")
        train = _data(matrix[~held_out], labels[~held_out], features, parameters)
        valid = _data(matrix[held_out], labels[held_out], features, parameters, reference=train)
        stop = lightgbm.early_stopping(self.settings.patience, verbose=False)
        booster = _grow(train, parameters, self.settings.trees, valid=valid, callbacks=[stop])
        return max(booster.best_iteration, 1), float(booster.best_score["valid_0"]["binary_logloss"])


def validation_mask(development: pl.DataFrame, share: float, seed: int) -> NDArray[np.bool_]:
    """Say which development cases early stopping looks at: the latest by time, or drawn per label where time is absent.

    Ties in time are broken by the order of the frame.
    """
    cases = len(development)
    held = np.zeros(cases, dtype=bool)
    if development["time"].null_count() == 0:
        latest = development["time"].cast(pl.Int64).arg_sort().to_numpy()
        held[latest[cases - math.ceil(cases * share) :]] = True
        return held
    generator = np.random.default_rng(seed)
    labels = development["label"].to_numpy()
    for label in (0, 1):
        rows = np.flatnonzero(labels == label)
        held[generator.choice(rows, size=math.ceil(len(rows) * share), replace=False)] = True
    return held


def _data(
    matrix: NDArray[np.float64],
    labels: NDArray[np.float64],
    features: tuple[FeatureSpec, ...],
    parameters: dict[str, Any],
    reference: lightgbm.Dataset | None = None,
) -> lightgbm.Dataset:
    import lightgbm

    return lightgbm.Dataset(
        matrix,
        labels,
        reference=reference,
        feature_name=_names(features),
        categorical_feature=[index for index, spec in enumerate(features) if spec.kind == "category"],
        params=parameters,
    )


def _names(features: tuple[FeatureSpec, ...]) -> list[str]:
    """Names in the model text, for its readers; numbered where LightGBM could not hold one."""
    names = [spec.name for spec in features]
    plain = all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)
    return names if plain else [f"feature_{index}" for index in range(len(names))]


def _grow(
    train: lightgbm.Dataset,
    parameters: dict[str, Any],
    trees: int,
    valid: lightgbm.Dataset | None = None,
    callbacks: list[Any] | None = None,
) -> lightgbm.Booster:
    import lightgbm

    return lightgbm.train(
        parameters,
        train,
        num_boost_round=trees,
        valid_sets=None if valid is None else [valid],
        callbacks=callbacks,
    )
