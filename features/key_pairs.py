"""Applicants linked to others by a key, found where not all applications fit into memory.

Network features look at everyone's applications, but most keys are used by one applicant alone and say nothing of
anybody else. The applications of applicants who share a key with another one are few; network features computed among
these alone equal those computed among all. The other applications are linked to nobody, so that any part of them,
whole applicants together, gives their network features.

Keys are told apart by 64-bit hashes of their values, whatever their kind. Two keys with one hash can only make an
applicant look linked who is not, which costs memory and changes no value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from features.line import KEYS

READ: Final = ("application_id", "applicant_id", "applied_at", *KEYS.values())
"""Columns of ``applications`` that network features read."""

BYTES_PER_KEY: Final = 16
"""Memory that `key_pairs` takes for each pair of a key and its applicant."""

_SLICES: Final = 16
"""Slices of the space of hashes that are looked through one after another, so that the work fits beside the pairs."""


def key_pairs(applications: pl.DataFrame, number: int) -> pl.DataFrame:
    """Return each key with each applicant who gave it, once: two whole numbers of 64 bits, ``key`` and ``applicant``.

    Args:
        applications: All applications of some applicants.
        number: Number of this part of the applications, below 2³²: it tells its applicants from those of other parts.
    """
    applicant = pl.col("applicant_id").rank("dense").cast(pl.UInt64) - 1 + (number << 32)
    pairs = [
        applications.select(key=pl.col(column).hash(), applicant=applicant).filter(applications[column].is_not_null())
        for column in KEYS.values()
    ]
    return pl.concat(pairs).unique()


def shared_keys(pairs: Sequence[pl.DataFrame]) -> pl.Series:
    """Return the hashes of the keys that more than one applicant gave, from the `key_pairs` of all parts."""
    found = [_shared(pl.concat([_slice(part, number) for part in pairs])) for number in range(_SLICES) if pairs]
    return pl.concat([pl.Series("key", [], pl.UInt64), *found])


def linked(applications: pl.DataFrame, shared: pl.Series) -> pl.DataFrame:
    """Return the applications of applicants who gave a shared key in any of these applications, in their order."""
    keys = shared.implode()
    gave = pl.any_horizontal(
        pl.col(column).hash().is_in(keys) & pl.col(column).is_not_null() for column in KEYS.values()
    )
    return applications.filter(
        pl.col("applicant_id").is_in(applications.filter(gave)["applicant_id"].unique().implode())
    )


def repeated(hashes: Iterable[pl.Series]) -> pl.Series:
    """Return the hashes that stand in more than one of the series."""
    once = pl.concat([pl.Series("key", [], pl.UInt64), *(part.unique() for part in hashes)])
    return once.filter(once.is_duplicated()).unique()


def _slice(pairs: pl.DataFrame, number: int) -> pl.DataFrame:
    return pairs.filter(pl.col("key") % _SLICES == number)


def _shared(pairs: pl.DataFrame) -> pl.Series:
    by_key = pairs.group_by("key").agg(first=pl.col("applicant").min(), last=pl.col("applicant").max())
    return by_key.filter(pl.col("first") != pl.col("last"))["key"]
