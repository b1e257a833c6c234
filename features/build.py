"""Build feature tables: the same declarations for a batch of millions and for one applicant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from features.catalogue import CATALOGUE, Catalogue
from features.errors import UnknownApplicationError, UnknownFeatureError
from features.feature import DTYPES, Feature, with_inputs
from features.in_polars import finite, in_polars
from features.network_batch import NetworkFeature, is_network, with_network
from features.point_in_time import ROW
from features.rowwise import Rowwise
from features.schema_check import UNREAD, checked
from features.tables import TABLES
from features.windowed import Windowed
from features.windowed_batch import with_windowed

IDENTITY: Final = ("application_id", "applicant_id", "applied_at")
"""First columns of every feature table."""


@dataclass(frozen=True, kw_only=True)
class Absent:
    """A raw table that a lender came without.

    Attributes:
        table: Its name.
        features: Names of the features that read it; they are null throughout.
    """

    table: str
    features: tuple[str, ...]


def build(
    tables: Mapping[str, pl.DataFrame],
    *,
    features: Iterable[Feature | str] | None = None,
    time_zone: str = "Asia/Shanghai",
    only: Collection[str] | None = None,
    network: pl.DataFrame | None = None,
    catalogue: Catalogue = CATALOGUE,
) -> pl.DataFrame:
    """Compute features, each from what was known strictly before the application.

    Args:
        tables: Raw tables by name. All but ``applications`` may be absent; what reads them is null then. ``truth`` and
            ``calls`` are never read, and neither are protected columns.
        features: Features or names of features in the catalogue, in the order of the columns; None means the catalogue.
        time_zone: Zone of local hours and days.
        only: Ids of the applications to build; None means all. Network features see all applications either way.
        network: ``application_id`` and the network features asked for, computed where all applications were seen
            (`build_network`); None means that ``tables`` hold all applications, and computes them here.
        catalogue: The features that names stand for.

    Returns:
        One row per application, ordered by time and id: ``application_id``, ``applicant_id``, ``applied_at``, then the
        features as Float64 (number), String (category) or Boolean (flag).

    Raises:
        UnknownTableError: a table has a name that no contract knows.
        SchemaError: a table does not fit its contract.
        UnknownFeatureError: a name is not in the catalogue.
        UnknownApplicationError: ``only`` holds an id that is no application's, or ``network`` lacks an application.
    """
    wanted = chosen(features, catalogue)
    given = checked(tables)
    applications = _numbered(given["applications"], only)
    parts = with_inputs(wanted)
    values = with_windowed(applications, [part for part in parts if isinstance(part, Windowed)], given, time_zone)
    shared = _shared(parts)
    values = with_network(values, shared, given) if network is None else _beside(values, shared, network)
    for part in parts:
        if isinstance(part, Rowwise):
            # What is computed from nulls need not be null: a table that is absent would read as one that says nothing.
            value = in_polars(part.value, time_zone) if part.tables <= given.keys() else pl.lit(None)
            values = values.with_columns(_typed(part, value))
    finished = (_typed(feature, pl.col(feature.name)) for feature in wanted)
    return values.sort("applied_at", "application_id").select(*IDENTITY, *finished)


def build_network(
    tables: Mapping[str, pl.DataFrame],
    *,
    features: Iterable[Feature | str] | None = None,
    catalogue: Catalogue = CATALOGUE,
) -> pl.DataFrame:
    """Compute the network features of all applications, for a `build` that sees only some of them.

    Args:
        tables: ``applications`` and, where the lender has it, ``outcomes``, each key once: the columns that network
            features read are enough (`features.key_pairs`).
        features: Features or names of features in the catalogue; None means the catalogue.
        catalogue: The features that names stand for.

    Returns:
        ``application_id`` and the network features among the features and what they are computed from.

    Raises:
        UnknownFeatureError: a name is not in the catalogue.
    """
    parts = _shared(with_inputs(chosen(features, catalogue)))
    values = with_network(_numbered(tables["applications"], None), parts, tables)
    return values.select("application_id", *(part.name for part in parts))


def absent(tables: Collection[str], catalogue: Catalogue = CATALOGUE) -> tuple[Absent, ...]:
    """Return the tables that are not there, with the features that are null for want of them."""
    missing = [name for name in TABLES if name not in tables and name not in UNREAD]
    readers = {name: tuple(f.name for f in catalogue.values() if name in f.tables) for name in missing}
    return tuple(Absent(table=name, features=names) for name, names in readers.items() if names)


def chosen(features: Iterable[Feature | str] | None, catalogue: Catalogue) -> tuple[Feature, ...]:
    """Return the features that are asked for by themselves or by name; None means the catalogue."""
    return tuple(catalogue.values() if features is None else (_feature(one, catalogue) for one in features))


def _feature(feature: Feature | str, catalogue: Catalogue) -> Feature:
    if not isinstance(feature, str):
        return feature
    if feature not in catalogue:
        raise UnknownFeatureError(feature, catalogue)
    return catalogue[feature]


def _numbered(applications: pl.DataFrame, only: Collection[str] | None) -> pl.DataFrame:
    if only is not None:
        wanted = pl.Series("application_id", sorted(set(only)), pl.String)
        strange = wanted.filter(~wanted.is_in(applications["application_id"].to_list()))
        if len(strange):
            raise UnknownApplicationError(strange.to_list())
        applications = applications.filter(pl.col("application_id").is_in(wanted.to_list()))
    return applications.sort("applied_at", "application_id").with_row_index(ROW)


def _shared(parts: Sequence[Feature]) -> list[NetworkFeature]:
    return [part for part in parts if is_network(part)]


def _beside(values: pl.DataFrame, parts: Sequence[NetworkFeature], network: pl.DataFrame) -> pl.DataFrame:
    """Return the applications with network features that were computed elsewhere."""
    lacking = values.join(network, on="application_id", how="anti")["application_id"]
    if len(lacking):
        raise UnknownApplicationError(lacking.to_list())
    given = network.select("application_id", *(part.name for part in parts))
    return values.join(given, on="application_id", how="left")


def _typed(feature: Feature, value: pl.Expr) -> pl.Expr:
    """Return a value under the feature's name and with its type; what is no finite number is null."""
    typed = value.cast(DTYPES[feature.kind])
    return (finite(typed) if feature.kind == "number" else typed).alias(feature.name)
