from __future__ import annotations

from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest

from modelling.export_trees import trees_from_booster
from scoring.bundle import Bundle, golden_of
from scoring.call_value import CallValue, group_numbers, input_names
from scoring.encode import Encoder
from scoring.kernel import prepare
from scoring.points import PointsMap
from scoring.reference import reference_from
from scoring.scorer import Scorer
from scoring.spec import (
    Calibration,
    ConcentrationLimit,
    Economics,
    FeatureSpec,
    HardRule,
    ModelSpec,
    Policy,
    Provenance,
    Question,
    ReasonText,
    Tier,
)

GROUPS = ("income", "multi_lender", "network", "personal", "loan_asked")
QUESTIONS = ("declared_income", "declared_other_lenders")
REGIONS = ("north", "east", "south", "west")


def feature(name, kind, group, **more):
    facts = {"source": "declared", "direction": 0, "null_means": "not stated", "en": name, "zh": name}
    return FeatureSpec(name=name, kind=kind, reason_group=group, **{**facts, **more})


FEATURES = (
    feature("income", "number", "income", question="declared_income", lower=0.0, upper=1e6, direction=-1),
    feature("lenders", "number", "multi_lender", question="declared_other_lenders", lower=0.0, direction=1),
    feature("inquiries", "number", "multi_lender", source="bureau", direction=1),
    feature("shared_device", "flag", "network", source="network", direction=1),
    feature("region", "category", "personal", vocabulary=REGIONS),
    feature("age", "number", "personal", lower=0.0, upper=120.0),
    feature("amount", "number", "loan_asked", lower=0.0),
    feature("ignored", "number", "loan_asked"),
)


def make_spec(**policy):
    facts = {
        "approved_tiers": ("A", "B"),
        "economics": Economics(amount_feature="amount"),
        "hard_rules": (
            HardRule(id="under_age", feature="age", operator="<", bound=18.0, outcome="decline", en="u", zh="未"),
        ),
        "concentration_limits": (ConcentrationLimit(feature="region", limit=0.4),),
        "thin_file_features": ("inquiries",),
        "unfamiliar_distance": 6.0,
        "control_share": 0.0,
        "control_key": "5eed",
    }
    return ModelSpec(
        name="tested",
        version="1",
        features=FEATURES,
        reasons=tuple(ReasonText(id=group, en=f"{group} cost points", zh=f"{group} 扣分") for group in GROUPS),
        questions=tuple(
            Question(id=each, answer="money", unit="yuan", en="How much?", zh="多少?", check_en="c", check_zh="核")
            for each in QUESTIONS
        ),
        calibration=Calibration(slope=0.9, intercept=-0.05),
        tiers=(Tier(name="A", upper_pd=0.05), Tier(name="B", upper_pd=0.15), Tier(name="C", upper_pd=1.0)),
        policy=Policy(**{**facts, **policy}),
        provenance=Provenance(created_at="2026-01-01T00:00:00Z", code_version="0", bad_definition="60+ in 180 days"),
    )


def make_columns(rows, seed):
    rng = np.random.default_rng(seed)
    income = np.round(rng.lognormal(9, 0.5, rows).clip(0, 1e6), 2)
    columns = {
        "income": np.where(rng.random(rows) < 0.1, np.nan, income),
        "lenders": rng.poisson(1.5, rows).astype(float),
        "inquiries": np.where(rng.random(rows) < 0.2, np.nan, rng.poisson(3, rows)),
        "shared_device": rng.random(rows) < 0.1,
        "region": rng.choice([*REGIONS, "overseas"], rows, p=[0.3, 0.3, 0.2, 0.17, 0.03]).astype(object),
        "age": rng.integers(17, 70, rows).astype(float),
        "amount": rng.choice([1000.0, 3000.0, 5000.0, 10000.0], rows),
        "ignored": np.zeros(rows),
    }
    risk = 0.5 * columns["lenders"] + 0.2 * np.nan_to_num(columns["inquiries"]) + 1.5 * columns["shared_device"]
    risk += -1.2 * (np.nan_to_num(np.log(columns["income"]), nan=9.0) - 9) + (columns["region"] == "west") - 4.2
    return columns, (rng.random(rows) < 1 / (1 + np.exp(-risk))).astype(float)


def make_bundle(spec, booster, columns, *, call_value=True):
    trees = trees_from_booster(booster)
    matrix = Encoder(spec.features).columns(columns)
    margins, contributions = prepare(trees).explain_many(matrix)
    reference = reference_from(
        contributions,
        PointsMap.of(spec.calibration, spec.scale).pds(margins),
        cutoff_pd=0.15,
        group_of=group_numbers(spec),
        groups=len(spec.reasons),
    )
    requests = [{name: as_python(column[row]) for name, column in columns.items()} for row in range(12)]
    return Bundle(
        spec=spec,
        trees=trees,
        reference=reference,
        call_value=make_call_value(spec) if call_value else None,
        golden=golden_of(spec, trees, reference, requests),
    )


def make_call_value(spec):
    rng = np.random.default_rng(5)
    inputs = rng.normal(size=(600, len(input_names(spec)))) * 10
    gain = 100 - np.abs(inputs[:, -3]) * 4 + rng.normal(size=600)
    settings = {"objective": "regression", "num_leaves": 7, "verbose": -1, "num_threads": 1, "seed": 1}
    booster = lgb.train(settings, lgb.Dataset(inputs, gain), 20)
    return CallValue(trees=trees_from_booster(booster), calls=600, control_calls=100)


def as_python(value):
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and np.isnan(value) else value


@pytest.fixture(scope="session")
def columns():
    """Columns of 400 cases that the model was not trained on."""
    return make_columns(400, seed=2)[0]


@pytest.fixture(scope="session")
def cases(columns):
    """The same cases, one mapping each."""
    return [{name: as_python(column[row]) for name, column in columns.items()} for row in range(400)]


@pytest.fixture(scope="session")
def booster():
    given, bad = make_columns(4000, seed=1)
    matrix = Encoder(FEATURES).columns(given)
    settings = {"objective": "binary", "num_leaves": 12, "verbose": -1, "num_threads": 1, "seed": 1}
    settings |= {"deterministic": True, "force_row_wise": True, "min_data_in_leaf": 30}
    return lgb.train(settings, lgb.Dataset(matrix, bad, categorical_feature=[4]), 40)


@pytest.fixture(scope="session")
def spec():
    return make_spec()


@pytest.fixture(scope="session")
def bundle(spec, booster):
    return make_bundle(spec, booster, make_columns(2000, seed=3)[0])


@pytest.fixture(scope="session")
def with_policy(bundle):
    """Return a function that gives a scorer under a changed policy."""

    def make(**changes):
        changed = replace(bundle.spec, policy=replace(bundle.spec.policy, **changes))
        return Scorer(replace(bundle, spec=changed))

    return make


@pytest.fixture(scope="session")
def scorer(bundle):
    return Scorer(bundle)
