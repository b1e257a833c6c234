"""Features of the group of applicants that an application is linked with, directly or through others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from features.components import Surroundings
from features.declaration import Kind, Meaning
from features.errors import DeclarationError, check_word
from features.feature import Feature, Json, described
from features.line import KEYS
from features.network_events import EVENTS, EventName
from features.windowed import check_window, span

MeasureName = Literal[
    "applicants",
    "new_applicants",
    "groups_joined",
    "devices",
    "keys",
    "declined",
    "bad_60dpd",
    "seasoned",
    "first_days_ago",
    "last_days_ago",
]

_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1) // _MICROSECOND


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number read off a group.

    Attributes:
        read: Number from the group, the time of the application, and the start of the window, both in microseconds.
        event: What must be learned of others; None when applications alone do.
        counts: Whether it is 0 without others; null otherwise.
        windowed: Whether it needs a window.
    """

    read: Callable[[Surroundings, int, int], int | None]
    event: EventName | None = None
    counts: bool = True
    windowed: bool = False


def _met(event: EventName) -> Measure:
    return Measure(read=lambda around, _at, _start: around.met(event), event=event)


def _days(at: int, time: int | None) -> int | None:
    return None if time is None else (at - time) // _DAY


MEASURES: Final[Mapping[MeasureName, Measure]] = {
    "applicants": Measure(read=lambda around, _at, _start: around.applicants),
    "new_applicants": Measure(read=lambda around, _at, start: around.joined_from(start), windowed=True),
    "groups_joined": Measure(read=lambda around, _at, _start: len(around.groups)),
    "devices": Measure(read=lambda around, _at, _start: around.devices),
    "keys": Measure(read=lambda around, _at, _start: around.keys),
    "declined": _met("declined"),
    "bad_60dpd": _met("bad_60dpd"),
    "seasoned": _met("seasoned"),
    "first_days_ago": Measure(read=lambda around, at, _start: _days(at, around.first), counts=False),
    "last_days_ago": Measure(read=lambda around, at, _start: _days(at, around.last), counts=False),
}
"""What can be read off a group, by its part of the feature name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinkedGroup:
    """A number of the group that an application is linked with, as it stood strictly before ``applied_at``.

    Two applicants are linked when applications of theirs, both handed in strictly before, share a device, an identity
    number, or a phone: a contact is a phone, too. The group holds whom a chain of such links reaches from the applicant
    or from the keys of this application; the applicant counts nowhere in it. Outcomes of others count from when they
    were known. No key given: null. Nobody else in the group: 0 for a count, null for days. Table of the event absent:
    null.

    Attributes:
        measure: What is read off the group.
        meaning: What it means.
        window: How far back others' first applications count, in whole hours; only for ``new_applicants``.

    Raises:
        DeclarationError: there is no such measure, or the window is not of whole hours, missing or one too many.
    """

    measure: MeasureName
    meaning: Meaning
    window: timedelta | None = None

    def __post_init__(self) -> None:
        check_word("measure", self.measure, MEASURES)
        check_window(f"the measure {self.measure!r} of a linked group", self.window)
        if (self.window is not None) != MEASURES[self.measure].windowed:
            must_be = "given: it counts who is new in it" if self.window is None else "None: it looks all the way back"
            raise DeclarationError(
                [f"window == {self.window} of the measure {self.measure!r} of a linked group, must be {must_be}"]
            )

    @property
    def name(self) -> str:
        """Column name, such as ``network_group_new_applicants_30d``."""
        return "_".join(part for part in ("network_group", self.measure, span(self.window)) if part)

    @property
    def kind(self) -> Kind:
        """Always a number."""
        return "number"

    @property
    def lower(self) -> float | None:
        """A count or days: 0."""
        return 0.0

    @property
    def upper(self) -> float | None:
        """No bound."""
        return None

    @property
    def inputs(self) -> tuple[Feature, ...]:
        """None: it reads tables."""
        return ()

    @property
    def event(self) -> EventName | None:
        """What must be learned of others; None when applications alone do."""
        return MEASURES[self.measure].event

    @property
    def tables(self) -> frozenset[str]:
        """``outcomes``, when its event needs it."""
        return frozenset({"outcomes"} if self.event and EVENTS[self.event].columns else set())

    @property
    def stated(self) -> frozenset[str]:
        """All keys."""
        return frozenset(KEYS.values())

    @property
    def definition(self) -> Json:
        """Measure, event, window and meaning."""
        return {
            "linked_group": self.name,
            "event": EVENTS[self.event].definition if self.event else None,
            "window": None if self.window is None else self.window.total_seconds(),
            "meaning": described(self.meaning),
        }

    @property
    def without_others(self) -> float | None:
        """Its value when a key is given and nobody else is linked."""
        return 0.0 if MEASURES[self.measure].counts else None

    def value(self, around: Surroundings, at: int) -> float | None:
        """Return the number for an application handed in at ``at``, in microseconds since 1970."""
        start = at - self.window // _MICROSECOND if self.window else at
        found = MEASURES[self.measure].read(around, at, start)
        return None if found is None else float(found)
