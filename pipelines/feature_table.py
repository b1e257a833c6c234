"""Reads a feature table with what its manifest says of it, for the jobs that look at it as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from features.build import IDENTITY
from features.catalogue import Catalogue
from features.feature import Feature
from features.manifest import definitions_hash
from pipelines.errors import DamagedFileError
from pipelines.feature_files import manifest_path, read_features, sha256_features
from pipelines.own_modules import check_modules
from pipelines.store import read_json, require_folder
from scoring.errors import listed

_WAY_OUT: Final = "Name a folder that `bamboo features` wrote."
_AGAIN: Final = "Run `bamboo features` again on the tables"
_MOST_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True)
class FeatureTable:
    """A feature table as it was built.

    Attributes:
        frame: The table.
        features: Declarations of its columns, in the order of the catalogue.
        undeclared: Columns that no declaration describes.
        sha256: Hash of its file; models name it as their source.
        content: Hash of its values.
        definitions: Hash of the declarations that it was built from.
        absent: Raw tables that were not there, each with the features that are null for want of it.
    """

    frame: pl.DataFrame
    features: tuple[Feature, ...]
    undeclared: tuple[str, ...]
    sha256: str
    content: str
    definitions: str
    absent: Mapping[str, tuple[str, ...]]


def read_feature_table(folder: Path, catalogue: Catalogue) -> FeatureTable:
    """Read the table that ``bamboo features`` wrote into a folder.

    Args:
        folder: The folder.
        catalogue: Declarations, the lender's own ones among them.

    Raises:
        MissingFileError: there is no such folder, table or manifest.
        DamagedFileError: the table is not what its manifest says, lacks a column that it names, or has features of
            modules that the catalogue lacks.
    """
    manifest = _manifest(manifest_path(require_folder(folder, _WAY_OUT)))
    check_modules(manifest["modules"], catalogue, folder)
    frame = read_features(folder)
    _refuse_lacking(folder, frame, manifest["schema"], catalogue, "that its manifest names")
    return FeatureTable(
        frame=frame,
        features=tuple(feature for name, feature in catalogue.items() if name in frame.columns),
        undeclared=tuple(name for name in frame.columns if name not in catalogue and name not in IDENTITY),
        sha256=sha256_features(folder),
        content=manifest["content"],
        definitions=manifest["definitions"],
        absent={name: tuple(features) for name, features in manifest["absent"].items()},
    )


def read_declared_table(folder: Path, catalogue: Catalogue) -> FeatureTable:
    """Read a feature table that these very declarations must have made: all their columns, and no other meaning.

    Raises:
        MissingFileError: as for `read_feature_table`.
        DamagedFileError: as for `read_feature_table`; or a declared column is missing, or the table was built by other
            declarations, such as those of another version.
    """
    table = read_feature_table(folder, catalogue)
    _refuse_lacking(folder, table.frame, catalogue, catalogue, "that declarations promise")
    if table.definitions != definitions_hash(catalogue.values(), catalogue.modules):
        raise DamagedFileError(folder, "was built by other declarations of features", _AGAIN)
    return table


def _refuse_lacking(folder: Path, frame: pl.DataFrame, names: Iterable[str], catalogue: Catalogue, whose: str) -> None:
    """Refuse a table without some columns; what no declaration describes may be one of them under another name."""
    lacking = [name for name in names if name not in frame.columns]
    if not lacking:
        return
    strange = [name for name in frame.columns if name not in catalogue and name not in IDENTITY]
    holds = f", and holds {listed(strange, _MOST_NAMED)}, which no declaration describes" if strange else ""
    found = f"lacks {len(lacking)} column(s) {whose}: {listed(lacking, _MOST_NAMED)}{holds}"
    raise DamagedFileError(folder, found, _AGAIN)


def _manifest(path: Path) -> Mapping[str, Any]:
    found = read_json(path)
    needed = ("files", "schema", "content", "definitions", "absent", "modules")
    if not isinstance(found, Mapping) or not all(name in found for name in needed):
        raise DamagedFileError(path, f"is no manifest of a feature table: it must hold {', '.join(needed)}", _WAY_OUT)
    return found
