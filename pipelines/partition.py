"""The job behind ``bamboo partition``: raw tables of any size in, the same rows laid out by applicant out.

Rows are read a batch at a time and appended to the file of their applicant's bucket (`pipelines.partition_layout`), so
memory is bounded by a batch, not by a table. Tables without an applicant are brought to the bucket of their
application's applicant in two steps: rows and applications are first laid out by application, then joined bucket by
bucket (`pipelines.bucket_join`).
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from features.schema_check import check_columns
from features.tables import APPLICATIONS, TABLES, Table
from pipelines.bucket_files import BucketFiles, batches
from pipelines.bucket_join import ApplicationPlaces
from pipelines.errors import ArgumentError, MissingFileError, OccupiedFolderError
from pipelines.partition_layout import MANIFEST, WHOLE, bucket_paths, buckets, count_in_manifest, refuse_within
from pipelines.progress import Progress, silent
from pipelines.store import (
    check_listing,
    check_sha256,
    manifest_hashes,
    read_columns,
    sha256_file,
    table_files,
    write_json,
)
from pipelines.swap import require_name

PARTITIONS: Final = 64
"""Number of partitions when nobody says another."""


@dataclass(frozen=True, kw_only=True)
class PartitionResult:
    """What the job made.

    Attributes:
        out: Folder of the partitioned tables.
        partitions: Number of partitions.
        rows: Rows by table.
        largest: Share of the rows that the largest partition holds.
    """

    out: Path
    partitions: int
    rows: Mapping[str, int]
    largest: float


def partition(source: Path, out: Path, *, partitions: int = PARTITIONS, progress: Progress = silent) -> PartitionResult:
    """Lay raw tables out by applicant, so that features can be built one partition at a time.

    All is written aside and renamed at the end; a killed job leaves nothing under the final name. The same files and
    number of partitions give the same bytes.

    Args:
        source: Folder of raw tables: ``<table>.parquet``, or a folder ``<table>`` with Parquet files at any depth.
        out: Folder to write to: new, empty, or of an earlier `partition`, which is replaced.
        partitions: Number of partitions; a build holds one of them in memory at a time.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        ArgumentError: fewer than one partition is asked for, or ``out`` ends in no name.
        MissingFileError: there is no such folder, no applications in it, or not a file that its manifest names.
        UnknownTableError: a file or folder bears a name that no contract knows.
        SchemaError: a file does not fit its contract.
        DamagedFileError: a file cannot be read, is not what its manifest says, or is not named by it.
        OccupiedFolderError: ``out`` holds something else.
    """
    if partitions < 1:
        raise ArgumentError(f"partitions == {partitions}, must be at least 1")
    found = table_files(source)
    if APPLICATIONS.name not in found:
        raise MissingFileError(source / f"{APPLICATIONS.name}.parquet", "Nothing can be built without applications.")
    _refuse(out, source)
    hashes = manifest_hashes(source)
    check_listing(source, found, hashes)
    sources = [_checked(source, TABLES[name], files, hashes) for name, files in found.items()]
    count = _Counted(of=sum(each.rows for each in sources), progress=progress)
    aside = out.with_name(f".{out.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    _write_tables(sources, aside, partitions, count)
    files = {path.relative_to(aside).as_posix(): sha256_file(path) for path in sorted(aside.rglob("*.parquet"))}
    write_json(aside / MANIFEST, {"partitions": partitions, "rows": count.tables, "files": files})
    _put(aside, out)
    progress("done", 1.0)
    return PartitionResult(out=out, partitions=partitions, rows=count.tables, largest=count.largest())


@dataclass(kw_only=True)
class _Counted:
    """Rows that were laid out so far.

    Attributes:
        of: Rows in all files.
        progress: Told after each batch.
        tables: Rows by table.
        buckets: Rows by bucket.
    """

    of: int
    progress: Progress
    tables: dict[str, int] = field(default_factory=dict)
    buckets: Counter[int] = field(default_factory=Counter)

    def add(self, table: str, bucket: pl.Series) -> None:
        self.tables[table] = self.tables.get(table, 0) + len(bucket)
        self.buckets.update(dict(bucket.value_counts().iter_rows()))
        done = sum(self.tables.values())
        self.progress(f"{table}: {done:,} of {self.of:,} rows", done / self.of)

    def largest(self) -> float:
        return max(self.buckets.values()) / self.buckets.total() if self.buckets else 0.0


@dataclass(frozen=True, kw_only=True)
class _Source:
    """The files of one table, checked.

    Attributes:
        table: Their contract.
        files: Where they lie.
        columns: Columns of the contract that any of them has, in its order; a file without one has null there, as where
            tables are read as a whole.
        rows: Rows in all of them.
    """

    table: Table
    files: Sequence[Path]
    columns: tuple[str, ...]
    rows: int


def _checked(source: Path, table: Table, files: Sequence[Path], hashes: Mapping[str, str]) -> _Source:
    """Return what a table is laid out from, after checking its files by their hashes and columns."""
    rows, there = 0, set[str]()
    for path in files:
        check_sha256(path, hashes.get(path.relative_to(source).as_posix()))
        columns, count = read_columns(path)
        check_columns(table, columns)
        rows, there = rows + count, there | columns.keys()
    return _Source(table=table, files=files, columns=tuple(name for name in table.schema if name in there), rows=rows)


def _refuse(out: Path, source: Path) -> None:
    require_name(out)
    if out.exists() and not out.is_dir():
        raise OccupiedFolderError(out, "is a file")
    refuse_within(out, source)
    if out.is_dir() and any(out.iterdir()) and count_in_manifest(out) is None:
        raise OccupiedFolderError(out, "holds something that `bamboo partition` did not write")


def _write_tables(sources: Sequence[_Source], out: Path, partitions: int, count: _Counted) -> None:
    """Write every table; applications come first, so that it is known where rows without an applicant go."""
    places = ApplicationPlaces(out / ".spill", partitions)
    for source in sources:
        name = source.table.name
        paths = [out / f"{name}.parquet"] if name in WHOLE else bucket_paths(out, name, partitions)
        with BucketFiles(paths) as target:
            for frame, bucket in _placed(source, partitions, places):
                target.append(frame, bucket)
                count.add(name, bucket)
            target.append_empty(source.table.empty())
    places.close()


def _placed(source: _Source, partitions: int, places: ApplicationPlaces) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
    """Yield the rows of a table with the bucket of each."""
    table = source.table
    frames = (frame for path in source.files for frame in batches(path, table, source.columns))
    if table.name in WHOLE:
        yield from ((frame, pl.zeros(len(frame), pl.UInt32, eager=True)) for frame in frames)
    elif table is APPLICATIONS:
        placed = ((frame, buckets(frame["applicant_id"], partitions)) for frame in frames)
        yield from places.remember(placed)
    elif "applicant_id" in table.schema:
        yield from ((frame, buckets(frame["applicant_id"], partitions)) for frame in frames)
    else:
        yield from places.of(table, frames)


def _put(aside: Path, out: Path) -> None:
    """Give the tables their final name; those of an earlier run go first."""
    before = out.with_name(f".{out.name}.before")
    shutil.rmtree(before, ignore_errors=True)
    if out.exists():
        out.replace(before)
    aside.replace(out)
    shutil.rmtree(before, ignore_errors=True)
