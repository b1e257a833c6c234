"""Reads Ed25519 keys from files: 32 raw bytes, or PEM."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pipelines.errors import DamagedFileError, MissingFileError

RAW_LENGTH: Final = 32


def read_key(path: Path, half: Literal["public", "private"] = "public") -> bytes:
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
    content = path.read_bytes()
    return content if len(content) == RAW_LENGTH else _from_pem(path, content, half)


def _from_pem(path: Path, content: bytes, half: Literal["public", "private"]) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

    wrong = DamagedFileError(path, f"is no Ed25519 {half} key", "Give 32 raw bytes, or PEM without a password.")
    try:
        key = load_pem_public_key(content) if half == "public" else load_pem_private_key(content, None)
    except (ValueError, TypeError):
        # A TypeError says that the key asks for a password.
        raise wrong from None
    if isinstance(key, Ed25519PublicKey):
        return key.public_bytes_raw()
    if isinstance(key, Ed25519PrivateKey):
        return key.private_bytes_raw()
    raise wrong
