"""Network features of one application, from the applications and outcomes of others that stand in its request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from features.line import KEYS
from features.linked_groups import LinkedGroup
from features.linked_groups_one import linked_group
from features.network_events import EVENTS
from features.online_records import Rows
from features.point_in_time import open_columns
from features.shared_keys import SharedKey
from features.shared_keys_one import shared_key
from features.tables import APPLICATIONS, OUTCOMES, Table

Row = Mapping[str, object]


class OnlineNetwork:
    """Network features of one application; prepared once, used by any thread.

    Args:
        parts: Network features, in the order of the values.
    """

    def __init__(self, parts: Sequence[SharedKey | LinkedGroup]) -> None:
        self._parts = parts
        events = {part.event for part in parts if part.event}
        outcomes = {column for event in events for column in EVENTS[event].columns}
        self._applications = _places(APPLICATIONS, ("applicant_id", "applied_at", *KEYS.values()))
        self._keys = [self._applications[column] for column in KEYS.values()]
        self._outcomes = _places(OUTCOMES, outcomes)
        self._id, self._decided = (_places(table, ["application_id"])["application_id"] for table in _TABLES)

    def values(self, rows: Mapping[str, Rows], this: tuple[object, ...]) -> tuple[float | None, ...]:
        """Return the values of the features; null where a table is absent."""
        present = [part for part in self._parts if part.tables <= rows.keys()]
        shared = [part for part in present if isinstance(part, SharedKey)]
        linked = [part for part in present if isinstance(part, LinkedGroup)]
        application = self._named(this, {})
        around = self._around(rows, this)
        found = {**shared_key(application, around, shared), **linked_group(application, around, linked)}
        return tuple(found.get(part.name) for part in self._parts)

    def _around(self, rows: Mapping[str, Rows], this: tuple[object, ...]) -> list[Row]:
        """Return the applications that a chain of shared keys links with this one, their outcomes beside them."""
        decided = {row[self._decided]: row for row in rows.get(OUTCOMES.name, ())}
        return [
            self._named(row, dict(self._of(decided.get(row[self._id]))))
            for row in self._linked(rows[APPLICATIONS.name], this)
        ]

    def _of(self, outcome: tuple[object, ...] | None) -> Iterable[tuple[str, object]]:
        return () if outcome is None else ((name, outcome[place]) for name, place in self._outcomes.items())

    def _named(self, row: tuple[object, ...], outcome: dict[str, object]) -> Row:
        return {**{name: row[place] for name, place in self._applications.items()}, **outcome}

    def _linked(self, applications: Rows, this: tuple[object, ...]) -> Rows:
        """Walk from this application along applicants and keys; phones and contacts are one kind of key."""
        by_node: dict[object, list[int]] = {}
        for place, row in enumerate(applications):
            for node in self._nodes(row):
                by_node.setdefault(node, []).append(place)
        waiting, reached, nodes = list(self._nodes(this)), set[int](), set[object]()
        while waiting:
            node = waiting.pop()
            if node not in nodes:
                nodes.add(node)
                new = [place for place in by_node.get(node, ()) if place not in reached]
                reached.update(new)
                waiting += (other for place in new for other in self._nodes(applications[place]))
        return [applications[place] for place in sorted(reached)]

    def _nodes(self, row: tuple[object, ...]) -> list[object]:
        # Applicants and keys of all kinds in one bag: where two kinds share a value, the walk goes too far, no harm.
        return [
            row[self._applications["applicant_id"]],
            *(row[place] for place in self._keys if row[place] is not None),
        ]


_TABLES = (APPLICATIONS, OUTCOMES)


def _places(table: Table, names: Iterable[str]) -> dict[str, int]:
    columns = open_columns(table)
    return {name: columns.index(name) for name in sorted(names)}
