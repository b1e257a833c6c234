"""What a run in MLflow says about a model, and the names under which its files and tags stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from modelling.dataset import Dataset
from modelling.split_summary import SplitPart
from modelling.training import TrainedModel
from scoring.spec import Calibration, Economics, FeatureSpec, Question, ReasonText, Tier

MANIFEST: Final = "manifest.json"
MANIFEST_TAG: Final = "bamboo.manifest_sha256"
CANDIDATE_TAG: Final = "bamboo.candidate"
RUN_FILE: Final = "run.json"
EVALUATION_FILE: Final = "evaluation.json"
PREDICTIONS_FILE: Final = "predictions.parquet"
FITTED_FOLDER: Final = "fitted"


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
        economics: What decisions earn and cost.
        approved_tiers: Tiers that pay under these economics.
        bad_definition: What the PD is a probability of.
        amount_feature: Feature with the amount asked for.
        development: Which cases the model was fitted on, in words.
        dataset_sha256: Hash of cases, labels and encoded features.
        frame_sha256: Hash of the file, shared by the runs on one dataset, that keeps all its cases.
        sources: Name of each source to its SHA-256.
        time_zone: Where a day, and so a month, begins.
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
    economics: Economics
    approved_tiers: tuple[str, ...]
    bad_definition: str
    amount_feature: str | None
    development: str
    dataset_sha256: str
    frame_sha256: str
    time_zone: str
    sources: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    code: Mapping[str, str] = field(default_factory=dict)


def record_of(trained: TrainedModel, dataset: Dataset, code: Mapping[str, str], *, frame_sha256: str = "") -> RunRecord:
    """Gather what a run says about a model."""
    return RunRecord(
        candidate=trained.candidate,
        seed=trained.seed,
        features=dataset.features,
        reasons=dataset.reasons,
        questions=dataset.questions,
        calibration=trained.calibration,
        tiers=trained.tiers,
        economics=trained.economics,
        approved_tiers=trained.approved_tiers,
        bad_definition=dataset.bad_definition,
        amount_feature=dataset.amount_feature,
        development=_development(trained.evaluation.split.parts[0]),
        dataset_sha256=dataset.sha256(),
        frame_sha256=frame_sha256,
        time_zone=dataset.time_zone,
        sources=dict(dataset.sources),
        notices=(*dataset.notices, *trained.notices),
        code=dict(code),
    )


def _development(part: SplitPart) -> str:
    when = f" from {part.first[:10]} to {part.last[:10]} (UTC)" if part.first and part.last else ""
    return f"{part.n:,} cases{when}, {part.bads:,} of them bad"
