"""Reads the portfolio's state: which share of the outstanding amount each category holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from pipelines.errors import DamagedFileError
from pipelines.store import read_json


def read_portfolio(path: Path) -> dict[str, dict[str, float]]:
    """Return feature to category to share of the outstanding amount, from 0 to 1.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: it is not JSON, or not of this form; the message names the value.
    """
    content = read_json(path)
    if not isinstance(content, Mapping):
        raise _wrong(path, "the file", content, "an object of features")
    return {feature: _shares(path, feature, shares) for feature, shares in content.items()}


def _shares(path: Path, feature: str, shares: object) -> dict[str, float]:
    if not isinstance(shares, Mapping):
        raise _wrong(path, feature, shares, "an object of categories to shares")
    return {category: _share(path, f"{feature}.{category}", share) for category, share in shares.items()}


def _share(path: Path, where: str, share: object) -> float:
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1 or math.isnan(share):
        raise _wrong(path, where, share, "a share from 0 to 1")
    return float(share)


def _wrong(path: Path, where: str, found: object, expected: str) -> DamagedFileError:
    return DamagedFileError(path, f"has {where} == {str(found)[:60]!r}, must be {expected}", "Correct the file.")
