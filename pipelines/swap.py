"""A folder of results that appears whole or not at all.

Results are written into ``.<name>.part`` beside the folder, which then takes the folder's place. A job that is killed
leaves the earlier results, or none, and at most a part that the next run removes.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.errors import ArgumentError, ForeignFolderError


def require_name(out: Path) -> None:
    """Refuse a folder that is not called by its name: results lie beside it before they take its place.

    Nobody stands in a folder that is replaced: the one called ``.`` would be gone under the feet of whoever asks.

    Raises:
        ArgumentError: the path ends in no name, as ``.``, ``..`` and ``/`` do.
    """
    if out.name in {"", ".."}:
        raise ArgumentError(
            f"out == {str(out)!r}, must end in the name of a folder, which results take the place of. Name a folder in "
            f"it, such as {str(out / 'results')!r}."
        )


def refuse_foreign(out: Path, earlier: Collection[str]) -> None:
    """Make sure that replacing a folder loses nothing but earlier results.

    Args:
        out: Folder that is to be replaced; it may be absent.
        earlier: Files of earlier results, relative to the folder.

    Raises:
        ArgumentError: it is not called by its name, see `require_name`.
        ForeignFolderError: it is a file, or holds a file that is not among the earlier results.
    """
    require_name(out)
    if out.is_file():
        raise ForeignFolderError(out, out.name)
    held = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir())
    for name in held:
        if name not in earlier:
            raise ForeignFolderError(out, name)


@contextmanager
def folder_aside(out: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``out`` that takes its place when the block ends well, and is removed otherwise."""
    part, old = out.with_name(f".{out.name}.part"), out.with_name(f".{out.name}.old")
    for left_over in (part, old):
        if left_over.exists():
            shutil.rmtree(left_over)
    part.mkdir(parents=True)
    try:
        yield part
        if out.exists():
            out.replace(old)
        part.replace(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
