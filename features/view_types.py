"""What the expressions of a view may read, and whether all that a feature computes fits together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from features.errors import DeclarationError, nearest
from features.expression_type import Type, ValueKind, column_type, type_of
from features.feature import Feature
from features.history import THIS, View
from features.point_in_time import prefix
from features.rowwise import Rowwise
from features.tables import APPLICATIONS, TIME, Table
from features.windowed import Windowed

_TIME: Final = Type("time", nullable=False)

APPLICATION_TYPES: Final[Mapping[str, Type]] = {
    column.name: column_type(column) for column in APPLICATIONS.columns if not column.protected
}
"""What an expression over the application may read."""

_TAKES: Final[Mapping[str, frozenset[ValueKind]]] = {
    "sum": frozenset({"number", "flag"}),
    "mean": frozenset({"number", "flag"}),
    "min": frozenset({"number", "flag"}),
    "max": frozenset({"number", "flag"}),
    "share": frozenset({"flag"}),
}
"""Kinds of column that an aggregate takes; the others take any."""


@cache
def view_types(view: View) -> Mapping[str, Type]:
    """Return the columns that expressions of a view may read, with their types."""
    alone = {"applied_at"} | ({"applicant_id"} if view.matched == "applicant" else set())
    columns = {f"{THIS}{name}": found for name, found in APPLICATION_TYPES.items() if name not in alone}
    if view.parent is not None:
        columns |= {f"{prefix(view.parent)}{name}": found for name, found in _types(view.parent, view.parent.key)}
    columns |= dict(_types(view.table, ""))
    if view.matched == "applicant":
        columns["applicant_id"] = Type("text", nullable=False)
    return columns | dict.fromkeys(("happened_at", "known_at", "applied_at"), _TIME)


def _types(table: Table, without: str) -> Iterator[tuple[str, Type]]:
    tellers = {column.known_by for column in table.columns}
    for column in table.columns:
        if not column.protected and column.name != without:
            late = column.known_by is not None or column.name in tellers
            yield column.name, Type(column_type(column).kind, column.nullable or late)


def type_problems(feature: Feature) -> Iterator[str]:
    """Yield what cannot be computed in a feature: columns that are not there, and values that do not fit."""
    try:
        if isinstance(feature, Windowed):
            yield from _windowed_problems(feature)
        if isinstance(feature, Rowwise):
            yield from _rowwise_problems(feature)
    except DeclarationError as error:
        yield from (f"{feature.name!r}: {problem}" for problem in error.problems)


def _windowed_problems(feature: Windowed) -> Iterator[str]:
    view = feature.history.view
    for role, name in (("happened", view.happened), ("known", view.known)):
        if problem := _time_problem(view, name):
            yield f"{feature.name!r}: {role} == {name!r}, {problem}"
    types = view_types(view)
    for condition in feature.conditions:
        if type_of(condition, types).kind != "flag":
            yield f"{feature.name!r}: {condition!r} is no condition"
    takes = _TAKES.get(feature.aggregate.name)
    if takes and not feature.column:
        yield f"{feature.name!r}: the aggregate {feature.aggregate.name!r} needs a column"
    elif feature.column:
        kind = type_of(view.column(feature.column), types).kind
        if takes and kind not in takes:
            yield f"{feature.name!r}: {feature.aggregate.name!r} takes {' or '.join(sorted(takes))}, not a {kind}"


def _time_problem(view: View, name: str) -> str:
    """Return what is wrong with a column as the time of a view's rows; nothing when it can be one."""
    dtypes = dict(view.table.schema)
    if view.parent is not None:
        dtypes |= {f"{prefix(view.parent)}{column}": dtype for column, dtype in view.parent.schema.items()}
    if name not in dtypes:
        return f"must be a column of {view.table.name!r}.{nearest(name, dtypes)}"
    times = sorted(column for column, dtype in dtypes.items() if dtype == TIME)
    return "" if dtypes[name] == TIME else f"is {dtypes[name]}, must be a time: {', '.join(times)}"


def _rowwise_problems(feature: Rowwise) -> Iterator[str]:
    kind = type_of(feature.value, {**APPLICATION_TYPES, **PROTECTED_TYPES}).kind
    fits = {"number": {"number", "flag"}, "flag": {"flag"}, "category": {"text"}}
    if kind not in fits[feature.kind]:
        yield f"{feature.name!r} is a {feature.kind}, but {feature.value!r} gives a {kind}"


PROTECTED_TYPES: Final[Mapping[str, Type]] = {
    column.name: column_type(column) for column in APPLICATIONS.columns if column.protected
}
"""Protected columns: reading one is a problem of its own, told in its own words."""
