"""Ways to make one number of many rows: what they mean, for the batch and for a single request alike.

Every aggregate gives the same bits in whatever order the rows come and however the batch is split: sums are taken
over whole numbers (ten-thousandths, halves to even), so no rounding depends on the order of addition. With ``whole``
for such a number, the sum is ``sum(whole) / SUM_UNIT`` and the mean ``sum(whole) / (count * SUM_UNIT)``, where the sum
of whole numbers is exact and then rounded to a float. A value that is not finite, or not below `LARGEST`, is left out
of sums and means as null is: raw tables hold none, but a lender's own column may.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SUM_UNIT: Final = 10_000
"""Sums are exact to one part of this: a hundredth of a fen, a tenth of a millisecond."""


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """One number from the rows of a window. Values that are null are left out.

    Attributes:
        name: Its part of the feature name; empty for ``DISTINCT``, whose column is already a plural noun.
        counts: Whether it counts: 0 when no row is in the window. The others are null when no value is.
        upper: Largest value it can have; None means no bound.
    """

    name: str
    counts: bool = False
    upper: float | None = None


COUNT: Final = Aggregate(name="count", counts=True)
"""Number of rows; takes no column."""
DISTINCT: Final = Aggregate(name="", counts=True)
"""Number of different values."""
SUM: Final = Aggregate(name="sum")
"""Sum of the values, in whole ten-thousandths."""
MEAN: Final = Aggregate(name="mean")
"""Mean of the values, in whole ten-thousandths."""
MAX: Final = Aggregate(name="max")
"""Largest value; NaN is left out."""
MIN: Final = Aggregate(name="min")
"""Smallest value; NaN is left out."""
SHARE: Final = Aggregate(name="share", upper=1.0)
"""Share of rows whose Boolean column is true, among those where it is not null."""
