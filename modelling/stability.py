"""How far a sample has moved from the development sample: PSI of a score, CSI of a feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from modelling.arrays import Floats, Ints
from modelling.bins import Bins, category_bins, quantile_bins
from modelling.errors import MetricError

EPSILON = 1e-4
"""Share that stands for an empty bin."""


@dataclass(frozen=True, kw_only=True)
class PsiBin:
    """One bin: its share in both samples and what it adds.

    Attributes:
        label: What lies in it.
        expected: Share of the development sample.
        actual: Share of the later sample.
        part: What it adds to the PSI.
    """

    label: str
    expected: float
    actual: float
    part: float


@dataclass(frozen=True, kw_only=True)
class Psi:
    """Population stability index ``Σ (a−e)·ln(a/e)``.

    Attributes:
        value: The index; 0 when the shares are equal.
        threshold: What the index stays below in 95 of 100 samples of these sizes when nothing has moved:
            ``χ²(B−1, 0.95)·(1/N + 1/M)``. The customary 0.1 and 0.25 ignore sample size.
        n_expected: Cases in the development sample.
        n_actual: Cases in the later sample.
        epsilon: Share that stands for an empty bin.
        bins: Bins that hold a case of either sample.
    """

    value: float
    threshold: float
    n_expected: int
    n_actual: int
    epsilon: float
    bins: tuple[PsiBin, ...]

    @property
    def moved(self) -> bool:
        """Whether the index is above what chance explains."""
        return self.value > self.threshold


def psi(
    expected: ArrayLike,
    actual: ArrayLike,
    *,
    bins: int = 10,
    special: Sequence[float] = (),
    epsilon: float = EPSILON,
) -> Psi:
    """Measure how far numbers have moved, on quantile bins of the development sample with open ends.

    Missing values (NaN) and each special value have a bin of their own, when either sample holds one.

    Args:
        expected: Numbers in development.
        actual: Numbers in the later sample.
        bins: Quantile bins.
        special: Values with a bin of their own, such as 0.
        epsilon: Share that stands for an empty bin.

    Raises:
        MetricError: a sample is empty, or bins, special values or epsilon are out of range.
    """
    learned = quantile_bins(expected, bins=bins, special=special)
    return psi_of_codes(learned, learned.codes(expected), learned.codes(actual), epsilon=epsilon)


def psi_categories(
    expected: Sequence[object], actual: Sequence[object], *, epsilon: float = EPSILON, most: int = 50
) -> Psi:
    """Measure how far categories have moved; beyond the ``most`` frequent of development they count as ``other``.

    Raises:
        MetricError: a sample is empty, or epsilon is out of range.
    """
    learned = category_bins(expected, most=most)
    return psi_of_codes(learned, learned.codes(expected), learned.codes(actual), epsilon=epsilon)


def psi_of_codes(learned: Bins, expected: Ints, actual: Ints, *, epsilon: float = EPSILON) -> Psi:
    """Measure the PSI of samples that are already binned.

    Raises:
        MetricError: a sample is empty, or epsilon is out of range.
    """
    counts = [np.bincount(codes, minlength=len(learned.labels)) for codes in (expected, actual)]
    return psi_of_counts(learned.labels, counts[0], counts[1], epsilon=epsilon)


def psi_of_counts(labels: Sequence[str], expected: Ints, actual: Ints, *, epsilon: float = EPSILON) -> Psi:
    """Measure the PSI of samples that are already counted: one number of cases per bin and sample.

    Raises:
        MetricError: a sample is empty, or epsilon is out of range.
    """
    before, after = int(expected.sum()), int(actual.sum())
    if before == 0 or after == 0:
        raise MetricError(f"samples hold {before} and {after} cases, must hold at least one each")
    if not 0 < epsilon < 0.5:
        raise MetricError(f"epsilon == {epsilon}, must lie between 0 and 0.5")
    used = np.flatnonzero(expected + actual)
    shares = [_shares(count[used], epsilon) for count in (expected, actual)]
    parts = (shares[1] - shares[0]) * np.log(shares[1] / shares[0])
    spread = stats.chi2.ppf(0.95, used.size - 1) if used.size > 1 else 0.0
    return Psi(
        value=float(parts.sum()),
        threshold=float(spread * (1 / before + 1 / after)),
        n_expected=before,
        n_actual=after,
        epsilon=epsilon,
        bins=tuple(
            PsiBin(label=labels[code], expected=float(e), actual=float(a), part=float(part))
            for code, e, a, part in zip(used, *shares, parts, strict=True)
        ),
    )


def _shares(counts: Ints, epsilon: float) -> Floats:
    shares = counts / counts.sum()
    return np.where(counts == 0, epsilon, shares)
