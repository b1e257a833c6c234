"""From the trees' margin to a calibrated PD and to points, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.spec import Calibration, Scale

SMALLEST_PD = 1e-12
"""PDs are held this far from 0 and 1 when they are turned into points, so that a cut-off at 0 or 1 stays finite."""


def factor(scale: Scale) -> float:
    """Return the points per unit of log-odds: ``pdo / ln 2``."""
    return scale.pdo / math.log(2.0)


def offset(scale: Scale) -> float:
    """Return the points at even odds: ``base_points − factor · ln(base_odds)``."""
    return scale.base_points - factor(scale) * math.log(scale.base_odds)


def pd_of_log_odds(log_odds: float) -> float:
    """Return the probability of bad for calibrated log-odds of bad, without overflow at either end."""
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    grown = math.exp(log_odds)
    return grown / (1.0 + grown)


def points_of_pd(pd: float, scale: Scale | None = None) -> float:
    """Turn a calibrated default probability into score points (higher is safer).

    >>> round(points_of_pd(1 / 31)), round(points_of_pd(1 / 61))
    (600, 620)

    Args:
        pd: Probability that the label is bad, from 0 to 1; held `SMALLEST_PD` away from both ends.
        scale: Points at the base odds, and points that double them; 600 at 30:1 and 20 when None.

    Raises:
        ValueError: `pd` is NaN or outside 0 to 1.

    References:
        Siddiqi, *Intelligent Credit Scoring* (2017), on scaling.
    """
    if not 0.0 <= pd <= 1.0:
        raise ValueError(f"pd == {pd!r}, must be from 0 to 1")
    scale = scale or Scale()
    held = min(max(pd, SMALLEST_PD), 1.0 - SMALLEST_PD)
    return offset(scale) + factor(scale) * math.log((1.0 - held) / held)


@dataclass(frozen=True, kw_only=True, slots=True)
class PointsMap:
    """The straight line from the trees' margin to points, one for one model.

    ``points = at_zero + per_margin · margin``, where ``at_zero = offset − factor · intercept`` and ``per_margin =
    −factor · slope``. The line lets contributions to the margin be read as points that add up.

    Attributes:
        at_zero: Points at a margin of 0.
        per_margin: Points per unit of margin; negative.
        slope: Slope of the calibration.
        intercept: Intercept of the calibration.
    """

    at_zero: float
    per_margin: float
    slope: float
    intercept: float

    @classmethod
    def of(cls, calibration: Calibration, scale: Scale) -> PointsMap:
        """Return the line of a calibration and a scale."""
        return cls(
            at_zero=offset(scale) - factor(scale) * calibration.intercept,
            per_margin=-factor(scale) * calibration.slope,
            slope=calibration.slope,
            intercept=calibration.intercept,
        )

    def points(self, margin: float) -> float:
        """Return the points of a margin."""
        return self.at_zero + self.per_margin * margin

    def points_of(self, contributions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return contributions to the margin as points; nothing contributed is 0, never -0."""
        return self.per_margin * contributions + 0.0

    def pd(self, margin: float) -> float:
        """Return the calibrated PD of a margin."""
        return pd_of_log_odds(self.intercept + self.slope * margin)

    def pds(self, margins: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated PD of every margin, each with the bits of `pd`.

        Python's own exponential is used one by one: numpy's differs from it in the last bit.
        """
        return np.array([self.pd(margin) for margin in margins.tolist()], dtype=np.float64)


def points_of_margin(margin: float, calibration: Calibration, scale: Scale | None = None) -> float:
    """Return the points of a margin (raw log-odds of bad) under a calibration and a scale."""
    return PointsMap.of(calibration, scale or Scale()).points(margin)
