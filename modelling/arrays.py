"""Arguments of the metrics, checked once: labels, risk scores, probabilities, groups.

Everywhere in this room a *risk score* is higher for the riskier case (a margin or a PD, never points), and a label is
1 for bad and 0 for good.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from modelling.errors import MetricError

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


def as_labels(y: ArrayLike, *, both: bool = True) -> Flags:
    """Return labels as flags, True for bad.

    Args:
        y: One label per case: 1 or True for bad, 0 or False for good. NaN and None are refused, never dropped.
        both: Whether at least one bad and one good are needed.

    Raises:
        MetricError: not one-dimensional, a value other than 0 and 1, no case, or (with ``both``) a single class.
    """
    values = np.asarray(y)
    if values.ndim != 1 or values.size == 0:
        raise MetricError(f"labels have shape {values.shape}, must be one-dimensional with at least one case")
    if values.dtype != np.bool_:
        values = _numbers(values, "label")
        wrong = ~np.isin(values, (0.0, 1.0))
        if wrong.any():
            raise MetricError(f"label == {values[wrong][0]}, must be 0 (good) or 1 (bad): leave out other cases first")
    bad: Flags = values.astype(np.bool_)
    if both and bad.all() | (~bad).all():
        raise MetricError(f"all {bad.size} labels are {int(bad[0])}, must hold at least one bad and one good case")
    return bad


def as_scores(score: ArrayLike, n: int) -> Floats:
    """Return risk scores as float64, one per case.

    Raises:
        MetricError: another length than ``n``, or a value that is NaN or infinite.
    """
    values = _numbers(np.asarray(score), "score")
    _check_length(values, n, "scores")
    if not np.isfinite(values).all():
        raise MetricError(f"score == {values[~np.isfinite(values)][0]}, must be finite: every case needs a score")
    return values


def as_probabilities(pd: ArrayLike, n: int) -> Floats:
    """Return probabilities of bad as float64, one per case.

    Raises:
        MetricError: another length than ``n``, or a value that is NaN or outside 0 to 1.
    """
    values = _numbers(np.asarray(pd), "pd")
    _check_length(values, n, "probabilities")
    wrong = ~((values >= 0) & (values <= 1))
    if wrong.any():
        raise MetricError(f"pd == {values[wrong][0]}, must be a probability from 0 to 1")
    return values


def as_groups(groups: ArrayLike | None, n: int) -> Ints:
    """Return one whole number per case, equal for cases of the same applicant; None makes each case its own.

    Raises:
        MetricError: another length than ``n``.
    """
    if groups is None:
        return np.arange(n, dtype=np.int64)
    values = np.asarray(groups)
    _check_length(values, n, "groups")
    if values.dtype == np.object_:
        codes: dict[object, int] = {}
        return np.fromiter((codes.setdefault(value, len(codes)) for value in values), dtype=np.int64, count=n)
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _numbers(values: NDArray[np.generic] | NDArray[np.object_], name: str) -> Floats:
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise MetricError(f"{name}s of type {values.dtype} are not numbers: {error}") from error


def _check_length(values: NDArray[np.generic], n: int, name: str) -> None:
    if values.shape != (n,):
        raise MetricError(f"{name} have shape {values.shape}, must be ({n},): one per case")
