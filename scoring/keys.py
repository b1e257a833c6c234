"""Ed25519 keys as they are kept: 32 raw bytes, or the content of a PEM file."""

from __future__ import annotations

from typing import Any, Final, Literal

from scoring.errors import SignatureError

RAW_LENGTH: Final = 32

Half = Literal["public", "private"]


def raw_key(content: object, half: Half) -> bytes:
    """Return the 32 bytes of a key.

    Args:
        content: Bytes: 32 raw ones, or those of a PEM file without a password.
        half: Which half it must be. Raw bytes do not tell: they are taken for the one that is asked for.

    Raises:
        SignatureError: It is no bytes, or neither of the two; or it is PEM and cryptography cannot be imported.
    """
    if not isinstance(content, bytes):
        raise SignatureError(
            f"{half}_key is a {type(content).__name__}, must be bytes: 32 raw ones, or those of a PEM file, as "
            "Path(...).read_bytes() gives them"
        )
    return content if len(content) == RAW_LENGTH else _of_pem(content, half)


def ed25519() -> Any:  # noqa: ANN401 - a module that is imported only where something is signed
    """Return what signs and verifies.

    Raises:
        SignatureError: cryptography cannot be imported.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise SignatureError(
            f"signatures need cryptography, which cannot be imported ({error}): pip install 'bamboo-credit[sign]'"
        ) from error
    return ed25519


def _of_pem(content: bytes, half: Half) -> bytes:
    kind = ed25519()
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

    found = f"{half}_key has {len(content)} bytes and is no Ed25519 {half} key"
    wrong = SignatureError(f"{found}: give 32 raw bytes, or PEM without a password")
    try:
        key = load_pem_public_key(content) if half == "public" else load_pem_private_key(content, None)
    except (ValueError, TypeError):  # a TypeError says that the key asks for a password
        raise wrong from None
    if isinstance(key, kind.Ed25519PublicKey | kind.Ed25519PrivateKey):
        raw: bytes = key.public_bytes_raw() if half == "public" else key.private_bytes_raw()
        return raw
    raise wrong
