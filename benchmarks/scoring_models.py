"""What the scoring benchmark scores: models of two sizes on synthetic rows, and a bundle around each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from modelling.export_trees import trees_from_booster
from scoring import Bundle, CallValue, ModelSpec, Scorer, golden_of, reference_from
from scoring.call_value import group_numbers, input_names
from scoring.decision import Value
from scoring.kernel import prepare
from scoring.points import PointsMap
from scoring.spec import (
    Calibration,
    Economics,
    FeatureSpec,
    HardRule,
    Policy,
    Provenance,
    Question,
    ReasonText,
    Tier,
)

Array = NDArray[np.float64]

GROUPS = 12
CATEGORIES = 4
LEVELS = 32
TRAINED_ON = 20_000


@dataclass(frozen=True, kw_only=True)
class Size:
    """Size of a model; trees are at most four deep, as the platform's own training grows them."""

    trees: int
    leaves: int
    features: int

    def __str__(self) -> str:
        return f"{self.trees} trees x {self.leaves} leaves x {self.features} features"


SIZES = (Size(trees=200, leaves=16, features=80), Size(trees=400, leaves=15, features=150))


def rows_of(size: Size, rows: int, seed: int, *, categories: int = CATEGORIES) -> Array:
    """Return encoded rows, a tenth of all values missing; the last features are codes of categories."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, size.features))
    for place in range(size.features - categories, size.features):
        matrix[:, place] = rng.integers(0, LEVELS, rows)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    return matrix


def train(size: Size, *, categories: int = CATEGORIES) -> lgb.Booster:
    """Train on rows whose risk depends on every feature, so that every tree is as large as it may be."""
    matrix = rows_of(size, TRAINED_ON, 1, categories=categories)
    rng = np.random.default_rng(2)
    known = np.nan_to_num(matrix)
    known[:, size.features - CATEGORIES :] %= 3
    risk = np.sin(2 * known) @ rng.normal(size=size.features) + known[:, 0] * known[:, 1] + rng.normal(size=TRAINED_ON)
    settings = {
        "objective": "binary",
        "num_leaves": size.leaves,
        "max_depth": 4,
        "min_data_in_leaf": 40,
        "learning_rate": 0.05,
        "feature_fraction": 0.8,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 2,
        "seed": 1,
        "verbose": -1,
    }
    codes = list(range(size.features - categories, size.features))
    data = lgb.Dataset(matrix, (risk > np.quantile(risk, 0.8)).astype(float), categorical_feature=codes)
    return lgb.train(settings, data, size.trees)


def spec_of(size: Size) -> ModelSpec:
    """Describe a model with twelve reason groups, three questions, a hard rule and every trigger switched on."""
    features = tuple(_feature(place, size) for place in range(size.features))
    return ModelSpec(
        name="benchmark",
        version="1",
        features=features,
        reasons=tuple(ReasonText(id=f"group_{place}", en="Cost points", zh="扣分") for place in range(GROUPS)),
        questions=tuple(
            Question(id=f"question_{n}", answer="money", unit="yuan", en="?", zh="?", check_en="-", check_zh="-")
            for n in range(3)
        ),
        calibration=Calibration(slope=0.95, intercept=0.01),
        tiers=tuple(Tier(name=n, upper_pd=pd) for n, pd in zip("ABCDE", (0.05, 0.1, 0.2, 0.4, 1.0), strict=True)),
        policy=Policy(
            approved_tiers=("A", "B", "C"),
            economics=Economics(amount_feature=features[0].name),
            hard_rules=(
                HardRule(
                    id="low", feature=features[3].name, operator="<", bound=-3.0, outcome="decline", en="-", zh="-"
                ),
            ),
            multi_lender_groups=("group_1",),
            network_groups=("group_2",),
            unfamiliar_distance=6.0,
            thin_file_features=(features[4].name, features[5].name),
        ),
        provenance=Provenance(created_at="2026-01-01T00:00:00Z", code_version="0", bad_definition="synthetic"),
    )


def _feature(place: int, size: Size) -> FeatureSpec:
    category = place >= size.features - CATEGORIES
    return FeatureSpec(
        name=f"bureau_inquiries_count_{place}d",
        kind="category" if category else "number",
        source="bureau",
        direction=0,
        reason_group=f"group_{place % GROUPS}",
        null_means="unknown",
        en="A number",
        zh="数字",
        vocabulary=tuple(f"level {code}" for code in range(LEVELS)) if category else (),
        question=f"question_{place}" if place < 3 else None,
    )


def bundle_of(size: Size, booster: lgb.Booster, *, call_value: bool) -> Bundle:
    """Return a bundle of a model, with or without a learned value of a call."""
    spec, trees = spec_of(size), trees_from_booster(booster)
    margins, contributions = prepare(trees).explain_many(rows_of(size, 3000, 3))
    reference = reference_from(
        contributions,
        PointsMap.of(spec.calibration, spec.scale).pds(margins),
        cutoff_pd=0.2,
        group_of=group_numbers(spec),
        groups=GROUPS,
    )
    return Bundle(
        spec=spec,
        trees=trees,
        reference=reference,
        call_value=_call_value(spec) if call_value else None,
        golden=golden_of(spec, trees, reference, cases_of(spec, rows_of(size, 50, 4))),
    )


def _call_value(spec: ModelSpec) -> CallValue:
    rng = np.random.default_rng(5)
    inputs = rng.normal(size=(2000, len(input_names(spec)))) * 10
    gain = inputs[:, 0] * 3 + inputs[:, 1] * inputs[:, 2] / 10 + rng.normal(size=2000)
    settings = {"objective": "regression", "num_leaves": 15, "min_data_in_leaf": 20, "num_threads": 1, "verbose": -1}
    trees = trees_from_booster(lgb.train(settings, lgb.Dataset(inputs, gain), 150))
    return CallValue(trees=trees, calls=2000, control_calls=300)


def cases_of(spec: ModelSpec, matrix: Array) -> list[dict[str, Value]]:
    """Return the rows as requests: None where missing, words for codes."""
    return [
        {each.name: _value(each, number) for each, number in zip(spec.features, row, strict=True)}
        for row in matrix.tolist()
    ]


def _value(spec: FeatureSpec, number: float) -> Value:
    if math.isnan(number):
        return None
    return spec.vocabulary[int(number)] if spec.kind == "category" else number


def scorer_of(size: Size, booster: lgb.Booster, *, call_value: bool = False, accelerate: bool = False) -> Scorer:
    """Return a scorer of a model."""
    return Scorer(bundle_of(size, booster, call_value=call_value), accelerate=accelerate)
