"""Fraud rings and agents: what persons of different blocks share, decided once for the whole lender."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.draws import Floats, Ints, choose, owners
from synthetic.recipe import Recipe
from synthetic.seasons import Seasons
from synthetic.streams import WHOLE_LENDER, Streams
from synthetic.world import PROVINCES

RING_CHANNELS = (0.15, 0.15, 0.30, 0.05, 0.0, 0.35)
"""Weights of the channels that rings come through, in the order of ``CHANNELS``."""


@dataclass(frozen=True, kw_only=True)
class Rings:
    """Every ring of a lender.

    Attributes:
        ring_of: Ring of each person of the whole lender; −1 for none.
        size: Members of each ring.
        start: Day on which each ring begins.
        noticed: Day on which the keys of each ring are listed.
        region: Province of each ring.
        channel: Channel that each ring comes through.
        agents: Number of agents at work.
    """

    ring_of: Ints
    size: Ints
    start: Floats
    noticed: Floats
    region: Ints
    channel: Ints
    agents: int


def make_rings(recipe: Recipe, seasons: Seasons, seed: int, applicants: int) -> Rings:
    """Make the rings of a lender: sizes, members, and when each begins and is noticed."""
    rng = Streams(seed, WHOLE_LENDER)("rings")
    size = _sizes(recipe, rng, round(recipe.rings.share * applicants))
    ring_of = np.full(applicants, -1, dtype=np.int64)
    ring_of[rng.choice(applicants, size=int(size.sum()), replace=False)] = owners(size)
    start = _starts(recipe, seasons, rng, len(size))
    return Rings(
        ring_of=ring_of,
        size=size,
        start=start,
        noticed=start + 15.0 + rng.exponential(recipe.rings.noticed_days, len(size)),
        region=choose(rng, [weight for _, weight, _ in PROVINCES], len(size)),
        channel=choose(rng, RING_CHANNELS, len(size)),
        agents=max(4, applicants // 1250),
    )


def _sizes(recipe: Recipe, rng: np.random.Generator, members: int) -> Ints:
    """Draw sizes, even on a logarithmic scale, until all members have a ring; the last ring takes the rest."""
    low, high = recipe.rings.smallest, max(recipe.rings.largest, recipe.rings.smallest)
    sizes: list[int] = []
    while members - sum(sizes) >= low:
        drawn = int(np.exp(rng.uniform(np.log(low), np.log(high + 1))))
        sizes.append(min(max(drawn, low), high, members - sum(sizes)))
    return np.asarray(sizes, dtype=np.int64)


def _starts(recipe: Recipe, seasons: Seasons, rng: np.random.Generator, count: int) -> Floats:
    days = np.arange(seasons.clock.days, dtype=np.float64)
    weight = seasons.demand() * (1.0 + (recipe.calendar.fraud_wave - 1.0) * (seasons.shock(days) > 0.5))
    latest = max(seasons.clock.days - 45, 1)
    return choose(rng, weight[:latest], count).astype(np.float64)
