"""A number with its interval: the record that most metrics are given as."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from modelling.arrays import Floats
from modelling.errors import MetricError


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A measured number and the interval that its sample leaves open.

    Attributes:
        value: What was measured.
        lower: Lower end of the interval.
        upper: Upper end of the interval.
        level: Confidence level of the interval, such as 0.95.
        n: Cases it was measured on.
    """

    value: float
    lower: float
    upper: float
    level: float
    n: int


def normal_quantile(level: float) -> float:
    """Return the two-sided normal quantile of a confidence level: 1.96 for 0.95.

    Raises:
        MetricError: the level is not strictly between 0 and 1.
    """
    if not 0 < level < 1:
        raise MetricError(f"level == {level}, must be strictly between 0 and 1, such as 0.95")
    return float(stats.norm.ppf(0.5 + level / 2))


def normal_estimate(value: float, error: float, *, n: int, level: float) -> Estimate:
    """Return ``value ± z·error``, the interval of an estimate with a normal error."""
    half = normal_quantile(level) * error
    return Estimate(value=value, lower=value - half, upper=value + half, level=level, n=n)


def mean_estimate(values: Floats, *, level: float = 0.95) -> Estimate:
    """Return the mean with its normal interval; one value alone has an interval without width."""
    error = float(np.std(values, ddof=1)) / values.size**0.5 if values.size > 1 else 0.0
    return normal_estimate(float(np.mean(values)), error, n=values.size, level=level)
