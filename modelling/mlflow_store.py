"""Where MLflow keeps runs and registered models: one SQLite file and one folder of artifacts, both named explicitly."""

from __future__ import annotations

import logging
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlparse

from modelling.errors import TrackingError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Store:
    """An MLflow store in a folder.

    MLflow leaves SQLite its rollback journal and never turns on a write-ahead log, whose reset is faulty in SQLite
    before 3.51.3; a test sees to that.

    Attributes:
        folder: Holds ``mlflow.db``, ``artifacts/``, ``datasets/`` and ``bundles/``; made when it is absent.
    """

    folder: Path

    @property
    def uri(self) -> str:
        """Tracking and registry URI; ``mlflow ui --backend-store-uri`` takes it."""
        return f"sqlite:///{self.folder.resolve() / 'mlflow.db'}"

    @property
    def artifacts(self) -> Path:
        """Folder of the artifacts of all experiments."""
        return self.folder.resolve() / "artifacts"

    @property
    def datasets(self) -> Path:
        """Folder of the cases that runs were trained on, each file named by its hash and shared by its runs."""
        return self.folder.resolve() / "datasets"

    @property
    def bundles(self) -> Path:
        """Folder of the bundles that were promoted, each named by the hash of its manifest."""
        return self.folder.resolve() / "bundles"

    def client(self) -> MlflowClient:
        """Return a client of this store; nothing of MLflow's global state is set.

        Telemetry is switched off before MLflow is imported, since it would start with the import.
        """
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        self.artifacts.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            # MLflow's mapping of tables uses what SQLAlchemy 2.1 deprecates; it warns once, on first use of each store.
            warnings.simplefilter("ignore", category=DeprecationWarning)
            from mlflow.tracking import MlflowClient

            for name in ("mlflow", "alembic"):
                logging.getLogger(name).setLevel(logging.WARNING)
            client = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
            client.search_experiments(max_results=1)
            client.search_registered_models(max_results=1)
        return client

    def experiment(self, client: MlflowClient, name: str) -> str:
        """Return the id of an experiment, made when it is absent, with its artifacts in this store's folder.

        Raises:
            TrackingError: the name could not be a folder name, or the experiment was deleted.
        """
        if not EXPERIMENT_NAME.fullmatch(name):
            raise TrackingError(
                f"experiment == {name!r}, must be at most 100 letters, digits, '_', '.' or '-' after a letter or digit"
            )
        found = client.get_experiment_by_name(name)
        if found is None:
            return str(client.create_experiment(name, artifact_location=(self.artifacts / name).as_uri()))
        if found.lifecycle_stage != "active":
            raise TrackingError(f"experiment {name!r} was deleted in MLflow; restore it there or use another name")
        return str(found.experiment_id)


def local_path(artifact_uri: str) -> Path:
    """Return the folder of an artifact URI.

    Raises:
        TrackingError: the artifacts are not on this machine's file system.
    """
    parsed = urlparse(artifact_uri)
    if parsed.scheme not in ("file", ""):
        raise TrackingError(f"artifacts lie at {artifact_uri!r}; only a store with artifacts on local disk can be read")
    return Path(unquote(parsed.path))
