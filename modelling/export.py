"""From a trained model to a bundle that the scorer can prove, explain and route with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelling.candidates import Fitted
from modelling.dataset import Dataset, encode
from modelling.errors import ExportError
from modelling.export_trees import trees_from_text
from modelling.golden_requests import golden_requests
from modelling.gradient_boosting import FittedTrees
from modelling.run_record import RunRecord, record_of
from modelling.training import TrainedModel
from scoring.bundle import Bundle, golden_of
from scoring.call_value import CallValue, group_numbers
from scoring.kernel import prepare
from scoring.points import PointsMap
from scoring.reference import Reference, distances, reference_from
from scoring.spec import ModelSpec, Policy, Provenance
from scoring.tiers import cutoff_pd
from scoring.trees import Trees

UNFAMILIAR_QUANTILE: Final = 0.995
"""An explanation farther from development than this share of development's own counts as unfamiliar."""

REFERENCE_CASES: Final = 20_000
"""Development cases that the reference is made from, evenly spread when there are more."""

PACKAGE_PREFIX: Final = "package."
"""Facts about the code that begin with this are versions of packages."""


def export_bundle(
    trained: TrainedModel,
    dataset: Dataset,
    policy: Policy,
    *,
    name: str,
    version: str,
    created_at: str,
    code: Mapping[str, str],
    run_id: str = "",
    call_value: CallValue | None = None,
) -> Bundle:
    """Make a bundle of a model that was just trained; see `bundle_from` for the rest."""
    return bundle_from(
        record_of(trained, dataset, code),
        trained.fitted,
        dataset,
        policy,
        name=name,
        version=version,
        created_at=created_at,
        run_id=run_id,
        call_value=call_value,
    )


def bundle_from(
    record: RunRecord,
    fitted: Fitted,
    dataset: Dataset,
    policy: Policy,
    *,
    name: str,
    version: str,
    created_at: str,
    run_id: str = "",
    call_value: CallValue | None = None,
) -> Bundle:
    """Make a bundle of a model and the development cases kept with its run.

    The reference (average just-approved applicant, spread of explanations) comes from development cases, at most
    `REFERENCE_CASES` of them, under the policy's cut-off. Where the policy leaves the distance of unfamiliar
    explanations open, it becomes the distance that `UNFAMILIAR_QUANTILE` of these cases stay within.

    Args:
        record: What the run says of the model.
        fitted: The model; only trees can be exported.
        dataset: What it was trained on.
        policy: How scored cases are routed.
        name: Name of the model.
        version: Its version.
        created_at: Time of the export, ISO 8601, UTC.
        run_id: MLflow run that trained it; empty when none.
        call_value: What past calls taught; None when too few.

    Raises:
        ExportError: the candidate is not made of trees, or no case is approved under the policy.
        UnsupportedModelError: see `modelling.export_trees`.
    """
    trees = _trees(fitted, record.candidate)
    cases = _thinned(dataset.part("development"), REFERENCE_CASES)
    spec = ModelSpec(
        name=name,
        version=version,
        features=record.features,
        reasons=record.reasons,
        questions=record.questions,
        calibration=record.calibration,
        tiers=record.tiers,
        policy=policy,
        provenance=_provenance(record, created_at, run_id),
    )
    contributions, reference = _explained(spec, trees, encode(cases, record.features))
    if policy.unfamiliar_distance is None:
        limit = _quantile(distances(reference, contributions, group_numbers(spec)))
        spec = replace(spec, policy=replace(policy, unfamiliar_distance=limit))
    golden = golden_of(spec, trees, reference, golden_requests(cases, record.features))
    return Bundle(spec=spec, trees=trees, reference=reference, call_value=call_value, golden=golden)


def _thinned(frame: pl.DataFrame, most: int) -> pl.DataFrame:
    if len(frame) <= most:
        return frame
    return frame[[row * len(frame) // most for row in range(most)]]


def _trees(fitted: Fitted, name: str) -> Trees:
    if not isinstance(fitted, FittedTrees):
        raise ExportError(
            f"candidate {name!r} cannot become a bundle: the scorer evaluates and explains trees alone. Promote a "
            "'lightgbm' run; a scorecard or logistic model serves as its challenger"
        )
    return trees_from_text(fitted.model_text)


def _explained(spec: ModelSpec, trees: Trees, matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], Reference]:
    margins, contributions = prepare(trees).explain_many(matrix)
    pds = PointsMap.of(spec.calibration, spec.scale).pds(margins)
    cutoff = cutoff_pd(spec.tiers, spec.policy)
    try:
        reference = reference_from(contributions, pds, cutoff, group_of=group_numbers(spec), groups=len(spec.reasons))
    except ValueError as error:
        raise ExportError(f"no reference can be made: {error}. Check the policy's approved tiers") from error
    return contributions, reference


def _quantile(values: NDArray[np.float64]) -> float | None:
    found = float(np.quantile(values, UNFAMILIAR_QUANTILE))
    return found if found > 0 else None


def _provenance(record: RunRecord, created_at: str, run_id: str) -> Provenance:
    facts = {key: value for key, value in record.code.items() if not key.startswith(PACKAGE_PREFIX)}
    return Provenance(
        created_at=created_at,
        code_version=", ".join(f"{key} {value}" for key, value in sorted(facts.items())),
        bad_definition=record.bad_definition,
        data={**record.sources, "dataset": record.dataset_sha256},
        packages=_packages(record.code),
        seeds={"training": record.seed},
        mlflow_run=run_id,
        development=record.development,
    )


def _packages(code: Mapping[str, str]) -> dict[str, str]:
    named: Sequence[tuple[str, str]] = sorted(code.items())
    return {key.removeprefix(PACKAGE_PREFIX): value for key, value in named if key.startswith(PACKAGE_PREFIX)}
