"""Which code and which packages made a model."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from modelling.export import PACKAGE_PREFIX
from pipelines.source_hash import sources_sha256

DISTRIBUTION: Final = "bamboo-credit"

ROOMS: Final = ("features", "scoring", "modelling")
"""Rooms whose code settles what a model is."""

PACKAGES: Final = ("lightgbm", "numpy", "optbinning", "polars", "scikit-learn", "scipy")


def code_facts() -> dict[str, str]:
    """Return the version of this distribution, a hash of the code that makes models, and versions of packages.

    The hash is over the bytes of every Python file of `ROOMS`, so that a change without a new version shows. Versions
    of packages stand under ``package.<name>``.
    """
    facts = {
        "version": _version(DISTRIBUTION),
        "sources_sha256": sources_sha256(ROOMS),
        "python": platform.python_version(),
    }
    return facts | {f"{PACKAGE_PREFIX}{name}": _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
