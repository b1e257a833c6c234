"""The job behind ``bamboo features`` on partitioned tables: features partition by partition, here or on a cluster.

First a narrow pass over everyone's applications for the network features (`pipelines.partition_network`), then one task
per partition (`pipelines.partition_task`), then the manifest. The folder bears a manifest only when every part is
there; until then nothing reads it as a feature table. A manifest of an earlier build stays, with its parts, until every
part of the new one is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from features.build import Absent, absent
from features.catalogue import Catalogue
from features.schema_check import UNREAD
from features.tables import TABLES
from pipelines.cluster import HERE, Workers, run
from pipelines.contract import TablesContract
from pipelines.errors import OccupiedFolderError
from pipelines.feature_files import MANIFEST_FILE, PART
from pipelines.own_modules import load_catalogue
from pipelines.partition_layout import Layout, read_layout, refuse_within
from pipelines.partition_manifest import manifest_of, with_parts, without_information
from pipelines.partition_network import write_network
from pipelines.partition_tables import check_schemas, files_of
from pipelines.partition_task import (
    JOB,
    Part,
    Task,
    build_part,
    check_worker,
    made_by,
    move_parts,
    part_path,
    token_path,
)
from pipelines.plain import sha256_json
from pipelines.store import write_bytes, write_json


@dataclass(frozen=True, kw_only=True)
class PartsDone:
    """How far a build is.

    Attributes:
        what: What is being done now.
        parts: Partitions finished.
        of: Partitions in all.
        rows: Rows of raw tables that were built from in this run.
        rows_of: Rows to build from in this run, as far as is known: kept partitions leave when they are met.
    """

    what: str
    parts: int = 0
    of: int = 0
    rows: int = 0
    rows_of: int = 0


@dataclass(frozen=True, kw_only=True)
class PartitionsBuilt:
    """What the job made.

    Attributes:
        features: Folder of the feature table: one Parquet file per partition.
        manifest: File of its manifest.
        partitions: Number of parts.
        built: Parts that were built in this run; the others were finished before and are kept.
        rows: Applications built.
        columns: Features built.
        absent: Raw tables that were not there, with the features that are null for want of them.
        empty: Features without any value although their tables are there.
        constant: Features with one value throughout.
        content: Hash of the values of all parts in their order.
        definitions: Hash of the declarations.
    """

    features: Path
    manifest: Path
    partitions: int
    built: int
    rows: int
    columns: int
    absent: tuple[Absent, ...]
    empty: tuple[str, ...]
    constant: tuple[str, ...]
    content: str
    definitions: str


def _silent(done: PartsDone) -> None:
    """Take progress and tell nobody."""


def build_partitions(
    source: Path,
    out: Path,
    *,
    contract: TablesContract | None = None,
    workers: Workers = HERE,
    extra: Mapping[str, str] | None = None,
    progress: Callable[[PartsDone], None] = _silent,
) -> PartitionsBuilt:
    """Build the features of partitioned tables: ``part-0000.parquet`` and so on, and ``manifest.json``.

    Memory is bounded by one partition in each process, and by the narrow pass for network features. Finished parts of
    an earlier run are kept when they were made of the same rows, definitions and code. The bytes of a part do not
    depend on the process, the number of threads or the order of the work.

    A finished table in ``out`` can be read until every part of the new one is built: a job that fails or is killed
    before leaves it as it was. That takes room for both where parts differ. A kill in the moment in which the new parts
    take their places leaves parts without a manifest; the next run has nothing left to build and writes it.

    Args:
        source: Folder of tables as ``bamboo partition`` lays them out.
        out: Folder to write to; made when it is not there. Workers must see both folders under these paths.
        contract: What the lender says of its tables: time zone and own modules of features.
        workers: Where partitions are built: in this process, in processes of this machine, or on a Dask cluster.
        extra: Kept in the manifest, such as the version of the code.
        progress: Called after each partition.

    Raises:
        MissingFileError: the folder or a file is not there.
        DamagedFileError: a file is not what its manifest says, or cannot be read.
        LayoutError: the tables are not partitioned by applicant.
        SchemaError: a table does not fit its contract.
        OccupiedFolderError: ``out`` is a file, lies in the tables, or holds something else.
        OwnModuleError: a module of the contract cannot be used.
        ClusterError: the cluster cannot be reached or used.
    """
    contract = contract or TablesContract()
    out, layout = out.absolute(), read_layout(source.absolute())
    _refuse(out, layout.folder)
    progress(PartsDone(what="looking at the files"))
    rows = check_schemas(layout)
    _remove_halves(out)
    job = _job(layout, out, contract)
    progress(PartsDone(what="linking applicants by shared keys", rows_of=rows))
    tasks = _tasks(layout, out, job, contract.time_zone)
    check = partial(check_worker, layout.folder, out, job.token, job.modules, job.made_by)
    results = run(build_part, tasks, workers, check=check)
    done = sorted(_told(results, len(tasks), rows, progress), key=lambda result: result[0].number)
    return _finish(layout, out, job, done, time_zone=contract.time_zone, extra=extra or {})


@dataclass(frozen=True, kw_only=True)
class _Job:
    """What all tasks have in common.

    Attributes:
        catalogue: The features.
        modules: Copies of the own modules.
        made_by: See `made_by`.
        token: See `check_worker`.
    """

    catalogue: Catalogue
    modules: tuple[Path, ...]
    made_by: Mapping[str, str]
    token: str


def _refuse(out: Path, source: Path) -> None:
    """Keep a table in parts apart from all else; among raw tables, no job could read these any more."""
    if out.exists() and not out.is_dir():
        raise OccupiedFolderError(out, "is a file")
    for path in sorted(out.glob("*.parquet")):
        if not PART.fullmatch(path.name):
            raise OccupiedFolderError(out, f"holds {path.name!r}")
    held = [name for name in TABLES if (out / name).is_dir()]
    if held:
        raise OccupiedFolderError(out, f"holds the raw table {held[0]!r}")
    refuse_within(out, source)


def _remove_halves(out: Path) -> None:
    """Remove what processes that were killed left half-written; nobody else writes there."""
    for path in (*out.glob(".part-*.part"), *(out / JOB).glob(".*.part")):
        path.unlink(missing_ok=True)


def _job(layout: Layout, out: Path, contract: TablesContract) -> _Job:
    """Make the job's folder: a token for workers, and the own modules, so that workers need to see nothing else."""
    catalogue = load_catalogue(contract)
    copies = []
    for path in contract.modules:
        copies.append(out / JOB / "modules" / path.name)
        write_bytes(copies[-1], path.read_bytes())
    made = made_by(catalogue)
    token = sha256_json([layout.folder, out, made])
    write_bytes(token_path(out), token.encode())
    return _Job(catalogue=catalogue, modules=tuple(copies), made_by=made, token=token)


