"""What every feature can be asked, whichever way it is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol, TypeAlias

import polars as pl

from features.declaration import Kind, Meaning

Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

DTYPES: Final[Mapping[str, pl.DataType]] = {"number": pl.Float64(), "category": pl.String(), "flag": pl.Boolean()}
"""Column type of each kind of feature in a feature table."""


class Feature(Protocol):
    """One column of the feature table, as declared."""

    @property
    def name(self) -> str:
        """Column name, derived from the declaration."""

    @property
    def kind(self) -> Kind:
        """``number``, ``category`` or ``flag``."""

    @property
    def meaning(self) -> Meaning:
        """What it means to people and to the model."""

    @property
    def lower(self) -> float | None:
        """Smallest possible number, inclusive; None means no bound."""

    @property
    def upper(self) -> float | None:
        """Largest possible number, inclusive; None means no bound."""

    @property
    def inputs(self) -> tuple[Feature, ...]:
        """Features it is computed from; empty when it reads tables alone."""

    @property
    def tables(self) -> frozenset[str]:
        """Names of the raw tables it reads, besides ``applications``."""

    @property
    def stated(self) -> frozenset[str]:
        """Columns of the scored application that it reads."""

    @property
    def definition(self) -> Json:
        """Everything that settles its value, for the hash of definitions."""


def described(meaning: Meaning) -> Json:
    """Return a meaning as plain data, its reason group and question by their ids."""
    return {
        "source": meaning.source,
        "direction": meaning.direction,
        "group": meaning.group.id,
        "question": meaning.question.id if meaning.question else None,
        "changeable": meaning.changeable,
        "unit": meaning.unit,
        "null_means": meaning.null_means,
        "en": meaning.en,
        "zh": meaning.zh,
    }


def merged(features: tuple[Feature, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the tables and the application columns that any of the features reads."""
    tables = frozenset[str]().union(*(feature.tables for feature in features))
    stated = frozenset[str]().union(*(feature.stated for feature in features))
    return tables, stated


def with_inputs(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Return the features and all that they are computed from, inputs first, each once."""
    needed: dict[str, Feature] = {}
    for feature in features:
        for part in (*with_inputs(feature.inputs), feature):
            needed.setdefault(part.name, part)
    return tuple(needed.values())
