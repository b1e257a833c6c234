"""Network features for a batch of applications: the part of a build that cannot be split by applicant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

import polars as pl

from features.feature import Feature
from features.line import KEYS
from features.linked_groups import LinkedGroup
from features.linked_groups_batch import with_linked
from features.network_events import EVENTS
from features.point_in_time import ROW
from features.shared_keys import SharedKey, count_shared

NetworkFeature = SharedKey | LinkedGroup
"""A feature that looks at the applications and outcomes of everyone."""


def is_network(feature: Feature) -> TypeGuard[NetworkFeature]:
    """Say whether the feature itself looks at the applications of everyone."""
    return isinstance(feature, NetworkFeature)


def needs_everyone(feature: Feature) -> bool:
    """Say whether the feature, or one that it is computed from, looks at the applications of everyone."""
    return is_network(feature) or any(needs_everyone(part) for part in feature.inputs)


def network_reads(features: Iterable[Feature]) -> Mapping[str, frozenset[str]]:
    """Return the columns, by table, of everyone's rows that the features and their inputs look at.

    ``applications`` with its ids, times and keys; ``outcomes`` only when an event of others is counted. Nothing when no
    feature needs everyone.
    """
    parts = [part for feature in features for part in _network_parts(feature)]
    reads: dict[str, frozenset[str]] = {}
    for part in parts:
        columns = {"application_id", "applicant_id", "applied_at", *_their_keys(part)}
        reads["applications"] = reads.get("applications", frozenset()) | columns
        outcomes = EVENTS[part.event].columns if part.event else frozenset()
        if outcomes:
            reads["outcomes"] = reads.get("outcomes", frozenset()) | outcomes | {"application_id"}
    return reads


def with_network(
    values: pl.DataFrame, parts: Sequence[NetworkFeature], tables: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Return the applications with network features beside them; these look at the applications of everyone.

    Args:
        values: Applications to build, numbered by ``row``, with the keys that ``network_reads`` names.
        parts: Features to add.
        tables: Raw tables, at least the columns that ``network_reads`` names; features whose tables are not among them
            are null.
    """
    everyone = tables["applications"]
    if "outcomes" in tables:
        everyone = everyone.join(tables["outcomes"], on="application_id", how="left")
    present = [part for part in parts if part.tables <= tables.keys()]
    absent = [pl.lit(None, pl.Float64).alias(part.name) for part in parts if part not in present]
    for part in present:
        if isinstance(part, SharedKey):
            values = values.join(count_shared(part, values, everyone), on=ROW, how="left")
    linked = [part for part in present if isinstance(part, LinkedGroup)]
    return with_linked(values, linked, everyone).with_columns(absent)


def _network_parts(feature: Feature) -> tuple[NetworkFeature, ...]:
    own = (feature,) if is_network(feature) else ()
    return own + tuple(part for source in feature.inputs for part in _network_parts(source))


def _their_keys(part: NetworkFeature) -> frozenset[str]:
    if isinstance(part, LinkedGroup):
        return frozenset(KEYS.values())
    return frozenset({KEYS[part.key], KEYS[part.theirs or part.key]})
