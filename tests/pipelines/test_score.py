"""`bamboo score` gives each case the decision that the scorer gives it alone."""

from __future__ import annotations

import shutil

import polars as pl
import pytest

from pipelines import score as score_module
from pipelines.decisions import read_decisions
from pipelines.errors import ArgumentError, DamagedFileError, FlatTableError, MissingFileError
from pipelines.flat import CSV_ENDINGS
from pipelines.score import CaseError, score
from pipelines.store import sha256_file, write_json
from scoring.errors import AlteredBundleError


@pytest.fixture
def table(small, tmp_path):
    path = tmp_path / "cases.parquet"
    small.cases.write_parquet(path)
    return path


@pytest.mark.parametrize("name", ["d.parquet", "d.jsonl"])
def test_a_batch_decides_as_one_by_one_whatever_its_size(small, table, tmp_path, monkeypatch, name):
    monkeypatch.setattr(score_module, "AT_ONCE", 77)

    score(table, small.folder, tmp_path / name)

    alone = [
        small.scorer.decide({key: value for key, value in row.items() if key != "application_id"}, case_id=case)
        for case, row in zip(small.cases["application_id"], small.cases.to_dicts(), strict=True)
    ]
    assert read_decisions(tmp_path / name) == alone


@pytest.mark.parametrize("name", ["d.txt", "d", "d.csv"])
def test_a_file_that_would_be_named_for_what_it_is_not_is_refused(small, table, tmp_path, name):
    with pytest.raises(ArgumentError, match=rf"out == '.*{name}', must end in \.parquet or \.jsonl"):
        score(table, small.folder, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_folder_without_a_feature_table_says_what_writes_one(small, tmp_path):
    (tmp_path / "tables").mkdir()

    with pytest.raises(
        MissingFileError, match=r"tables/features\.parquet' does not exist\. Name a folder that `bamboo f"
    ):
        score(tmp_path / "tables", small.folder, tmp_path / "d.parquet")


def test_the_result_counts_what_the_file_holds(small, table, tmp_path):
    found = score(table, small.folder, tmp_path / "d.parquet")
    decisions = read_decisions(tmp_path / "d.parquet")

    assert found.cases == len(decisions) == sum(found.outcomes.values()) == sum(found.tiers.values())
    assert found.bundle == small.scorer.sha256 == decisions[0].bundle
    assert found.control == sum(decision.control for decision in decisions) == found.routed_by["control"]
    assert found.unseen == {"city": sum("city" in decision.unseen for decision in decisions)}
    assert found.mean_pd == pytest.approx(sum(decision.pd for decision in decisions) / len(decisions))
    assert list(found.tiers) == ["A", "B", "C"]


@pytest.mark.parametrize("ending", CSV_ENDINGS)
def test_a_csv_scores_as_the_parquet_it_was_saved_from(small, table, tmp_path, ending):
    small.cases.write_csv(tmp_path / f"cases{ending}")

    score(table, small.folder, tmp_path / "a.parquet")
    score(tmp_path / f"cases{ending}", small.folder, tmp_path / "b.parquet")

    assert read_decisions(tmp_path / "a.parquet") == read_decisions(tmp_path / "b.parquet")


def test_a_folder_of_features_is_read_with_its_manifest(small, table, tmp_path):
    folder = tmp_path / "features"
    folder.mkdir()
    shutil.copy(table, folder / "features.parquet")
    write_json(folder / "manifest.json", {"files": {"features.parquet": sha256_file(table)}})

    assert score(folder, small.folder, tmp_path / "d.parquet").cases == 600

    write_json(folder / "manifest.json", {"files": {"features.parquet": "0" * 64}})
    with pytest.raises(DamagedFileError, match="its manifest says 0000"):
        score(folder, small.folder, tmp_path / "d.parquet")


def test_rows_are_numbered_when_no_column_names_the_case(small, table, tmp_path):
    score(table, small.folder, tmp_path / "d.parquet", case_id_column=None)

    assert [decision.case_id for decision in read_decisions(tmp_path / "d.parquet")][:3] == ["1", "2", "3"]


def test_a_table_without_cases_gives_a_file_without_decisions(small, tmp_path):
    small.cases.head(0).write_parquet(tmp_path / "none.parquet")

    found = score(tmp_path / "none.parquet", small.folder, tmp_path / "d.parquet")

    assert found.cases == 0
    assert found.mean_pd is None
    assert read_decisions(tmp_path / "d.parquet") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop("loans_open"), "lacks 1 of the 6 features of the model: loans_open"),
        (lambda frame: frame.rename({"income": "incomes"}), "Did you mean 'incomes'"),
        (lambda frame: frame.drop("application_id"), "has no column 'application_id'"),
        (lambda frame: frame.with_columns(application_id=pl.int_range(600).cast(pl.Float64)), "ids of type Float64"),
        (lambda frame: pl.concat([frame, frame.head(1)]), "has 2 rows with a null or repeated id .*'case-00000'"),
        (lambda frame: frame.with_columns(income=pl.lit("1_000")), "'income' is a number but holds '1_000'"),
        (lambda frame: frame.with_columns(late=pl.lit(2)), "'late' is a flag but holds 2"),
        (lambda frame: frame.with_columns(income=float("inf")), "'income' holds an infinite number"),
    ],
)
def test_a_table_that_does_not_fit_the_model_is_refused(small, tmp_path, change, message):
    change(small.cases).write_parquet(tmp_path / "wrong.parquet")

    with pytest.raises(FlatTableError, match=message):
        score(tmp_path / "wrong.parquet", small.folder, tmp_path / "d.parquet")
    assert not (tmp_path / "d.parquet").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.col("income").fill_null(1.0) * -1, r"case 'case-00000': income == -\d+.*must be at least 0"),
        (pl.lit("a\u202eb").alias("city"), r"case 'case-00000': city == 'a\\u202eb'.*free of control"),
    ],
)
def test_a_value_that_cannot_be_scored_is_named_with_its_case(small, tmp_path, change, message):
    small.cases.with_columns(change).write_parquet(tmp_path / "wrong.parquet")

    with pytest.raises(CaseError, match=message):
        score(tmp_path / "wrong.parquet", small.folder, tmp_path / "d.parquet")
    assert not (tmp_path / "d.parquet").exists()


def test_an_altered_bundle_scores_nothing(small, table, tmp_path):
    folder = tmp_path / "altered"
    shutil.copytree(small.folder, folder)
    (folder / "trees.npz").write_bytes((folder / "trees.npz").read_bytes()[:-1] + b"x")

    with pytest.raises(AlteredBundleError, match=r"trees\.npz"):
        score(table, folder, tmp_path / "d.parquet")
    assert not (tmp_path / "d.parquet").exists()


@pytest.mark.parametrize("name", ["none.csv", "none.parquet"])
def test_an_absent_table_is_named(small, tmp_path, name):
    with pytest.raises(MissingFileError, match=name):
        score(tmp_path / name, small.folder, tmp_path / "d.parquet")


def test_truncated_parquet_is_refused(small, table, tmp_path):
    table.write_bytes(table.read_bytes()[:-100])

    with pytest.raises(DamagedFileError, match="cannot be read as Parquet"):
        score(table, small.folder, tmp_path / "d.parquet")
