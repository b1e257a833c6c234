"""Rows planted around each scored application: a past that gives every feature something to hold on to, or a future.

Few applicants of a real lender have a row of every kind. Planted past rows are known before the decision and stand in
the world before and after an attack, so that a feature that looks beyond the decision has rows to trip over; planted
future rows are an attack by themselves: nobody knew them at the decision, so adding them must move nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Final, Literal

import polars as pl

from features.leak_attacks import When, domain_of, hostile
from features.leak_rules import AT, CASE, World, is_scored, teller_of
from features.line import KEYS
from features.schema_check import UNREAD
from features.tables import APPLICATIONS, DATE, FLAG, OUTCOMES, TABLES, TIME, Column, Table

Planted = Literal["past"] | When

K: Final = "leak_number"
"""Number of a planted row within its case and table."""

PALETTE: Final = 7
"""Different numbers, taken from the lender's own, that planted past rows hold."""

_AGES: Final = (0.2, 1, 3, 12, 25, 50, 80, 150, 300, 500, 800, 1500)
"""Days before the decision at which planted past rows took place."""


def planted(world: World, what: Planted, tables: Collection[str] = tuple(TABLES)) -> dict[str, pl.DataFrame]:
    """Return rows for every case of a world: a past that was known, or rows of a future that was not.

    Only in tables that the world has; ``outcomes`` of the future fill up what is not decided yet.

    Args:
        world: The world.
        what: ``past``: known before the decision. ``early`` and ``late``: hostile, and known at it or days later.
        tables: Names of the tables to plant in.
    """
    applications = world[APPLICATIONS.name]
    keys = [name for name in KEYS.values() if name in applications.columns]
    cases = applications.filter(is_scored()).select(CASE, AT, "applicant_id", *keys)
    made = {}
    for name, frame in world.items():
        if name in tables and name not in UNREAD:
            rows = _rows(TABLES[name], frame, cases, what)
            made[name] = rows.join(frame, on=TABLES[name].key, how="anti")
    return made


def _rows(table: Table, frame: pl.DataFrame, cases: pl.DataFrame, what: Planted) -> pl.DataFrame:
    columns = [column for column in table.columns if column.name in frame.columns]
    domains = {column.name: domain_of(column, frame) for column in columns}
    count = max(len(_AGES), *(len(domain) for domain in domains.values()))
    numbers = pl.DataFrame({K: pl.int_range(count, eager=True)})
    every = cases.rename({name: f"own_{name}" for name in cases.columns if name not in (CASE, AT)}).join(
        numbers, how="cross"
    )
    linked = _LINKS.get(table.name, {})
    values = [
        (linked[c.name](what) if c.name in linked else _value(table, c, frame, what, domains[c.name]))
        .cast(c.dtype)
        .alias(c.name)
        for c in columns
    ]
    return every.select(CASE, AT, K, *values).filter(_wanted(table, what)).select(*frame.columns)


def _wanted(table: Table, what: Planted) -> pl.Expr:
    """Return which numbers are planted: of outcomes, the even ones were known and the odd ones become so."""
    if table is not OUTCOMES:
        return pl.lit(value=True)
    return pl.col(K) % 2 == (0 if what == "past" else 1)


def _value(table: Table, column: Column, frame: pl.DataFrame, what: Planted, domain: pl.Series) -> pl.Expr:
    if column.name == table.key:
        return _name(table.name, what)
    if column.name == "applicant_id":
        return pl.col("own_applicant_id")
    if len(domain):
        return pl.lit(domain).gather(pl.col(K) % len(domain))
    return _past(table, column, frame) if what == "past" else hostile(table, column, what, domain)


