"""Features of linked groups for one application, from plain rows of those around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from features.components import Components, Surroundings, applicant_node, key_nodes
from features.line import KEYS
from features.linked_groups import LinkedGroup
from features.network_events import EVENTS, EventName

_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
Row = Mapping[str, object]


def linked_group(application: Row, everyone: Iterable[Row], parts: Sequence[LinkedGroup]) -> Mapping[str, float | None]:
    """Return the features of one application's group, by their names: what a batch finds among the same rows.

    Args:
        application: Its ``applicant_id``, ``applied_at`` and keys.
        everyone: Applications with the columns of ``outcomes`` beside them, None where undecided: at least those of the
            group, which is all that a walk along shared keys meets from the applicant and the application's keys. Rows
            of others and of later times change nothing; the applicant's own earlier applications link as others' do.
        parts: Features to compute.
    """
    if all(application.get(column) is None for column in KEYS.values()):
        return {part.name: None for part in parts}
    at = _micros(application["applied_at"])
    around = _around(application, at, everyone, {part.event for part in parts if part.event})
    return {part.name: part.value(around, at) for part in parts}


def _around(application: Row, at: int, everyone: Iterable[Row], events: Iterable[EventName]) -> Surroundings:
    components = Components()
    before = sorted(
        ((time, row) for row in everyone if (time := _micros(row["applied_at"])) < at), key=lambda entered: entered[0]
    )
    for time, row in before:
        components.enter(*_nodes(row), time)
    for name in events:
        for _, row in before:
            known = EVENTS[name].known_at(row)
            if known is not None and _micros(known) < at:
                components.learn(_nodes(row)[0], name)
    return components.around(*_nodes(application))


def _nodes(row: Row) -> tuple[str, tuple[str, ...]]:
    given = {column: str(key) for column in KEYS.values() if (key := row.get(column)) is not None}
    return applicant_node(str(row["applicant_id"])), key_nodes(given)


def _micros(time: object) -> int:
    if not isinstance(time, datetime):
        raise TypeError(f"time == {time!r}, must be a datetime with a time zone")
    return (time - _START) // timedelta(microseconds=1)
