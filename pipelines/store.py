"""Files on disk: tables are checked before they are trusted, and nothing half-written bears its final name.

Every writer writes aside (``.<name>.part`` in the same folder), flushes to disk and renames. A job that is killed
leaves at most such a part behind, which the next run overwrites. One job at a time writes a path.

A folder of tables may hold a manifest: a JSON file (``validation.json``, ``synthesis.json`` or ``manifest.json``) with
a ``files`` object of file name to SHA-256. Parquet with flipped bits often loads, and loads wrong; the manifest tells.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import IO, Final

import polars as pl

from features.errors import UnknownTableError
from features.tables import TABLES
from pipelines.errors import DamagedFileError, MissingFileError, NotAFolderError
from pipelines.plain import from_json, to_json

MANIFESTS: Final = ("validation.json", "synthesis.json", "manifest.json")
"""Files that may hold the hashes of the files beside them."""

_RERUN: Final = "Run the job that writes this folder again."
_WRITE_AGAIN: Final = "Write the file again with the job that made it, or copy it again from where it is whole."


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        MissingFileError: there is no such file.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise MissingFileError(path, "Name a file that exists.") from None


def require_folder(path: Path, way_out: str) -> Path:
    """Return a folder that is there.

    Raises:
        MissingFileError: there is nothing.
        NotAFolderError: there is a file.
    """
    if path.is_dir():
        return path
    raise NotAFolderError(path, way_out) if path.exists() else MissingFileError(path, way_out)


def write_aside(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let ``write`` fill a file beside ``path``, flush it to disk and rename it to ``path``.

    The folder is made when it is absent. When ``write`` fails, ``path`` is as it was before and the part is removed.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":  # a folder cannot be opened elsewhere, and the rename is durable there without it
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes, whole or not at all."""
    write_aside(path, lambda file: file.write(content))


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8 with the line ends as given, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, whole or not at all.

    Raises:
        UnwritableValueError: the value holds NaN, an infinity, a naive time or a thing JSON has no word for; the
            message names the place.
    """
    write_text(path, to_json(value))


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write a frame as Parquet, whole or not at all. The same frame gives the same bytes."""
    write_aside(path, lambda file: frame.write_parquet(file, compression="zstd", statistics=True))


def read_json(path: Path) -> object:
    """Read a JSON file.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: it is not JSON, holds NaN or an infinity, or a key twice.
    """
    try:
        return from_json(path.read_bytes())
    except FileNotFoundError:
        raise MissingFileError(path, "Name a file that exists.") from None
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(path, f"is not JSON: {error}", _WRITE_AGAIN) from error


def read_frame(path: Path, *, sha256: str | None = None) -> pl.DataFrame:
    """Read a Parquet file, after checking its hash when one is given.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: its bytes are not those of the hash, or Parquet cannot be read from them.
    """
    if sha256 is not None and (found := sha256_file(path)) != sha256:
        raise DamagedFileError(
            path, f"has the SHA-256 {found}, but its manifest says {sha256}: it was changed or damaged", _WRITE_AGAIN
        )
    if not path.is_file():
        raise MissingFileError(path, "Name a Parquet file that exists.")
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DamagedFileError(path, f"cannot be read as Parquet ({first})", _WRITE_AGAIN) from error


def manifest_hashes(folder: Path) -> dict[str, str]:
    """Return file name to SHA-256 from the manifests in a folder; empty when there is none.

    Raises:
        DamagedFileError: a manifest is not JSON, its ``files`` is not an object of names to hashes, or two manifests
            disagree about a file.
    """
    hashes: dict[str, str] = {}
    for path in (folder / name for name in MANIFESTS):
        if not path.is_file():
            continue
        for name, digest in _files_of(path).items():
            if hashes.setdefault(name, digest) != digest:
                raise DamagedFileError(path, f"gives another SHA-256 for {name!r} than the manifest beside it", _RERUN)
    return hashes


def _files_of(path: Path) -> dict[str, str]:
    content = read_json(path)
    files = content.get("files", {}) if isinstance(content, Mapping) else None
    if not isinstance(files, Mapping) or not all(isinstance(digest, str) for digest in files.values()):
        raise DamagedFileError(path, "is not a manifest: its 'files' must map file names to SHA-256", _RERUN)
    return dict(files)


def read_tables(folder: Path, *, only: Collection[str] | None = None) -> dict[str, pl.DataFrame]:
    """Read the raw tables of a folder, in the order of the contracts.

    Every ``<table>.parquet`` is read; a table that has no file is left out of the answer. Where a manifest lies beside,
    each file must have the hash it says, and no file may be absent from it or added to it.

    Args:
        folder: Folder of the tables.
        only: Tables to read; None means all.

    Raises:
        MissingFileError: no such folder, no table in it, or the manifest names a table that is not there.
        DamagedFileError: a file cannot be read, or is not what the manifest says.
        UnknownTableError: a Parquet file, or a name in ``only``, that no contract describes.
    """
    require_folder(folder, "Name a folder that holds one Parquet file per table.")
    for name in only or ():
        if name not in TABLES:
            raise UnknownTableError(name, TABLES)
    present = {path.stem for path in folder.glob("*.parquet")}
    for name in sorted(present - set(TABLES)):
        raise UnknownTableError(name, TABLES)
    if not present:
        raise MissingFileError(folder / "applications.parquet", "The folder holds no table at all.")
    hashes = manifest_hashes(folder)
    _check_listing(folder, present, hashes)
    wanted = [name for name in TABLES if name in present and (only is None or name in only)]
    return {name: read_frame(folder / f"{name}.parquet", sha256=hashes.get(f"{name}.parquet")) for name in wanted}


def _check_listing(folder: Path, present: Collection[str], hashes: Mapping[str, str]) -> None:
    listed = {name.removesuffix(".parquet") for name in hashes if name.endswith(".parquet")} & set(TABLES)
    for name in sorted(listed - set(present)):
        raise MissingFileError(folder / f"{name}.parquet", f"The manifest beside it names it. {_RERUN}")
    for name in sorted(set(present) - listed) if listed else ():
        raise DamagedFileError(
            folder / f"{name}.parquet",
            "was added to a folder whose manifest does not name it",
            f"Remove it, or: {_RERUN}",
        )