def _past(table: Table, column: Column, frame: pl.DataFrame) -> pl.Expr:
    """Return a value as it might have been known: what is learned later is not known yet."""
    if teller_of(table, column.name):
        return pl.lit(None, column.dtype)
    if column.dtype == TIME:
        later = timedelta(0) if column.name == table.times[0] else timedelta(hours=1)
        return pl.col(AT) - _age() + later if column.name in table.times else pl.lit(None, TIME)
    if column.dtype == FLAG:
        return pl.col(K) % 2 == 0
    known = _palette(frame[column.name])
    if len(known):
        return pl.lit(known).gather(pl.col(K) % len(known))
    if column.dtype.is_numeric():
        return pl.lit(max(column.lower or 0.0, 1.0)) + pl.col(K)
    return pl.lit(None, DATE) if column.dtype == DATE else pl.format("planted {}", pl.col(K) % 3)


def _palette(values: pl.Series) -> pl.Series:
    known = values.drop_nulls().unique().sort()
    step = max(1, len(known) // PALETTE)
    return known.gather_every(step).head(PALETTE)


def _age() -> pl.Expr:
    days = pl.Series("age", [timedelta(days=age) for age in _AGES], pl.Duration("us"))
    return pl.lit(days).gather(pl.col(K) % len(days))


def _name(table: str, what: Planted, number: pl.Expr | None = None) -> pl.Expr:
    return pl.format("{}|{} {} {}", pl.col(CASE), pl.lit(what), pl.lit(table), pl.col(K) if number is None else number)


def _person(what: Planted) -> pl.Expr:
    """Return who hands in a planted application: the applicant, and strangers under the same keys."""
    stranger = _name("stranger", what)
    return pl.when(pl.col(K) % 3 == 0).then(pl.col("own_applicant_id")).otherwise(stranger)


def _key(name: str) -> Callable[[Planted], pl.Expr]:
    """Return a key of a planted application: the applicant's own; some give the contact as their phone."""
    other = {"phone_hash": "contact_hash", "contact_hash": "phone_hash"}.get(name, name)
    return lambda _what: pl.when(pl.col(K) % 5 == 4).then(pl.col(f"own_{other}")).otherwise(pl.col(f"own_{name}"))


def _loan(what: Planted) -> pl.Expr:
    """Return the loan of a planted instalment: one that was known, or one as unknown as itself."""
    return pl.when(pl.col(K) % 4 < 3).then(_name("loans", "past")).otherwise(_name("loans", what))


def _applied_for(_what: Planted) -> pl.Expr:
    """Return the application of a planted check: the scored one, or an earlier one."""
    return pl.when(pl.col(K) % 2 == 0).then(pl.col(CASE)).otherwise(_name(APPLICATIONS.name, "past"))


def _decided(what: Planted) -> pl.Expr:
    """Return the application of a planted outcome: an earlier one, or the scored one itself once."""
    earlier = _name(APPLICATIONS.name, "past")
    return earlier if what == "past" else pl.when(pl.col(K) == 1).then(pl.col(CASE)).otherwise(earlier)


def _listed_kind(_what: Planted) -> pl.Expr:
    return pl.lit(pl.Series("kind", list(KEYS))).gather(pl.col(K) % len(KEYS))


def _listed(what: Planted) -> pl.Expr:
    """Return the key of a planted watchlist entry: the applicant's own of the kind that the entry lists."""
    parts = [pl.when(_listed_kind(what) == kind).then(pl.col(f"own_{name}")) for kind, name in KEYS.items()]
    return pl.coalesce(*parts, pl.lit("planted key"))


_LINKS: Final[Mapping[str, Mapping[str, Callable[[Planted], pl.Expr]]]] = {
    "applications": {"applicant_id": _person, **{name: _key(name) for name in KEYS.values()}},
    "identity_checks": {"application_id": _applied_for},
    "loans": {"application_id": lambda _what: pl.lit(None, pl.String)},
    "instalments": {"loan_id": _loan},
    "outcomes": {"application_id": _decided},
    "watchlist": {"key_type": _listed_kind, "key_hash": _listed},
}
"""Columns that link planted rows with the case and with each other."""
