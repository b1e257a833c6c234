"""The manifest of a feature table in parts: what makes a folder of parts one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from features.build import Absent
from features.catalogue import Catalogue
from features.manifest import Manifest, definitions_hash
from pipelines.partition_layout import Layout
from pipelines.partition_task import Part, part_path
from pipelines.plain import sha256_json
from pipelines.store import read_columns, sha256_files


def manifest_of(
    parts: Sequence[Part],
    layout: Layout,
    out: Path,
    *,
    catalogue: Catalogue,
    missing: Sequence[Absent],
    time_zone: str,
    extra: Mapping[str, str],
) -> Manifest:
    """Return what settles a table in parts; the content is the hash of the contents of the parts in their order."""
    columns, _ = read_columns(part_path(out, 0))
    return Manifest(
        rows=sum(part.rows for part in parts),
        schema={name: str(dtype) for name, dtype in columns.items()},
        content=sha256_json([part.content for part in parts]),
        definitions=definitions_hash(catalogue.values(), catalogue.modules),
        sources=_sources(parts, layout),
        absent={table.table: table.features for table in missing},
        time_zone=time_zone,
        modules=catalogue.modules,
        extra=extra,
    )


def with_parts(manifest: Manifest, parts: Sequence[Part], out: Path) -> dict[str, object]:
    """Return the manifest as plain data, with the hash and the rows of each part."""
    files = {part_path(out, part.number).name: part for part in parts}
    return {
        "files": {name: part.sha256 for name, part in files.items()},
        "parts": {name: part.rows for name, part in files.items()},
        **vars(manifest),
    }


def without_information(parts: Sequence[Part], names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which of the features are null throughout, and which have a single value."""
    seen = {name: {value for part in parts for value in part.some_values[name]} for name in names}
    empty = tuple(name for name, values in seen.items() if not values)
    return empty, tuple(name for name, values in seen.items() if len(values) == 1)


def _sources(parts: Sequence[Part], layout: Layout) -> dict[str, str]:
    """Return the hash of each table that was read, as `sha256_table` tells it."""
    tables: dict[str, dict[str, str]] = {name: {} for name in layout.tables}
    for part in parts:
        for path, digest in part.sources.items():
            tables[path.partition("/")[0].removesuffix(".parquet")][path] = digest
    return {name: files.get(f"{name}.parquet") or sha256_files(files) for name, files in tables.items() if files}
