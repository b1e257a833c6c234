"""Which code and which packages made a model."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from modelling.export import PACKAGE_PREFIX

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
        "sources_sha256": _sources_sha256(),
        "python": platform.python_version(),
    }
    return facts | {f"{PACKAGE_PREFIX}{name}": _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _sources_sha256() -> str:
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(path for room in ROOMS for path in (root / room).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
