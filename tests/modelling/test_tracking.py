import json
import sqlite3
from contextlib import closing

import lightgbm
import numpy as np
import polars as pl
import pytest

from modelling.errors import TrackingError
from modelling.mlflow_store import Store, local_path
from modelling.stored_runs import latest_runs, load_dataset, load_run
from modelling.tracking import log_run


def artifacts_of(store, run_id):
    return local_path(store.client().get_run(run_id).info.artifact_uri)


@pytest.fixture
def spare_run(small_store, small_trained, small_dataset):
    """Return a run that a test may spoil."""
    return log_run(small_store, "spare", small_trained, small_dataset, now=1_700_000_000_000, code={})


def test_a_run_read_back_is_the_model_that_was_logged(small_store, small_run, small_trained, small_dataset):
    found = load_run(small_store, small_run)

    assert found.fitted.files() == small_trained.fitted.files()
    assert found.evaluation == small_trained.evaluation
    assert found.predictions.equals(small_trained.predictions)
    assert found.record.features == small_dataset.features
    assert found.record.tiers == small_trained.tiers
    assert found.record.development.startswith(f"{len(small_dataset.part('development')):,} cases from 2023-01-01 to ")
    assert (found.experiment, found.name) == ("small", f"lightgbm {small_run[:8]}")


def test_the_dataset_read_back_is_the_one_that_was_trained_on(small_store, small_run, small_dataset):
    found = load_dataset(small_store, load_run(small_store, small_run).record)

    assert found.frame.equals(small_dataset.frame)
    assert found.sha256() == small_dataset.sha256()


def test_mlflow_shows_metrics_with_intervals_parameters_and_hashes(small_store, small_run, small_trained):
    run = small_store.client().get_run(small_run)
    late = small_trained.evaluation.on("out_of_time")

    assert run.data.metrics["out_of_time.gini"] == late.auc.gini
    assert run.data.metrics["out_of_time.gini_lower"] == 2 * late.auc.lower - 1
    assert run.data.metrics["cases.unknown"] == 0
    assert run.data.params["candidate"] == "lightgbm"
    assert run.data.params["monotone_constraints_method"] == "intermediate"
    assert run.data.tags["data.table"] == "ab" * 32
    assert run.data.tags["code.version"] == "1.2.3"


def test_mlflow_shows_every_month_as_a_step(small_store, small_run, small_trained):
    history = small_store.client().get_metric_history(small_run, "month.bad_rate")

    assert [one.step for one in history] == [int(m.name.replace("-", "")) for m in small_trained.evaluation.months]


def test_the_booster_in_mlflow_gives_the_same_margins(small_store, small_run, small_trained, small_dataset):
    import mlflow.lightgbm

    booster = mlflow.lightgbm.load_model(str(artifacts_of(small_store, small_run) / "model"))
    matrix = small_dataset.matrix(small_dataset.frame[:50])

    assert isinstance(booster, lightgbm.Booster)
    np.testing.assert_array_equal(booster.predict(matrix, raw_score=True), small_trained.fitted.margin_of(matrix))


def test_nothing_in_a_run_could_run_code(small_store, small_run):
    folder = artifacts_of(small_store, small_run)
    kinds = {path.suffix or path.name for path in folder.rglob("*") if path.is_file()}

    assert kinds == {".json", ".parquet", ".png", ".txt", ".lgb", "MLmodel"}
    assert "python_function" not in (folder / "model" / "MLmodel").read_text()


def test_runs_on_one_dataset_share_its_file(small_store, small_run, spare_run):
    first, second = (load_run(small_store, run_id).record.frame_sha256 for run_id in (small_run, spare_run))

    assert first == second
    assert len(list(small_store.datasets.glob(f"{first}*"))) == 1


@pytest.mark.parametrize("name", ["fitted/model.txt", "run.json", "evaluation.json", "predictions.parquet"])
def test_one_changed_byte_is_refused(small_store, spare_run, name):
    path = artifacts_of(small_store, spare_run) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))

    with pytest.raises(TrackingError, match=f"{name} of run .* was altered"):
        load_run(small_store, spare_run)


