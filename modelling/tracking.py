"""One run in MLflow per trained model: everything that is needed to judge it, promote it and make it again.

Files of a run are text, Parquet and PNG. Their SHA-256 stand in a manifest whose own hash is a tag of the run.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from modelling.dataset import Dataset
from modelling.gradient_boosting import FittedTrees
from modelling.mlflow_store import Store
from modelling.records import to_plain
from modelling.run_metrics import month_metrics, split_metrics
from modelling.run_record import (
    CANDIDATE_TAG,
    EVALUATION_FILE,
    FITTED_FOLDER,
    MANIFEST,
    MANIFEST_TAG,
    PREDICTIONS_FILE,
    RUN_FILE,
    RunRecord,
    record_of,
)
from modelling.training import TrainedModel

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def log_run(
    store: Store,
    experiment: str,
    trained: TrainedModel,
    dataset: Dataset,
    *,
    now: int,
    code: Mapping[str, str],
    figures: Mapping[str, bytes] | None = None,
) -> str:
    """Log one trained model and return the run's id.

    Args:
        store: Where MLflow keeps runs.
        experiment: Name of the experiment, made when it is absent.
        trained: The model.
        dataset: What it was trained on.
        now: Time of the run, in milliseconds since 1970 (UTC).
        code: Version of this distribution, commit, and versions of packages.
        figures: File name to PNG.

    Raises:
        TrackingError: see `Store.experiment`.
    """
    client = store.client()
    experiment_id = store.experiment(client, experiment)
    record = record_of(trained, dataset, code, frame_sha256=_keep_frame(store, dataset))
    files = _files(trained, record, figures or {})
    manifest = _json({name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())})
    tags = {CANDIDATE_TAG: trained.candidate, MANIFEST_TAG: hashlib.sha256(manifest).hexdigest()}
    run = client.create_run(
        experiment_id, start_time=now, tags=tags, run_name=f"{trained.candidate} {record.dataset_sha256[:8]}"
    )
    run_id = str(run.info.run_id)
    try:
        _log_numbers(client, run_id, trained, record, now)
        _log_files(client, run_id, trained, {**files, MANIFEST: manifest})
    except BaseException:
        client.set_terminated(run_id, status="FAILED", end_time=now)
        raise
    client.set_terminated(run_id, status="FINISHED")
    return run_id


def _keep_frame(store: Store, dataset: Dataset) -> str:
    """Keep the cases of a dataset under their hash; runs on the same dataset share the file."""
    content = _parquet(dataset.frame)
    digest = hashlib.sha256(content).hexdigest()
    path = store.datasets / f"{digest}.parquet"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(path)
    return digest


def _files(trained: TrainedModel, record: RunRecord, figures: Mapping[str, bytes]) -> dict[str, bytes]:
    files = {
        RUN_FILE: _json(to_plain(record)),
        EVALUATION_FILE: _json(to_plain(trained.evaluation)),
        PREDICTIONS_FILE: _parquet(trained.predictions),
    }
    files |= {f"{FITTED_FOLDER}/{name}": text.encode() for name, text in trained.fitted.files().items()}
    return files | {f"plots/{name}": content for name, content in figures.items()}


def _log_numbers(client: MlflowClient, run_id: str, trained: TrainedModel, record: RunRecord, now: int) -> None:
    from mlflow.entities import Metric, Param, RunTag

    parameters = {**trained.fitted.parameters(), "candidate": trained.candidate, "seed": trained.seed}
    parameters |= {"features": len(record.features), "bad_definition": record.bad_definition}
    parameters |= {"calibration_slope": record.calibration.slope, "calibration_intercept": record.calibration.intercept}
    metrics = [Metric(name, value, now, 0) for name, value in split_metrics(trained.evaluation).items()]
    metrics += [Metric(name, value, now, step) for name, value, step in month_metrics(trained.evaluation)]
    tags = {f"data.{name}": digest for name, digest in record.sources.items()} | {"data.dataset": record.dataset_sha256}
    tags |= {f"code.{name}": value for name, value in record.code.items()}
    client.log_batch(
        run_id,
        metrics=metrics,
        params=[Param(name, str(value)) for name, value in parameters.items()],
        tags=[RunTag(name, value) for name, value in tags.items()],
    )


def _log_files(client: MlflowClient, run_id: str, trained: TrainedModel, files: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if isinstance(trained.fitted, FittedTrees):
            _save_booster(trained.fitted, folder / "model", run_id)
        client.log_artifacts(run_id, str(folder))


def _save_booster(fitted: FittedTrees, folder: Path, run_id: str) -> None:
    """Save the Booster as a model of MLflow, for people who look at it there; Bamboo reads the run's own files.

    It has the LightGBM flavour and no ``python_function``, which would run code when loaded.
    """
    import lightgbm
    from mlflow.models.model import Model

    folder.mkdir()
    (folder / "model.lgb").write_text(fitted.model_text, encoding="utf-8")
    model = Model(artifact_path=folder.name, run_id=run_id)
    model.add_flavor(
        "lightgbm",
        lgb_version=lightgbm.__version__,
        data="model.lgb",
        model_class="lightgbm.basic.Booster",
        code=None,
    )
    model.save(str(folder / "MLmodel"))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode()


def _parquet(frame: pl.DataFrame) -> bytes:
    held = io.BytesIO()
    frame.write_parquet(held, compression="zstd")
    return held.getvalue()
