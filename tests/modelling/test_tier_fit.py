"""Tiers: order, shares and significance where they are fitted; the best bounds; fewer for few cases."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from modelling.errors import MetricError, TierFitError
from modelling.rate_tests import higher_rate_p
from modelling.tier_fit import fit_tiers, tier_codes
from scoring.spec import Tier
from scoring.tiers import tier_of


def scored(n, seed=0, spread=1.2, centre=-2.5):
    random = np.random.default_rng(seed)
    pd = special.expit(random.normal(size=n) * spread + centre)
    return pd, random.random(n) < pd


def per_tier(tiers, pd, y):
    codes = tier_codes(pd, tiers)
    return np.bincount(codes, minlength=len(tiers)), np.bincount(codes[y], minlength=len(tiers))


def test_five_tiers_are_in_order_wide_and_significantly_apart():
    pd, y = scored(12_000)

    found = fit_tiers(pd, y)

    n, bads = per_tier(found.tiers, pd, y)
    assert [tier.name for tier in found.tiers] == list("ABCDE")
    assert found.notices == ()
    assert n.min() >= 0.05 * pd.size
    assert all(higher_rate_p(n1, b1, n2, b2) < 0.01 for (n1, b1), (n2, b2) in pairwise(zip(n, bads, strict=True)))
    assert [tier.development_pd for tier in found.tiers] == pytest.approx((bads / n).tolist())
    assert [tier.share for tier in found.tiers] == pytest.approx((n / pd.size).tolist())
    assert found.tiers[-1].upper_pd == 1


def test_bounds_are_the_best_of_all_when_all_are_tried():
    """Every pair of bounds over 40 distinct PDs, written out: none keeps the closest neighbours further apart."""
    random = np.random.default_rng(3)
    pd = np.sort(random.choice(np.linspace(0.02, 0.6, 40), size=3000))
    y = random.random(3000) < pd

    def separation(cuts):
        ends = [0, *cuts, pd.size]
        sizes = [(end - start, int(y[start:end].sum())) for start, end in pairwise(ends)]
        if min(n for n, _ in sizes) < 0.05 * pd.size:
            return -np.inf
        apart = []
        for (n1, b1), (n2, b2) in pairwise(sizes):
            pooled = (b1 + b2) / (n1 + n2)
            apart.append((b2 / n2 - b1 / n1) / (pooled * (1 - pooled) * (1 / n1 + 1 / n2)) ** 0.5)
        return min(apart)

    places = np.flatnonzero(np.diff(pd)) + 1
    best = max(separation(cuts) for cuts in combinations(places.tolist(), 2))

    assert fit_tiers(pd, y, most=3).separation == pytest.approx(best)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(60, 800))
def test_rates_rise_strictly_whatever_the_sample(seed, n):
    pd, y = scored(n, seed)
    if not 0 < y.sum() < n:
        return

    found = fit_tiers(pd, y)

    n_tier, bads = per_tier(found.tiers, pd, y)
    rates = bads / n_tier
    assert 2 <= len(found.tiers) <= 5
    assert np.all(np.diff(rates) > 0)
    assert n_tier.min() >= 0.05 * n
    assert bool(found.notices) == (len(found.tiers) < 5)


def test_rates_rise_in_each_sample_by_itself():
    """Four PDs; calibration turns the middle two round, which the sum of both samples hides."""

    def cases(n, rates):
        pd = np.repeat([0.02, 0.08, 0.15, 0.4], n)
        return pd, np.concatenate([np.arange(n) < round(rate * n) for rate in rates])

    early, late = cases(1000, (0.02, 0.08, 0.15, 0.4)), cases(100, (0.02, 0.25, 0.1, 0.4))
    pd, y = (np.concatenate(parts) for parts in zip(early, late, strict=True))
    sample = ["development"] * 4000 + ["calibration"] * 400

    assert [tier.upper_pd for tier in fit_tiers(pd, y).tiers] == pytest.approx([0.05, 0.115, 0.275, 1])
    assert [tier.upper_pd for tier in fit_tiers(pd, y, sample).tiers] == pytest.approx([0.05, 0.275, 1])
    assert len(fit_tiers(pd, y, sample, least_cases=101).tiers) == 4


def test_rates_and_shares_told_are_those_of_development():
    pd, y = scored(4000)
    sample = np.where(np.arange(4000) < 3000, "development", "calibration")

    found = fit_tiers(pd, y, sample)

    n, bads = per_tier(found.tiers, pd[:3000], y[:3000])
    assert [tier.development_pd for tier in found.tiers] == pytest.approx((bads / n).tolist())
    assert sum(tier.share for tier in found.tiers) == pytest.approx(1)


def test_each_tier_is_wide_enough_in_each_sample():
    """Calibration cases with PDs all above the middle: no bound may leave them a tier too narrow."""
    pd, y = scored(6000)
    sample = np.where((np.arange(6000) % 3 == 0) & (pd > 0.05), "calibration", "development")

    found = fit_tiers(pd, y, sample)

    for name in ("development", "calibration"):
        n, _ = per_tier(found.tiers, pd[sample == name], y[sample == name])
        assert n.min() >= 0.05 * n.sum(), name
    n, _ = per_tier(fit_tiers(pd, y).tiers, pd[sample == "calibration"], y[sample == "calibration"])
    assert n.min() < 0.05 * n.sum()


def test_few_cases_give_fewer_tiers_and_say_why():
    found = fit_tiers(*scored(400))

    assert 2 <= len(found.tiers) < 5
    assert f"{len(found.tiers)} tiers instead of 5" in found.notices[0]


def test_two_weak_tiers_are_given_with_a_notice():
    pd = np.linspace(0.1, 0.3, 40)
    y = np.arange(40) % 5 == 4

    found = fit_tiers(pd, y)

    assert len(found.tiers) == 2
    assert any("standard errors only, 2.33 are needed" in notice for notice in found.notices)


@given(st.floats(0, 1), st.lists(st.floats(0.001, 0.999), min_size=1, max_size=4, unique=True))
def test_codes_agree_with_the_scorer(pd, bounds):
    tiers = [Tier(name=name, upper_pd=bound) for name, bound in zip("ABCDE", [*sorted(bounds), 1.0], strict=False)]

    for value in (pd, *bounds):
        assert tiers[tier_codes([value], tiers)[0]].name == tier_of(value, tiers)


def test_a_constant_pd_cannot_be_cut():
    with pytest.raises(TierFitError, match=r"no bound divides 100 cases \(10 bad\).*does not order these cases"):
        fit_tiers(np.full(100, 0.1), np.arange(100) < 10)


def test_a_pd_that_points_the_wrong_way_cannot_be_cut():
    pd = np.repeat([0.1, 0.2], 50)

    with pytest.raises(TierFitError, match="rising default rates"):
        fit_tiers(pd, np.arange(100) < 20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"most": 6}, "most == 6, must be from 2 to 5"),
        ({"least_share": 0.3}, "least_share == 0.3, must be above 0 and at most 0.2 for 5 tiers"),
        ({"alpha": 0.5}, "alpha == 0.5, must be above 0 and below 0.5"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(TierFitError, match=message):
        fit_tiers(*scored(100), **arguments)


def test_sample_names_must_fit():
    with pytest.raises(MetricError, match="sample has 1 names, must have 100"):
        fit_tiers(*scored(100), ["development"])
