"""Makes a synthetic lender in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from features.tables import TABLES
from synthetic.block import Block, make_block
from synthetic.plan import make_plan
from synthetic.recipe import Recipe
from synthetic.workers import run_blocks

OnBlock = Callable[[int, int], None]
"""Called after each block with the number of blocks done and of all blocks."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """What was planted, counted while planting.

    Attributes:
        dirt: Bad rows: table, then kind, then how many.
        mechanisms: How often each mechanism is at work, such as ``misreports`` or ``watchlist_wrong``.
    """

    dirt: Mapping[str, Mapping[str, int]]
    mechanisms: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Synthetic:
    """A synthetic lender.

    Attributes:
        tables: Every raw table by name, in the order of blocks and, inside a block, of keys.
        planted: What was planted.
        extract_at: When the extract was drawn; a lender's contract states it.
    """

    tables: Mapping[str, pl.DataFrame]
    planted: Planted
    extract_at: datetime


def synthesise(
    recipe: Recipe, seed: int, *, applicants: int | None = None, workers: int = 1, on_block: OnBlock | None = None
) -> Synthetic:
    """Make a synthetic lender in memory.

    The same recipe, seed and number of applicants give the same tables, whatever the number of workers.

    Args:
        recipe: What it is made from.
        seed: Seed of all random streams, not negative.
        applicants: Number of persons; None takes the recipe's.
        workers: Processes that make blocks; 1 stays in this one.
        on_block: Told after each block how many are done.

    Raises:
        RequestError: the seed is negative, or fewer than one applicant or worker is asked for.
    """
    plan = make_plan(recipe, seed, applicants)
    blocks = []
    for done, block in enumerate(run_blocks(plan, make_block, workers), start=1):
        blocks.append(block)
        if on_block:
            on_block(done, plan.blocks)
    tables = {name: pl.concat([block.frames[name] for block in blocks]) for name in TABLES}
    return Synthetic(tables=tables, planted=add_up(blocks), extract_at=plan.clock.extract_at)


def add_up(blocks: list[Block]) -> Planted:
    """Add up what was planted in each block."""
    mechanisms: Counter[str] = Counter()
    dirt: dict[str, Counter[str]] = {}
    for block in blocks:
        mechanisms.update(block.mechanisms)
        for table, kinds in block.dirt.items():
            dirt.setdefault(table, Counter()).update(kinds)
    return Planted(dirt={table: dict(kinds) for table, kinds in dirt.items()}, mechanisms=dict(mechanisms))
