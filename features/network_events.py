"""What becomes known of other applicants, and when: the events that network features count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import polars as pl

from features.feature import Json

EventName = Literal["applicants", "applications", "declined", "bad_30dpd", "bad_60dpd", "seasoned"]

SEASONED_DAYS: Final = 90
"""Days after the paying-out from which a monthly loan can stand 60 days past due: a month and 60 days."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to an application.

    It counts from the earliest of ``times`` on, but never before the application was handed in or decided: an outcome
    is known from its decision at the earliest.

    Attributes:
        times: Time columns of ``outcomes``, each with what is added to it; none means the application itself.
        decision: Decision that it must have met; empty means any.
        distinct: Whether each applicant counts once, from the first time on.
    """

    times: Mapping[str, timedelta]
    decision: str = ""
    distinct: bool = True

    @property
    def columns(self) -> frozenset[str]:
        """Columns of ``outcomes`` that it reads; none for the application itself."""
        decided = {"decided_at"} if self.times else set()
        return frozenset({*self.times, *decided, *(["decision"] if self.decision else [])})

    @property
    def definition(self) -> Json:
        """Times, decision, and whether applicants count once."""
        times: dict[str, Json] = {name: later.total_seconds() for name, later in self.times.items()}
        return {"times": times, "decision": self.decision, "distinct": self.distinct}

    def known_at(self, row: Mapping[str, object]) -> datetime | None:
        """Return when it was known of an application, None when it never was.

        Args:
            row: ``applied_at`` and the columns that it reads; those of an undecided application are None or missing.
        """
        applied, decided = row["applied_at"], row.get("decided_at")
        times = [time + later for name, later in self.times.items() if isinstance(time := row.get(name), datetime)]
        if not isinstance(applied, datetime) or (self.decision and row.get("decision") != self.decision):
            return None
        if not self.times:
            return applied
        return max(applied, decided, min(times)) if times and isinstance(decided, datetime) else None

    def known(self) -> pl.Expr:
        """Return the same as an expression over columns of ``applications`` and ``outcomes`` side by side."""
        if not self.times:
            return pl.col("applied_at")
        first = pl.min_horizontal(pl.col(name) + later for name, later in self.times.items())
        met = first.is_not_null() & pl.col("decided_at").is_not_null()
        if self.decision:
            met &= pl.col("decision") == self.decision
        return pl.when(met).then(pl.max_horizontal("applied_at", "decided_at", first))


_AT_ONCE: Final = timedelta(0)

EVENTS: Final[Mapping[EventName, Event]] = {
    "applicants": Event(times={}),
    "applications": Event(times={}, distinct=False),
    "declined": Event(times={"decided_at": _AT_ONCE}, decision="declined"),
    "bad_30dpd": Event(times={"first_30dpd_at": _AT_ONCE}),
    "bad_60dpd": Event(times={"first_60dpd_at": _AT_ONCE}),
    # A loan that went bad sooner than a monthly one can belongs here, too: bad ones are among the seasoned.
    "seasoned": Event(times={"disbursed_at": timedelta(days=SEASONED_DAYS), "first_60dpd_at": _AT_ONCE}),
}
"""What can be counted, by its part of the feature name."""
