"""The setting of one block: the lender's plan, the block's own random streams, and who is in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.clock import Clock
from synthetic.draws import Ints
from synthetic.plan import Plan
from synthetic.recipe import Recipe
from synthetic.rings import Rings
from synthetic.seasons import Seasons
from synthetic.streams import Streams


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The setting of one block.

    Attributes:
        plan: The plan of the whole lender.
        streams: Random streams of the block.
        number: Number of each person in the whole lender.
        ring: Ring of each person; −1 for none.
    """

    plan: Plan
    streams: Streams
    number: Ints
    ring: Ints

    @classmethod
    def of(cls, plan: Plan, block: int) -> Scene:
        """Return the setting of a block; blocks count from 1."""
        number = plan.persons(block)
        return cls(plan=plan, streams=Streams(plan.seed, block), number=number, ring=plan.rings.ring_of[number])

    def __len__(self) -> int:
        return len(self.number)

    def stream(self, purpose: str) -> np.random.Generator:
        """Return the block's random stream for a purpose."""
        return self.streams(purpose)

    @property
    def recipe(self) -> Recipe:
        """The recipe."""
        return self.plan.recipe

    @property
    def seasons(self) -> Seasons:
        """Demand over time."""
        return self.plan.seasons

    @property
    def clock(self) -> Clock:
        """The lender's clock."""
        return self.plan.clock

    @property
    def rings(self) -> Rings:
        """All rings of the lender."""
        return self.plan.rings

    @property
    def seed(self) -> int:
        """Seed of the lender."""
        return self.plan.seed

    @property
    def extract(self) -> float:
        """Day of the extract."""
        return self.plan.clock.extract
