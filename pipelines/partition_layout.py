"""Where the rows of an applicant lie: the layout of partitioned raw tables.

A folder of partitioned tables holds, for every table, folders in Hive's style with one or more Parquet files each:
``loans/applicant_bucket=07/part.parquet``. The bucket of an applicant is ``crc32(applicant_id) % partitions`` over the
UTF-8 bytes of the id, the CRC-32 of zlib, gzip, Spark's and MySQL's ``crc32``: it is the same in every version of
everything. Tables without an applicant (``outcomes``, ``truth``) lie in the bucket of their application's applicant.
``watchlist`` lists keys of anybody and is whole: one file, or a folder of files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

import polars as pl

from features.tables import APPLICATIONS, TABLES, WATCHLIST
from pipelines.errors import LayoutError, MissingFileError, OccupiedFolderError
from pipelines.store import check_listing, manifest_hashes, read_json, table_files

BUCKET: Final = "applicant_bucket"
"""Name of Hive's column for the partition."""

MANIFEST: Final = "manifest.json"
"""File beside partitioned tables: ``partitions``, their number, and ``files``, the SHA-256 of each."""

WHOLE: Final = frozenset({WATCHLIST.name})
"""Tables that are read as a whole with every partition."""

AGAIN: Final = "Run `bamboo partition` on the tables to lay them out by applicant."
"""The way out where rows lie wrongly."""

_FOLDER: Final = re.compile(rf"[a-z_]+/{BUCKET}=(\d+)/")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Partitioned tables in a folder.

    Attributes:
        folder: Where they lie.
        partitions: Number of buckets.
        files: Table to bucket to the files of its rows, relative to the folder; a bucket without rows has none.
        whole: Table that is read as a whole to its files.
        hashes: SHA-256 by file, from the manifest beside the tables; empty when there is none.
    """

    folder: Path
    partitions: int
    files: Mapping[str, Mapping[int, tuple[str, ...]]]
    whole: Mapping[str, tuple[str, ...]]
    hashes: Mapping[str, str]

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that are there, in the order of the contracts."""
        return tuple(name for name in TABLES if name in self.files or name in self.whole)

    def of(self, number: int) -> dict[str, tuple[str, ...]]:
        """Return, for every table that is there, the files that hold a partition's rows."""
        return {
            name: self.whole[name] if name in self.whole else self.files[name].get(number, ()) for name in self.tables
        }


def bucket_of(applicant: str, partitions: int) -> int:
    """Return the partition of an applicant.

    >>> bucket_of("123456789", 2**32) == 0xCBF43926  # the check value of CRC-32
    True
    """
    return crc32(applicant.encode()) % partitions


def buckets(ids: pl.Series, partitions: int) -> pl.Series:
    """Return the partition of each id, from 0; 0 where the id is null."""
    once = ids.unique().drop_nulls().to_list()
    found = pl.DataFrame(
        {"id": once, BUCKET: [bucket_of(each, partitions) for each in once]},
        schema={"id": pl.String, BUCKET: pl.UInt32},
    )
    return ids.alias("id").to_frame().join(found, on="id", how="left", maintain_order="left")[BUCKET].fill_null(0)


def bucket_paths(folder: Path, table: str, partitions: int) -> list[Path]:
    """Return the file of each bucket as `bamboo partition` names it."""
    width = max(2, len(str(partitions - 1)))
    return [folder / table / f"{BUCKET}={number:0{width}}" / "part.parquet" for number in range(partitions)]


def is_partitioned(folder: Path) -> bool:
    """Say whether the applications of a folder of raw tables are partitioned."""
    return (folder / APPLICATIONS.name).is_dir()


def read_layout(folder: Path) -> Layout:
    """Find partitioned tables.

    Raises:
        MissingFileError: there is no such folder, or a file that the manifest names is not there.
        UnknownTableError: something bears a name that no contract knows.
        LayoutError: a table is not partitioned by applicant.
        DamagedFileError: a file is there that the manifest does not name.
    """
    found = table_files(folder)
    named = {name: tuple(path.relative_to(folder).as_posix() for path in paths) for name, paths in found.items()}
    whole = {name: paths for name, paths in named.items() if name in WHOLE}
    files = {name: _by_bucket(folder, name, paths) for name, paths in named.items() if name not in WHOLE}
    if not files.get(APPLICATIONS.name):
        raise MissingFileError(folder / APPLICATIONS.name, f"The folder holds no partition of it. {AGAIN}")
    hashes = {name: digest for name, digest in manifest_hashes(folder).items() if name.endswith(".parquet")}
    check_listing(folder, found, hashes)
    highest = max(number for table in files.values() for number in table)
    return Layout(
        folder=folder, partitions=count_in_manifest(folder) or highest + 1, files=files, whole=whole, hashes=hashes
    )


def refuse_within(out: Path, tables: Path) -> None:
    """Refuse to write into a folder of tables: what lies there is taken for tables.

    Raises:
        OccupiedFolderError: ``out`` is the folder of the tables, or lies in it.
    """
    if tables.resolve() in {out.resolve(), *out.resolve().parents}:
        raise OccupiedFolderError(out, f"lies in the tables to be read, {str(tables)!r}")


def _by_bucket(folder: Path, table: str, names: Sequence[str]) -> dict[int, tuple[str, ...]]:
    files: dict[int, list[str]] = {}
    for name in names:
        bucket = _FOLDER.match(name)
        if bucket is None:
            raise LayoutError(folder, f"holds {name!r}, where {table}/{BUCKET}=07/part.parquet was expected", AGAIN)
        files.setdefault(int(bucket[1]), []).append(name)
    return {number: tuple(paths) for number, paths in files.items()}


def count_in_manifest(folder: Path) -> int | None:
    """Return the number of partitions that the manifest says, or None; the last ones may hold no row."""
    path = folder / MANIFEST
    content = read_json(path) if path.is_file() else {}
    found = content.get("partitions") if isinstance(content, Mapping) else None
    return found if isinstance(found, int) else None
