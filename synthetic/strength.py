"""How strong a planted mechanism is in the data, with an interval that says how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

Z = 1.959963984540054
"""Standard normal quantile of two-sided 95 %."""


@dataclass(frozen=True, kw_only=True)
class Strength:
    """One planted mechanism as found in the data.

    Attributes:
        name: What was planted.
        measure: What the number is.
        planted: What the recipe says of it; None where the recipe does not say it in this measure.
        found: What the data say; NaN when there is no case to look at.
        lower: Lower end of the 95 % interval of ``found``.
        upper: Upper end.
        n: Number of cases it was found in.
    """

    name: str
    measure: str
    planted: float | None
    found: float
    lower: float
    upper: float
    n: int


def share(name: str, measure: str, flags: pl.Series, planted: float | None = None) -> Strength:
    """Measure a share of true flags, with Wilson's interval; nulls are left out.

    References:
        Wilson, *Probable inference, the law of succession, and statistical inference* (1927).
    """
    known = flags.drop_nulls()
    n, hits = len(known), int(known.sum() or 0)
    lower, upper = wilson(hits, n)
    found = hits / n if n else math.nan
    return Strength(name=name, measure=measure, planted=planted, found=found, lower=lower, upper=upper, n=n)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share; NaN when there is no case."""
    if not n:
        return math.nan, math.nan
    rate = hits / n
    centre = (rate + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(rate * (1 - rate) / n + Z * Z / (4 * n * n))
    return centre - half, centre + half


def mean(name: str, measure: str, values: pl.Series, planted: float | None = None) -> Strength:
    """Measure a mean, with the interval of the normal approximation; nulls are left out."""
    known = values.cast(pl.Float64).drop_nulls()
    n = len(known)
    found, spread = _moments(known)
    half = Z * spread / math.sqrt(n) if n else math.nan
    return Strength(
        name=name, measure=measure, planted=planted, found=found, lower=found - half, upper=found + half, n=n
    )


def difference(name: str, measure: str, values: pl.Series, marked: pl.Series) -> Strength:
    """Measure the mean of the marked rows less that of the others, with the interval of Welch's approximation."""
    one, two = values.filter(marked).cast(pl.Float64).drop_nulls(), values.filter(~marked).cast(pl.Float64).drop_nulls()
    (first, spread_1), (second, spread_2) = _moments(one), _moments(two)
    half = Z * math.sqrt(spread_1**2 / len(one) + spread_2**2 / len(two)) if len(one) and len(two) else math.nan
    found = first - second
    return Strength(
        name=name,
        measure=measure,
        planted=None,
        found=found,
        lower=found - half,
        upper=found + half,
        n=len(one) + len(two),
    )


def _moments(values: pl.Series) -> tuple[float, float]:
    if not len(values):
        return math.nan, math.nan
    middle, spread = values.mean(), values.std()
    return float(middle), float(spread) if spread is not None else math.nan  # type: ignore[arg-type]
