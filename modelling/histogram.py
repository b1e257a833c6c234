"""How the values of a number lie: bars of equal width between rare ends, or one bar per value where there are few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

BARS: Final = 24
"""Bars of a histogram, and the most values that get a bar each."""

TAIL: Final = 0.01
"""Share of the values at either end that is counted in the outermost bar, so that one odd value hides no shape."""


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """How many cases lie where; nulls are counted nowhere.

    Attributes:
        edges: Edges of the bars, rising, one more than counts; or, for ``single``, the values themselves.
        counts: Cases per bar.
        single: Whether each bar is one value.
        smallest: Smallest value.
        lower_quartile: A quarter of the values lies at or below it.
        median: Half of the values lies at or below it.
        upper_quartile: Three quarters of the values lie at or below it.
        largest: Largest value.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    single: bool
    smallest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    largest: float


def histogram(column: pl.Series) -> Histogram | None:
    """Count a column of numbers; None where it holds no finite value."""
    values = column.filter(column.is_finite())
    if values.is_empty():
        return None
    distinct = values.unique().sort()
    if len(distinct) <= BARS:
        counted = values.value_counts(sort=False, name="n").sort(column.name)
        edges, counts = tuple(counted[column.name]), tuple(counted["n"])
    else:
        edges, counts = _bars(values)
    places = [float(values.quantile(share, interpolation="lower") or 0.0) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return Histogram(
        edges=edges,
        counts=counts,
        single=len(distinct) <= BARS,
        smallest=places[0],
        lower_quartile=places[1],
        median=places[2],
        upper_quartile=places[3],
        largest=places[4],
    )


def _bars(values: pl.Series) -> tuple[tuple[float, ...], tuple[int, ...]]:
    ends = [float(values.quantile(share, interpolation="lower") or 0.0) for share in (TAIL, 1 - TAIL)]
    if ends[0] == ends[1]:  # nearly all cases share one value; the whole range then shows where the others are
        ends = [float(values.min()), float(values.max())]  # type: ignore[arg-type]  # numbers, and at least one
    counts, edges = np.histogram(values.clip(*ends).to_numpy(), bins=BARS, range=(ends[0], ends[1]))
    return tuple(edges.tolist()), tuple(counts.tolist())
