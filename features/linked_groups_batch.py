"""Features of linked groups for a batch of applications: all that happened in one line of time, walked once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from features.components import SPACES, Components, applicant_node
from features.line import KEYS
from features.linked_groups import LinkedGroup
from features.network_events import EVENTS
from features.point_in_time import ROW

_ASKED, _ENTERED, _LEARNED = range(3)
"""What comes first at one time: an application sees neither those of its own moment nor what is learned in it."""
_KEYS: Final = tuple(KEYS.values())
_GIVEN: Final = pl.any_horizontal(pl.col(name).is_not_null() for name in _KEYS)


def with_linked(values: pl.DataFrame, parts: Sequence[LinkedGroup], everyone: pl.DataFrame) -> pl.DataFrame:
    """Return the applications with features of their groups beside them.

    Args:
        values: Applications to build, numbered by ``row``.
        parts: Features to add; the tables that they read are there.
        everyone: All applications, the columns of ``outcomes`` beside them.
    """
    if not parts:
        return values
    found = _walked(_line(values, everyone, parts), parts)
    alone = {part.name: pl.when(_GIVEN).then(pl.lit(part.without_others, pl.Float64)) for part in parts}
    joined = values.join(found, on=ROW, how="left")
    return joined.with_columns(pl.coalesce(name, otherwise).alias(name) for name, otherwise in alone.items())


def _walked(line: pl.DataFrame, parts: Sequence[LinkedGroup]) -> pl.DataFrame:
    """Return ``row`` and the features of every application asked about that is linked with anybody."""
    components, found = Components(), []
    for at, step, row, event, applicant, *keys in line.iter_rows():
        given = [key for key in keys if key is not None]
        if step == _ASKED:
            around = components.around(applicant, given)
            if around.groups:
                found.append((row, *(part.value(around, at) for part in parts)))
        elif step == _ENTERED:
            components.enter(applicant, given, at)
        else:
            components.learn(applicant, event)
    schema = {ROW: pl.UInt32(), **{part.name: pl.Float64() for part in parts}}
    return pl.DataFrame(found, schema=schema, orient="row")


def _line(values: pl.DataFrame, everyone: pl.DataFrame, parts: Sequence[LinkedGroup]) -> pl.DataFrame:
    """Return what is asked, entered and learned, in the order of time, of applicants who share a key with another.

    Whoever shares no key with anybody is left out: there is nobody to be found. Most applicants are such.
    """
    who = ("applicant_id", *_KEYS)
    linked = _linked(pl.concat([everyone.select(who), values.select(who)]))
    asked = values.filter(_GIVEN).join(linked, on="applicant_id", how="semi")
    entered = everyone.join(linked, on="applicant_id", how="semi")
    steps = [
        _step(_ASKED, asked.select(ROW, *who, at="applied_at")),
        _step(_ENTERED, entered.select(*who, at="applied_at")),
    ]
    for name in sorted({part.event for part in parts if part.event}):
        learned = entered.select("applicant_id", at=EVENTS[name].known()).drop_nulls()
        steps.append(_step(_LEARNED, learned.with_columns(event=pl.lit(name))))
    line = pl.concat([_EMPTY, *steps], how="diagonal").sort("at", "step")
    nodes = [(f"{SPACES[name]} " + pl.col(name)).alias(name) for name in _KEYS]
    named = line.with_columns(*nodes, applicant_id=applicant_node("") + pl.col("applicant_id"))
    return named.with_columns(pl.col("at").to_physical())


_EMPTY: Final = pl.DataFrame(
    schema={
        "at": pl.Datetime("us", "UTC"),
        "step": pl.Int32(),
        ROW: pl.UInt32(),
        "event": pl.String(),
        "applicant_id": pl.String(),
        **dict.fromkeys(_KEYS, pl.String()),
    }
)


def _step(step: int, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(step=pl.lit(step, pl.Int32))


def _linked(who: pl.DataFrame) -> pl.DataFrame:
    """Return the applicants who share a key with another at any time."""
    given = [who.select("applicant_id", space=pl.lit(SPACES[name]), key=name).drop_nulls() for name in _KEYS]
    keyed = pl.concat(given)
    applicant = pl.col("applicant_id")
    shared = keyed.group_by("space", "key").agg(first=applicant.min(), last=applicant.max())
    shared = shared.filter(pl.col("first") != pl.col("last"))
    return keyed.join(shared, on=["space", "key"], how="semi").select("applicant_id").unique()
