"""The job behind ``bamboo restore``: a model that was promoted once is written again, and made the champion again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from modelling.kept_bundles import put_back
from modelling.mlflow_store import Store
from modelling.registry import Registered, aliased, crown, tag_restored, versions
from pipelines.errors import PipelineError
from pipelines.store import require_folder


class RestoreError(PipelineError):
    """A version that is not there, or that is to take the champion's place without a reason."""


@dataclass(frozen=True, kw_only=True)
class RestoreResult:
    """What was restored.

    Attributes:
        registered: The version, which bears the alias ``champion``.
        replaced: The champion before, which bears the alias ``challenger`` now; None when it was this version.
        bundle: Folder of the bundle.
    """

    registered: Registered
    replaced: Registered | None
    bundle: Path


def restore(
    *,
    mlruns: Path,
    bundle: Path,
    now: datetime,
    name: str = "bamboo",
    version: int | None = None,
    why: str = "",
    private_key: bytes | None = None,
) -> RestoreResult:
    """Write the bundle of a promoted version again, byte for byte, and make that version the champion.

    No gate is tried: the version passed them, or a person answered for it, when it was promoted. The bundle is written
    before the alias is set.

    Args:
        mlruns: Folder of MLflow's store.
        bundle: Folder that the bundle is written to; a bundle that stands there is replaced.
        now: Time of the restoration, timezone-aware.
        name: Name of the registered model.
        version: The version; None takes the champion, whose bundle is only written again.
        why: Why another version takes the champion's place; kept beside the version in MLflow.
        private_key: Ed25519 key (32 raw bytes, or those of a PEM file) to sign the bundle with.

    Raises:
        RestoreError: there is no such version, or another one takes the champion's place without a reason.
        TrackingError: the store does not hold the bundle, or it was altered there.
        BundleError: ``bundle`` holds something else.
    """
    store = Store(require_folder(mlruns, "Name the folder of MLflow's store, or run `bamboo train` first."))
    champion = aliased(store, name, "champion")
    registered = champion if champion and version is None else _version(store, name, version)
    changes = champion is None or champion.version != registered.version
    if changes and not why.strip():
        held = f"version {champion.version} is the champion" if champion else "there is no champion"
        raise RestoreError(
            f"{held} of {name!r} and version {registered.version} would take its place: say why (--why), for whoever "
            "reads the registry later"
        )
    put_back(store, registered, bundle, private_key=private_key)
    if changes:
        tag_restored(store, registered, f"{now.isoformat(timespec='seconds')}: {why.strip()}")
        crown(store, registered, champion)
    return RestoreResult(registered=registered, replaced=champion if changes else None, bundle=bundle)


def _version(store: Store, name: str, version: int | None) -> Registered:
    known = {each.version: each for each in versions(store, name)}
    if not known:
        raise RestoreError(f"no model {name!r} was promoted into this store; promote one with `bamboo promote`")
    if version is None:
        raise RestoreError(f"no version of {name!r} is the champion; name one: {', '.join(map(str, known))}")
    if version not in known:
        raise RestoreError(f"version == {version}, must be one of {name!r}: {', '.join(map(str, known))}")
    return known[version]
