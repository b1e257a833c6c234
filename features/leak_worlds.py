"""Worlds for the leak prover: sampled applications with the rows they could be computed from, apart from each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import polars as pl

from features.leak_rules import AT, CASE, World, given_columns
from features.line import KEYS
from features.tables import APPLICATIONS, TABLES, Table

MOST_MEMBERS: Final = 150
"""Applicants linked with one application that its world holds; from there on its surroundings are cut off."""

_SPACES: Final[Mapping[str, str]] = {"phone_hash": "p", "contact_hash": "p", "id_hash": "i", "device_id": "d"}
"""Key column to what it numbers: a contact is a phone, too."""


def isolated(tables: Mapping[str, pl.DataFrame], ids: Sequence[str], label: str) -> dict[str, pl.DataFrame]:
    """Return a world in which each application stands alone with its applicant and all whom a chain of keys links.

    Identifiers of persons, things and rows are marked with the application's number, so that copies never meet; their
    order within one application stays.

    Args:
        tables: Raw tables that fit their contracts, each key once.
        ids: Applications to copy.
        label: What the marks begin with.
    """
    applications = tables[APPLICATIONS.name]
    scored = _scored(applications, ids, label)
    members = _members(applications, scored)
    applied = members.join(applications, on="applicant_id")
    keys = pl.concat([applied.select(CASE, key_hash=name) for name in KEYS.values()]).drop_nulls().unique()
    own = {"applicant_id": members, "key_hash": keys, APPLICATIONS.key: applied.select(CASE, APPLICATIONS.key)}
    return {name: _copied(TABLES[name], frame, own, scored) for name, frame in tables.items()}


def original(case: str) -> str:
    """Return the id of an application before it was marked."""
    return case.partition("|")[2]


def whole(tables: Mapping[str, pl.DataFrame], application: str) -> dict[str, pl.DataFrame]:
    """Return a world of all rows around a single application."""
    applications = tables[APPLICATIONS.name]
    at = applications.filter(pl.col(APPLICATIONS.key) == application)["applied_at"].item()
    marks = {CASE: pl.lit(application, pl.String), AT: pl.lit(at, applications.schema["applied_at"])}
    return {name: frame.with_columns(**marks) for name, frame in tables.items()}


def of_cases(world: World, cases: Collection[str]) -> dict[str, pl.DataFrame]:
    """Return the part of a world that stands beside some of its applications."""
    return {name: frame.filter(pl.col(CASE).is_in(list(cases))) for name, frame in world.items()}


def together(*worlds: World) -> dict[str, pl.DataFrame]:
    """Return a world of all rows of several; tables that any of them has."""
    names = dict.fromkeys(name for world in worlds for name in world)
    return {name: pl.concat([world[name] for world in worlds if name in world], how="diagonal") for name in names}


def links(table: Table) -> tuple[str, ...]:
    """Return the columns that say what belongs together: identifiers of rows, persons, things and parents."""
    known = {table.key, *table.parents, "applicant_id", "key_hash", *KEYS.values()}
    return tuple(column.name for column in table.columns if column.name in known)


def _scored(applications: pl.DataFrame, ids: Sequence[str], label: str) -> pl.DataFrame:
    chosen = applications.filter(pl.col(APPLICATIONS.key).is_in(list(ids))).sort(APPLICATIONS.key)
    mark = pl.format("{}{}|", pl.lit(label), pl.int_range(pl.len()))
    return chosen.select(
        "applicant_id", mark=mark, **{CASE: pl.concat_str(mark, APPLICATIONS.key), AT: pl.col("applied_at")}
    )


def _members(applications: pl.DataFrame, scored: pl.DataFrame) -> pl.DataFrame:
    """Return each case with its applicant and all applicants whom a chain of keys links, up to `MOST_MEMBERS`."""
    spaced = [applications.select("applicant_id", key=pl.lit(space) + pl.col(name)) for name, space in _SPACES.items()]
    keys = pl.concat(spaced).drop_nulls().unique()
    members = new = scored.select(CASE, "applicant_id")
    while len(new):
        found = new.join(keys, on="applicant_id").select(CASE, "key").unique()
        reached = found.join(keys, on="key").select(CASE, "applicant_id").unique()
        new = reached.join(members, on=[CASE, "applicant_id"], how="anti")
        members = pl.concat([members, new])
        full = members.group_by(CASE).len().filter(pl.col("len") > MOST_MEMBERS)[CASE]
        new = new.filter(~pl.col(CASE).is_in(full.implode()))
    return members


def _copied(table: Table, frame: pl.DataFrame, own: Mapping[str, pl.DataFrame], scored: pl.DataFrame) -> pl.DataFrame:
    by = next(name for name in own if name in table.schema)
    names = given_columns(table, frame)
    rows = frame.select(names).join(own[by], on=by).join(scored.select(CASE, AT, "mark"), on=CASE)
    return rows.with_columns(pl.concat_str("mark", name).alias(name) for name in links(table)).select(*names, CASE, AT)
