"""Bins learned on one sample and applied to others: quantiles with open ends, missing, special values, categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from modelling.arrays import Floats, Ints
from modelling.errors import MetricError

MISSING = "missing"
OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class NumberBins:
    """Bins of a number: special values first, then quantile bins, the last bin for missing.

    Attributes:
        edges: Upper edges of all quantile bins but the last, rising; a value equal to an edge lies below it.
        special: Values with a bin of their own.
    """

    edges: tuple[float, ...]
    special: tuple[float, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the bins in the order of their codes; ``missing`` is the last."""
        ends = [f"{edge:.6g}" for edge in self.edges]
        ranges = [f"{low} < x <= {high}" for low, high in pairwise(ends)]
        spread = [f"x <= {ends[0]}", *ranges, f"x > {ends[-1]}"] if ends else ["all"]
        return (*(f"x = {value:.6g}" for value in self.special), *spread, MISSING)

    def codes(self, values: ArrayLike) -> Ints:
        """Return the bin of each value; NaN goes to the last bin, infinities to the open ends."""
        numbers = _numbers(values)
        codes = len(self.special) + np.searchsorted(np.array(self.edges), numbers, side="left")
        for code, value in enumerate(self.special):
            codes[numbers == value] = code
        codes[np.isnan(numbers)] = len(self.labels) - 1
        return codes.astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class CategoryBins:
    """Bins of a category: one per category, one for all others, the last for missing.

    Attributes:
        categories: Categories with a bin of their own.
    """

    categories: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the bins in the order of their codes; ``other`` and ``missing`` are the last two."""
        return (*self.categories, OTHER, MISSING)

    def codes(self, values: Sequence[object]) -> Ints:
        """Return the bin of each value; None goes to the last bin, an unknown category to the one before it."""
        known = {category: code for code, category in enumerate(self.categories)}
        other = len(self.categories)
        found = (other + 1 if value is None else known.get(str(value), other) for value in values)
        return np.fromiter(found, dtype=np.int64, count=len(values))


Bins = NumberBins | CategoryBins


def quantile_bins(values: ArrayLike, *, bins: int = 10, special: Sequence[float] = ()) -> NumberBins:
    """Learn quantile bins; edges are values of the sample, so that a rising transform changes no bin.

    Values that repeat often give fewer, unequal bins; at most ``bins`` different values give one bin each. NaN and
    special values are set aside first.

    Raises:
        MetricError: ``bins`` below 2, or a special value that is NaN.
    """
    if bins < 2:
        raise MetricError(f"bins == {bins}, must be at least 2")
    if any(np.isnan(value) for value in special):
        raise MetricError("special values hold NaN; missing values have their own bin already")
    numbers = _numbers(values)
    plain = numbers[~np.isnan(numbers) & ~np.isin(numbers, list(special))]
    if plain.size == 0:
        return NumberBins(edges=(), special=tuple(special))
    distinct = np.unique(plain)
    edges = distinct
    if distinct.size > bins:
        edges = np.unique(np.quantile(plain, np.arange(1, bins) / bins, method="inverted_cdf"))
    return NumberBins(edges=tuple(edges[edges < plain.max()].tolist()), special=tuple(special))


def category_bins(values: Sequence[object], *, most: int = 50) -> CategoryBins:
    """Learn the ``most`` frequent categories, frequent first and equal counts in alphabetical order."""
    counts: dict[str, int] = {}
    for value in values:
        if value is not None:
            counts[str(value)] = counts.get(str(value), 0) + 1
    return CategoryBins(categories=tuple(sorted(counts, key=lambda category: (-counts[category], category))[:most]))


def _numbers(values: ArrayLike) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MetricError(f"values are not numbers ({error}); bin categories with category_bins") from error
