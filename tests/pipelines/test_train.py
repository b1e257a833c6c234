import shutil
from datetime import UTC, datetime

import polars as pl
import pytest
from typer.testing import CliRunner

from modelling.mlflow_store import Store
from modelling.stored_runs import load_dataset, load_run
from pipelines.cli_app import app
from pipelines.errors import DamagedFileError, MissingFileError
from pipelines.features import build_features
from pipelines.synthesise import synthesise
from pipelines.train import train_on_features, train_on_table
from pipelines.validate import validate

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTRACT = """
kind: flat
name: small
target: {column: bad, bad: 1, definition: bad within a year}
id: id
time: when
amount: asked
protected: [gender]
directions: {income: down, inquiries: up}
"""


@pytest.fixture(scope="module")
def table(small_table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("flat")
    small_table.write_csv(folder / "small.csv")
    (folder / "contract.yaml").write_text(CONTRACT)
    return folder


@pytest.fixture(scope="module")
def trained(table, small_store):
    told = []
    result = train_on_table(
        table / "small.csv",
        table / "contract.yaml",
        mlruns=small_store.folder,
        now=NOW,
        seed=3,
        resamples=100,
        progress=lambda message, share: told.append((message, share)),
    )
    return result, told


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the folders of the tiny lender: checked tables and features."""
    folder = tmp_path_factory.mktemp("tiny")
    synthesise("tiny", folder / "raw")
    validate(folder / "raw", folder / "tables")
    build_features(folder / "tables", folder / "features")
    return folder


def test_a_csv_trains_the_model_that_its_frame_trains(trained, small_trained, small_store):
    result, _ = trained
    run = load_run(small_store, result.runs[0].run_id)

    assert run.fitted.files() == small_trained.fitted.files()
    assert run.record.tiers == small_trained.tiers


def test_every_candidate_has_a_run_with_its_figures(trained, small_store):
    result, _ = trained
    client = small_store.client()
    names = {run.candidate: {one.path for one in client.list_artifacts(run.run_id, "plots")} for run in result.runs}

    assert list(names) == ["lightgbm", "scorecard", "logistic"]
    assert all("plots/roc.png" in found for found in names.values())
    assert "plots/shap_beeswarm.png" in names["lightgbm"]
    assert "plots/shap_beeswarm.png" not in names["scorecard"]


def test_the_command_prints_how_the_cases_were_divided(trained, table, tmp_path):
    words = ["train", str(table / "small.csv"), "--contract", str(table / "contract.yaml"), "--candidate", "logistic"]
    printed = CliRunner().invoke(app, [*words, "--seed", "3", "--mlruns", str(tmp_path / "mlruns")]).stdout
    lines = {
        cells[0]: cells
        for cells in ([cell.strip() for cell in row.split("│")[1:]] for row in printed.splitlines())
        if cells
    }
    split = trained[0].runs[0].evaluation.split

    assert "Samples, drawn by time" in printed
    for part, name in zip(split.parts, ("development", "calibration", "out of time"), strict=True):
        assert lines[name][1:5] == [f"{part.n:,}", f"{part.bads:,}", part.first[:10], part.last[:10]]


def test_the_columns_are_told(trained):
    kinds = {column.name: (column.role, column.kind) for column in trained[0].columns}

    assert kinds["returning"] == ("feature", "flag")
    assert kinds["channel"] == ("feature", "category")
    assert kinds["gender"] == ("protected", None)


def test_progress_rises_to_the_end(trained):
    _, told = trained
    shares = [share for _, share in told]

    assert shares == sorted(shares)
    assert told[-1] == ("trained", 1.0)


def test_the_sources_are_hashed(trained, small_store):
    record = load_run(small_store, trained[0].runs[0].run_id).record

    assert set(record.sources) == {"table", "contract"}
    assert all(len(digest) == 64 for digest in record.sources.values())
    assert {"version", "sources_sha256", "python", "package.lightgbm"} <= set(record.code)


def test_the_tiny_lender_trains_and_rejects_are_counted_but_teach_nothing(tiny, small_store):
    result = train_on_features(
        tiny / "features",
        tiny / "tables",
        mlruns=small_store.folder,
        experiment="tiny",
        now=NOW,
        candidates=("lightgbm",),
        resamples=120,
    )
    outcomes = pl.read_parquet(tiny / "tables" / "outcomes.parquet")
    run = load_run(small_store, result.runs[0].run_id)
    used = load_dataset(small_store, run.record).frame.filter(pl.col("split").is_not_null())["case_id"].unique()
    rejects = outcomes.filter(pl.col("disbursed_at").is_null())["application_id"]

    assert result.labels.unknown >= len(rejects) > 0
    assert result.labels.pending > 0
    assert not used.is_in(rejects.implode()).any()
    assert result.runs[0].evaluation.on("out_of_time").auc.value > 0.6
    assert {"features", "applications", "outcomes"} <= set(run.record.sources)
    assert not any(spec.name.startswith("protected") or "gender" in spec.name for spec in run.record.features)
    assert run.record.amount_feature == "application_amount"


def test_features_of_other_tables_are_refused(tiny, small_store, tmp_path):
    other = tmp_path / "tables"
    other.mkdir()
    for name in ("applications", "outcomes"):
        pl.read_parquet(tiny / "tables" / f"{name}.parquet")[1:].write_parquet(other / f"{name}.parquet")

    with pytest.raises(DamagedFileError, match="was built from other applications than those in"):
        train_on_features(tiny / "features", other, mlruns=small_store.folder, experiment="tiny", now=NOW)


def test_an_altered_feature_table_is_refused(tiny, small_store, tmp_path):
    shutil.copytree(tiny / "features", tmp_path / "features")
    path = tmp_path / "features" / "features.parquet"
    pl.read_parquet(path)[1:].write_parquet(path)

    with pytest.raises(DamagedFileError, match="but its manifest says"):
        train_on_features(tmp_path / "features", tiny / "tables", mlruns=small_store.folder, experiment="t", now=NOW)


def test_a_missing_table_is_refused_and_nothing_is_written(table, tmp_path):
    with pytest.raises(MissingFileError, match="does not exist"):
        train_on_table(tmp_path / "none.csv", table / "contract.yaml", mlruns=tmp_path / "mlruns", now=NOW)

    assert not Store(tmp_path / "mlruns").folder.exists()
