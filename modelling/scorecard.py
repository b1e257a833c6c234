"""The scorecard challenger: every feature cut into bins of one weight of evidence, summed by a logistic regression."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelling.dataset import Dataset, encode, labels_of
from modelling.errors import LabelError, TrackingError
from modelling.linear_fit import solve
from scoring.spec import FeatureSpec

MODEL_FILE: Final = "scorecard.json"


@dataclass(frozen=True, kw_only=True)
class Binned:
    """The bins of one feature.

    Weight of evidence is ``ln(share of goods / share of bads)``: positive is safer.

    Attributes:
        feature: Feature name.
        splits: Bounds between the bins of a number, ascending; a value equal to a bound belongs to the bin above it.
        code_bins: Bin of each category code, the unknown bucket last; empty unless a category.
        woe: Weight of evidence per bin.
        missing_woe: Weight of evidence of a missing value; 0 when too few were seen to tell.
        iv: Information value on development.
        weight: Weight in the sum of log-odds of bad; negative, since safer bins lower them.
    """

    feature: str
    splits: tuple[float, ...]
    code_bins: tuple[int, ...]
    woe: tuple[float, ...]
    missing_woe: float
    iv: float
    weight: float = 0.0

    def bins(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the bin of each value; -1 where it is missing."""
        missing = np.isnan(values)
        if self.code_bins:
            codes = np.where(missing, 0, values).astype(np.int64)
            found = np.asarray(self.code_bins, dtype=np.int64)[codes]
        else:
            found = np.searchsorted(np.asarray(self.splits), values, side="right").astype(np.int64)
        return np.where(missing, -1, found)

    def evidence(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weight of evidence of each value."""
        # The missing bin is number -1, so that it stands last.
        return np.asarray([*self.woe, self.missing_woe])[self.bins(values)]


@dataclass(frozen=True, kw_only=True)
class FittedScorecard:
    """A fitted scorecard.

    Attributes:
        features: The features of the dataset, in order; not all of them need be used.
        intercept: Log-odds of bad before any feature.
        binned: The features used, best information value first.
    """

    features: tuple[FeatureSpec, ...]
    intercept: float
    binned: tuple[Binned, ...]

    def margin(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Return the log-odds of bad per case."""
        by_name = {spec.name: spec for spec in self.features}
        used = tuple(by_name[binned.feature] for binned in self.binned)
        matrix = encode(frame, used)
        margins = np.full(len(matrix), self.intercept)
        for index, binned in enumerate(self.binned):
            margins += binned.weight * binned.evidence(matrix[:, index])
        return margins

    def parameters(self) -> dict[str, str | int | float]:
        """Return how many features are used, and the intercept."""
        return {"features": len(self.features), "features_used": len(self.binned), "intercept": self.intercept}

    def files(self) -> dict[str, str]:
        """Return bins and weights as JSON."""
        held = {"intercept": self.intercept, "binned": [asdict(binned) for binned in self.binned]}
        return {MODEL_FILE: json.dumps(held, indent=1)}


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """Optimal binning (optbinning) and logistic regression on weights of evidence.

    Attributes:
        screened: Optimal binning is tried on so many features, those with the most information in ten plain bins.
        least_iv: Features with less information value are not used.
        most_features: At most so many features, best first.
        most_alike: A feature whose weights of evidence correlate more than this with those of a better one is not used:
            it says the same again.
        prebins: Bins that optimal binning starts from.
        most_bins: Bins that it may keep.
        least_share: Smallest share of cases in a bin.
        strength: Inverse of the regularisation strength (scikit-learn's ``C``).
    """

    screened: int = 120
    least_iv: float = 0.01
    most_features: int = 40
    most_alike: float = 0.8
    prebins: int = 12
    most_bins: int = 6
    least_share: float = 0.04
    strength: float = 1.0

    @property
    def name(self) -> str:
        """``scorecard``."""
        return "scorecard"

    def fit(self, dataset: Dataset, seed: int) -> FittedScorecard:
        """Fit on the development part.

        Directions declared by the features bind the order of the bins. While a weight is positive (next to the others,
        its bins say the opposite of what they say alone), the feature with the largest is dropped and the rest fitted
        again. ``seed`` has no effect.

        Raises:
            LabelError: labels are missing or of one kind only, or no feature tells good from bad.
        """
        development = dataset.part("development")
        labels = labels_of(development, "development")
        matrix = dataset.matrix(development)
        columns = {spec.name: matrix[:, index] for index, spec in enumerate(dataset.features)}
        found = [self._binned(spec, columns[spec.name], labels) for spec in self._screened(dataset, columns, labels)]
        strong = sorted(
            (one for one in found if one and one.iv >= self.least_iv), key=lambda one: (-one.iv, one.feature)
        )
        if not strong:
            raise LabelError(f"no feature has an information value of {self.least_iv} or more; a scorecard needs one")
        binned, intercept = self._weighted(self._different(strong, columns), columns, labels, seed)
        return FittedScorecard(features=dataset.features, intercept=intercept, binned=binned)

    def load(self, files: Mapping[str, str], features: tuple[FeatureSpec, ...]) -> FittedScorecard:
        """Read bins and weights back.

        Raises:
            TrackingError: the file of bins is missing.
        """
        if MODEL_FILE not in files:
            raise TrackingError(f"the run holds no {MODEL_FILE}; it holds {', '.join(files) or 'no file'}")
        held = json.loads(files[MODEL_FILE])
        lists = ("splits", "code_bins", "woe")
        binned = tuple(Binned(**(one | {key: tuple(one[key]) for key in lists})) for one in held["binned"])
        return FittedScorecard(features=features, intercept=held["intercept"], binned=binned)

    def _screened(
        self, dataset: Dataset, columns: Mapping[str, NDArray[np.float64]], labels: NDArray[np.float64]
    ) -> list[FeatureSpec]:
        plain = {spec.name: _plain_iv(spec, columns[spec.name], labels) for spec in dataset.features}
        return sorted(dataset.features, key=lambda spec: (-plain[spec.name], spec.name))[: self.screened]

    def _different(self, strong: list[Binned], columns: Mapping[str, NDArray[np.float64]]) -> list[Binned]:
        kept: list[Binned] = []
        evidence: list[NDArray[np.float64]] = []
        for binned in strong:
            values = binned.evidence(columns[binned.feature])
            if len(kept) < self.most_features and not any(
                _alike(values, other) > self.most_alike for other in evidence
            ):
                kept.append(binned)
                evidence.append(values)
        return kept

    def _binned(self, spec: FeatureSpec, values: NDArray[np.float64], labels: NDArray[np.float64]) -> Binned | None:
        known = values[~np.isnan(values)]
        if len(np.unique(known)) < 2 or len(np.unique(labels[~np.isnan(values)])) < 2:
            return None
        is_category = spec.kind == "category"
        splits = () if is_category else self._cut(spec, values, labels)
        code_bins = self._grouped(spec, values, labels) if is_category else ()
        bare = Binned(feature=spec.name, splits=splits, code_bins=code_bins, woe=(), missing_woe=0.0, iv=0.0)
        woe, missing_woe, iv = _evidence(bare.bins(values), labels, max(code_bins, default=len(splits)) + 1)
        return Binned(**(asdict(bare) | {"woe": woe, "missing_woe": missing_woe, "iv": iv}))

    def _cut(self, spec: FeatureSpec, values: NDArray[np.float64], labels: NDArray[np.float64]) -> tuple[float, ...]:
        trend = {1: "ascending", -1: "descending", 0: "auto_asc_desc"}[spec.direction]
        binning = _optimal_binning()(
            name=spec.name,
            dtype="numerical",
            monotonic_trend=trend,
            max_n_prebins=self.prebins,
            max_n_bins=self.most_bins,
            min_prebin_size=self.least_share,
            time_limit=10,
        )
        binning.fit(values, labels)
        return tuple(float(split) for split in binning.splits)

    def _grouped(self, spec: FeatureSpec, values: NDArray[np.float64], labels: NDArray[np.float64]) -> tuple[int, ...]:
        known = ~np.isnan(values)
        binning = _optimal_binning()(
            name=spec.name,
            dtype="categorical",
            monotonic_trend=None,
            max_n_prebins=self.prebins,
            max_n_bins=self.most_bins,
            min_prebin_size=self.least_share,
            cat_cutoff=self.least_share / 2,
            time_limit=10,
        )
        binning.fit(values[known].astype(np.int64).astype(str).astype(object), labels[known])
        groups = {int(code): number for number, group in enumerate(binning.splits) for code in group}
        # A code that was never seen, and with it the unknown bucket when it was not, goes to the last group.
        last = max(groups.values(), default=0)
        return tuple(groups.get(code, last) for code in range(len(spec.vocabulary) + 1))

    def _weighted(
        self, strong: list[Binned], columns: Mapping[str, NDArray[np.float64]], labels: NDArray[np.float64], seed: int
    ) -> tuple[tuple[Binned, ...], float]:
        kept = strong
        while True:
            inputs = np.column_stack([binned.evidence(columns[binned.feature]) for binned in kept])
            weights, intercept = solve(inputs, labels, self.strength, seed)
            worst = int(np.argmax(weights))
            if weights[worst] < 0 or len(kept) == 1:
                break
            kept = kept[:worst] + kept[worst + 1 :]
        pairs = zip(kept, weights, strict=True)
        return tuple(Binned(**(asdict(binned) | {"weight": float(weight)})) for binned, weight in pairs), intercept


def _plain_iv(spec: FeatureSpec, values: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return 0.0
    if spec.kind == "category":
        return _evidence(np.where(np.isnan(values), -1, values).astype(np.int64), labels, len(spec.vocabulary) + 1)[2]
    edges = np.unique(np.quantile(known, np.arange(1, 10) / 10))
    bins = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="left"))
    return _evidence(bins, labels, len(edges) + 1)[2]


