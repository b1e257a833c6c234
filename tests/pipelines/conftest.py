from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
import pytest

from modelling.export_trees import trees_from_booster
from pipelines.recipes import read_recipe
from scoring.bundle import Bundle, golden_of, write_bundle
from scoring.call_value import CallValue, input_names
from scoring.encode import Encoder
from scoring.reference import reference_from
from scoring.scorer import Scorer
from scoring.spec import (
    Calibration,
    Economics,
    FeatureSpec,
    ModelSpec,
    Policy,
    Provenance,
    Question,
    ReasonText,
    Tier,
)
from synthetic.writer import write

QUESTIONS = (
    Question(
        id="income", answer="money", unit="yuan", en="Income?", zh="收入?", check_en="pay slips", check_zh="工资单"
    ),
    Question(
        id="lenders", answer="whole", unit="lenders", en="Lenders?", zh="机构?", check_en="bureau", check_zh="征信"
    ),
    Question(id="city", answer="text", unit="", en="City?", zh="城市?", check_en="the address", check_zh="地址"),
)


def feature(name, kind="number", *, group, source="bureau", **more):
    return FeatureSpec(
        name=name,
        kind=kind,
        source=source,
        direction=0,
        reason_group=group,
        null_means="unknown",
        en=name,
        zh=name,
        **more,
    )


FEATURES = (
    feature("income", group="income", source="declared", question="income", lower=0.0),
    feature("lenders", group="debt", source="declared", question="lenders", lower=0.0),
    feature("city", "category", group="personal", source="declared", question="city", vocabulary=("Wuhan", "Xi'an")),
    feature("loans_open", group="debt", lower=0.0),
    feature("late", "flag", group="debt"),
    feature("amount", group="loan", source="declared", lower=1.0),
)


def people(n, seed):
    """Cases of a flat table whose risk falls with income and rises with lenders, open loans and being late."""
    random = np.random.default_rng(seed)
    lenders = random.poisson(1.5, n).astype(float)
    frame = pl.DataFrame(
        {
            "application_id": [f"case-{place:05d}" for place in range(n)],
            "income": np.round(random.lognormal(9, 0.5, n), 2),
            "lenders": lenders,
            "city": random.choice(["Wuhan", "Xi'an", "Lhasa"], n, p=[0.6, 0.39, 0.01]),
            "loans_open": lenders + random.poisson(0.5, n),
            "late": random.random(n) < 0.1 + 0.05 * lenders,
            "amount": np.round(random.lognormal(8.5, 0.4, n), 2),
        }
    ).with_columns(income=pl.when(pl.int_range(n) % 17 == 3).then(None).otherwise("income"))
    risk = (
        -1.2 - 0.8 * np.log(frame["income"].fill_null(8000.0).to_numpy() / 8000) + 0.5 * lenders + 1.0 * frame["late"]
    )
    return frame, random.random(n) < 1 / (1 + np.exp(-risk.to_numpy()))


@dataclass(frozen=True)
class Small:
    """A small model of a flat table, in a folder."""

    folder: Path
    bundle: Bundle
    scorer: Scorer
    cases: pl.DataFrame


def columns_of(frame):
    return {
        spec.name: frame[spec.name].to_numpy() if spec.kind == "number" else frame[spec.name].to_list()
        for spec in FEATURES
    }


def _spec(policy):
    return ModelSpec(
        name="small",
        version="1",
        features=FEATURES,
        reasons=tuple(ReasonText(id=name, en=name, zh=name) for name in ("income", "debt", "personal", "loan")),
        questions=QUESTIONS,
        calibration=Calibration(slope=1.0, intercept=0.0),
        tiers=(Tier(name="A", upper_pd=0.15), Tier(name="B", upper_pd=0.35), Tier(name="C", upper_pd=1.0)),
        policy=policy,
        provenance=Provenance(created_at="2026-01-01T00:00:00Z", code_version="0", bad_definition="bad"),
    )


def _booster(matrix, label, objective):
    parameters = {
        "objective": objective,
        "num_leaves": 6,
        "verbose": -1,
        "num_threads": 1,
        "deterministic": True,
        "seed": 1,
    }
    data = lightgbm.Dataset(matrix, label, categorical_feature=[2] if objective == "binary" else "auto")
    return lightgbm.train(parameters, data, num_boost_round=15)


def _call_value(spec, seed=5):
    """Any trees over the right inputs: what matters here is that a value is there, not that it is good."""
    random = np.random.default_rng(seed)
    inputs = random.normal(0, 20, (800, len(input_names(spec))))
    inputs[:, -1] = random.normal(8.5, 0.5, 800)
    gain = np.where(np.abs(inputs[:, -3]) < 10, 60.0, 5.0) + random.normal(0, 5, 800)
    return CallValue(trees=trees_from_booster(_booster(inputs, gain, "regression")), calls=800, control_calls=160)


@pytest.fixture(scope="session")
def make_small(tmp_path_factory):
    """Make a small model: with a learned value of calls, or with triggers alone."""

    def make(*, valued=True, control_share=0.05):
        frame, bad = people(3000, 1)
        matrix = Encoder(FEATURES).columns(columns_of(frame))
        trees = trees_from_booster(_booster(matrix, bad.astype(float), "binary"))
        policy = Policy(
            approved_tiers=("A", "B"),
            economics=Economics(amount_feature="amount"),
            conflict_points=15.0,
            multi_lender_groups=("debt",),
            network_groups=(),
            call_value_threshold=20.0 if valued else None,
            control_share=control_share,
            control_key="5ec2e7",
        )
        spec = _spec(policy)
        requests = [{**row, "income": None} for row in frame.drop("application_id").head(2).to_dicts()]
        flat = _reference(np.zeros((2, 6)), np.zeros(2))
        bare = Bundle(
            spec=spec, trees=trees, reference=flat, call_value=None, golden=golden_of(spec, trees, flat, requests)
        )
        scorer = Scorer(bare)
        reference = _reference(scorer.contributions(matrix), scorer.pd(scorer.margins(matrix)))
        bundle = replace(bare, reference=reference, call_value=_call_value(spec) if valued else None)
        folder = tmp_path_factory.mktemp("small") / "bundle"
        write_bundle(folder, bundle)
        return Small(folder=folder, bundle=bundle, scorer=Scorer.load(folder), cases=people(600, 2)[0])

    return make


def _reference(contributions, pds):
    return reference_from(contributions, pds, 0.35, group_of=(0, 1, 2, 1, 1, 3), groups=4)


@pytest.fixture(scope="session")
def small(make_small):
    """A small model that has learned what calls are worth."""
    return make_small()


@pytest.fixture(scope="session")
def small_by_triggers(make_small):
    """A small model whose triggers alone route to calls."""
    return make_small(valued=False)


@pytest.fixture(scope="session")
def lender(tmp_path_factory):
    """Return the folder of a small synthetic lender whose only bad rows are exact duplicates."""
    recipe = tmp_path_factory.mktemp("recipe") / "clean.yaml"
    clean = "conflict: 0, future: 0, known_before_happened: 0, broken_reference: 0, impossible: 0"
    recipe.write_text(f"based_on: tiny\nname: clean\ndirt: {{{clean}}}\n", encoding="utf-8")
    folder = tmp_path_factory.mktemp("lender")
    write(read_recipe(recipe), 5, folder, applicants=260)
    return folder
