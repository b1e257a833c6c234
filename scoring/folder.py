"""A folder of files under a manifest of their hashes: written whole or not at all, read only when unaltered."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scoring import codec
from scoring.errors import AlteredBundleError, BundleError, BundleFormatError, SignatureError, listed, shown
from scoring.keys import ed25519, raw_key

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
FILES: Final = frozenset({"bundle.json", "trees.npz", "reference.npz", "call_value.npz", "golden.json"})
"""Every file that a manifest may name."""

LARGEST_FILE: Final = 1 << 28
LARGEST_MANIFEST: Final = 1 << 16
SIGNATURE_BYTES: Final = 64
"""Length of an Ed25519 signature, which stands in its file as raw bytes."""

MANIFEST_FORMAT: Final = 1

_AGAIN: Final = "fetch the bundle again from who made it"


@dataclass(frozen=True, kw_only=True)
class _Entry:
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class _Manifest:
    format: int
    files: Mapping[str, _Entry]


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of files: the SHA-256 and size of each, by name."""
    entries = {
        name: _Entry(sha256=hashlib.sha256(files[name]).hexdigest(), size=len(files[name])) for name in sorted(files)
    }
    return (codec.to_json(_Manifest(format=MANIFEST_FORMAT, files=entries), indent=1) + "\n").encode()


