"""The work of one partition: its raw tables in, its part of the feature table and the part's record out.

A part is written aside and renamed; its record (``.job/part-0007.json``) is written after it and says what the part was
made of: the SHA-256 of every file read, of the definitions, of the code, of Polars. A part whose record says the same
and whose bytes have the recorded hash is finished and is kept; anything else is built again. So a run after a kill goes
on where the other ended, and a run after a change of one partition, one feature or the code builds what that touches.

Where the folder holds a finished table, parts that are to take the place of others are written into ``.job``, and the
job moves them when all are there: until then the table is what it was.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import polars as pl

from features.build import IDENTITY, build
from features.catalogue import CATALOGUE, Catalogue
from features.manifest import content_hash, definitions_hash
from features.schema_check import checked
from features.tables import APPLICATIONS, OUTCOMES
from modelling.errors import RecordError
from modelling.records import from_plain
from pipelines.errors import ClusterError
from pipelines.partition_layout import WHOLE
from pipelines.partition_network import network_path, with_unlinked
from pipelines.partition_tables import Files, read_partition
from pipelines.plain import sha256_json
from pipelines.source_hash import sources_sha256
from pipelines.store import read_frame, read_record, sha256_file, write_aside, write_json

JOB: Final = ".job"
"""Folder beside the parts with what the job needs to go on."""

ROOMS: Final = ("features", "pipelines")
"""Rooms whose code settles a part's bytes."""

_SHARED: Final = "Put both folders where all machines see them under the same path, such as a network file system."

ROW_GROUP: Final = 131_072
"""Rows of one Parquet row group; fixed, because it shapes the bytes."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a process needs to know to build one partition.

    Attributes:
        files: The partition's raw files.
        out: Folder of the parts.
        time_zone: Zone of local hours and days.
        modules: Own modules of features, as copies in the job's folder.
        made_by: Hash of definitions and code, and version of Polars, of the process that gave out the task.
        network: SHA-256 of the network features of the partition's linked applications.
        aside: Whether the part is written into the job's folder, because the folder of the parts holds a whole table.
    """

    files: Files
    out: Path
    time_zone: str
    modules: tuple[Path, ...]
    made_by: Mapping[str, str]
    network: str
    aside: bool


@dataclass(frozen=True, kw_only=True)
class Part:
    """One finished part of a feature table.

    Attributes:
        number: The partition.
        made_of: Hash of all that settles the part.
        sha256: Hash of the part's file.
        content: Hash of its values.
        rows: Applications in it.
        source_rows: Rows of the partitioned tables it was built from.
        sources: SHA-256 of each file read.
        some_values: Feature to at most two of its values, as text, to tell features without information.
    """

    number: int
    made_of: str
    sha256: str
    content: str
    rows: int
    source_rows: int
    sources: Mapping[str, str]
    some_values: Mapping[str, tuple[str, ...]]


def part_path(out: Path, number: int) -> Path:
    """Return where the part of a partition lies, such as ``part-0007.parquet``."""
    return out / f"part-{number:04}.parquet"


def move_parts(out: Path, parts: Sequence[Part]) -> None:
    """Move the parts that were written into the job's folder to where they belong, and remove what else lies there."""
    for part in parts:
        aside = part_path(out / JOB, part.number)
        if aside.is_file():
            aside.replace(part_path(out, part.number))
    for path in (out / JOB).glob("part-*.parquet"):
        path.unlink()


def made_by(catalogue: Catalogue) -> dict[str, str]:
    """Return what parts depend on besides their rows: the same in every process that may build parts of one table."""
    return {
        "definitions": definitions_hash(catalogue.values(), catalogue.modules),
        "code": sources_sha256(ROOMS),
        "polars": pl.__version__,
    }


def build_part(task: Task) -> tuple[Part, bool]:
    """Build a partition's part unless it is finished, and say whether it was built.

    Raises:
        ClusterError: this process has other code, other definitions or another Polars than the one that gave the task.
        MissingFileError: a file is not there.
        DamagedFileError: a file is not what it should be.
        SchemaError: a table does not fit its contract.
        LayoutError: an applicant belongs to another partition.
    """
    catalogue = check_process(task.modules, task.made_by)
    sources = task.files.sha256()
    made_of = sha256_json([sources, task.network, task.time_zone, task.made_by])
    record = task.out / JOB / f"part-{task.files.number:04}.json"
    part = _finished(record, made_of, task)
    if part is not None:
        return part, False
    frame, source_rows = _built(task, catalogue)
    part = _written(task, frame, made_of=made_of, sources=sources, source_rows=source_rows)
    write_json(record, part)
    return part, True


