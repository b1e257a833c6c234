"""What a feature looks like on given cases: its values, its bad rates, and how far it has moved by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from modelling.histogram import Histogram
from modelling.single_feature import Trend
from modelling.stability import Psi


@dataclass(frozen=True, kw_only=True)
class BinProfile:
    """The cases of one bin.

    Attributes:
        kind: ``range`` of numbers, ``category``, ``other`` (rare categories together) or ``null``.
        category: Name of the category; empty otherwise.
        low: Smallest number in it; None unless it is a range.
        high: Largest number in it; None unless it is a range.
        n: Cases, labelled or not.
        share: Their share of all cases.
        labelled: Good and bad cases among them.
        bads: Bad cases among them.
        rate: Bad rate of the labelled; None without one.
        lower: Lower end of the rate's Jeffreys interval (95 %).
        upper: Upper end.
    """

    kind: Literal["range", "category", "other", "null"]
    category: str = ""
    low: float | None = None
    high: float | None = None
    n: int
    share: float
    labelled: int
    bads: int
    rate: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, kw_only=True)
class MonthMove:
    """PSI of all cases of one month against those of the reference months, on the reference months' bins.

    Attributes:
        month: The month, such as ``2024-05``.
        reference: Whether it is one of the reference months itself.
        psi: How far it has moved.
    """

    month: str
    reference: bool
    psi: Psi


@dataclass(frozen=True, kw_only=True)
class FeatureProfile:
    """What one feature looks like.

    Attributes:
        feature: Its name.
        n: Cases.
        nulls: Cases without a value.
        distinct: Different values.
        bins: Bins that hold a case, the bin of nulls last; flags are numbers, 0 and 1.
        histogram: How numbers lie; None for other kinds and where no case has a value.
        iv: Information value over the bins; None without good and bad cases.
        auc: How well it separates bad from good on its own (see `modelling.single_feature`); None as above.
        trend: How the bad rate moves with the value; None for categories, and as above.
        months: PSI by month, the reference months among them, in order; empty where there is one month alone.
    """

    feature: str
    n: int
    nulls: int
    distinct: int
    bins: tuple[BinProfile, ...]
    histogram: Histogram | None
    iv: float | None
    auc: float | None
    trend: Trend | None
    months: tuple[MonthMove, ...]

    @property
    def null_share(self) -> float:
        """Share of cases without a value."""
        return self.nulls / self.n

    @property
    def largest_move(self) -> MonthMove | None:
        """The month after the reference that stands farthest above chance; None where there is none."""
        later = (one for one in self.months if not one.reference)
        return max(later, key=lambda one: one.psi.value - one.psi.threshold, default=None)


@dataclass(frozen=True, kw_only=True)
class TableProfile:
    """What the features of a table look like.

    Attributes:
        n: Cases.
        goods: Good cases; None where no labels were given.
        bads: Bad cases; None as above.
        months: Months of the cases, in order.
        reference: Months that PSI compares with.
        features: One profile per feature, in the order asked for.
    """

    n: int
    goods: int | None
    bads: int | None
    months: tuple[str, ...]
    reference: tuple[str, ...]
    features: tuple[FeatureProfile, ...]

    @property
    def bad_rate(self) -> float | None:
        """Bad rate of the labelled cases; None without any."""
        return self.bads / (self.goods + self.bads) if self.bads is not None and self.goods is not None else None
