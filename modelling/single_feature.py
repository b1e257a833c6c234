"""What one feature gives away on its own, on the cases at hand: which way bad rates move with it, and how far apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from modelling.arrays import Ints

SURE: Final = 3.0
"""Standard errors from which a direction counts as seen: by chance, one feature in 370 that says nothing gets there."""

LEAK_AUC: Final = 0.95
"""AUC on its own from which a feature is suspected to know the future; the gates of promotion ask for the same."""

FEW: Final = 30
"""Bad cases, and good ones, below which a high AUC may well be chance."""


@dataclass(frozen=True, kw_only=True)
class Trend:
    """How the bad rate moves with the value, among labelled cases that have one.

    Attributes:
        auc: Chance that a bad case has the larger value than a good one, ties counting half.
        z: Its distance from ½ in standard errors without ties (Wilcoxon), which is cautious where there are ties.
        goods: Good cases with a value.
        bads: Bad cases with a value.
    """

    auc: float
    z: float
    goods: int
    bads: int

    @property
    def separation(self) -> float:
        """The AUC in the direction found, at least ½; ½ where so few cases have a value that chance could make it."""
        return max(self.auc, 1 - self.auc) if min(self.goods, self.bads) >= FEW else 0.5

    @property
    def direction(self) -> Literal[-1, 0, 1]:
        """1 where bad rates rise with the value, -1 where they fall, 0 where the cases do not tell."""
        return 0 if abs(self.z) < SURE else 1 if self.z > 0 else -1


def trend(values: pl.Series, label: pl.Series) -> Trend | None:
    """Measure which way bad rates move with a number or a flag.

    Args:
        values: Numbers; null where there is no value.
        label: 1 bad, 0 good, null otherwise.

    Returns:
        The trend; None where the cases with a value are all good or all bad.

    References:
        Mann and Whitney (1947): the rank sum of one class, and its variance ``m·n·(m+n+1)/12``.
    """
    known = pl.DataFrame({"value": values, "label": label}).drop_nulls()
    bads = int(known["label"].sum())
    goods = len(known) - bads
    if not bads or not goods:
        return None
    ranks = known["value"].rank("average").filter(known["label"] == 1).sum()
    found = (float(ranks) - bads * (bads + 1) / 2) / (bads * goods)
    error = ((len(known) + 1) / (12 * bads * goods)) ** 0.5
    return Trend(auc=found, z=(found - 0.5) / error, goods=goods, bads=bads)


def binned_auc(goods: Ints, bads: Ints) -> float:
    """Return the AUC of bins in the order of their own bad rates: at least ½, and a little too good on few cases.

    Args:
        goods: Good cases per bin; at least one in all.
        bads: Bad cases per bin; at least one in all.
    """
    cases = np.maximum(goods + bads, 1)
    safest_first = np.argsort(bads / cases, kind="stable")
    good, bad = goods[safest_first], bads[safest_first]
    below = np.cumsum(good) - good / 2
    return float((bad * below).sum() / (good.sum() * bad.sum()))


def leak_suspected(auc: float | None, goods: int, bads: int) -> bool:
    """Tell whether a feature separates good from bad so well that it must be asked what it knew, and when."""
    return auc is not None and auc >= LEAK_AUC and min(goods, bads) >= FEW
