"""What all blocks of a lender share: recipe, seed, clock, rings, and who is in which block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.clock import Clock
from synthetic.draws import Ints
from synthetic.errors import RequestError
from synthetic.recipe import Recipe
from synthetic.rings import Rings, make_rings
from synthetic.seasons import Seasons


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan of a synthetic lender.

    Attributes:
        recipe: What it is made from.
        seed: Seed of all random streams.
        applicants: Number of persons.
        seasons: Demand over time, with the clock.
        rings: All rings.
    """

    recipe: Recipe
    seed: int
    applicants: int
    seasons: Seasons
    rings: Rings

    @property
    def clock(self) -> Clock:
        """The lender's clock."""
        return self.seasons.clock

    @property
    def blocks(self) -> int:
        """Number of blocks, counted from 1."""
        return -(-self.applicants // self.recipe.block_applicants)

    def persons(self, block: int) -> Ints:
        """Return the numbers of a block's persons in the whole lender."""
        size = self.recipe.block_applicants
        return np.arange((block - 1) * size, min(block * size, self.applicants), dtype=np.int64)

    def share_of(self, total: int, block: int) -> int:
        """Return a block's part of a number that is spread over all blocks as evenly as can be."""
        return total // self.blocks + (1 if block <= total % self.blocks else 0)


def make_plan(recipe: Recipe, seed: int, applicants: int | None = None) -> Plan:
    """Plan a lender.

    Raises:
        RequestError: the seed is negative, or fewer than one applicant is asked for.
    """
    size = recipe.applicants if applicants is None else applicants
    if size < 1:
        raise RequestError(f"applicants == {size}, must be at least 1")
    if seed < 0:
        raise RequestError(f"seed == {seed}, must not be negative")
    seasons = Seasons(recipe.calendar, Clock.of(recipe.calendar))
    rings = make_rings(recipe, seasons, seed, size)
    return Plan(recipe=recipe, seed=seed, applicants=size, seasons=seasons, rings=rings)
