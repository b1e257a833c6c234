"""Identifiers: hashes that look keyed, and running numbers that never meet between blocks."""

from __future__ import annotations

import zlib

import numpy as np
import polars as pl

from synthetic.draws import Ints, Keys

_STRIDE = 100_000_000


def mix(seed: int, purpose: str, *parts: Ints | int) -> Keys:
    """Hash integers to 64 bits with splitmix64's finaliser, one part after the other.

    With one part it is a bijection of the part, so two persons never meet in one key.

    References:
        Steele, Lea and Flood, *Fast splittable pseudorandom number generators* (2014).
    """
    state = np.asarray([(zlib.crc32(purpose.encode()) << 32) ^ (seed & 0xFFFFFFFF)], dtype=np.uint64)
    for part in parts:
        state = _finalise(state ^ _finalise(np.atleast_1d(np.asarray(part)).astype(np.uint64)))
    return state


def _finalise(x: Keys) -> Keys:
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def hashes(keys: Keys, present: np.ndarray | None = None) -> pl.Series:
    """Return keys as 16 hexadecimal digits; null where ``present`` is false."""
    swapped = np.ascontiguousarray(keys.astype(">u8")).view(np.uint8).reshape(-1, 8)
    text = pl.Series("key", swapped).cast(pl.List(pl.UInt8)).cast(pl.Binary).bin.encode("hex")
    if present is None:
        return text
    return text.set(pl.Series(~present), None)


def running(prefix: str, block: int, count: int) -> pl.Series:
    """Return ``count`` identifiers of a block, such as ``L000400000017``; blocks never share one."""
    return numbered(prefix, np.arange(count, dtype=np.int64) + block * _STRIDE)


def numbered(prefix: str, numbers: Ints) -> pl.Series:
    """Return identifiers with the given numbers, zero-filled to 12 digits."""
    digits = pl.Series("number", numbers).cast(pl.String).str.zfill(12)
    return pl.select((prefix + pl.lit(digits)).alias("key")).to_series()
