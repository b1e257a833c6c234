"""Features of one applicant in a service: the definitions of the batch, prepared once, in a millisecond or two.

What a batch computes with columns is written as Python functions when the builder is made: a reader for each table, a
loop for each view, and one function for features of features. A request runs them over the rows that it brings. Laws in
the tests hold both equal, bit for bit and null for null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from features.build import chosen
from features.catalogue import CATALOGUE, Catalogue
from features.errors import DeclarationError, SchemaError, UnknownApplicationError, UnknownTableError
from features.feature import Feature, with_inputs
from features.history import View
from features.network_batch import NetworkFeature, is_network
from features.online_network import OnlineNetwork
from features.online_records import RecordReader, Records, Rows
from features.online_rowwise import rowwise_function
from features.online_views import view_function
from features.point_in_time import open_columns
from features.rowwise import Rowwise
from features.schema_check import UNREAD
from features.tables import APPLICATIONS, TABLES
from features.view_types import type_problems
from features.windowed import Windowed

FeatureValue: TypeAlias = float | str | bool | None
"""A number, a category, a flag, or None for null."""

_ID: Final = open_columns(APPLICATIONS).index("application_id")
_APPLIED_AT: Final = open_columns(APPLICATIONS).index("applied_at")
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


class OnlineBuilder:
    """Computes the features of one application from the rows that a request brings.

    Made once, then used by any number of threads: a call keeps nothing.

    Args:
        features: Features or names of features in the catalogue, in the order of the result; None means the catalogue.
        time_zone: Zone of local hours and days, such as ``Asia/Shanghai``.
        catalogue: The features that names stand for.

    Raises:
        UnknownFeatureError: a name is not in the catalogue.
        DeclarationError: a feature reads what is not there, or is of a kind that only a batch can compute.
        ZoneInfoNotFoundError: there is no such time zone.
    """

    def __init__(
        self,
        features: Iterable[Feature | str] | None = None,
        *,
        time_zone: str = "Asia/Shanghai",
        catalogue: Catalogue = CATALOGUE,
    ) -> None:
        wanted = chosen(features, catalogue)
        parts = with_inputs(wanted)
        _refuse_strange(parts)
        windowed = [part for part in parts if isinstance(part, Windowed)]
        network = [part for part in parts if is_network(part)]
        rowwise = [part for part in parts if isinstance(part, Rowwise)]
        self._windows = tuple(sorted({part.window for part in windowed if part.window is not None}))
        self._views = [_ViewPlan.of(view, windowed, self._windows, time_zone) for view in _views(windowed)]
        self._network = OnlineNetwork(network) if network else None
        computed = [name for plan in self._views for name in plan.names] + [part.name for part in network]
        self._rowwise = rowwise_function(computed, rowwise, time_zone)
        places = {name: place for place, name in enumerate([*computed, *(part.name for part in rowwise)])}
        self._readers = {name: RecordReader(table) for name, table in TABLES.items() if name not in UNREAD}
        self._names = tuple(feature.name for feature in wanted)
        self._tables = {feature.name: feature.tables for feature in wanted if feature.tables}
        self._reads = frozenset[str]().union(*self._tables.values())
        self._places = [places[name] for name in self._names]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in the order of the result."""
        return self._names

    def build(self, application_id: str, tables: Mapping[str, Records]) -> dict[str, FeatureValue]:
        """Return the features of one application by their names, each from what was known strictly before it.

        Args:
            application_id: The application, which stands in ``applications``.
            tables: Raw tables by name, each a sequence of records (`features.online_records`), a Polars frame or a
                ``pyarrow.Table``: ``applications``, and the applicant's history. A table that is left out is absent, as
                for a batch: what reads it is null; an empty one says that nothing is known. Rows of others may stand in
                them: applications and outcomes that share keys feed the network features, the rest changes nothing.
                ``truth`` and ``calls`` are never read.

        Raises:
            UnknownTableError: a table has a name that no contract knows.
            SchemaError: a row does not fit its table's contract; the message tells table, row, column and value.
            UnknownApplicationError: no row of ``applications`` has the id.
        """
        rows = self._read(tables)
        this = self._application(application_id, rows[APPLICATIONS.name])
        starts = _starts(this[_APPLIED_AT], self._windows)
        values: list[FeatureValue] = []
        for plan in self._views:
            values += plan.values(rows, this, starts)
        if self._network is not None:
            values += self._network.values(rows, this)
        values += self._rowwise(this, values)
        found = {name: values[place] for name, place in zip(self._names, self._places, strict=True)}
        if not self._reads <= rows.keys():
            found |= {name: None for name, reads in self._tables.items() if not reads <= rows.keys()}
        return found

    def _read(self, tables: Mapping[str, Records]) -> dict[str, Rows]:
        for name in tables:
            if name not in TABLES:
                raise UnknownTableError(name, TABLES)
        if APPLICATIONS.name not in tables:
            raise SchemaError(APPLICATIONS.name, ["the table is absent, and nothing can be built without it"])
        return {name: self._readers[name](records) for name, records in tables.items() if name not in UNREAD}

    def _application(self, application_id: str, applications: Rows) -> tuple[object, ...]:
        for row in applications:
            if row[_ID] == application_id:
                return row
        raise UnknownApplicationError([application_id])


@dataclass(frozen=True)
class _ViewPlan:
    """A view's function, what it takes, and the names of what it gives."""

    tables: frozenset[str]
    table: str
    parent: str | None
    parent_key: int
    names: tuple[str, ...]
    compute: Callable[..., tuple[FeatureValue, ...]]

    @classmethod
    def of(cls, view: View, windowed: Sequence[Windowed], windows: Sequence[timedelta], time_zone: str) -> _ViewPlan:
        parts = [part for part in windowed if part.history.view is view]
        parent = view.parent
        return cls(
            tables=view.tables,
            table=view.table.name,
            parent=None if parent is None else parent.name,
            parent_key=0 if parent is None else open_columns(parent).index(parent.key),
            names=tuple(part.name for part in parts),
            compute=view_function(view, parts, windows, time_zone),
        )

    def values(
        self, rows: Mapping[str, Rows], this: tuple[object, ...], starts: tuple[datetime, ...]
    ) -> tuple[FeatureValue, ...]:
        """Return the values, all null when a table is absent."""
        if not self.tables <= rows.keys():
            return (None,) * len(self.names)
        parents = {} if self.parent is None else {row[self.parent_key]: row for row in rows[self.parent]}
        return self.compute(rows[self.table], parents, this, starts)


def _views(windowed: Iterable[Windowed]) -> list[View]:
    return list({id(part.history.view): part.history.view for part in windowed}.values())


def _starts(applied_at: object, windows: Sequence[timedelta]) -> tuple[datetime, ...]:
    """Return where each window begins; one that would begin before all times begins with them."""
    if not isinstance(applied_at, datetime):
        raise TypeError(f"applied_at == {applied_at!r}, must be a datetime")
    longest = applied_at - _BEGINNING
    return tuple(applied_at - min(window, longest) for window in windows)


def _refuse_strange(parts: Sequence[Feature]) -> None:
    strange = [part for part in parts if not isinstance(part, Windowed | Rowwise | NetworkFeature)]
    problems = [f"{part.name!r} is a {type(part).__name__}, which only a batch can compute" for part in strange]
    problems += [problem for part in parts for problem in type_problems(part)]
    if problems:
        raise DeclarationError(problems)