def check_process(modules: tuple[Path, ...], expected: Mapping[str, str]) -> Catalogue:
    """Return the catalogue, after checking that this process would build the same as the one that gave the task.

    Raises:
        ClusterError: code, definitions or Polars differ.
    """
    catalogue = _catalogue(modules, expected["definitions"])
    own = made_by(catalogue)
    for name, value in expected.items():
        if own[name] != value:
            raise ClusterError(
                f"a worker has {name} == {own[name]!r}, but this command has {value!r}: their parts would differ. "
                "Install the same bamboo-credit and Polars everywhere, and start the workers again."
            )
    return catalogue


def check_worker(source: Path, out: Path, token: str, modules: tuple[Path, ...], expected: Mapping[str, str]) -> None:
    """Refuse a process that cannot build parts: it must see both folders, and have the same code.

    Args:
        source: Folder of the raw tables.
        out: Folder of the parts.
        token: What `token_path` holds.
        modules: Own modules of features, as copies in the job's folder.
        expected: What `made_by` says in the process that gives the tasks.

    Raises:
        ClusterError: a folder is not seen, or code, definitions or Polars differ.
    """
    if not source.is_dir():
        raise ClusterError(f"does not see the tables, {str(source)!r}. {_SHARED}")
    path = token_path(out)
    if not path.is_file() or path.read_text(encoding="utf-8") != token:
        raise ClusterError(f"does not see the folder to write to, {str(out)!r}. {_SHARED}")
    check_process(modules, expected)


def token_path(out: Path) -> Path:
    """Return the file by which workers know that they see the folder that is meant."""
    return out / JOB / "token"


@lru_cache(maxsize=4)
def _catalogue(modules: tuple[Path, ...], definitions: str) -> Catalogue:  # noqa: ARG001 -- other definitions, other modules
    """Return the catalogue with own modules; each process runs a module once for a job."""
    if not modules:
        return CATALOGUE
    from pipelines.contract import TablesContract
    from pipelines.own_modules import load_catalogue

    return load_catalogue(TablesContract(modules=modules))


def _finished(record: Path, made_of: str, task: Task) -> Part | None:
    """Return the record of a part that is there as it should be, in its place or in the job's folder, or None."""
    content = read_record(record)
    if content.get("made_of") != made_of:
        return None
    try:
        part = from_plain(Part, content)
    except RecordError:
        return None
    path, aside = (part_path(folder, part.number) for folder in (task.out, task.out / JOB))
    if path.is_file() and sha256_file(path) == part.sha256:
        aside.unlink(missing_ok=True)  # of a build that was given up; it must not be moved
        return part
    return part if aside.is_file() and sha256_file(aside) == part.sha256 else None


def _built(task: Task, catalogue: Catalogue) -> tuple[pl.DataFrame, int]:
    tables = read_partition(task.files)
    seen = checked({name: tables[name] for name in (APPLICATIONS.name, OUTCOMES.name) if name in tables})
    linked = read_frame(network_path(task.out / JOB, task.files.number), sha256=task.network)
    network = with_unlinked(seen, linked, catalogue)
    frame = build(tables, time_zone=task.time_zone, network=network, catalogue=catalogue)
    return frame, sum(len(table) for name, table in tables.items() if name not in WHOLE)


def _written(task: Task, frame: pl.DataFrame, *, made_of: str, sources: Mapping[str, str], source_rows: int) -> Part:
    """Write the part: one row group after the other of one chunk, so that no thread shapes the bytes."""
    path, whole = part_path(task.out / JOB if task.aside else task.out, task.files.number), frame.rechunk()
    if not task.aside:
        part_path(task.out / JOB, task.files.number).unlink(missing_ok=True)  # as above
    write_aside(
        path,
        lambda file: whole.write_parquet(file, compression="zstd", statistics=True, row_group_size=ROW_GROUP),
        tag=f".{os.getpid()}",
    )
    return Part(
        number=task.files.number,
        made_of=made_of,
        sha256=sha256_file(path),
        content=content_hash(frame),
        rows=len(frame),
        source_rows=source_rows,
        sources=sources,
        some_values=_some_values(frame),
    )


def _some_values(frame: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the least and the greatest value of each feature, once when they are equal, none when all are null."""
    values = frame.drop(IDENTITY)
    ends = zip(values.columns, values.min().row(0), values.max().row(0), strict=True) if len(values) else ()
    found = {name: tuple(dict.fromkeys(str(end) for end in (low, high) if end is not None)) for name, low, high in ends}
    return {name: found.get(name, ()) for name in values.columns}
