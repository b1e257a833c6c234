"""How probable it was that a case was called, so that calls chosen by rules of thumb can stand for all cases."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelling.errors import MetricError

Array = NDArray[np.float64]

SMALLEST: Final = 0.002
"""Propensities are held above this where no control arm does it: no call may stand for more than 500 cases."""


def called_propensity(inputs: Array, called: NDArray[np.integer], control: NDArray[np.bool_]) -> Array:
    """Return the probability of having been called, for each case that was.

    A case is called at random with the share *c* of the control arm, and by the rules of the time otherwise::

        e(x) = c + (1 − c) · p(x)

    where ``p(x)`` is a logistic regression of "called by the rules" on the standardised inputs and their squares, over
    all cases that the control arm did not call. With a control arm, ``e`` is never below ``c``, so that weights
    ``1 / e`` are bounded by design and not by taste; without one it is clipped at `SMALLEST`.

    Args:
        inputs: One row per application of the period.
        called: Rows that were called.
        control: Whether at random, one per called row.

    Returns:
        Probabilities above 0, one per called row.

    Raises:
        MetricError: ``called`` and ``control`` differ in length.
    """
    if len(called) != len(control):
        raise MetricError(f"control has {len(control)} entries, must have {len(called)}, one per call")
    share = float(control.sum()) / max(len(inputs), 1)
    by_rules = np.zeros(len(inputs), dtype=bool)
    by_rules[called[~control]] = True
    asked = np.ones(len(inputs), dtype=bool)
    asked[called[control]] = False
    by_thumb = _probability(_with_squares(inputs), by_rules, asked)[called]
    found: Array = np.maximum(share + (1 - share) * by_thumb, SMALLEST)
    return found


def _with_squares(inputs: Array) -> Array:
    """Return the standardised inputs and their squares, cut at 3: rules of thumb like cases near the cut-off."""
    spread = inputs.std(axis=0)
    standard = np.clip((inputs - inputs.mean(axis=0)) / np.where(spread > 0, spread, 1.0), -3.0, 3.0)
    return np.hstack([standard, standard**2])


def _probability(inputs: Array, event: NDArray[np.bool_], rows: NDArray[np.bool_]) -> Array:
    """Fit a logistic regression of the event on the given rows; return it for all rows."""
    from sklearn.linear_model import LogisticRegression

    if event[rows].all() or not event[rows].any():
        return np.full(len(inputs), float(event[rows].mean()) if rows.any() else 0.0)
    model = LogisticRegression(C=1.0, max_iter=1000)
    model.fit(inputs[rows], event[rows])
    probability: Array = model.predict_proba(inputs)[:, 1]
    return probability