def test_a_missing_file_is_refused(small_store, spare_run):
    (artifacts_of(small_store, spare_run) / "fitted" / "model.txt").unlink()

    with pytest.raises(TrackingError, match=r"model\.txt of run .* is missing"):
        load_run(small_store, spare_run)


def test_a_rewritten_manifest_is_refused(small_store, spare_run):
    path = artifacts_of(small_store, spare_run) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text())))

    with pytest.raises(TrackingError, match=r"the manifest of run .* was altered"):
        load_run(small_store, spare_run)


def test_altered_cases_are_refused(small_store, small_trained, small_dataset, tmp_path):
    record = load_run(small_store, log_run(small_store, "spare", small_trained, small_dataset, now=1, code={})).record
    other = Store(tmp_path)
    other.datasets.mkdir(parents=True)
    small_dataset.frame[1:].write_parquet(other.datasets / f"{record.frame_sha256}.parquet")

    with pytest.raises(TrackingError, match="was altered: its hash is not the one in its name"):
        load_dataset(other, record)
    with pytest.raises(TrackingError, match="the cases of a 'lightgbm' run are missing"):
        load_dataset(Store(tmp_path / "empty"), record)


def test_an_unknown_run_is_refused(small_store):
    with pytest.raises(TrackingError, match="run == 'nosuchrun' cannot be read"):
        load_run(small_store, "nosuchrun")


def test_an_unfinished_run_is_refused(small_store):
    client = small_store.client()
    run = client.create_run(small_store.experiment(client, "unfinished"))

    with pytest.raises(TrackingError, match=r"is running \(active\); only a finished run can be used"):
        load_run(small_store, run.info.run_id)
    with pytest.raises(TrackingError, match="experiment 'unfinished' holds no finished run"):
        latest_runs(small_store, "unfinished")


def test_the_latest_run_of_a_candidate_is_found(small_store, small_trained, small_dataset):
    moments = (3000, 1000, 2000)
    logged = [log_run(small_store, "latest", small_trained, small_dataset, now=one, code={}) for one in moments]

    assert latest_runs(small_store, "latest") == {"lightgbm": logged[0]}


def test_an_unknown_experiment_is_refused_with_those_that_exist(small_store, small_run):
    with pytest.raises(TrackingError, match=r"experiment == 'smal' does not exist; there are: .*small"):
        latest_runs(small_store, "smal")


@pytest.mark.parametrize("name", ["", "../elsewhere", "a/b", ".hidden", "x" * 101])
def test_a_name_that_could_leave_the_folder_is_refused(small_store, small_trained, small_dataset, name):
    with pytest.raises(TrackingError, match=r"experiment == .*, must be at most 100"):
        log_run(small_store, name, small_trained, small_dataset, now=1, code={})


def test_a_run_that_could_not_be_logged_whole_is_marked_failed(small_store, small_trained, small_dataset):
    with pytest.raises(ValueError, match="embedded null byte"):
        log_run(small_store, "broken", small_trained, small_dataset, now=1, code={}, figures={"a\0.png": b""})
    client = small_store.client()
    runs = client.search_runs([client.get_experiment_by_name("broken").experiment_id])

    assert [run.info.status for run in runs] == ["FAILED"]


def test_the_store_keeps_no_write_ahead_log(small_store, small_run):
    """SQLite before 3.51.3 can lose a WAL; the mode is a property of the file, so any connection tells it."""
    with closing(sqlite3.connect(small_store.folder / "mlflow.db")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert database.execute("SELECT count(*) FROM runs").fetchone()[0] > 0
    assert (small_store.folder / "mlflow.db").read_bytes()[18:20] == b"\x01\x01"
    assert list(small_store.folder.glob("mlflow.db-*")) == []


def test_global_state_of_mlflow_is_left_alone(small_store, small_run):
    import mlflow

    assert mlflow.get_tracking_uri() != small_store.uri


def test_predictions_hold_no_feature(small_store, small_run):
    columns = pl.read_parquet(artifacts_of(small_store, small_run) / "predictions.parquet").columns

    assert columns == ["case_id", "applicant_id", "time", "split", "label_status", "label", "amount", "margin", "pd"]
