"""Reads the raw tables of one partition, and refuses rows of applicants that belong to another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from features.point_in_time import open_columns
from features.schema_check import UNREAD, check_columns
from features.tables import TABLES, Table
from pipelines.errors import LayoutError
from pipelines.partition_layout import AGAIN, WHOLE, Layout, bucket_of, buckets
from pipelines.store import changed, read_columns, read_frame, sha256_file


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files that one partition is built from.

    Attributes:
        folder: Folder of the partitioned tables.
        number: The partition.
        partitions: Number of partitions.
        tables: Table to its files, relative to the folder.
        hashes: SHA-256 of the files that a manifest names.
    """

    folder: Path
    number: int
    partitions: int
    tables: Mapping[str, tuple[str, ...]]
    hashes: Mapping[str, str]

    def only(self, table: str) -> Files:
        """Return the files of one table alone."""
        return replace(self, tables={table: self.tables[table]})

    def sha256(self) -> dict[str, str]:
        """Return the SHA-256 of every file, read now.

        Raises:
            MissingFileError: a file is not there.
            DamagedFileError: a file is not what the manifest says.
        """
        found = {name: sha256_file(self.folder / name) for files in self.tables.values() for name in files}
        for name, digest in found.items():
            if self.hashes.get(name, digest) != digest:
                raise changed(self.folder / name, digest, self.hashes[name])
        return found


def files_of(layout: Layout, number: int, tables: Collection[str]) -> Files:
    """Return the files of some tables of a partition; tables that the lender does not have are left out."""
    files = {name: names for name, names in layout.of(number).items() if name in tables}
    known = {name: layout.hashes[name] for names in files.values() for name in names if name in layout.hashes}
    return Files(folder=layout.folder, number=number, partitions=layout.partitions, tables=files, hashes=known)


def read_partition(files: Files, columns: Mapping[str, Collection[str]] | None = None) -> dict[str, pl.DataFrame]:
    """Return the tables of a partition; a table without rows in it is empty.

    Args:
        files: Where the rows are.
        columns: Columns to read of each table; None means all that are not protected. Rows are checked for applicants
            of other partitions where ``applicant_id`` is among them; `pipelines.partition_network` checks those that
            name an application alone.

    Raises:
        MissingFileError: a file is not there.
        DamagedFileError: a file cannot be read.
        SchemaError: a file does not fit its contract.
        LayoutError: an applicant belongs to another partition.
    """
    tables = {}
    for name, paths in files.tables.items():
        table = TABLES[name]
        wanted = [c for c in open_columns(table) if columns is None or c in columns[name]]
        frames = [_read(files.folder / path, table, wanted) for path in paths]
        tables[name] = pl.concat([table.empty().select(wanted), *frames])
        if name not in WHOLE and "applicant_id" in wanted:
            _check_applicants(files, name, tables[name]["applicant_id"])
    return tables


def check_schemas(layout: Layout) -> int:
    """Return the number of partitioned rows that are read, after checking all columns by what files say of themselves.

    Raises:
        DamagedFileError: a file cannot be read.
        SchemaError: a file does not fit its contract.
    """
    rows = 0
    for name in layout.tables:
        paths = layout.whole.get(name) or [path for files in layout.files[name].values() for path in files]
        for path in paths:
            columns, count = read_columns(layout.folder / path)
            check_columns(TABLES[name], columns)
            rows += count if name not in UNREAD and name not in WHOLE else 0
    return rows


def _read(path: Path, table: Table, wanted: Sequence[str]) -> pl.DataFrame:
    check_columns(table, read_columns(path)[0])
    return read_frame(path, columns=wanted).select(wanted)


def _check_applicants(files: Files, table: str, applicants: pl.Series) -> None:
    once = applicants.drop_nulls().unique()
    strange = once.filter(buckets(once, files.partitions) != files.number)
    if len(strange):
        applicant = strange.sort()[0]
        raise LayoutError(
            files.folder,
            f"holds rows of applicant_id == {applicant!r} in partition {files.number} of table {table!r}, but "
            f"crc32 % {files.partitions} puts this applicant into partition {bucket_of(applicant, files.partitions)}",
            AGAIN,
        )
