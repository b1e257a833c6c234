"""Network features of partitioned applications: the part of a build that must see everyone.

Two passes over a few columns. The first finds the keys that more than one applicant gave: it holds 16 bytes for each
pair of a key and its applicant, and 8 for each application, at most 72 bytes per application with four keys. The second
holds the rows of the applicants who share such a key, and no other: few, unless a key says nothing, such as one device
that an agent hands to everybody. The other applications are linked to nobody; their network features are computed with
their partition (`features.key_pairs`).

Seeing all applications, the passes also refuse what no partition can see alone: an application that stands in two
partitions, and an outcome that lies apart from its application. An outcome of no application at all is nobody's, here
as in a build at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from features.build import build_network
from features.catalogue import Catalogue
from features.errors import SchemaError
from features.key_pairs import READ, key_pairs, linked, repeated, shared_keys
from features.network_batch import network_reads
from features.tables import APPLICATIONS, OUTCOMES
from pipelines.errors import LayoutError
from pipelines.partition_layout import AGAIN, Layout
from pipelines.partition_tables import Files, files_of, read_partition
from pipelines.plain import sha256_json
from pipelines.store import read_record, sha256_file, write_frame, write_json

RECORD: Final = "network.json"
"""File that says what the files beside it were made of, and their hashes."""

_KEY: Final = APPLICATIONS.key
_IDS: Final = ("application_id", "applicant_id", "applied_at")


def network_path(folder: Path, number: int) -> Path:
    """Return where the network features of a partition's linked applications lie."""
    return folder / f"network-{number:04}.parquet"


def write_network(layout: Layout, catalogue: Catalogue, folder: Path, *, made_by: Mapping[str, str]) -> tuple[str, ...]:
    """Write the network features of linked applications, a file for each partition, unless they are there already.

    Args:
        layout: The partitioned tables.
        catalogue: The features.
        folder: Folder to write to.
        made_by: What else the files depend on, such as the version of the code.

    Returns:
        The SHA-256 of each partition's file.

    Raises:
        SchemaError: an application stands in two partitions.
        LayoutError: an applicant belongs to another partition, or an outcome to the partition of its application.
        DamagedFileError: a file cannot be read, or is not what the manifest beside the tables says.
    """
    parts = [files_of(layout, number, (APPLICATIONS.name, OUTCOMES.name)) for number in range(layout.partitions)]
    made_of = sha256_json([[part.sha256() for part in parts], made_by])
    paths = [network_path(folder, number) for number in range(layout.partitions)]
    if _finished(folder / RECORD, made_of, paths):
        return tuple(sha256_file(path) for path in paths)
    columns = {APPLICATIONS.name: READ, OUTCOMES.name: network_reads(catalogue.values()).get(OUTCOMES.name, {_KEY})}
    rows = _linked_rows(parts, columns)
    values = build_network(_together(rows), catalogue=catalogue)
    for path, part in zip(paths, rows, strict=True):
        own = values.join(part[APPLICATIONS.name].select(_KEY), on=_KEY, how="semi")
        write_frame(path, own.sort(_KEY))
    hashes = tuple(sha256_file(path) for path in paths)
    write_json(folder / RECORD, {"made_of": made_of, "files": hashes})
    return hashes


