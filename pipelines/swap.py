"""A folder of results that appears whole or not at all.

Results are written into ``.<name>.part`` beside the folder, which then takes the folder's place. A job that is killed
leaves the earlier results, or none, and at most a part that the next run removes.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.errors import ForeignFolderError


def refuse_foreign(out: Path, earlier: Collection[str]) -> None:
    """Make sure that replacing a folder loses nothing but earlier results.

    Args:
        out: Folder that is to be replaced; it may be absent.
        earlier: Files of earlier results, relative to the folder.

    Raises:
        ForeignFolderError: it is a file, or holds a file that is not among the earlier results.
    """
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
