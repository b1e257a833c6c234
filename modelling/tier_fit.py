"""Risk tiers: PD bounds that keep observed default rates as far apart as the data can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from modelling.arrays import Flags, Floats, Ints, as_labels, as_probabilities
from modelling.errors import MetricError, TierFitError
from scoring.spec import Tier

NAMES = "ABCDE"

_PLACES = 100
"""Bounds are looked for at this many quantiles of the PD."""


@dataclass(frozen=True, kw_only=True)
class TierFit:
    """Tiers, and what the reader should know of how they came about.

    Attributes:
        tiers: Two to five tiers, safest first; the last reaches up to a PD of 1.
        separation: Smallest difference of neighbouring default rates, in standard errors.
        notices: Why there are fewer tiers than asked for, or why they are weak; empty when all is well.
    """

    tiers: tuple[Tier, ...]
    separation: float
    notices: tuple[str, ...]


def fit_tiers(
    pd: ArrayLike,
    y: ArrayLike,
    sample: Sequence[str] | None = None,
    *,
    most: int = 5,
    least_share: float = 0.05,
    alpha: float = 0.01,
    least_cases: int = 50,
) -> TierFit:
    """Find the bounds that keep the closest two neighbouring default rates as far apart as possible.

    Distance counts in standard errors: that is the choice that leaves most room for chance in later months. Five tiers
    are tried first, then fewer, until neighbours differ significantly. Out-of-time cases have no part in this: they
    test the tiers, see `modelling.tier_order`.

    Args:
        pd: Calibrated probabilities of bad, of development and calibration cases.
        y: Their labels, 1 for bad.
        sample: Which sample each case is from, such as ``development`` and ``calibration``. Default rates must rise
            strictly in each of them. None takes all as one.
        most: Tiers to try first, 2 to 5.
        least_share: Least share of the cases in each tier, in each sample.
        alpha: Neighbours must differ at this one-sided level (pooled two-proportion z test).
        least_cases: A sample is asked for the order of two tiers only when it has so many cases in both.

    Raises:
        MetricError: lengths differ, a value is missing or out of range, or only one class is there.
        TierFitError: not even two tiers have rising default rates: the PD does not order these cases.
    """
    bad = as_labels(y)
    probability = as_probabilities(pd, bad.size)
    _check_arguments(most, least_share, alpha)
    names = np.array(["development"] * bad.size if sample is None else list(sample))
    if names.size != bad.size:
        raise MetricError(f"sample has {names.size} names, must have {bad.size}: one per case")
    order = np.argsort(probability, kind="stable")
    ladder = _Ladder.of(probability[order], bad[order], names[order], least_share, least_cases)
    needed = float(stats.norm.isf(alpha))
    tried = [(count, *ladder.best(count)) for count in range(2, most + 1)]
    count, separation, cuts = next((one for one in reversed(tried) if one[1] >= needed), tried[0])
    if not separation > 0:
        raise TierFitError(
            f"no bound divides {bad.size} cases ({int(bad.sum())} bad) into two tiers of at least {least_share:.0%} "
            "with rising default rates: the PD does not order these cases. Use another model, or more cases"
        )
    fitted = names[order] == "development"
    return TierFit(
        tiers=_tiers(probability[order], bad[order], fitted if fitted.any() else np.ones_like(fitted), cuts),
        separation=separation,
        notices=_notices(count, most, separation, needed, tried),
    )


def tier_codes(pd: ArrayLike, tiers: Sequence[Tier]) -> Ints:
    """Return the place of each case's tier: the first whose ``upper_pd`` is at least the PD."""
    bounds = np.array([tier.upper_pd for tier in tiers[:-1]])
    return np.searchsorted(bounds, np.asarray(pd, dtype=np.float64), side="left").astype(np.int64)


