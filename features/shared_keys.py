"""Features that count other applicants met under the same device, phone, contact or identity number.

Counted point in time and without comparing all pairs: events and applications are put in one line by time, and a
running count per key says how many events came before. A device shared by a thousand costs no more than a thousand
devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from features.declaration import Kind, Meaning
from features.errors import DeclarationError, check_word
from features.feature import Feature, Json, described
from features.line import KEYS
from features.network_events import EVENTS, EventName
from features.point_in_time import ROW
from features.windowed import check_window, span


@dataclass(frozen=True, kw_only=True, eq=False)
class SharedKey:
    """How many other applicants met an event under one of the applicant's keys, strictly before ``applied_at``.

    A window of *d* days holds events at or after ``applied_at − d``. Nobody else: 0. Key not given: null. Table of
    the event absent: null.

    Attributes:
        key: The applicant's own key.
        event: What is counted.
        meaning: What it means.
        theirs: The others' key that must equal it; None means the same kind.
        window: How far back it looks, in whole hours; None means all the way. Only for events that are not distinct.

    Raises:
        DeclarationError: there is no such key or event, or the window is not of whole hours or one too many.
    """

    key: str
    event: EventName
    meaning: Meaning
    theirs: str | None = None
    window: timedelta | None = None

    def __post_init__(self) -> None:
        check_word("key", self.key, KEYS)
        if self.theirs is not None:
            check_word("theirs", self.theirs, KEYS)
        check_word("event", self.event, EVENTS)
        check_window(f"a count of {self.event!r} by {self.key!r}", self.window)
        if self.window is not None and EVENTS[self.event].distinct:
            must_be = "None: each applicant counts once, from the first time on"
            raise DeclarationError(
                [f"window == {self.window} of a count of {self.event!r} by {self.key!r}, must be {must_be}"]
            )

    @property
    def name(self) -> str:
        """Column name, such as ``network_device_applicants``."""
        crossed = f"as_{self.theirs}" if self.theirs else ""
        parts = ("network", self.key, crossed, self.event, span(self.window))
        return "_".join(part for part in parts if part)

    @property
    def kind(self) -> Kind:
        """Always a number."""
        return "number"

    @property
    def lower(self) -> float | None:
        """A count: 0."""
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
    def tables(self) -> frozenset[str]:
        """``outcomes``, when the event needs it."""
        return frozenset({"outcomes"} if EVENTS[self.event].columns else set())

    @property
    def stated(self) -> frozenset[str]:
        """The key's column."""
        return frozenset({KEYS[self.key]})

    @property
    def definition(self) -> Json:
        """Keys, event, window and meaning."""
        return {
            "shared_key": self.name,
            "keys": [self.key, self.theirs or self.key],
            "event": EVENTS[self.event].definition,
            "window": None if self.window is None else self.window.total_seconds(),
            "meaning": described(self.meaning),
        }


def count_shared(feature: SharedKey, applications: pl.DataFrame, everyone: pl.DataFrame) -> pl.DataFrame:
    """Return ``row`` and the feature for the applications that give the key.

    Args:
        feature: What to count.
        applications: Applications to build, numbered by ``row``.
        everyone: All applications, the columns of ``outcomes`` beside them.
    """
    mine, theirs = KEYS[feature.key], KEYS[feature.theirs or feature.key]
    queries = applications.select(ROW, "applicant_id", key=mine, at="applied_at").drop_nulls("key")
    events = _events(feature, everyone, theirs)
    met = _that_met_others(queries, events)
    events = events.join(met.select("key").unique(), on="key", how="semi")
    counts = _others_before(met, events)
    if feature.window is not None:
        older = _others_before(met.with_columns(pl.col("at") - pl.lit(feature.window)), events)
        counts = counts.join(older, on=ROW, suffix="_older").with_columns(pl.col("others") - pl.col("others_older"))
    counted = queries.select(ROW).join(counts, on=ROW, how="left")
    return counted.select(ROW, pl.col("others").fill_null(0).cast(pl.Float64).alias(feature.name))


def _that_met_others(queries: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return the queries under whose key there is any event of another applicant: few, for most keys are one's own."""
    keys = events.group_by("key").agg(
        pl.col("applicant_id").min().alias("first"), pl.col("applicant_id").max().alias("last")
    )
    alone = (pl.col("first") == pl.col("applicant_id")) & (pl.col("last") == pl.col("applicant_id"))
    return queries.join(keys, on="key", how="inner").filter(~alone).select(queries.columns)


def _events(feature: SharedKey, everyone: pl.DataFrame, theirs: str) -> pl.DataFrame:
    event = EVENTS[feature.event]
    events = everyone.select("applicant_id", key=theirs, at=event.known()).drop_nulls()
    return events.group_by("applicant_id", "key").agg(pl.col("at").min()) if event.distinct else events


def _others_before(queries: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return, for each query, the events of other applicants under its key strictly before its time.

    At equal times queries stand before events, so an event at the very time of a query is not counted.
    """
    line = pl.concat(
        [
            queries.with_columns(events=pl.lit(0, pl.Int64)),
            events.with_columns(pl.lit(None, pl.UInt32).alias(ROW), events=pl.lit(1, pl.Int64)),
        ],
        how="diagonal",
    ).sort("at", "events")
    everyone = pl.col("events").cum_sum().over("key")
    own = pl.col("events").cum_sum().over("key", "applicant_id")
    return line.select(ROW, others=everyone - own).drop_nulls(ROW)
