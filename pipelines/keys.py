"""Reads an Ed25519 key from a file: 32 raw bytes, or PEM."""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import DamagedFileError, MissingFileError

RAW_LENGTH = 32


def read_key(path: Path) -> bytes:
    """Return the 32 bytes of a public key.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: it is neither 32 raw bytes nor a PEM file of an Ed25519 public key.
    """
    if not path.is_file():
        raise MissingFileError(path, "Name a file that holds an Ed25519 public key.")
    content = path.read_bytes()
    return content if len(content) == RAW_LENGTH else _from_pem(path, content)


def _from_pem(path: Path, content: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    wrong = DamagedFileError(path, "is no Ed25519 public key", "Give 32 raw bytes, or PEM.")
    try:
        key = load_pem_public_key(content)
    except ValueError:
        raise wrong from None
    if not isinstance(key, Ed25519PublicKey):
        raise wrong
    return key.public_bytes_raw()
