"""Runs read back from MLflow, without training again and without running anything that lies in them.

The hash of every file is checked before anything is parsed: an altered LightGBM model loads without complaint, and a
truncated one ends the process.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from modelling.candidates import Fitted, candidate
from modelling.dataset import Dataset
from modelling.errors import TrackingError
from modelling.evaluation import Evaluation
from modelling.mlflow_store import Store, local_path
from modelling.records import from_plain
from modelling.run_record import (
    CANDIDATE_TAG,
    EVALUATION_FILE,
    FITTED_FOLDER,
    MANIFEST,
    MANIFEST_TAG,
    PREDICTIONS_FILE,
    RUN_FILE,
    RunRecord,
)


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A run read back, without training and without running anything in it.

    Attributes:
        run_id: MLflow's id.
        experiment: Name of the experiment.
        record: What the run says about the model.
        fitted: The fitted model.
        evaluation: The model measured on every split.
        predictions: One row per case of the dataset: ``case_id``, ``applicant_id``, ``time``, ``split``,
            ``label_status``, ``label``, ``amount``, ``margin``, ``pd``.
    """

    run_id: str
    experiment: str
    record: RunRecord
    fitted: Fitted
    evaluation: Evaluation
    predictions: pl.DataFrame

    @property
    def name(self) -> str:
        """Candidate and beginning of the run id, as tables and reports show it."""
        return f"{self.record.candidate} {self.run_id[:8]}"


def load_run(store: Store, run_id: str) -> StoredRun:
    """Read a run back, after checking the hash of every file.

    Raises:
        TrackingError: there is no such finished run, or a file is missing, was altered or was added.
        RecordError: a record was written by an incompatible version.
    """
    run = _finished_run(store, run_id)
    folder = local_path(run.info.artifact_uri)
    files = _checked_files(folder, run.data.tags.get(MANIFEST_TAG, ""), run_id)
    record = from_plain(RunRecord, json.loads(files[RUN_FILE]))
    prefix = f"{FITTED_FOLDER}/"
    model = {name.removeprefix(prefix): content.decode() for name, content in files.items() if name.startswith(prefix)}
    return StoredRun(
        run_id=run_id,
        experiment=folder.parent.parent.name,
        record=record,
        fitted=candidate(record.candidate).load(model, record.features),
        evaluation=from_plain(Evaluation, json.loads(files[EVALUATION_FILE])),
        predictions=pl.read_parquet(io.BytesIO(files[PREDICTIONS_FILE])),
    )


def load_dataset(store: Store, record: RunRecord) -> Dataset:
    """Read back the dataset that a run was trained on, after checking its hash.

    Raises:
        TrackingError: the file is missing or was altered.
    """
    path = store.datasets / f"{record.frame_sha256}.parquet"
    if not path.is_file():
        raise TrackingError(f"the cases of a {record.candidate!r} run are missing at {path}. Train again")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != record.frame_sha256:
        raise TrackingError(f"{path} was altered: its hash is not the one in its name. Train again")
    return Dataset(
        frame=pl.read_parquet(io.BytesIO(content)),
        features=record.features,
        reasons=record.reasons,
        questions=record.questions,
        bad_definition=record.bad_definition,
        sources=record.sources,
        amount_feature=record.amount_feature,
        notices=record.notices,
        time_zone=record.time_zone,
    )


def latest_runs(store: Store, experiment: str) -> dict[str, str]:
    """Return the latest finished run of each candidate in an experiment: candidate to run id, candidates by name.

    Raises:
        TrackingError: there is no such experiment, or it holds no finished run.
    """
    client = store.client()
    found = client.get_experiment_by_name(experiment)
    if found is None:
        names = ", ".join(sorted(one.name for one in client.search_experiments())) or "none"
        raise TrackingError(
            f"experiment == {experiment!r} does not exist; there are: {names}. Run `bamboo train` first"
        )
    runs = client.search_runs(
        [found.experiment_id], "attributes.status = 'FINISHED'", order_by=["attributes.start_time DESC"]
    )
    latest: dict[str, str] = {}
    for run in runs:
        name = run.data.tags.get(CANDIDATE_TAG)
        if name:
            latest.setdefault(name, run.info.run_id)
    if not latest:
        raise TrackingError(f"experiment {experiment!r} holds no finished run. Run `bamboo train` first")
    return dict(sorted(latest.items()))


def _finished_run(store: Store, run_id: str) -> Any:  # noqa: ANN401 - mlflow has no types
    from mlflow.exceptions import MlflowException

    try:
        run = store.client().get_run(run_id)
    except MlflowException as error:
        found = f"run == {run_id!r} cannot be read: {error.message}"
        way_out = f"Name a run that `bamboo train` printed, or another store than {str(store.folder)!r} (--mlruns)"
        raise TrackingError(f"{found}. {way_out}") from error
    if run.info.status != "FINISHED" or run.info.lifecycle_stage != "active":
        raise TrackingError(
            f"run {run_id!r} is {run.info.status.lower()} ({run.info.lifecycle_stage}); only a finished run can be used"
        )
    return run


def _checked_files(folder: Path, manifest_sha256: str, run_id: str) -> dict[str, bytes]:
    manifest = _bytes(folder / MANIFEST, run_id)
    if hashlib.sha256(manifest).hexdigest() != manifest_sha256:
        raise TrackingError(f"the manifest of run {run_id!r} was altered: its hash is not the one logged. Train again")
    files = {}
    for name, digest in json.loads(manifest).items():
        content = _bytes(folder / name, run_id)
        if hashlib.sha256(content).hexdigest() != digest:
            raise TrackingError(f"{name} of run {run_id!r} was altered: its hash is not the one logged. Train again")
        files[name] = content
    return files


def _bytes(path: Path, run_id: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise TrackingError(f"{path.name} of run {run_id!r} is missing at {path}. Train again") from None
