"""Tells one version of the code from another by its bytes, also where no release lies between them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def sources_sha256(rooms: tuple[str, ...]) -> str:
    """Return the SHA-256 over the paths and bytes of every Python file of some rooms, such as ``features``.

    It is taken once in a process, early: a file that is edited later is not the code that runs.
    """
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(path for room in rooms for path in (root / room).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
