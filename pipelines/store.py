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
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

import polars as pl

from features.errors import UnknownTableError
from features.tables import APPLICATIONS, TABLES
from pipelines.errors import ArgumentError, DamagedFileError, MissingFileError, NotAFolderError
from pipelines.plain import from_json, sha256_json, to_json

ASIDE: Final = "quarantine"
"""Folder of a validation's output with the rows that were set aside."""

MANIFESTS: Final = ("validation.json", "synthesis.json", "manifest.json")
"""Files that may hold the hashes of the files beside them."""

_UNREADABLE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
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


def require_ending(out: Path, *endings: str) -> Path:
    """Return a file to write, whose name must say what it will hold.

    Raises:
        ArgumentError: it ends in none of the endings, or lies in a model bundle, which one file more would break.
    """
    if out.suffix not in endings:
        raise ArgumentError(f"out == {str(out)!r}, must end in {' or '.join(endings)}")
    if all((out.parent / name).is_file() for name in ("bundle.json", "manifest.json")):
        raise ArgumentError(
            f"out == {str(out)!r} lies in a model bundle, which holds its own files alone; name one elsewhere, such "
            f"as {str(out.parent.parent / out.name)!r}"
        )
    return out


def require_folder(path: Path, way_out: str) -> Path:
    """Return a folder that is there.

    Raises:
        MissingFileError: there is nothing.
        NotAFolderError: there is a file.
    """
    if path.is_dir():
        return path
    raise NotAFolderError(path, way_out) if path.exists() else MissingFileError(path, way_out)


def write_aside(path: Path, write: Callable[[IO[bytes]], object], *, tag: str = "") -> None:
    """Let ``write`` fill a file beside ``path``, flush it to disk and rename it to ``path``.

    The folder is made when it is absent. When ``write`` fails, ``path`` is as it was before and the part is removed.
    Where several processes may write the same path at once, each gives a ``tag`` of its own.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}{tag}.part")
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


def read_json(path: Path, *, way_out: str = "Name a file that exists.") -> object:
    """Read a JSON file.

    Args:
        path: The file.
        way_out: What to do when it is not there, such as which folder to name.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: it is not JSON, holds NaN or an infinity, or a key twice.
    """
    try:
        return from_json(path.read_bytes())
    except FileNotFoundError:
        raise MissingFileError(path, way_out) from None
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(path, f"is not JSON: {error}", _WRITE_AGAIN) from error


def read_record(path: Path) -> Mapping[str, object]:
    """Return what a job noted for its next run; nothing when there is no such file, or no object in it.

    A job goes on from such a record and can do without: one that a power cut left empty must not stop it.
    """
    try:
        content = read_json(path) if path.is_file() else None
    except DamagedFileError:
        return {}
    return content if isinstance(content, Mapping) else {}


def read_frame(path: Path, *, sha256: str | None = None, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a Parquet file, or some of its columns, after checking its hash when one is given.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: it is a folder, its bytes are not those of the hash, or Parquet cannot be read from them.
    """
    check_sha256(path, sha256)
    if path.is_dir():
        raise DamagedFileError(path, "is a folder", "Name a Parquet file.")
    if not path.is_file():
        raise MissingFileError(path, "Name a Parquet file that exists.")
    try:
        return pl.read_parquet(path, columns=None if columns is None else list(columns))
    except _UNREADABLE as error:
        raise damaged(path, error) from error


def check_sha256(path: Path, sha256: str | None) -> None:
    """Refuse a file whose bytes are not those of a hash; None accepts any.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: its bytes are not those of the hash.
    """
    if sha256 is not None and (found := sha256_file(path)) != sha256:
        raise changed(path, found, sha256)


def changed(path: Path, found: str, expected: str) -> DamagedFileError:
    """Return what says that a file's bytes are not those that its manifest tells of."""
    return DamagedFileError(
        path, f"has the SHA-256 {found}, but its manifest says {expected}: it was changed or damaged", _WRITE_AGAIN
    )


def read_columns(path: Path) -> tuple[dict[str, pl.DataType], int]:
    """Return the columns of a Parquet file with their types, and the number of its rows, without reading any row.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: Parquet cannot be read from it.
    """
    if not path.is_file():
        raise MissingFileError(path, "Name a Parquet file that exists.")
    try:
        scan = pl.scan_parquet(path, hive_partitioning=False)
        return dict(scan.collect_schema()), int(scan.select(pl.len()).collect().item())
    except _UNREADABLE as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: BaseException) -> DamagedFileError:
    """Return what says that a Parquet file cannot be read."""
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return DamagedFileError(path, f"cannot be read as Parquet ({first})", _WRITE_AGAIN)


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


