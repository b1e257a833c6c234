"""Draws and small computations over whole arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Keys = NDArray[np.uint64]


def as_floats(values: object) -> Floats:
    """Return an array as 64-bit floats; numpy's own annotations lose the type on the way through some functions."""
    return np.asarray(values, dtype=np.float64)


def as_ints(values: object) -> Ints:
    """Return an array as 64-bit whole numbers."""
    return np.asarray(values, dtype=np.int64)


def sigmoid(x: Floats) -> Floats:
    """Return ``1 / (1 + exp(−x))`` without overflow."""
    out: Floats = 0.5 * (1.0 + np.tanh(0.5 * x))
    return out


def choose(rng: np.random.Generator, weights: Sequence[float] | Floats, size: int) -> Ints:
    """Draw positions in ``weights`` with probabilities in proportion to them."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    return as_ints(np.searchsorted(cumulative / cumulative[-1], rng.random(size), side="right"))


def choose_by_row(rng: np.random.Generator, log_weights: Floats) -> Ints:
    """Draw one column per row with probability in proportion to ``exp(log_weights)`` (the Gumbel trick)."""
    return as_ints(np.argmax(log_weights + rng.gumbel(size=log_weights.shape), axis=1))


def owners(counts: Ints) -> Ints:
    """Return each position as often as its count says: ``[2, 0, 1]`` gives ``[0, 0, 2]``."""
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def ranks(counts: Ints) -> Ints:
    """Return the running number inside each owner: ``[2, 0, 1]`` gives ``[0, 1, 0]``."""
    starts = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(starts, counts)


def count_by(owner: Ints, size: int, weights: Floats | None = None) -> Floats:
    """Return the number of rows, or the sum of their weights, for each owner from 0 to ``size − 1``."""
    return np.bincount(owner, weights=weights, minlength=size).astype(np.float64)


def share_logit(rng: np.random.Generator, score: Floats, share: float) -> Flags:
    """Draw flags whose odds rise with ``exp(score)`` and of which the expected share is exactly ``share``."""
    if len(score) == 0 or share <= 0.0:
        return np.zeros(len(score), dtype=bool)
    if share >= 1.0:
        return np.ones(len(score), dtype=bool)
    flags: Flags = rng.random(len(score)) < sigmoid(score + _intercept(score, share))
    return flags


def _intercept(score: Floats, share: float) -> float:
    lower, upper = -60.0, 60.0
    for _ in range(50):
        middle = 0.5 * (lower + upper)
        if sigmoid(score + middle).mean() < share:
            lower = middle
        else:
            upper = middle
    return 0.5 * (lower + upper)
