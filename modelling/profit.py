"""What a decision earns or loses in yuan, and what a call adds to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelling.errors import MetricError
from scoring.spec import Economics

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def loan_profit(bad_probability: Array, amount: Array, economics: Economics) -> Array:
    """Return the expected profit of paying a loan out, in yuan.

    ``amount · (margin_rate · (1 − p) − loss_rate · p)``; with ``p`` 0 or 1 it is the profit of a loan whose end is
    known.

    Args:
        bad_probability: Probability that the loan goes bad; 0 or 1 where that is known.
        amount: Amount paid out, in yuan.
        economics: What a good loan earns and a bad one loses per yuan.

    Raises:
        MetricError: a probability outside 0 to 1, or an amount that is negative or not finite.
    """
    if not ((bad_probability >= 0) & (bad_probability <= 1)).all():
        wrong = bad_probability[~((bad_probability >= 0) & (bad_probability <= 1))][0]
        raise MetricError(f"bad_probability == {wrong}, must be from 0 to 1")
    if not (np.isfinite(amount) & (amount >= 0)).all():
        wrong = amount[~(np.isfinite(amount) & (amount >= 0))][0]
        raise MetricError(f"amount == {wrong}, must be a finite number of yuan, 0 or more")
    profit: Array = amount * (economics.margin_rate * (1 - bad_probability) - economics.loss_rate * bad_probability)
    return profit


def call_gain(approved_before: Flags, approved_after: Flags, profit_if_paid_out: Array) -> Array:
    """Return what a call added, in yuan, before its cost: the profit of the decision after it less that before it.

    A decline earns nothing, so the gain is the loan's profit when the call turned a decline into an approval, its
    negative when it turned an approval into a decline, and 0 when it turned nothing.
    """
    gain: Array = (approved_after.astype(np.float64) - approved_before.astype(np.float64)) * profit_if_paid_out
    return gain
