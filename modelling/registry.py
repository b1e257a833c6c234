"""Registered models: which run's bundle is the champion, which the challenger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from modelling.errors import TrackingError
from modelling.mlflow_store import Store

Alias = Literal["champion", "challenger"]

BUNDLE_TAG = "bamboo.bundle_sha256"

RESTORED_TAG = "bamboo.restored"
"""When and why a version was last made the champion again."""


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One version of a registered model.

    Attributes:
        name: Name of the registered model.
        version: Version, counted from 1.
        run_id: The run that trained it.
        bundle_sha256: SHA-256 of the manifest of the bundle it was exported to.
    """

    name: str
    version: int
    run_id: str
    bundle_sha256: str


def aliased(store: Store, name: str, alias: Alias) -> Registered | None:
    """Return the version that bears an alias; None when there is no such model or no version bears it."""
    from mlflow.exceptions import MlflowException

    client = store.client()
    try:
        found = client.get_model_version_by_alias(name, alias)
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise
    return _registered(found)


def versions(store: Store, name: str) -> tuple[Registered, ...]:
    """Return all versions of a registered model, the first one first; none when there is no such model."""
    found = map(_registered, store.client().search_model_versions(f"name = '{name}'"))
    return tuple(sorted(found, key=lambda each: each.version))


def next_version(store: Store, name: str) -> int:
    """Return the version that the next model registered under a name will get."""
    return 1 + max((each.version for each in versions(store, name)), default=0)


def register(store: Store, name: str, run_id: str, *, version: int, bundle_sha256: str) -> Registered:
    """Register the model of a run under a name, as a new version without alias.

    Args:
        store: Where MLflow keeps registered models.
        name: Name of the registered model, made when it is absent.
        run_id: The run that trained it.
        version: The version that the bundle names, from `next_version`.
        bundle_sha256: SHA-256 of the manifest of its bundle.

    Raises:
        TrackingError: MLflow does not accept the name, or gave another version, since another promotion ran meanwhile.
    """
    from mlflow.exceptions import MlflowException

    client = store.client()
    try:
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        source = f"{client.get_run(run_id).info.artifact_uri}/model"
        made = _registered(
            client.create_model_version(name, source=source, run_id=run_id, tags={BUNDLE_TAG: bundle_sha256})
        )
    except MlflowException as error:
        raise TrackingError(f"model {name!r} of run {run_id!r} cannot be registered: {error.message}") from error
    if made.version != version:
        raise TrackingError(
            f"model {name!r} got version {made.version}, but its bundle says {version}: another promotion ran at the "
            "same time. Promote again"
        )
    return made


def set_alias(store: Store, registered: Registered, alias: Alias) -> None:
    """Give a version an alias; whichever version bore it before loses it."""
    store.client().set_registered_model_alias(registered.name, alias, str(registered.version))


def crown(store: Store, registered: Registered, before: Registered | None) -> None:
    """Make a version the champion, and the champion before, if there was one, the challenger."""
    set_alias(store, registered, "champion")
    if before:
        set_alias(store, before, "challenger")


def tag_restored(store: Store, registered: Registered, text: str) -> None:
    """Say beside a version when and why it was made the champion again."""
    store.client().set_model_version_tag(registered.name, str(registered.version), RESTORED_TAG, text)


def forget(store: Store, name: str) -> None:
    """Remove a registered model with its versions and aliases, when there is one; its runs stay."""
    from mlflow.exceptions import MlflowException

    try:
        store.client().delete_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise


def _registered(found: Any) -> Registered:  # noqa: ANN401 - mlflow has no types
    return Registered(
        name=found.name,
        version=int(found.version),
        run_id=found.run_id,
        bundle_sha256=found.tags.get(BUNDLE_TAG, ""),
    )
