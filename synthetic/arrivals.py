"""When each person applies and would apply again, and through which channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.draws import Flags, Floats, Ints, choose_by_row, sigmoid
from synthetic.people import People
from synthetic.recipe import CHANNELS, Recipe
from synthetic.scene import Scene

ROUNDS = 3
"""Most applications of one person."""


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """Application times of the persons of a block, before it is known which of the later ones come about.

    Attributes:
        at: Time of each application, one row per round; NaN where there is none.
        channel: Channel of each application, one row per round.
    """

    at: Floats
    channel: Ints

    @property
    def first(self) -> Floats:
        """Time of each person's first application."""
        return np.asarray(self.at[0])

    @property
    def last(self) -> Floats:
        """Time of each person's last possible application."""
        return np.asarray(np.nanmax(self.at, axis=0))


def make_arrivals(scene: Scene, people: People) -> Arrivals:
    """Draw the application times and channels of a block's persons."""
    recipe, seasons, rng = scene.recipe, scene.seasons, scene.stream("arrivals")
    at = np.full((ROUNDS, len(people)), np.nan)
    day = seasons.draw_days(rng, len(people))
    at[0] = seasons.times_of_day(rng, _ring_days(scene, rng, day), _night(recipe, rng, people))
    for k in range(1, ROUNDS):
        again = rng.random(len(people)) < recipe.applying.repeat
        gap = 25.0 + rng.gamma(1.8, 75.0, len(people))
        days = np.floor(np.nan_to_num(at[k - 1]) + gap).astype(np.int64)
        times = seasons.times_of_day(rng, days, _night(recipe, rng, people))
        comes = again & ~np.isnan(at[k - 1]) & (days < seasons.clock.days) & (scene.ring < 0)
        at[k] = np.where(comes, times, np.nan)
    return Arrivals(at=at, channel=_channels(scene, rng, people, at))


def _ring_days(scene: Scene, rng: np.random.Generator, day: Ints) -> Ints:
    """Replace the days of ring members: they come in a burst after their ring's start."""
    rings, ring = scene.rings, scene.ring
    if not len(rings.start):
        return day
    delay = np.minimum(rng.exponential(scene.recipe.rings.burst_days, len(day)), 40.0)
    burst = np.floor(rings.start[np.maximum(ring, 0)] + delay).astype(np.int64)
    return np.where(ring >= 0, np.minimum(burst, scene.clock.days - 1), day)


def _night(recipe: Recipe, rng: np.random.Generator, people: People) -> Flags:
    score = 0.45 * people.need - 0.40 * people.willingness + 0.25 * people.digital
    night: Flags = rng.random(len(people)) < sigmoid(recipe.conduct.night + score)
    return night


def _channels(scene: Scene, rng: np.random.Generator, people: People, at: Floats) -> Ints:
    channels, rings, ring = scene.recipe.channels, scene.rings, scene.ring
    years = np.nan_to_num(at[0])[:, None] / 365.0
    weight = np.log(channels.column("share")) + years * np.asarray(channels.column("drift"))
    weight = weight + people.need[:, None] * np.asarray(channels.column("need"))
    weight = weight + people.willingness[:, None] * np.asarray(channels.column("willingness"))
    first = choose_by_row(rng, weight)
    if len(rings.channel):
        first = np.where(ring >= 0, rings.channel[np.maximum(ring, 0)], first)
    # Who has the app already mostly comes back through it.
    back = rng.random((ROUNDS, len(people))) < 0.6
    back[0] = False
    return np.where(back, CHANNELS.index("app_store"), first)
