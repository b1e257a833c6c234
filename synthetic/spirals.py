"""Multi-lender spirals: stretches of time in which a person borrows here to repay there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.arrivals import ROUNDS, Arrivals
from synthetic.draws import Floats, Ints, share_logit
from synthetic.people import People
from synthetic.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Spirals:
    """The spiral of each person; NaN where there is none.

    Attributes:
        onset: Day on which it begins.
        length: Its length in days.
    """

    onset: Floats
    length: Floats

    def heat(self, person: Ints, days: Floats) -> Floats:
        """Return how far a person's spiral has come at a time: 0 before it, 1 at its end, fading within 120 days."""
        since = np.nan_to_num(days - self.onset[person], nan=-1.0)
        length = np.nan_to_num(self.length[person], nan=1.0)
        rise = np.clip(since / length, 0.0, 1.0)
        fade = np.clip(1.0 - (since - length) / 120.0, 0.0, 1.0)
        heat: Floats = rise * fade
        return heat


def make_spirals(scene: Scene, people: People, arrivals: Arrivals) -> Spirals:
    """Draw who runs into a spiral, around which application, since when and for how long."""
    borrowing, rng = scene.recipe.borrowing, scene.stream("spirals")
    anchor = arrivals.at[rng.integers(0, ROUNDS, len(people)), np.arange(len(people))]
    anchor = np.where(np.isnan(anchor), arrivals.first, anchor)
    score = 0.9 * people.need - 0.5 * people.ability - 0.35 * people.willingness + 0.6 * scene.seasons.shock(anchor)
    caught = share_logit(rng, score, borrowing.spiral)
    length = np.clip(rng.gamma(4.0, borrowing.spiral_days / 4.0, len(people)), 40.0, 300.0)
    # The application comes late in the spiral: it is one of the doors knocked on.
    onset = anchor - length * rng.uniform(0.35, 1.05, len(people))
    return Spirals(onset=np.where(caught, onset, np.nan), length=np.where(caught, length, np.nan))