@dataclass(frozen=True)
class _Ladder:
    """Places at which bounds may stand, and how far apart the rates on both sides of each would be.

    Attributes:
        cuts: Number of cases below each place, rising, from 0 to all.
        wide: ``[i, j]``: whether cases between places i and j are enough for a tier.
        apart: ``[i, j, k]``: standard errors between the default rates of tiers (i, j) and (j, k); −∞ when not allowed.
    """

    cuts: Ints
    wide: Flags
    apart: Floats

    @classmethod
    def of(cls, pd: Floats, bad: Flags, names: np.ndarray, least_share: float, least_cases: int) -> _Ladder:
        cuts = _places(pd)
        wide = np.ones((cuts.size, cuts.size), dtype=np.bool_)
        apart = _standard_errors(cuts, bad)
        for inside in (np.ones_like(bad), *(names == name for name in np.unique(names))):
            sizes = _between_places(_below(cuts, inside))
            wide &= sizes >= max(1.0, least_share * inside.sum())
            falls = _falls(sizes, _between_places(_below(cuts, inside & bad)), least_cases)
            apart = np.where(falls, -np.inf, apart)
        return cls(cuts=cuts, wide=wide, apart=np.where(wide[:, :, None] & wide[None, :, :], apart, -np.inf))

    def best(self, count: int) -> tuple[float, Ints]:
        """Return the largest smallest separation of ``count`` tiers, and the inner cuts that reach it."""
        reach = np.where(self.wide, np.inf, -np.inf)
        reach[1:] = -np.inf
        came: list[Ints] = []
        for _ in range(count - 1):
            through = np.minimum(reach[:, :, None], self.apart)
            came.append(np.argmax(through, axis=0))
            reach = np.max(through, axis=0)
        last = self.cuts.size - 1
        inner = int(np.argmax(reach[:, last]))
        value, path = float(reach[inner, last]), [last, inner]
        for step in reversed(came):
            path.append(int(step[path[-1], path[-2]]))
        return value, self.cuts[np.array(path[1:-1][::-1], dtype=np.int64)]


def _places(pd: Floats) -> Ints:
    """Return cut positions near the quantiles, each between two different PDs."""
    ends = np.append(np.flatnonzero(np.diff(pd) > 0) + 1, pd.size)
    wanted = np.arange(1, _PLACES) * pd.size / _PLACES
    return np.unique(np.concatenate([[0], ends[np.searchsorted(ends, wanted)], [pd.size]])).astype(np.int64)


def _below(cuts: Ints, flags: Flags) -> Floats:
    return np.append(0, np.cumsum(flags))[cuts].astype(np.float64)


def _between_places(below: Floats) -> Floats:
    """Return ``[i, j]``: what lies between places i and j."""
    between: Floats = below[None, :] - below[:, None]
    return between


def _standard_errors(cuts: Ints, bad: Flags) -> Floats:
    n, b = _between_places(cuts.astype(np.float64)), _between_places(_below(cuts, bad))
    n1, n2, b1, b2 = n[:, :, None], n[None, :, :], b[:, :, None], b[None, :, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (b1 + b2) / (n1 + n2)
        z = (b2 / n2 - b1 / n1) / np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return np.where((n1 > 0) & (n2 > 0) & np.isfinite(z), z, -np.inf)


def _falls(n: Floats, b: Floats, least_cases: int) -> Flags:
    """Tell for which neighbouring tiers the rates fail to rise in a sample that has enough cases in both."""
    enough = np.minimum(n[:, :, None], n[None, :, :]) >= least_cases
    falls: Flags = enough & (b[None, :, :] * n[:, :, None] <= b[:, :, None] * n[None, :, :])
    return falls


def _tiers(pd: Floats, bad: Flags, fitted: Flags, cuts: Ints) -> tuple[Tier, ...]:
    ends = [0, *cuts.tolist(), pd.size]
    bounds = [_between(float(pd[cut - 1]), float(pd[cut])) for cut in cuts] + [1.0]
    return tuple(
        Tier(
            name=NAMES[place],
            upper_pd=bound,
            development_pd=float(np.mean(bad[start:end][fitted[start:end]])) if fitted[start:end].any() else None,
            share=float(fitted[start:end].sum() / fitted.sum()),
        )
        for place, (bound, start, end) in enumerate(zip(bounds, ends[:-1], ends[1:], strict=True))
    )


def _between(low: float, high: float) -> float:
    """Return a bound that takes ``low`` in and leaves ``high`` out."""
    middle = low + (high - low) / 2
    return middle if middle < high else low


def _notices(
    count: int, most: int, separation: float, needed: float, tried: list[tuple[int, float, Ints]]
) -> tuple[str, ...]:
    notices = []
    if count < most:
        best = next(one[1] for one in tried if one[0] == count + 1)
        reason = f"at best {best:.2f}" if best > 0 else "rates would not rise"
        notices.append(
            f"{count} tiers instead of {most}: with {count + 1} the closest neighbours differ by too few standard "
            f"errors ({reason}, needed {needed:.2f})"
        )
    if separation < needed:
        notices.append(f"neighbouring tiers differ by {separation:.2f} standard errors only, {needed:.2f} are needed")
    return tuple(notices)


def _check_arguments(most: int, least_share: float, alpha: float) -> None:
    if not 2 <= most <= len(NAMES):
        raise TierFitError(f"most == {most}, must be from 2 to {len(NAMES)}")
    if not 0 < least_share <= 1 / most:
        raise TierFitError(f"least_share == {least_share}, must be above 0 and at most {1 / most:.3g} for {most} tiers")
    if not 0 < alpha < 0.5:
        raise TierFitError(f"alpha == {alpha}, must be above 0 and below 0.5")
