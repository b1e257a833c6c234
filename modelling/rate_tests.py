"""Tests of default rates: Jeffreys for a PD against what came, and two rates against each other."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import special, stats

from modelling.errors import MetricError


@dataclass(frozen=True, kw_only=True)
class Jeffreys:
    """Test of a PD against the defaults that came.

    Attributes:
        p: ``BetaCDF(PD; D+½, N−D+½)``: small when there were more defaults than the PD says.
        pd: The PD that was tested.
        observed: Observed default rate.
        lower: Lower end of the Jeffreys interval of the rate.
        upper: Upper end.
        level: Confidence level of the interval.
        n: Cases.
        bads: Defaults among them.
    """

    p: float
    pd: float
    observed: float
    lower: float
    upper: float
    level: float
    n: int
    bads: int


def jeffreys(n: int, bads: int, pd: float, *, level: float = 0.95) -> Jeffreys:
    """Test whether a PD is too low for the defaults that came.

    >>> round(jeffreys(1000, 30, 0.02).p, 3)
    0.016

    Args:
        n: Cases.
        bads: Defaults among them.
        pd: Mean PD of the cases.
        level: Confidence level of the interval.

    Raises:
        MetricError: no case, more defaults than cases, or a PD outside 0 to 1.

    References:
        European Central Bank, *Instructions for reporting the validation results of internal models* (2019), 2.5.3.1.
    """
    if not 0 <= bads <= n or n == 0:
        raise MetricError(f"{bads} defaults among {n} cases, must be at least one case and no more defaults than cases")
    if not 0 <= pd <= 1:
        raise MetricError(f"pd == {pd}, must be a probability from 0 to 1")
    lower, upper = jeffreys_interval(n, bads, level=level)
    return Jeffreys(
        p=float(special.betainc(bads + 0.5, n - bads + 0.5, pd)),
        pd=pd,
        observed=bads / n,
        lower=lower,
        upper=upper,
        level=level,
        n=n,
        bads=bads,
    )


def jeffreys_interval(n: int, bads: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the equal-tailed interval of a default rate: quantiles of Beta(D+½, N−D+½)."""
    lower, upper = special.betaincinv(bads + 0.5, n - bads + 0.5, [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)


def higher_rate_p(n_a: int, bads_a: int, n_b: int, bads_b: int) -> float:
    """Return the one-sided p-value of ``b`` having no higher default rate than ``a`` (pooled two-proportion z test).

    Raises:
        MetricError: a sample is empty.
    """
    if not n_a or not n_b:
        raise MetricError(f"samples hold {n_a} and {n_b} cases, must hold at least one each")
    pooled = (bads_a + bads_b) / (n_a + n_b)
    error = (pooled * (1 - pooled) * (1 / n_a + 1 / n_b)) ** 0.5
    return float(stats.norm.sf((bads_b / n_b - bads_a / n_a) / error)) if error > 0 else 1.0
