"""Where a feature table lies: in one file, or in one part per partition."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

from pipelines.errors import DamagedFileError, MissingFileError
from pipelines.store import manifest_hashes, read_frame, require_folder, sha256_file, sha256_files

FEATURES_FILE: Final = "features.parquet"
"""The whole table, where it was built as a whole."""

MANIFEST_FILE: Final = "manifest.json"
"""What the table was made from; beside parts it is written last, when every part is there."""

PART: Final = re.compile(r"part-\d{4,}\.parquet")
"""Name of a part of a table that was built partition by partition."""

_A_FOLDER: Final = "Name a folder that `bamboo features` wrote."
_AGAIN: Final = "Run `bamboo features` again: finished parts are kept."


def read_features(folder: Path) -> pl.DataFrame:
    """Return the feature table of a folder, in the order of time and id, however it was built.

    Raises:
        MissingFileError: there is no such folder or table, or its parts bear no manifest yet.
        DamagedFileError: a file is not what the manifest says, or cannot be read.
    """
    hashes = manifest_hashes(require_folder(folder, _A_FOLDER))
    if not is_in_parts(folder):
        return read_frame(_whole(folder), sha256=hashes.get(FEATURES_FILE))
    frames = [read_frame(folder / name, sha256=hashes[name]) for name in _parts(folder, hashes)]
    return pl.concat(frames).sort("applied_at", "application_id")


def sha256_features(folder: Path) -> str:
    """Return the SHA-256 of the table's file, or of the names and hashes of its parts, as the manifest tells them.

    Raises:
        MissingFileError: there is no such folder or table, or its parts bear no manifest yet.
        DamagedFileError: a part is there that the manifest does not name.
    """
    hashes = manifest_hashes(require_folder(folder, _A_FOLDER))
    if not is_in_parts(folder):
        return hashes.get(FEATURES_FILE) or sha256_file(_whole(folder))
    return sha256_files({name: hashes[name] for name in _parts(folder, hashes)})


def is_in_parts(folder: Path) -> bool:
    """Say whether a folder holds parts of a feature table, finished or not."""
    return folder.is_dir() and any(PART.fullmatch(path.name) for path in folder.iterdir())


def manifest_path(folder: Path) -> Path:
    """Return where the manifest of a feature table lies.

    Raises:
        MissingFileError: there are parts, but they bear no manifest yet.
    """
    path = folder / MANIFEST_FILE
    if is_in_parts(folder) and not path.is_file():
        raise MissingFileError(path, f"The parts beside it are not all there yet. {_AGAIN}")
    return path


def _whole(folder: Path) -> Path:
    """Return the file of a table that was built as a whole."""
    path = folder / FEATURES_FILE
    if not path.is_file():
        raise MissingFileError(path, _A_FOLDER)
    return path


def _parts(folder: Path, hashes: Mapping[str, str]) -> list[str]:
    """Return the names of the parts in their order."""
    manifest_path(folder)
    found = sorted(path.name for path in folder.iterdir() if PART.fullmatch(path.name))
    for name in found:
        if name not in hashes:
            raise DamagedFileError(folder / name, "is not named by the manifest beside it", _AGAIN)
    return sorted(name for name in hashes if PART.fullmatch(name))
