"""One stream of random numbers per seed, block and purpose: a block is the same whoever makes it, and whenever."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

WHOLE_LENDER = 0
"""Block number of what all blocks share, such as the fraud rings; blocks of applicants count from 1."""


@dataclass(frozen=True)
class Streams:
    """The streams of one block.

    Attributes:
        seed: Seed of the synthetic lender.
        block: Number of the block.
    """

    seed: int
    block: int

    def __call__(self, purpose: str) -> np.random.Generator:
        """Return a new generator for a purpose, such as ``people``.

        The same purpose gives the same numbers again, so a change in what one part draws moves nothing elsewhere.
        """
        key = (self.block, zlib.crc32(purpose.encode()))
        return np.random.default_rng(np.random.SeedSequence(entropy=self.seed, spawn_key=key))
