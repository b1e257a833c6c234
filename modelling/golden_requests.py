"""Requests that a bundle proves itself by: real cases, and cases at every edge of what may be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from modelling.errors import ExportError
from scoring.spec import FeatureSpec

Value = float | int | str | bool | None
Request = dict[str, Value]

REAL_CASES: Final = 24
"""Development cases, evenly spread, among the requests."""

ALTERED_CASES: Final = 3
"""Development cases that each kind of edge is tried on."""


def golden_requests(cases: pl.DataFrame, features: Sequence[FeatureSpec]) -> tuple[Request, ...]:
    """Return requests for golden cases, at least 32.

    They are: development cases as they are; with every second feature missing, and the others; with categories that
    development never saw; with every number at the smallest, and at the largest value seen in development; and one
    case of which nothing is known.

    Args:
        cases: Development cases with their features, at least one.
        features: The model's features.

    Raises:
        ExportError: there is no case.
    """
    if cases.is_empty():
        raise ExportError("there is no development case to prove a bundle by; train on a table with cases")
    real = [_request(cases, features, row * len(cases) // REAL_CASES) for row in range(REAL_CASES)]
    tried = real[:: REAL_CASES // ALTERED_CASES][:ALTERED_CASES]
    even = {spec.name: None for spec in features[::2]}
    odd = {spec.name: None for spec in features[1::2]}
    unseen = {spec.name: unseen_word(spec) for spec in features if spec.kind == "category"}
    smallest, largest = _ends(cases, features)
    edges: tuple[Mapping[str, Value], ...] = (even, odd, unseen, smallest, largest)
    altered = [{**request, **edge} for edge in edges for request in tried]
    return (*real, *altered, {spec.name: None for spec in features})


def unseen_word(spec: FeatureSpec) -> str:
    """Return a category that is not in the feature's vocabulary."""
    word = "never seen"
    while word in spec.vocabulary:
        word += "?"
    return word


def _request(cases: pl.DataFrame, features: Sequence[FeatureSpec], row: int) -> Request:
    names = [spec.name for spec in features]
    return dict(zip(names, cases.select(names).row(row), strict=True))


def _ends(cases: pl.DataFrame, features: Sequence[FeatureSpec]) -> tuple[Request, Request]:
    names = [spec.name for spec in features if spec.kind == "number"]
    if not names:
        return {}, {}
    lowest, highest = cases.select(names).min(), cases.select(names).max()
    return dict(zip(names, lowest.row(0), strict=True)), dict(zip(names, highest.row(0), strict=True))
