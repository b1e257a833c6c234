"""The partition job: every row once, beside the other rows of its applicant."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from features.errors import SchemaError, UnknownTableError
from features.tables import TABLES
from pipelines import bucket_files
from pipelines.errors import ArgumentError, DamagedFileError, MissingFileError, OccupiedFolderError
from pipelines.partition import partition
from pipelines.partition_layout import bucket_of, read_layout
from pipelines.store import read_tables, sha256_file, write_json


def same_rows(one, other):
    return list(one) == list(other) and all(
        one[name].sort(*one[name].columns).equals(other[name].select(one[name].columns).sort(*one[name].columns))
        for name in one
    )


def bytes_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("count", [1, 9])
def test_rows_lie_with_their_applicant(lender, tmp_path, count):
    result = partition(lender, tmp_path / "parts", partitions=count)
    layout = read_layout(tmp_path / "parts")
    tables = read_tables(lender)
    owners = dict(tables["applications"].select("application_id", "applicant_id").iter_rows())

    assert layout.partitions == count
    assert same_rows(tables, read_tables(tmp_path / "parts"))
    assert result.rows == {name: len(frame) for name, frame in tables.items()}
    for name, files in layout.files.items():
        for number, paths in files.items():
            rows = pl.concat([pl.read_parquet(tmp_path / "parts" / path, hive_partitioning=False) for path in paths])
            who = rows["applicant_id"] if "applicant_id" in rows else rows["application_id"].replace_strict(owners)
            assert {bucket_of(each, count) for each in who} <= {number}, name


def test_batches_and_pieces_of_the_source_change_no_row(lender, tmp_path, monkeypatch):
    monkeypatch.setattr(bucket_files, "BATCH", 97)
    pieces = tmp_path / "pieces"
    for name, frame in read_tables(lender).items():
        for number, piece in enumerate(frame.iter_slices(max(1, -(-len(frame) // 3)))):
            path = pieces / name / f"dt=2024-0{number + 1}" / "x.parquet"
            path.parent.mkdir(parents=True)
            piece.write_parquet(path)

    partition(pieces, tmp_path / "parts", partitions=4)

    assert same_rows(read_tables(lender), read_tables(tmp_path / "parts"))


def test_a_column_that_not_every_file_has_is_null_in_the_rows_of_the_others(lender, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(lender, source, ignore=shutil.ignore_patterns("*.json", "applications.parquet"))
    whole = pl.read_parquet(lender / "applications.parquet").with_columns(gender=pl.lit("female"))
    half = len(whole) // 2
    (source / "applications").mkdir()
    whole[:half].drop("gender").write_parquet(source / "applications" / "a.parquet")
    whole[half:].write_parquet(source / "applications" / "b.parquet")

    partition(source, tmp_path / "parts", partitions=2)

    tables = read_tables(tmp_path / "parts")
    assert tables["applications"]["gender"].null_count() == half
    assert same_rows(read_tables(source), tables)


def test_the_same_source_gives_the_same_bytes_and_replaces_an_earlier_layout(lender, tmp_path):
    partition(lender, tmp_path / "one", partitions=3)
    partition(lender, tmp_path / "two", partitions=7)
    partition(lender, tmp_path / "two", partitions=3)

    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_an_empty_table_stays_and_rows_of_no_application_are_kept(lender, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(lender, source, ignore=shutil.ignore_patterns("*.json"))
    TABLES["loans"].empty().write_parquet(source / "loans.parquet")
    outcomes = pl.read_parquet(source / "outcomes.parquet")
    orphans = outcomes.head(3).with_columns(application_id="nobody-" + pl.col("application_id"))
    pl.concat([outcomes, orphans]).write_parquet(source / "outcomes.parquet")

    partition(source, tmp_path / "parts", partitions=4)

    tables = read_tables(tmp_path / "parts")
    assert tables["loans"].is_empty()
    assert set(orphans["application_id"]) <= set(tables["outcomes"]["application_id"])


def test_progress_rises_to_the_end(lender, tmp_path):
    told = []
    partition(lender, tmp_path / "parts", partitions=2, progress=lambda _what, share: told.append(share))

    assert told == sorted(told)
    assert told[-1] == 1.0


def spoilt(source):
    path = source / "loans.parquet"
    path.write_bytes(path.read_bytes()[:-20])


def changed(source):
    files = {path.name: sha256_file(path) for path in source.glob("*.parquet")}
    write_json(source / "manifest.json", {"files": {**files, "loans.parquet": "0" * 64}})


def renamed(source):
    frame = pl.read_parquet(source / "loans.parquet").rename({"amount": "sum"})
    frame.write_parquet(source / "loans.parquet")


def misspelt(source):
    (source / "loans.parquet").rename(source / "lones.parquet")


def without_applications(source):
    (source / "applications.parquet").unlink()


def gone(source):
    write_json(source / "manifest.json", {"files": dict.fromkeys(("loans.parquet", "calls/a.parquet"), "0" * 64)})


def added(source):
    files = {path.name: sha256_file(path) for path in source.glob("*.parquet") if path.name != "loans.parquet"}
    write_json(source / "manifest.json", {"files": files})


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (spoilt, DamagedFileError, r"loans.parquet' cannot be read as Parquet"),
        (changed, DamagedFileError, r"loans.parquet' has the SHA-256"),
        (gone, MissingFileError, r"calls/a.parquet' does not exist. The manifest beside it names it"),
        (added, DamagedFileError, r"loans.parquet' was added to a folder whose manifest does not name it"),
        (renamed, SchemaError, r"'loans' .* column 'amount' \(Float64\) is missing"),
        (misspelt, UnknownTableError, r"table == 'lones', .* Did you mean 'loans'\?"),
        (without_applications, MissingFileError, r"applications.parquet' does not exist"),
    ],
)
def test_a_wrong_source_stops_the_job_and_nothing_is_written(lender, tmp_path, spoil, error, message):
    source = tmp_path / "source"
    shutil.copytree(lender, source, ignore=shutil.ignore_patterns("*.json"))
    spoil(source)

    with pytest.raises(error, match=message):
        partition(source, tmp_path / "parts")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_what_lies_at_the_place_is_not_overwritten(lender, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(OccupiedFolderError, match=r"holds something that `bamboo partition` did not write"):
        partition(lender, tmp_path)
    with pytest.raises(OccupiedFolderError, match=r"is a file"):
        partition(lender, tmp_path / "mine.txt")
    with pytest.raises(OccupiedFolderError, match=r"lies in the tables to be read"):
        partition(lender, lender / "parts")
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("out", [".", "..", "parts/.."])
def test_a_folder_that_is_not_called_by_its_name_is_refused(lender, tmp_path, monkeypatch, out):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    with pytest.raises(ArgumentError, match=rf"out == '{out}', must end in the name of .* such as '.*results'"):
        partition(lender, Path(out))
    assert [path.name for path in tmp_path.rglob("*")] == ["here"]


def test_fewer_than_one_partition_is_refused(lender, tmp_path):
    with pytest.raises(ArgumentError, match=r"partitions == 0, must be at least 1"):
        partition(lender, tmp_path / "parts", partitions=0)


def test_the_manifest_holds_the_hash_of_every_file(lender, tmp_path):
    partition(lender, tmp_path / "parts", partitions=2)
    layout = read_layout(tmp_path / "parts")

    assert layout.hashes["watchlist.parquet"] == sha256_file(tmp_path / "parts" / "watchlist.parquet")
    assert len(layout.hashes) == sum(1 for _ in (tmp_path / "parts").rglob("*.parquet"))