def _tasks(layout: Layout, out: Path, job: _Job, time_zone: str) -> list[Task]:
    network = write_network(layout, job.catalogue, out / JOB, made_by=job.made_by)
    read = [name for name in layout.tables if name not in UNREAD]
    return [
        Task(
            files=files_of(layout, number, read),
            out=out,
            time_zone=time_zone,
            modules=job.modules,
            made_by=job.made_by,
            network=digest,
            aside=(out / MANIFEST_FILE).is_file(),
        )
        for number, digest in enumerate(network)
    ]


def _told(
    results: Iterable[tuple[Part, bool]], of: int, rows_of: int, progress: Callable[[PartsDone], None]
) -> Iterator[tuple[Part, bool]]:
    """Pass results on and tell of each."""
    rows = 0
    progress(PartsDone(what="building", of=of, rows_of=rows_of))
    for place, (part, built) in enumerate(results, start=1):
        rows, rows_of = (rows + part.source_rows, rows_of) if built else (rows, rows_of - part.source_rows)
        progress(PartsDone(what="building", parts=place, of=of, rows=rows, rows_of=rows_of))
        yield part, built


def _finish(
    layout: Layout,
    out: Path,
    job: _Job,
    done: Sequence[tuple[Part, bool]],
    *,
    time_zone: str,
    extra: Mapping[str, str],
) -> PartitionsBuilt:
    """Put the parts in the place of those of an earlier run, write the manifest, and sum up."""
    parts = [part for part, _ in done]
    (out / MANIFEST_FILE).unlink(missing_ok=True)
    move_parts(out, parts)
    paths = {part_path(out, part.number) for part in parts}
    for path in out.glob("*.parquet"):
        if path not in paths:
            path.unlink()
    lacking = absent(layout.tables, job.catalogue)
    manifest = manifest_of(
        parts, layout, out, catalogue=job.catalogue, missing=lacking, time_zone=time_zone, extra=extra
    )
    write_json(out / MANIFEST_FILE, with_parts(manifest, parts, out))
    missing = {name for table in lacking for name in table.features}
    empty, constant = without_information(parts, [name for name in job.catalogue if name not in missing])
    return PartitionsBuilt(
        features=out,
        manifest=out / MANIFEST_FILE,
        partitions=len(parts),
        built=sum(built for _, built in done),
        rows=manifest.rows,
        columns=len(job.catalogue),
        absent=lacking,
        empty=empty,
        constant=constant,
        content=manifest.content,
        definitions=manifest.definitions,
    )