def with_unlinked(tables: Mapping[str, pl.DataFrame], values: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Return the network features of a whole partition: those of its linked applications and of all others.

    Args:
        tables: The partition's raw tables, checked.
        values: What `write_network` wrote for the partition.
        catalogue: The features.
    """
    others = tables[APPLICATIONS.name].join(values, on=_KEY, how="anti")
    own = build_network({**tables, APPLICATIONS.name: others}, catalogue=catalogue)
    return pl.concat([values, own])


def _finished(record: Path, made_of: str, paths: Sequence[Path]) -> bool:
    content = read_record(record)
    if content.get("made_of") != made_of:
        return False
    return content.get("files") == [sha256_file(path) if path.is_file() else None for path in paths]


def _linked_rows(parts: Sequence[Files], columns: Mapping[str, Collection[str]]) -> list[dict[str, pl.DataFrame]]:
    """Return, for each partition, the applications that are linked to others, and their outcomes."""
    pairs: list[pl.DataFrame] = []
    ids: list[pl.Series] = []
    strange: list[pl.Series] = []
    for part in parts:
        applications = _applications(part)
        pairs.append(key_pairs(applications, part.number))
        ids.append(applications[_KEY].hash())
        strange.append(_without_application(part, applications).hash())
    _refuse_repeats(parts, repeated(ids))
    _refuse_apart(parts, ids, strange)
    shared = shared_keys(pairs)
    return [_linked_of(part, shared, columns) for part in parts]


def _applications(part: Files) -> pl.DataFrame:
    """Return ids, times and keys of applications, each once; rows without are refused with their partition."""
    rows = read_partition(part.only(APPLICATIONS.name), {APPLICATIONS.name: READ})[APPLICATIONS.name]
    return rows.drop_nulls(_IDS).unique(_KEY, keep="first", maintain_order=True)


def _without_application(part: Files, applications: pl.DataFrame) -> pl.Series:
    """Return which applications have an outcome in a partition and do not stand in it, each once."""
    if OUTCOMES.name not in part.tables:
        return applications[_KEY].clear()
    outcomes = read_partition(part.only(OUTCOMES.name), {OUTCOMES.name: {_KEY}})[OUTCOMES.name].drop_nulls().unique()
    return outcomes.join(applications, on=_KEY, how="anti")[_KEY]


def _linked_of(part: Files, shared: pl.Series, columns: Mapping[str, Collection[str]]) -> dict[str, pl.DataFrame]:
    tables = {APPLICATIONS.name: linked(_applications(part), shared)}
    if OUTCOMES.name in part.tables:
        outcomes = read_partition(part.only(OUTCOMES.name), columns)[OUTCOMES.name]
        kept = outcomes.join(tables[APPLICATIONS.name], on=_KEY, how="semi")
        tables[OUTCOMES.name] = kept.unique(_KEY, keep="first", maintain_order=True)
    return tables


def _together(parts: Sequence[Mapping[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    return {name: pl.concat([part[name] for part in parts]) for name in parts[0]}


def _refuse_repeats(parts: Sequence[Files], hashes: pl.Series) -> None:
    """Refuse an application that stands in two partitions, among those whose ids have the same hash."""
    if not len(hashes):
        return
    found = [_applications(part).filter(pl.col(_KEY).hash().is_in(hashes.implode()))[_KEY] for part in parts]
    ids = pl.concat(found)
    twice = ids.filter(ids.is_duplicated()).sort()
    if len(twice):
        raise SchemaError(
            APPLICATIONS.name,
            [f"{_KEY} == {twice[0]!r} stands in two partitions, so for two applicants; run `bamboo validate`"],
        )


def _refuse_apart(parts: Sequence[Files], ids: Sequence[pl.Series], strange: Sequence[pl.Series]) -> None:
    """Refuse an outcome whose application stands in another partition: a build would not find it.

    Args:
        parts: The partitions.
        ids: Of each, the hashes of its applications.
        strange: Of each, the hashes of the applications that have an outcome there and do not stand there.
    """
    everywhere = pl.concat(strange).unique().implode()
    hits = [hashes.filter(hashes.is_in(everywhere)) for hashes in ids]
    if not any(map(len, hits)):
        return
    places = pl.concat(
        _applications(part).select(_KEY, place=pl.lit(part.number)).filter(pl.col(_KEY).hash().is_in(found.implode()))
        for part, found in zip(parts, hits, strict=True)
        if len(found)
    )
    for part in parts:
        apart = _without_application(part, _applications(part)).to_frame().join(places, on=_KEY).sort(_KEY)
        if len(apart):
            application, place = apart.row(0)
            raise LayoutError(
                part.folder,
                f"holds a row of {_KEY} == {application!r} in partition {part.number} of table {OUTCOMES.name!r}, but "
                f"its application lies in partition {place}",
                AGAIN,
            )