def _alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Absolute correlation; 0 when one of the two never varies."""
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return abs(float(np.corrcoef(one, other)[0, 1]))


def _evidence(
    bins: NDArray[np.int64], labels: NDArray[np.float64], count: int
) -> tuple[tuple[float, ...], float, float]:
    """Weight of evidence per bin and for missing values, and the information value of all of them.

    Half a case is added to an empty cell, so that a bin without goods or bads stays finite.
    """
    goods = np.array([np.sum((bins == number) & (labels == 0)) for number in (*range(count), -1)], dtype=np.float64)
    bads = np.array([np.sum((bins == number) & (labels == 1)) for number in (*range(count), -1)], dtype=np.float64)
    empty = (goods == 0) | (bads == 0)
    share_good = np.where(empty, goods + 0.5, goods) / goods.sum()
    share_bad = np.where(empty, bads + 0.5, bads) / bads.sum()
    woe = np.log(share_good / share_bad)
    seen = goods + bads > 0
    iv = float(np.sum(np.where(seen, (share_good - share_bad) * woe, 0.0)))
    enough = goods[-1] + bads[-1] >= 30
    return tuple(float(value) for value in woe[:-1]), float(woe[-1]) if enough else 0.0, iv


def _no_solver_notice(record: logging.LogRecord) -> bool:
    return "importing solver" not in record.getMessage()


def _optimal_binning() -> type:
    # optbinning imports cvxpy, which this candidate does not use and which prints what solvers it could not load. It
    # sets its own level when imported, so that only a filter holds.
    logging.getLogger("__cvxpy__").addFilter(_no_solver_notice)
    from optbinning import OptimalBinning

    binning: type = OptimalBinning
    return binning
