"""Bundles that were promoted, kept in the store under the hash by which decisions name them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from modelling.errors import TrackingError
from modelling.mlflow_store import Store
from modelling.registry import Registered
from scoring.bundle import read_bundle
from scoring.errors import BundleError
from scoring.folder import read_folder, write_folder

_WAY_OUT: Final = "Take it from where it is served, or train again and promote the new run"


def keep(store: Store, bundle: Path) -> None:
    """Keep a bundle, without its signature: who may sign it again has the key."""
    files, sha256 = read_folder(bundle, public_key=None)
    kept = store.bundles / sha256
    if not kept.exists():
        write_folder(kept, files, private_key=None)


def put_back(store: Store, registered: Registered, bundle: Path, *, private_key: bytes | None = None) -> None:
    """Write a kept bundle into a folder, byte for byte as it was promoted.

    Args:
        store: Where it is kept.
        registered: The version that it was promoted as.
        bundle: Folder to write to; a bundle that stands there is replaced, anything else is refused.
        private_key: Ed25519 key (32 raw bytes, or those of a PEM file) to sign it with.

    Raises:
        TrackingError: the store does not hold it, or it was altered there.
        BundleError: ``bundle`` holds something else.
    """
    kept, name = store.bundles / registered.bundle_sha256, f"version {registered.version} of {registered.name!r}"
    if not registered.bundle_sha256 or not kept.exists():
        raise TrackingError(
            f"the store holds no bundle of {name}: it was promoted before bundles were kept, or {kept} was removed. "
            f"{_WAY_OUT}"
        )
    try:
        read_bundle(kept)
        files, sha256 = read_folder(kept, public_key=None)
    except BundleError as error:
        raise TrackingError(f"the bundle of {name} cannot be trusted: {error}") from error
    if sha256 != registered.bundle_sha256:
        raise TrackingError(f"the bundle of {name} cannot be trusted: {kept} holds another one, {sha256}. {_WAY_OUT}")
    write_folder(bundle, files, private_key=private_key)