def write_folder(folder: Path, files: Mapping[str, bytes], *, private_key: bytes | None) -> str:
    """Write files with their manifest beside the folder, then rename; return the SHA-256 of the manifest.

    Raises:
        BundleError: ``folder`` exists and holds anything that is no part of a bundle.
    """
    _check_replaceable(folder)
    manifest = manifest_of(files)
    written = {**files, MANIFEST: manifest}
    if private_key is not None:
        written[SIGNATURE] = _sign(manifest, private_key)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = folder.parent / f".{folder.name}.{secrets.token_hex(6)}.new"
    aside.mkdir()
    try:
        for name, data in written.items():
            _write(aside / name, data)
        _put_in_place(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return hashlib.sha256(manifest).hexdigest()


def sign_folder(folder: Path, private_key: bytes) -> str:
    """Sign the manifest of an unaltered folder, in place of any signature before; return the manifest's SHA-256.

    Raises:
        AlteredBundleError: The folder is not as its manifest says: what is not whole is not signed.
        SignatureError: The key is none.
    """
    _, sha256 = read_folder(folder, public_key=None)
    signature = _sign(_read(folder / MANIFEST, LARGEST_MANIFEST), private_key)
    # Written beside the folder: a bundle with one file more is refused, also while it is being signed.
    aside = folder.parent / f".{folder.name}.{secrets.token_hex(6)}.sig"
    try:
        _write(aside, signature)
        aside.replace(folder / SIGNATURE)
    finally:
        aside.unlink(missing_ok=True)
    return sha256


def read_folder(folder: Path, *, public_key: bytes | None) -> tuple[dict[str, bytes], str]:
    """Return the files of an unaltered folder and the SHA-256 of its manifest. Each file is read once, then checked.

    Raises:
        AlteredBundleError: A file is missing, added, no plain file, or differs from the manifest.
        SignatureError: The file of the signature holds none; or a key is given and the manifest is not signed by it.
        BundleFormatError: The manifest itself is malformed.
    """
    present = _plain_files(folder)
    manifest = _read(folder / MANIFEST, LARGEST_MANIFEST)
    signature = _signature(folder) if SIGNATURE in present else None
    if public_key is not None:
        _verify(manifest, folder, signature, public_key)
    entries = _entries(manifest)
    named = set(entries) | {MANIFEST}
    missing, added = sorted(named - present), sorted(present - named - {SIGNATURE})
    if missing or added:
        raise AlteredBundleError(
            f"{folder} was altered: missing {', '.join(missing) or 'nothing'}, "
            f"added {', '.join(map(shown, added)) or 'nothing'}; {_AGAIN}"
        )
    files = {name: _read(folder / name, min(entry.size, LARGEST_FILE)) for name, entry in entries.items()}
    for name, entry in entries.items():
        if len(files[name]) != entry.size or hashlib.sha256(files[name]).hexdigest() != entry.sha256:
            raise AlteredBundleError(f"{folder / name} was altered: its bytes have another hash; {_AGAIN}")
    if manifest_of(files) != manifest:
        raise AlteredBundleError(f"{folder / MANIFEST} was altered: it is not laid out as it is written; {_AGAIN}")
    return files, hashlib.sha256(manifest).hexdigest()


def _plain_files(folder: Path) -> set[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise AlteredBundleError(
            f"{folder} cannot be read as a bundle's folder: {error.strerror}; name the folder of a bundle"
        ) from error
    if MANIFEST not in {entry.name for entry in entries}:
        found = f"{folder} holds no {MANIFEST}: it is not a bundle, or was not written to its end"
        raise AlteredBundleError(f"{found}; name the folder of a bundle")
    for entry in entries:
        if not entry.is_file(follow_symlinks=False):
            raise AlteredBundleError(f"{folder} holds {shown(entry.name)}, which is not a plain file")
    return {entry.name for entry in entries}


def _read(path: Path, most: int) -> bytes:
    """Return at most one byte more than ``most``, following no link."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise AlteredBundleError(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise AlteredBundleError(f"{path} is not a plain file")
        return file.read(most + 1)


def _entries(manifest: bytes) -> Mapping[str, _Entry]:
    if len(manifest) > LARGEST_MANIFEST:
        raise BundleFormatError(f"{MANIFEST} is longer than {LARGEST_MANIFEST} bytes")
    try:
        found = codec.from_plain(_Manifest, codec.parse_json(manifest), MANIFEST)
    except codec.CodecError as error:
        raise BundleFormatError(f"{MANIFEST}: {error}") from error
    if found.format != MANIFEST_FORMAT:
        raise BundleFormatError(f"{MANIFEST} is of format {found.format}, this version reads {MANIFEST_FORMAT}")
    foreign = sorted(found.files.keys() - FILES)
    if foreign or any(not 0 <= entry.size <= LARGEST_FILE for entry in found.files.values()):
        raise BundleFormatError(f"{MANIFEST} names {', '.join(map(shown, foreign)) or 'a file of impossible size'}")
    return found.files


def _check_replaceable(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise BundleError(f"{folder} exists and is not a folder; give another place for the bundle")
    if not folder.exists():
        return
    others = sorted({entry.name for entry in folder.iterdir()} - FILES - {MANIFEST, SIGNATURE})
    if others:
        raise BundleError(f"{folder} holds {listed(others)}, so it is not a bundle to replace; give another place")


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _put_in_place(aside: Path, folder: Path) -> None:
    """Rename; a bundle that stood there steps aside first and comes back when the rename fails."""
    if not folder.exists():
        aside.rename(folder)
        return
    old = aside.with_suffix(".old")
    folder.rename(old)
    try:
        aside.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    with suppress(OSError):
        shutil.rmtree(old)


def _sign(manifest: bytes, private_key: bytes) -> bytes:
    raw = raw_key(private_key, "private")
    signature: bytes = ed25519().Ed25519PrivateKey.from_private_bytes(raw).sign(manifest)
    return signature


def _signature(folder: Path) -> bytes:
    signature = _read(folder / SIGNATURE, SIGNATURE_BYTES)
    if len(signature) != SIGNATURE_BYTES:
        found = f"{len(signature)}" if len(signature) < SIGNATURE_BYTES else f"more than {SIGNATURE_BYTES}"
        raise SignatureError(
            f"{folder / SIGNATURE} is no signature: it has {found} bytes, must have {SIGNATURE_BYTES} (raw Ed25519); "
            "ask who put it there, or delete it and sign the bundle again"
        )
    return signature


def _verify(manifest: bytes, folder: Path, signature: bytes | None, public_key: bytes) -> None:
    raw = raw_key(public_key, "public")
    key = ed25519().Ed25519PublicKey.from_public_bytes(raw)
    from cryptography.exceptions import InvalidSignature

    if signature is None:
        raise SignatureError(f"{folder} is not signed, and a public key is given: sign it, or ask who made it")
    try:
        key.verify(signature, manifest)
    except InvalidSignature as error:
        raise SignatureError(
            f"{folder / MANIFEST} is not signed by the key given: give that of who signed it, or ask who made it"
        ) from error
