"""Shared keys of one application, counted among plain rows of those around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from features.line import KEYS
from features.network_events import EVENTS
from features.shared_keys import SharedKey

Row = Mapping[str, object]


def shared_key(application: Row, everyone: Iterable[Row], parts: Sequence[SharedKey]) -> Mapping[str, float | None]:
    """Return how many others met each event under the application's keys: what a batch finds among the same rows.

    Args:
        application: Its ``applicant_id``, ``applied_at`` and keys.
        everyone: Applications with the columns of ``outcomes`` beside them, None or missing where undecided: at least
            those of others that give one of the application's keys. Other rows change nothing.
        parts: Features to compute.
    """
    others = [row for row in everyone if row["applicant_id"] != application["applicant_id"]]
    return {part.name: _counted(part, application, others) for part in parts}


def _counted(part: SharedKey, application: Row, others: Sequence[Row]) -> float | None:
    key, at = application[KEYS[part.key]], application["applied_at"]
    if key is None or not isinstance(at, datetime):
        return None
    event, theirs = EVENTS[part.event], KEYS[part.theirs or part.key]
    met = [
        (row["applicant_id"], known)
        for row in others
        if row[theirs] == key and (known := event.known_at(row)) is not None and known < at
    ]
    if event.distinct:
        first: dict[object, datetime] = {}
        for applicant, known in met:
            first[applicant] = min(known, first.get(applicant, known))
        met = list(first.items())
    start = None if part.window is None else at - part.window
    return float(sum(start is None or known >= start for _, known in met))
