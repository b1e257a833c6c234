"""Errors of the operating system in words: which path, what is wrong with it, and the way out."""

from __future__ import annotations

import errno
import os
import re
from typing import Final

_WAYS_OUT: Final = {
    errno.ENOENT: "Name a path that exists.",
    errno.EISDIR: "It is a folder: name a file.",
    errno.ENOTDIR: "A file stands where a folder is needed: name another path.",
    errno.EEXIST: "A file stands where a folder is needed: name another path.",
    errno.EACCES: "Name a place that you may use, or have its owner let you.",
    errno.EPERM: "Name a place that you may use, or have its owner let you.",
    errno.EROFS: "The place can be read only: name another.",
    errno.ENOSPC: "The disk is full: free space or name another place, and run the command again.",
    errno.EDQUOT: "Your share of the disk is used up: free space or name another place, and run the command again.",
    errno.EFBIG: "A file may not become so large there: name another place, and run the command again.",
    errno.ENAMETOOLONG: "Name a shorter path.",
}


_TOLD: Final = re.compile(r"\(os error ([0-9]+)\)")


def system_error_in(error: Exception) -> OSError | None:
    """Return the error of the system behind an error, or None: Polars gives a full disk a type of its own.

    >>> system_error_in(ValueError("cannot write: No space left on device (os error 28)"))
    OSError(28, 'No space left on device')
    """
    if isinstance(error, OSError):
        return error
    told = _TOLD.search(str(error))
    return OSError(int(told[1]), os.strerror(int(told[1]))) if told else None


def words_of(error: OSError) -> str:
    """Return an error of the system as one line.

    >>> words_of(FileNotFoundError(2, "No such file or directory", "answers.csv"))
    "path == 'answers.csv': no such file or directory. Name a path that exists."
    """
    if error.errno is None or error.strerror is None:
        return str(error) or type(error).__name__
    where = "" if error.filename is None else f"path == {str(error.filename2 or error.filename)!r}: "
    what = error.strerror[0].lower() + error.strerror[1:]
    return f"{where}{what}. {_WAYS_OUT.get(error.errno, 'Mend this and run the command again.')}"
