"""Cases on which ways to score are held against each other: real ones, and those at every edge of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelling.dataset import feature_columns
from modelling.golden_requests import unseen_word
from scoring.bundle import Bundle
from scoring.decision import Value
from scoring.encode import text_problem
from scoring.spec import FeatureSpec
from scoring.trees import Trees

THRESHOLD_DRAWS: Final = 16
"""Cases on thresholds, and as many one bit above and one bit below."""

SMALL: Final = (0.0, -0.0, 1e-36, -1e-36)
"""Numbers at zero: LightGBM takes what is within 1e-35 of it for zero where zero means missing."""

LARGEST: Final = float(np.finfo(np.float64).max)

_TYPES: Final[Mapping[str, pl.DataType]] = {"number": pl.Float64(), "flag": pl.Boolean(), "category": pl.String()}


@dataclass(frozen=True, kw_only=True, eq=False)
class ParityCases:
    """Cases that every way to score is given.

    Attributes:
        ids: One per case.
        frame: The model's features in its order: Float64, String or Boolean; null where unknown, never NaN.
        features: What the features are.
    """

    ids: tuple[str, ...]
    frame: pl.DataFrame
    features: tuple[FeatureSpec, ...]

    def columns(self) -> dict[str, Any]:
        """Return one column per feature, as `Scorer.decide_many` takes them."""
        return feature_columns(self.frame, self.features)

    def requests(self) -> list[dict[str, Value]]:
        """Return one request per case, as `Scorer.decide` takes it."""
        return self.frame.to_dicts()

    def part(self, start: int, length: int) -> ParityCases:
        """Return some cases that lie one after another."""
        some = self.frame.slice(start, length)
        return ParityCases(ids=self.ids[start : start + length], frame=some, features=self.features)

    def drawn(self, most: int, seed: int) -> ParityCases:
        """Return at most so many cases, drawn at random, in the order of all."""
        random = np.random.default_rng(seed)
        rows = np.sort(random.choice(len(self.ids), min(most, len(self.ids)), replace=False)).tolist()
        return ParityCases(ids=tuple(self.ids[row] for row in rows), frame=self.frame[rows], features=self.features)

    def and_these(self, others: ParityCases) -> ParityCases:
        """Return these cases, then the others."""
        return ParityCases(
            ids=self.ids + others.ids, frame=pl.concat([self.frame, others.frame]), features=self.features
        )


def parity_cases(frame: pl.DataFrame, bundle: Bundle, *, sample: int, seed: int) -> tuple[ParityCases, ParityCases]:
    """Return all cases of a dataset's frame, and a sample of them; the cases at the model's edges stand after each.

    Args:
        frame: Cases as `modelling.dataset.Dataset` has them.
        bundle: The model.
        sample: Most cases in the sample, the edges not counted.
        seed: Seed of what is drawn.
    """
    real, edges = real_cases(frame, bundle.spec.features), edge_cases(bundle, seed=seed)
    return real.and_these(edges), real.drawn(sample, seed).and_these(edges)


def real_cases(frame: pl.DataFrame, features: Sequence[FeatureSpec]) -> ParityCases:
    """Return the cases of a dataset's frame under their own ids; one whose id no scorer takes is named by its row."""
    columns = [pl.col(spec.name).cast(_TYPES[spec.kind]) for spec in features]
    numbers = [pl.col(spec.name).fill_nan(None) for spec in features if spec.kind == "number"]
    return ParityCases(
        ids=tuple(_usable(case_id, row) for row, case_id in enumerate(frame["case_id"].cast(pl.String), 1)),
        frame=frame.select(columns).with_columns(numbers),
        features=tuple(features),
    )


def edge_cases(bundle: Bundle, *, seed: int) -> ParityCases:
    """Return the cases at a model's edges, under ids that say which edge.

    They are: the bundle's golden requests; nothing known; categories never seen; numbers at the least and at the
    largest that may be asked, and about zero; and numbers on thresholds of the trees, one bit above and one bit below,
    where a scorer that compares otherwise goes another way.

    Args:
        bundle: The model.
        seed: Seed of the thresholds drawn.
    """
    features = bundle.spec.features
    golden = [case.features for case in bundle.golden.cases]
    base = dict(golden[0])
    found: dict[str, Mapping[str, Value]] = {f"golden {place}": one for place, one in enumerate(golden)}
    found["nothing known"] = {spec.name: None for spec in features}
    found["categories never seen"] = base | {
        spec.name: unseen_word(spec) for spec in features if spec.kind == "category"
    }
    for name, number in {"least": -LARGEST, "largest": LARGEST, **{repr(small): small for small in SMALL}}.items():
        found[f"numbers {name}"] = base | _numbers(features, dict.fromkeys(range(len(features)), number))
    for name, numbers in _on_thresholds(bundle.trees, np.random.default_rng(seed)):
        found[name] = base | _numbers(features, numbers)
    rows = [{spec.name: _typed(spec, request[spec.name]) for spec in features} for request in found.values()]
    schema = {spec.name: _TYPES[spec.kind] for spec in features}
    ids = tuple(f"edge: {name}" for name in found)
    return ParityCases(ids=ids, frame=pl.DataFrame(rows, schema=schema), features=features)


def _usable(case_id: str | None, row: int) -> str:
    return case_id if case_id and text_problem(case_id) is None else f"row {row}"


def _typed(spec: FeatureSpec, value: Value) -> Value:
    """Return a value in its feature's type: JSON may hold a whole number for a number."""
    return float(value) if spec.kind == "number" and value is not None else value


def _numbers(features: Sequence[FeatureSpec], values: Mapping[int, float]) -> dict[str, Value]:
    """Return values for number features by place, each moved to where its feature's bounds allow."""
    return {
        features[place].name: _within(features[place], value)
        for place, value in values.items()
        if features[place].kind == "number"
    }


def _within(spec: FeatureSpec, value: float) -> float:
    if spec.lower is not None and value < spec.lower:
        return float(spec.lower)
    return float(spec.upper) if spec.upper is not None and value > spec.upper else value


def _on_thresholds(trees: Trees, random: np.random.Generator) -> list[tuple[str, dict[int, float]]]:
    """Return, named, a threshold for every feature that has some, drawn again and again, and its neighbours."""
    numeric = (trees.categorical == 0) & np.isfinite(trees.threshold)
    of: dict[int, NDArray[np.float64]] = {
        int(place): np.unique(trees.threshold[numeric & (trees.feature == place)])
        for place in np.unique(trees.feature[numeric])
    }
    found = []
    for draw in range(THRESHOLD_DRAWS):
        chosen = {place: float(random.choice(thresholds)) for place, thresholds in of.items()}
        found.append((f"on thresholds {draw}", chosen))
        for side, end in (("above", np.inf), ("below", -np.inf)):
            moved = {place: float(np.nextafter(value, end)) for place, value in chosen.items()}
            found.append((f"one bit {side} thresholds {draw}", moved))
    return found
