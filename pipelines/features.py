"""The job behind ``bamboo features``: raw tables in, a feature table and its manifest out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.build import Absent, absent, build
from features.catalogue import CATALOGUE, Catalogue
from features.manifest import Manifest, content_hash, definitions_hash
from features.schema_check import UNREAD
from features.tables import TABLES
from pipelines.errors import OccupiedFolderError
from pipelines.feature_files import FEATURES_FILE, MANIFEST_FILE, is_in_parts
from pipelines.partition_layout import count_in_manifest
from pipelines.progress import Progress, silent
from pipelines.store import read_tables, sha256_file, sha256_table, table_files, write_frame, write_json


@dataclass(frozen=True, kw_only=True)
class FeaturesResult:
    """What the job made.

    Attributes:
        features: File of the feature table.
        manifest: File of its manifest.
        rows: Applications built.
        columns: Features built.
        absent: Raw tables that were not there, with the features that are null for want of them.
        empty: Features without any value although their tables are there.
        constant: Features with one value throughout.
        content: Hash of the feature table's values.
        definitions: Hash of the declarations.
    """

    features: Path
    manifest: Path
    rows: int
    columns: int
    absent: tuple[Absent, ...]
    empty: tuple[str, ...]
    constant: tuple[str, ...]
    content: str
    definitions: str


def build_features(
    tables_folder: Path,
    out_folder: Path,
    *,
    time_zone: str = "Asia/Shanghai",
    catalogue: Catalogue = CATALOGUE,
    extra: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> FeaturesResult:
    """Build a catalogue's features of all applications and write ``features.parquet`` and ``manifest.json``.

    The table is written before its manifest, each whole or not at all: a manifest never speaks of a table that is not
    there, and a run after a kill gives what an undisturbed run gives.

    Args:
        tables_folder: Folder of raw tables, see `pipelines.store.read_tables`; ``truth`` and ``calls`` are not opened.
        out_folder: Folder to write to; made when it is not there.
        time_zone: Zone of local hours and days.
        catalogue: The features to build.
        extra: Kept in the manifest, such as the version of the code.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        MissingFileError: the folder is not there, or no table is in it.
        DamagedFileError: a file is not what its manifest says, or cannot be read.
        NotAFolderError: ``tables_folder`` is a file.
        OccupiedFolderError: ``out_folder`` is a file, or holds raw tables.
        SchemaError: a table does not fit its contract.
    """
    table_files(tables_folder)  # what is read from is looked at before what is written to
    _refuse_tables(out_folder)
    progress("reading tables", 0.0)
    tables = read_tables(tables_folder, only=[name for name in TABLES if name not in UNREAD])
    sources = {name: sha256_table(tables_folder, name) for name in tables}
    progress("building features", 0.2)
    frame = build(tables, time_zone=time_zone, catalogue=catalogue)
    progress("writing", 0.9)
    lacking = absent(tables, catalogue)
    manifest = Manifest(
        rows=len(frame),
        schema={name: str(dtype) for name, dtype in frame.schema.items()},
        content=content_hash(frame),
        definitions=definitions_hash(catalogue.values(), catalogue.modules),
        sources=sources,
        absent={table.table: table.features for table in lacking},
        time_zone=time_zone,
        modules=catalogue.modules,
        extra=extra or {},
    )
    write_frame(out_folder / FEATURES_FILE, frame)
    write_json(out_folder / MANIFEST_FILE, _with_files(manifest, out_folder))
    progress("done", 1.0)
    missing = {name for table in lacking for name in table.features}
    empty, constant = _without_information(frame, [name for name in catalogue if name not in missing])
    return FeaturesResult(
        features=out_folder / FEATURES_FILE,
        manifest=out_folder / MANIFEST_FILE,
        rows=len(frame),
        columns=len(catalogue),
        absent=lacking,
        empty=empty,
        constant=constant,
        content=manifest.content,
        definitions=manifest.definitions,
    )


def _refuse_tables(out: Path) -> None:
    """Keep raw tables apart from features: beside a feature table they could no longer be read as a whole."""
    if out.exists() and not out.is_dir():
        raise OccupiedFolderError(out, "is a file")
    if count_in_manifest(out) is not None:
        raise OccupiedFolderError(out, "holds tables that `bamboo partition` laid out")
    held = [name for name in TABLES if (out / f"{name}.parquet").exists()]
    if held:
        raise OccupiedFolderError(out, f"holds the raw table '{held[0]}.parquet'")
    if is_in_parts(out):
        raise OccupiedFolderError(out, "holds a feature table in parts")


def _with_files(manifest: Manifest, folder: Path) -> dict[str, object]:
    """Return the manifest as plain data, with the hash of the file that it lies beside."""
    return {"files": {FEATURES_FILE: sha256_file(folder / FEATURES_FILE)}, **vars(manifest)}


def _without_information(frame: pl.DataFrame, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which of the features are null throughout, and which have a single value."""
    kinds = frame.select(pl.col(name).drop_nulls().n_unique() for name in names).row(0, named=True)
    empty = tuple(name for name, values in kinds.items() if values == 0)
    return empty, tuple(name for name, values in kinds.items() if values == 1)
