"""What a run in MLflow says about a model, and the names under which its files and tags stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from modelling.dataset import Dataset
from modelling.split_summary import SplitPart
from modelling.training import TrainedModel
from scoring.spec import Calibration, FeatureSpec, Question, ReasonText, Tier

MANIFEST: Final = "manifest.json"
MANIFEST_TAG: Final = "bamboo.manifest_sha256"
CANDIDATE_TAG: Final = "bamboo.candidate"
RUN_FILE: Final = "run.json"
EVALUATION_FILE: Final = "evaluation.json"
PREDICTIONS_FILE: Final = "predictions.parquet"
CASES_FILE: Final = "cases.parquet"
FITTED_FOLDER: Final = "fitted"

KEPT_CASES: Final = 20_000
"""Development cases kept with a run, from which a bundle's reference is made."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """What a run says about a model besides the model itself and its evaluation.

    Attributes:
        candidate: Name of the candidate.
        seed: Seed of the training.
        features: The features of the dataset, with vocabularies.
        reasons: Words of reason groups.
        questions: Questions of a call.
        calibration: Platt calibration.
        tiers: Risk tiers.
        approved_tiers: Tiers that pay under the economics of the training.
        bad_definition: What the PD is a probability of.
        amount_feature: Feature with the amount asked for.
        development: Which cases the model was fitted on, in words.
        dataset_sha256: Hash of cases, labels and encoded features.
        sources: Name of each source to its SHA-256.
        notices: What the reader should know of the data and the fit.
        code: Version of this distribution, commit, and versions of packages.
    """

    candidate: str
    seed: int
    features: tuple[FeatureSpec, ...]
    reasons: tuple[ReasonText, ...]
    questions: tuple[Question, ...]
    calibration: Calibration
    tiers: tuple[Tier, ...]
    approved_tiers: tuple[str, ...]
    bad_definition: str
    amount_feature: str | None
    development: str
    dataset_sha256: str
    sources: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    code: Mapping[str, str] = field(default_factory=dict)


def record_of(trained: TrainedModel, dataset: Dataset, code: Mapping[str, str]) -> RunRecord:
    """Gather what a run says about a model."""
    return RunRecord(
        candidate=trained.candidate,
        seed=trained.seed,
        features=dataset.features,
        reasons=dataset.reasons,
        questions=dataset.questions,
        calibration=trained.calibration,
        tiers=trained.tiers,
        approved_tiers=trained.approved_tiers,
        bad_definition=dataset.bad_definition,
        amount_feature=dataset.amount_feature,
        development=_development(trained.evaluation.split.parts[0]),
        dataset_sha256=dataset.sha256(),
        sources=dict(dataset.sources),
        notices=(*dataset.notices, *trained.notices),
        code=dict(code),
    )


def kept_cases(dataset: Dataset) -> pl.DataFrame:
    """Return the labelled development cases that are kept with a run, evenly spread when there are too many."""
    cases = dataset.part("development").select("case_id", "label", *(spec.name for spec in dataset.features))
    if len(cases) <= KEPT_CASES:
        return cases
    return cases[[row * len(cases) // KEPT_CASES for row in range(KEPT_CASES)]]


def _development(part: SplitPart) -> str:
    when = f" from {part.first} to {part.last}" if part.first else ""
    return f"{part.n} cases{when}, {part.bads} of them bad"
