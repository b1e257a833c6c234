"""Whom a case is compared with: the average just-approved applicant, and the explanations seen in development."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NEAR_SHARE: Final = 0.2
"""Share of approved cases, nearest to the cut-off, who are the just-approved ones."""

NEAR_LEAST: Final = 50
"""Fewest just-approved cases, when there are as many approved ones."""

_RIDGE: Final = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """Statistics of development cases, in log-odds of the margin.

    Distances do not depend on the unit, so they are the same in log-odds and in points.

    Attributes:
        contributions: Mean contribution per feature over just-approved cases, shape (features,).
        cases: How many just-approved cases these are.
        group_mean: Mean sum of contributions per reason group over all development cases, shape (groups,).
        group_precision: Inverse of their covariance, shape (groups, groups), symmetric.
        development_cases: How many development cases these are.
        sha256: Hash of the contributions and PDs it was computed from.
    """

    contributions: Array
    cases: int
    group_mean: Array
    group_precision: Array
    development_cases: int
    sha256: str


def reference_from(
    contributions: Array, pds: Array, cutoff_pd: float, *, group_of: Sequence[int], groups: int
) -> Reference:
    """Compute the reference from explained development cases.

    Just-approved are the fifth of the approved cases (PD at most the cut-off) with the highest PD, or 50 of them when a
    fifth is fewer. The covariance gets a small ridge, so that groups that never vary keep it invertible.

    Args:
        contributions: Log-odds per case and feature, shape (cases, features).
        pds: Calibrated PD of each case.
        cutoff_pd: Largest PD that is approved.
        group_of: Number of each feature's reason group.
        groups: How many reason groups there are.

    Raises:
        ValueError: Shapes that do not fit, no case at or below the cut-off, or fewer than two cases.
    """
    if contributions.ndim != 2 or pds.shape != (len(contributions),) or contributions.shape[1] != len(group_of):
        raise ValueError(
            f"contributions has shape {contributions.shape}, pds {pds.shape} and group_of {len(group_of)} entries; "
            "they must be (cases, features), (cases,) and features"
        )
    approved = np.flatnonzero(pds <= cutoff_pd)
    if not len(approved) or len(pds) < 2:
        raise ValueError(f"{len(approved)} of {len(pds)} cases have a PD of at most {cutoff_pd!r}; there must be some")
    near = max(math.ceil(NEAR_SHARE * len(approved)), min(NEAR_LEAST, len(approved)))
    just = np.sort(approved[np.argsort(pds[approved], kind="stable")[len(approved) - near :]])
    sums = group_sums(contributions, group_of, groups)
    return Reference(
        contributions=contributions[just].mean(axis=0),
        cases=len(just),
        group_mean=sums.mean(axis=0),
        group_precision=_precision(sums),
        development_cases=len(pds),
        sha256=_hash(contributions, pds),
    )


def group_sums(contributions: Array, group_of: Sequence[int] | NDArray[np.intp], groups: int) -> Array:
    """Return the sum of contributions per reason group, added in the order of the features.

    Args:
        contributions: Of one case, shape (features,), or of many, shape (cases, features).
        group_of: Number of each feature's reason group.
        groups: How many reason groups there are.

    Returns:
        Shape (groups,) or (cases, groups).
    """
    if contributions.ndim == 1:
        found: Array = np.bincount(group_of, contributions, groups).astype(np.float64, copy=False)
        return found
    places = np.asarray(group_of, dtype=np.intp)
    cases = len(contributions)
    if cases != 1:
        places = (np.arange(cases)[:, np.newaxis] * groups + places).ravel()
    sums = np.bincount(places, contributions.ravel(), cases * groups)
    return np.asarray(sums, dtype=np.float64).reshape(cases, groups)


def distances(reference: Reference, contributions: Array, group_of: Sequence[int] | NDArray[np.intp]) -> Array:
    """Return the Mahalanobis distance of each case's contributions per group (log-odds) from development."""
    sums = group_sums(contributions, group_of, len(reference.group_mean))
    return lengths(sums - reference.group_mean, reference.group_precision)


def lengths(apart: Array, precision: Array) -> Array:
    """Return the (Mahalanobis) length of vectors under a precision matrix, in sums whose order is fixed.

    Args:
        apart: Shape (cases, size). Vectors that are not finite have no length (NaN), and none is routed by it.
        precision: Symmetric, shape (size, size).
    """
    with np.errstate(invalid="ignore"):
        inner = np.add.accumulate(precision * apart[:, np.newaxis], axis=-1)[..., -1]
        found: Array = np.sqrt(np.maximum(np.add.accumulate(inner * apart, axis=-1)[:, -1], 0.0))
        return found


def stretched(precision: Array) -> Array:
    """Return a matrix under which the square of a vector, in sums of any order, is more than its `length` squared.

    So what is within a limit under this one is within it for sure, and that is found sooner: by BLAS, whose order of
    adding differs from machine to machine.

    A sum of ``n`` products, in any order, is at most ``n · u / (1 − n · u)`` times the sum of their absolute values
    from the true one, where ``u`` is half the distance from 1 to the next number. That sum is at most ``size`` times
    the largest entry times the vector's own square. Two orders are compared, each of a sum of sums; the diagonal gets
    more than twice what they may differ by.

    References:
        Higham, *Accuracy and Stability of Numerical Algorithms* (2002), §3.1.

    Args:
        precision: As for `length`.
    """
    size = len(precision)
    largest = float(np.abs(precision).max(initial=0.0))
    return precision + 8.0 * (size + 1) * float(np.finfo(np.float64).eps) * size * largest * np.eye(size)


def length(apart: Array, precision: Array) -> float:
    """Return the length of one vector: so few numbers are added sooner one by one, in the order of the sums of many."""
    others = apart.tolist()
    if not math.isfinite(sum(others)):
        return math.nan
    squared = 0.0
    for one, other in zip(np.add.accumulate(precision * apart, axis=1)[:, -1].tolist(), others, strict=True):
        squared += one * other
    return math.sqrt(max(squared, 0.0))


def _precision(sums: Array) -> Array:
    covariance = np.atleast_2d(np.cov(sums, rowvar=False))
    size = len(covariance)
    spread = float(np.trace(covariance)) / size
    inverse = np.linalg.inv(covariance + (_RIDGE * spread if spread > 0 else 1.0) * np.eye(size))
    return np.asarray((inverse + inverse.T) / 2.0, dtype=np.float64)


def _hash(contributions: Array, pds: Array) -> str:
    digest = hashlib.sha256(repr(contributions.shape).encode())
    digest.update(np.ascontiguousarray(contributions, dtype="<f8").tobytes())
    digest.update(np.ascontiguousarray(pds, dtype="<f8").tobytes())
    return digest.hexdigest()
