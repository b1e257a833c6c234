"""The features job: what it writes, what it says, and what a damaged input does."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest

from features.build import build
from features.catalogue import CATALOGUE
from features.errors import SchemaError
from features.manifest import content_hash
from features.tables import TABLES
from pipelines.errors import DamagedFileError
from pipelines.features import build_features
from pipelines.store import read_frame, sha256_file, sha256_table

AT = datetime(2024, 6, 14, 2, tzinfo=UTC)


@pytest.fixture
def tables():
    application = {"applicant_id": "P", "product": "cash_small", "channel": "search", "term_months": 6}
    rows = [
        {
            **application,
            "application_id": f"A{i}",
            "applied_at": AT,
            "amount": 1000.0 + i,
            "birth_date": date(1990, 1, 1),
        }
        for i in range(4)
    ]
    return {
        "applications": pl.DataFrame(rows, schema=TABLES["applications"].schema),
        "watchlist": TABLES["watchlist"].empty(),
        "truth": TABLES["truth"].empty(),
    }


@pytest.fixture
def folder(tmp_path, tables):
    for name, frame in tables.items():
        frame.write_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


def test_table_and_manifest_agree(folder, tables):
    made = build_features(folder, folder / "out", extra={"code": "1"})

    manifest = json.loads(made.manifest.read_text())
    frame = read_frame(made.features)
    assert frame.equals(build(tables))
    assert manifest["files"] == {"features.parquet": sha256_file(made.features)}
    assert manifest["rows"] == made.rows == 4
    assert manifest["schema"] == {name: str(dtype) for name, dtype in frame.schema.items()}
    assert manifest["content"] == made.content == content_hash(frame)
    assert manifest["definitions"] == made.definitions
    assert manifest["sources"] == {n: sha256_file(folder / f"{n}.parquet") for n in ("applications", "watchlist")}
    assert manifest["extra"] == {"code": "1"}


def test_a_table_in_a_folder_is_read_and_hashed_as_a_whole(folder, tables, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    whole = build_features(folder, out / "whole")
    half = len(tables["applications"]) // 2
    (folder / "watchlist").mkdir()
    (folder / "watchlist.parquet").rename(folder / "watchlist" / "a.parquet")
    tables["watchlist"].write_parquet(folder / "watchlist" / "b.parquet")
    (folder / "applications").mkdir()
    tables["applications"][half:].write_parquet(folder / "applications" / "later.parquet")
    tables["applications"][:half].write_parquet(folder / "applications.parquet")
    made = build_features(folder, out / "made")

    sources = json.loads(made.manifest.read_text())["sources"]
    assert made.content == whole.content
    assert sources == {name: sha256_table(folder, name) for name in ("applications", "watchlist")}
    tables["applications"][:half].write_parquet(folder / "applications" / "later.parquet")
    assert sha256_table(folder, "applications") != sources["applications"]


def test_shuffled_tables_give_the_same_files_but_for_the_source_hashes(folder, tables):
    first = build_features(folder, folder / "first")
    tables["applications"].reverse().write_parquet(folder / "applications.parquet")
    second = build_features(folder, folder / "second")

    assert first.features.read_bytes() == second.features.read_bytes()
    assert (first.content, first.definitions) == (second.content, second.definitions)


def test_absent_tables_and_columns_without_information_are_told(folder):
    made = build_features(folder, folder / "out")

    lost = {name for table in made.absent for name in table.features}
    assert [table.table for table in made.absent][:2] == ["identity_checks", "behaviour_events"]
    assert "identity_failed" in lost
    assert "application_region" in made.empty
    assert "application_product" in made.constant
    assert "application_amount" not in {*lost, *made.empty, *made.constant}
    assert made.columns == len(CATALOGUE)


def test_progress_rises_to_the_end(folder):
    told = []

    build_features(folder, folder / "out", progress=lambda what, share: told.append((what, share)))

    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert told[-1] == ("done", 1.0)


def test_a_damaged_table_stops_the_job_and_nothing_is_written(folder):
    path = folder / "applications.parquet"
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(DamagedFileError, match=r"applications\.parquet.* cannot be read as Parquet"):
        build_features(folder, folder / "out")
    assert not (folder / "out").exists()


def test_a_table_that_does_not_fit_stops_the_job_and_nothing_is_written(folder, tables):
    tables["watchlist"].drop("key_hash").write_parquet(folder / "watchlist.parquet")

    with pytest.raises(SchemaError, match=r"table 'watchlist' .* column 'key_hash' \(String\) is missing"):
        build_features(folder, folder / "out")
    assert not (folder / "out").exists()
