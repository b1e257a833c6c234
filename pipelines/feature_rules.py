"""What declarations promise about a feature table, as rules: types, bounds, categories, null laws and order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import polars as pl

from features.feature import DTYPES, Feature
from features.linked_groups import MEASURES, LinkedGroup
from features.rowwise import Rowwise
from features.shared_keys import SharedKey
from features.tables import APPLICATIONS, TEXT, TIME, Column, Table
from features.windowed import Windowed
from pipelines.contract_rules import contract_rules, with_flags
from pipelines.rules import Holds, IsNull, NotBefore, Rule

NEVER_NULL: Final = "never null"
"""What a declaration says of a feature that every application has."""


@dataclass(frozen=True)
class _Law:
    """A law over several columns: a flag that is true where it holds.

    Attributes:
        id: Name of the rule and, after an underscore, of the flag.
        says: What must hold.
        flag: The flag, over the columns of the table.
        shown: Columns that show why it does not hold.
    """

    id: str
    says: str
    flag: pl.Expr
    shown: tuple[str, ...]


def feature_contract(features: Sequence[Feature], allowed: Mapping[str, tuple[str, ...]]) -> Table:
    """Return what the columns of a feature table must be, as the contract of a raw table says it.

    Args:
        features: The declared features of the table.
        allowed: Column of the applications to the values it may hold; a category that repeats one holds no other.
    """
    identity = (
        Column(name="application_id", dtype=TEXT, meaning="The application"),
        Column(name="applicant_id", dtype=TEXT, meaning="Who applied"),
        Column(name="applied_at", dtype=TIME, meaning="When the application was handed in"),
    )
    columns = (*identity, *(_column(feature, allowed) for feature in features))
    return Table(
        name="features", row="an application", key="application_id", columns=columns, parents={}, optional=False
    )


def _column(feature: Feature, allowed: Mapping[str, tuple[str, ...]]) -> Column:
    meaning, is_number = feature.meaning, feature.kind == "number"
    return Column(
        name=feature.name,
        dtype=DTYPES[feature.kind],
        meaning=meaning.en,
        unit=meaning.unit,
        nullable=meaning.null_means != NEVER_NULL,
        null_means=meaning.null_means,
        allowed=allowed.get(_repeated(feature), ()) if feature.kind == "category" else (),
        lower=feature.lower if is_number else None,
        upper=feature.upper if is_number else None,
    )


def _repeated(feature: Feature) -> str:
    """Return the column of the applications that a feature repeats as it is; empty when it computes."""
    definition = feature.definition
    expression = definition.get("expression") if isinstance(feature, Rowwise) and isinstance(definition, dict) else None
    return next((c.name for c in APPLICATIONS.columns if expression == ["column", c.name]), "")


def feature_rules(
    features: Sequence[Feature], contract: Table, absent: Mapping[str, Sequence[str]]
) -> tuple[Rule, ...]:
    """Return the rules of a feature table; they read its columns and the flags that `with_laws` adds.

    Args:
        features: The declared features of the table.
        contract: What `feature_contract` made of them.
        absent: Raw tables that the lender did not have, each with the features that are null for want of it.
    """
    laws = (Rule(id=law.id, says=law.says, check=Holds(f"_{law.id}", law.shown)) for law in _laws(features))
    rising = (
        Rule(
            id=f"{longer.name}_below_{shorter.name}",
            says=f"{longer.name} is not below {shorter.name}",
            check=NotBefore(longer.name, shorter.name),
        )
        for shorter, longer in _nested(features)
    )
    return (*contract_rules(contract), *laws, *rising, *_null_for_want(features, absent))


def with_laws(frame: pl.DataFrame, features: Sequence[Feature], contract: Table) -> pl.DataFrame:
    """Add the flags that the rules read; NaN counts as null."""
    return with_flags(contract, frame).with_columns(law.flag.alias(f"_{law.id}") for law in _laws(features))


def _laws(features: Sequence[Feature]) -> Iterator[_Law]:
    yield _Law("in_order", "rows stand in the order of time and id", _in_order(), ("applied_at",))
    counts = [feature.name for feature in features if _counts(feature)]
    if counts:
        whole = pl.all_horizontal((pl.col(name) == pl.col(name).round()).fill_null(value=True) for name in counts)
        yield _Law("whole_counts", f"all {len(counts)} counts are whole numbers", whole, tuple(counts))
    yield from _one_history(features)
    yield from _one_key(features)


def _in_order() -> pl.Expr:
    time, name = pl.col("applied_at"), pl.col("application_id")
    before = (time > time.shift()) | ((time == time.shift()) & (name >= name.shift()))
    return before.fill_null(value=True)


def _counts(feature: Feature) -> bool:
    return bool(_under(feature)) or (isinstance(feature, Windowed) and feature.aggregate.counts)


def _under(feature: Feature) -> str:
    """Return what a network feature counts others under: a key, or the group; empty when it counts none."""
    if isinstance(feature, SharedKey):
        return feature.key
    return "group" if isinstance(feature, LinkedGroup) and MEASURES[feature.measure].counts else ""


def _one_history(features: Sequence[Feature]) -> Iterator[_Law]:
    """Counts over one view of history are null for the same applications: those of whom it knows no row at all."""
    views: dict[int, list[Windowed]] = defaultdict(list)
    for feature in features:
        if isinstance(feature, Windowed):
            views[id(feature.history.view)].append(feature)
    for members in views.values():
        stem = members[0].history.stem
        counts = [one.name for one in members if one.aggregate.counts]
        others = [one.name for one in members if not one.aggregate.counts]
        if len(counts) > 1:
            says = f"the {len(counts)} counts of {stem} and its like are null together, or none of them is"
            yield _Law(f"{stem}_null_together", says, _together(counts), tuple(counts))
        if counts and others:
            says = f"where the counts of {stem} are null, nothing is known, so the other {len(others)} are null too"
            unknown = pl.col(counts[0]).is_null() & pl.any_horizontal(pl.col(name).is_not_null() for name in others)
            yield _Law(f"{stem}_null_where_unknown", says, ~unknown, (counts[0], *others))


def _one_key(features: Sequence[Feature]) -> Iterator[_Law]:
    """Counts under one key, or in the group, are null for the same applications: those that do not give the key."""
    keys: dict[tuple[str, frozenset[str]], list[str]] = defaultdict(list)
    for feature in features:
        if under := _under(feature):
            keys[under, feature.tables].append(feature.name)
    for (under, tables), names in keys.items():
        if len(names) > 1:
            name = "_".join((under, *sorted(tables)))
            says = f"the {len(names)} counts of {name} in the network are null together, or none of them is"
            yield _Law(f"{name}_null_together", says, _together(names), tuple(names))


def _together(names: Sequence[str]) -> pl.Expr:
    nulls = pl.sum_horizontal(pl.col(name).is_null() for name in names)
    return (nulls == 0) | (nulls == len(names))


def _nested(features: Sequence[Feature]) -> Iterator[tuple[Windowed, Windowed]]:
    """Yield counts of the same rows over a shorter and the next longer window: the longer one holds all the shorter."""
    same: dict[object, list[Windowed]] = defaultdict(list)
    for feature in features:
        if isinstance(feature, Windowed) and feature.aggregate.counts:
            same[id(feature.history), feature.aggregate.name, feature.column, feature.where].append(feature)
    for members in same.values():
        yield from pairwise(sorted(members, key=lambda one: one.window.total_seconds() if one.window else float("inf")))


def _null_for_want(features: Iterable[Feature], absent: Mapping[str, Sequence[str]]) -> Iterator[Rule]:
    """Yield a rule for every feature that reads an absent table, by itself or through what it is computed from."""
    present = {feature.name for feature in features}
    reasons = {name: table for table, names in absent.items() for name in names if name in present}
    for name, table in reasons.items():
        says = f"{name} is null: the table {table} was not there"
        yield Rule(id=f"{name}_without_{table}", says=says, check=IsNull(name))
