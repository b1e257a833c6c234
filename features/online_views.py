"""One view's windowed features of one applicant as a Python function, written once: a single loop over the rows.

Rows that a condition leaves out are passed over once for all features that share it, and windows stand inside each
other, longest first, so that an old row costs nothing to the short ones.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from features.expression import Expression
from features.history import THIS, View
from features.in_python import Code, Source
from features.line import KEYS
from features.online_aggregates import AGGREGATES, Running, aggregate_runtime
from features.point_in_time import open_columns, prefix
from features.python_runtime import compiled, runtime
from features.tables import APPLICATIONS, Table
from features.view_types import view_types
from features.windowed import Windowed

Where = tuple[str, ...]


def view_function(
    view: View, parts: Sequence[Windowed], windows: Sequence[timedelta], time_zone: str
) -> Callable[..., tuple[float | None, ...]]:
    """Return a function of one view.

    It takes the rows of the table, the rows of the parent by their key, the application, and the start of each window;
    all rows are tuples in the order of the contract. It returns the values of the features in their order.

    Args:
        view: The view.
        parts: Its features.
        windows: All windows, in the order of their starts.
        time_zone: Zone of local hours and dates.
    """
    names = {**runtime(time_zone), **aggregate_runtime()}
    compute: Callable[..., tuple[float | None, ...]] = compiled(
        ViewSource(view, parts, windows).written(), f"view of {view.table.name}", names
    )
    return compute


class ViewSource:
    """Writes the function of one view; see `view_function`."""

    def __init__(self, view: View, parts: Sequence[Windowed], windows: Sequence[timedelta]) -> None:
        self.view = view
        self.parts = parts
        self.starts = {window: f"start{i}" for i, window in enumerate(windows)}
        self.row = {name: f"r_{i}" for i, name in enumerate(open_columns(view.table))}
        self.parent = {name: f"p_{i}" for i, name in enumerate(open_columns(view.parent))} if view.parent else {}
        self.this = {name: f"a_{i}" for i, name in enumerate(open_columns(APPLICATIONS))}
        self.source = Source(view_types(view), self._names())
        self.running = Running(self.source)
        self.results: dict[str, Code] = {}

    def written(self) -> str:
        """Return the source of the function, called ``compute``."""
        with self.source.block(f"for {_unpacked(self.row)} in rows:"):
            self._pass_over_others()
            self.source.line("seen = True")
            self._mask(self.view.table, self.row)
            if self.view.parent is not None:
                self._mask(self.view.parent, self.parent)
            for rows in _distinct(part.history.rows for part in self.parts):
                self._history(rows)
        values = ", ".join(self.results[part.name] for part in self.parts)
        begun = [f"    {name} = {start}" for names in self.running.begun.values() for name, start in names.items()]
        return "\n".join(
            [
                "def compute(rows, parents, this, starts):",
                f"    {_unpacked(self.this)} = this",
                f"    ({', '.join([*self.starts.values(), '*_'])},) = starts",
                "    seen = False",
                *self._keys(),
                *begun,
                *self.source.lines,
                f"    return ({values},) if seen else {self._nothing()}",
            ]
        )

    def _names(self) -> dict[str, Code]:
        view = self.view
        names = {f"{THIS}{name}": code for name, code in self.this.items()}
        if view.parent is not None:
            names |= {f"{prefix(view.parent)}{name}": code for name, code in self.parent.items()}
        names |= self.row
        if view.matched == "applicant":
            names["applicant_id"] = self.this["applicant_id"]
        return names | {
            "happened_at": "happened_at",
            "known_at": "known_at",
            "applied_at": self.this["applied_at"],
        }

    def _pass_over_others(self) -> None:
        """Write the conditions under which a row is not this application's to see."""
        applicant = self.this["applicant_id"]
        if self.view.matched == "key":
            self._pass_over(f"keys.get({self.row['key_type']}) != {self.row['key_hash']}")
        elif self.view.applicant in self.row:
            self._pass_over(f"{self.row[self.view.applicant]} != {applicant}")
        if self.view.parent is not None:
            self.source.line(f"parent = parents.get({self.row[self.view.parent.key]})")
            self._pass_over("parent is None")
            self.source.line(f"{_unpacked(self.parent)} = parent")
            if self.view.matched == "applicant":
                theirs = self.parent["applicant_id"]
                self._pass_over(f"{theirs} != {applicant}")
        self._known()

    def _known(self) -> None:
        """Write that a row counts only when it happened and all of it was known before the application."""
        (happened, may_be_none), (known, unknown) = self._time(self.view.happened), self._time(self.view.known)
        self.source.line(f"happened_at = {happened}")  # before late columns are masked
        parents = self._parents_times()
        late = [self._late("happened_at", nullable=may_be_none), self._late(known, nullable=unknown)]
        self._pass_over(" or ".join([*late, *(self._late(time) for time in parents)]))
        if any("known_at" in part.reads for feature in self.parts for part in _expressions(feature)):
            self.source.line(f"known_at = max(({', '.join([known, *parents])},))")

    def _time(self, name: str) -> tuple[Code, bool]:
        """Return a time of the row or, under the prefix of its key, of its parent, and whether it may be null."""
        if name in self.row or self.view.parent is None:
            return self.row[name], self.view.table.column(name).nullable
        theirs = name.removeprefix(prefix(self.view.parent))
        return self.parent[theirs], self.view.parent.column(theirs).nullable

    def _parents_times(self) -> list[Code]:
        if self.view.parent is None:
            return []
        return [self.parent[name] for name in self.view.parent.times]

    def _late(self, time: Code, *, nullable: bool = False) -> Code:
        late = f"{time} >= {self.this['applied_at']}"
        return f"({time} is None or {late})" if nullable else late

    def _pass_over(self, condition: Code) -> None:
        with self.source.block(f"if {condition}:"):
            self.source.line("continue")

    def _mask(self, table: Table, names: Mapping[str, Code]) -> None:
        """Write that late columns are null where they were not known before the application."""
        late: dict[str, list[str]] = {}
        for column in table.columns:
            if column.known_by:
                late.setdefault(column.known_by, [column.known_by]).append(column.name)
        for teller, masked in late.items():
            time = names[teller]
            with self.source.block(f"if {time} is None or {time} >= {self.this['applied_at']}:"):
                self.source.line(" = ".join([*dict.fromkeys(names[name] for name in masked), "None"]))

    def _history(self, rows: Expression | None) -> None:
        members = [part for part in self.parts if part.history.rows is rows]
        with self.source.block("if True:" if rows is None else f"if {self.source.true(rows)}:"):
            self._share(members)
            for where in dict.fromkeys(part.where for part in members):
                self._conditions(rows, where, [part for part in members if part.where == where])

    def _share(self, members: Sequence[Windowed]) -> None:
        """Compute once what several of the features are computed from."""
        used = {(part.where, part.column): _expressions(part, with_rows=False) for part in members}
        nodes = [node for expressions in used.values() for expression in expressions for node in expression.nodes()]
        counted = Counter(json.dumps(node.definition) for node in nodes)
        for node in nodes:
            if node.parts and counted[json.dumps(node.definition)] > 1 and self.source.type_of(node).kind != "flag":
                self.source.bound(node)

    def _conditions(self, rows: Expression | None, where: Where, members: Sequence[Windowed]) -> None:
        true = [self.source.true(self.view.column(name)) for name in where]
        with self.source.block(f"if {' and '.join(true) or 'True'}:"):
            self._windows((rows, where), members)

    def _windows(self, scope: tuple[object, ...], members: Sequence[Windowed]) -> None:
        """Write the features of the longest window, and inside it those of the shorter ones."""
        if not members:
            return
        longest = max((part.window for part in members), key=lambda window: window or timedelta.max)
        inside = [part for part in members if part.window == longest]
        shorter = [part for part in members if part.window != longest]
        if longest is None:
            self._aggregates((*scope, longest), inside)
            self._windows(scope, shorter)
            return
        with self.source.block(f"if happened_at >= {self.starts[longest]}:"):
            self._aggregates((*scope, longest), inside)
            self._windows(scope, shorter)

    def _aggregates(self, scope: tuple[object, ...], members: Sequence[Windowed]) -> None:
        for part in members:
            self.results[part.name] = AGGREGATES[part.aggregate.name](self.running, scope, part)

    def _keys(self) -> list[str]:
        if self.view.matched == "applicant":
            return []
        pairs = ", ".join(f"{kind!r}: {self.this[column]}" for kind, column in KEYS.items())
        given = " or ".join(f"{self.this[column]} is not None" for column in KEYS.values())
        return [f"    keys = {{{pairs}}}", f"    given = 0.0 if {given} else None"]

    def _nothing(self) -> Code:
        counted = "given" if self.view.matched == "key" else "None"
        return f"({', '.join(counted if part.aggregate.counts else 'None' for part in self.parts)},)"


def _expressions(part: Windowed, *, with_rows: bool = True) -> list[Expression]:
    rows = [part.history.rows] if with_rows and part.history.rows is not None else []
    return rows + [part.history.view.column(name) for name in (*part.where, part.column) if name]


def _distinct(rows: Iterable[Expression | None]) -> list[Expression | None]:
    return list({id(row): row for row in rows}.values())


def _unpacked(names: Mapping[str, Code]) -> Code:
    return f"({', '.join(names.values())},)"