def table_files(folder: Path) -> dict[str, list[Path]]:
    """Return the Parquet files of each table that is there, as ``<table>.parquet`` or at any depth of ``<table>/``.

    What has a dot before its name is left aside, and so are rows that a validation set aside. Beside tables in single
    files, folders of other names are nobody's business; beside tables in folders they may be misspelt.

    Raises:
        MissingFileError: there is no such folder.
        UnknownTableError: a file, or a folder beside ``applications/``, bears a name that no contract knows.
    """
    require_folder(folder, "Name a folder that holds a Parquet file, or a folder of them, per table.")
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.parquet")):
        parts = path.relative_to(folder).parts
        if not any(part.startswith(".") for part in parts) and parts[0] != ASIDE:
            found.setdefault(parts[0].removesuffix(".parquet"), []).append(path)
    strict = (folder / APPLICATIONS.name).is_dir()
    for name, paths in found.items():
        if name not in TABLES and (strict or any(path.parent == folder for path in paths)):
            raise UnknownTableError(name, TABLES)
    return {name: found[name] for name in TABLES if name in found}


def sha256_table(folder: Path, name: str) -> str:
    """Return the SHA-256 of a table: of its file, or of the names and hashes of its files where it has a folder.

    Raises:
        MissingFileError: the table is not there.
        UnknownTableError: a file beside it bears a name that no contract knows.
    """
    path = folder / f"{name}.parquet"
    files = table_files(folder).get(name, [path])
    if files == [path]:
        return sha256_file(path)
    return sha256_files({each.relative_to(folder).as_posix(): sha256_file(each) for each in files})


def sha256_files(files: Mapping[str, str]) -> str:
    """Return one SHA-256 for many files, from the SHA-256 of each by its name; their order does not matter."""
    return sha256_json(dict(sorted(files.items())))


def read_tables(folder: Path, *, only: Collection[str] | None = None) -> dict[str, pl.DataFrame]:
    """Read the raw tables of a folder, in the order of the contracts.

    Every table that has a file ``<table>.parquet``, or files at any depth of a folder ``<table>``, is read as a whole;
    others are left out of the answer. Where a manifest lies beside, each file must have the hash it says, and no file
    may be absent from it or added to it.

    Args:
        folder: Folder of the tables.
        only: Tables to read; None means all.

    Raises:
        MissingFileError: no such folder, no table in it, or the manifest names a table that is not there.
        DamagedFileError: a file cannot be read, or is not what the manifest says.
        UnknownTableError: a Parquet file, or a name in ``only``, that no contract describes.
    """
    for name in only or ():
        if name not in TABLES:
            raise UnknownTableError(name, TABLES)
    found = table_files(folder)
    if not found:
        raise MissingFileError(folder / "applications.parquet", "The folder holds no table at all.")
    hashes = manifest_hashes(folder)
    check_listing(folder, found, hashes)
    return {name: _read_files(folder, files, hashes) for name, files in found.items() if only is None or name in only}


def _read_files(folder: Path, files: Sequence[Path], hashes: Mapping[str, str]) -> pl.DataFrame:
    frames = [read_frame(path, sha256=hashes.get(path.relative_to(folder).as_posix())) for path in files]
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal")


def check_listing(folder: Path, tables: Mapping[str, Sequence[Path]], hashes: Mapping[str, str]) -> None:
    """Refuse a folder of tables that holds other files than its manifest names, where it has one.

    Args:
        folder: The folder.
        tables: What `table_files` found in it.
        hashes: What `manifest_hashes` found in it.

    Raises:
        MissingFileError: a file of a table is named and not there.
        DamagedFileError: a file of a table is there and not named.
    """
    present = [path.relative_to(folder).as_posix() for files in tables.values() for path in files]
    listed = {
        name
        for name in hashes
        if name.endswith(".parquet") and name.partition("/")[0].removesuffix(".parquet") in TABLES
    }
    for name in sorted(listed - set(present)):
        raise MissingFileError(folder / name, f"The manifest beside it names it. {_RERUN}")
    for name in sorted(set(present) - listed) if listed else ():
        raise DamagedFileError(
            folder / name, "was added to a folder whose manifest does not name it", f"Remove it, or: {_RERUN}"
        )
