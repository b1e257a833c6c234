"""Reads Ed25519 keys from files: 32 raw bytes, or PEM."""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import DamagedFileError, MissingFileError
from scoring.errors import SignatureError
from scoring.keys import Half, raw_key


def read_key(path: Path, half: Half = "public") -> bytes:
    """Return the 32 bytes of a key.

    Args:
        path: File of the key.
        half: Which half it must be. Raw bytes do not tell: they are taken for the one that is asked for.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: it is neither 32 raw bytes nor an unencrypted PEM file of that half.
    """
    if not path.is_file():
        raise MissingFileError(path, f"Name a file that holds an Ed25519 {half} key.")
    try:
        return raw_key(path.read_bytes(), half)
    except SignatureError as error:
        raise DamagedFileError(path, f"cannot be used: {error}", "Name the file of the key.") from error
