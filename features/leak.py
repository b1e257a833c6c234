"""The leak prover: attacks everything that was not known at a decision, and says which feature moved and through what.

The contracts of `features.tables` say what was known; what a feature claims of itself is not asked. Sampled
applications are built twice each from a world of their own, as it is and with planted past rows, before and after
each attack. Features must not move by a single bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import polars as pl

from features.build import build
from features.catalogue import CATALOGUE, Catalogue
from features.errors import UnknownApplicationError
from features.leak_attacks import ALL, Scope, When, count_unknown, deleted, replaced, shuffled
from features.leak_plants import planted
from features.leak_proof import Culprit, How, Leak, Proof
from features.leak_rules import CASE, World, is_scored
from features.leak_worlds import isolated, links, of_cases, original, together, whole
from features.schema_check import UNREAD, check_columns, checked
from features.tables import APPLICATIONS, TABLES, Table

BARE, SOWN = "bare", "sown"
"""What the marks of an application's two copies begin with: as it is, and with a planted past."""

CASES_TO_NARROW: Final = 12
"""Copies in which a feature moved that are attacked again, part by part, to find out through what."""

WHOLE_CASES: Final = 4
"""Applications that are attacked in all tables at once, for features that see beyond an application's own world."""

Tell: TypeAlias = Callable[[str, float], None]
Moved: TypeAlias = dict[str, set[str]]
"""Feature to the cases in which it moved."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One way to change what was not known.

    Attributes:
        name: What is done, in a few words.
        on: Changes a world within a scope.
        by_column: Whether it can be let loose on a single column.
    """

    name: str
    on: Callable[[World, int, Scope], World]
    by_column: bool = True


ATTACKS: Final = (
    Attack(name="replaced, learned at the decision", on=lambda world, _seed, scope: replaced(world, "early", scope)),
    Attack(name="replaced, learned days later", on=lambda world, _seed, scope: replaced(world, "late", scope)),
    Attack(name="shuffled", on=shuffled, by_column=False),
    Attack(name="deleted", on=lambda world, _seed, scope: deleted(world, scope)),
    Attack(name="added, learned at the decision", on=lambda world, _seed, scope: _added(world, "early", scope)),
    Attack(name="added, learned days later", on=lambda world, _seed, scope: _added(world, "late", scope)),
)


def prove(
    tables: Mapping[str, pl.DataFrame],
    *,
    applications: int = 200,
    seed: int = 0,
    catalogue: Catalogue = CATALOGUE,
    features: Sequence[str] | None = None,
    time_zone: str = "Asia/Shanghai",
    tell: Tell = lambda _message, _share: None,
) -> Proof:
    """Attack what sampled applications could not know, and watch their features.

    Args:
        tables: Raw tables by name, as for `features.build.build`; ``truth`` and ``calls`` are attacked, too.
        applications: How many applications to draw; all when there are fewer.
        seed: Seed of the draw and of shuffles.
        catalogue: The features.
        features: Names of the features to watch; None means all.
        time_zone: Zone of local hours and days.
        tell: Called with what is being done and the share done, from 0 to 1.

    Raises:
        SchemaError: a table does not fit its contract; ``truth`` and ``calls``, whose columns are attacked, too.
        UnknownApplicationError: there is no application.
        UnknownFeatureError: a name is not in the catalogue.
    """
    tell("reading tables", 0.0)
    checked(tables)
    for name in sorted(UNREAD & tables.keys()):
        check_columns(TABLES[name], tables[name].schema)
    given = {n: f.unique(TABLES[n].key, keep="first", maintain_order=True) for n, f in tables.items() if n in TABLES}
    ids = _drawn(given[APPLICATIONS.name], applications, seed)
    names = tuple(catalogue if features is None else features)
    bench = _Bench(names=names, catalogue=catalogue, time_zone=time_zone, seed=seed)
    tell("copying each application's own world", 0.05)
    bare, sown = isolated(given, ids, BARE), isolated(given, ids, SOWN)
    world = together(bare, sown, planted(sown, "past"))
    beyond = bench.beyond(given, bare, ids)
    watched = bench.of([name for name in names if name not in beyond])
    found = watched.attacked(world, tell)
    for place, case in enumerate(ids[:WHOLE_CASES] if beyond else ()):
        tell("attacking all tables at once", 0.7 + 0.1 * place / WHOLE_CASES)
        _merge(found, bench.of(beyond).attacked(whole(given, case), lambda _message, _share: None))
    tell("looking for the columns", 0.8)
    leaks = bench.leaks(found, world, given)
    tell("done", 1.0)
    return Proof(
        applications=tuple(ids),
        features=len(names),
        attacks=tuple(attack.name for attack in ATTACKS),
        cells=count_unknown(bare),
        planted=sum(len(frame) for frame in planted(sown, "early").values()) * 2,
        whole=tuple(beyond),
        leaks=leaks,
    )


@dataclass(frozen=True, kw_only=True)
class _Bench:
    """Builds worlds and watches features."""

    names: Sequence[str]
    catalogue: Catalogue
    time_zone: str
    seed: int

    def of(self, names: Sequence[str]) -> _Bench:
        return _Bench(names=names, catalogue=self.catalogue, time_zone=self.time_zone, seed=self.seed)

    def build(self, world: World, cases: Sequence[str]) -> pl.DataFrame:
        return build(world, features=self.names, only=cases, catalogue=self.catalogue, time_zone=self.time_zone).sort(
            APPLICATIONS.key
        )

    def beyond(self, tables: World, bare: World, ids: Sequence[str]) -> list[str]:
        """Return the features whose values an application's own world does not give: they look beyond it."""
        everywhere = self.build(tables, ids)
        alone = self.build(bare, _cases(bare))
        back = alone.with_columns(pl.col(APPLICATIONS.key).map_elements(original, return_dtype=pl.String))
        moved = moved_bits(everywhere, back.sort(APPLICATIONS.key), self.names)
        return [name for name in self.names if name in moved]

    def attacked(self, world: World, tell: Tell, scope: Scope = ALL) -> dict[str, Moved]:
        """Return, for each attack, the features that moved and where."""
        if not self.names:
            return {}
        cases = _cases(world)
        before = self.build(world, cases)
        found = {}
        for place, attack in enumerate(ATTACKS):
            tell(f"attack: {attack.name}", 0.2 + 0.5 * place / len(ATTACKS))
            after = self.build(attack.on(world, self.seed, scope), cases)
            found[attack.name] = moved_bits(before, after, self.names)
        return found

    def leaks(self, found: Mapping[str, Moved], world: World, tables: World) -> tuple[Leak, ...]:
        """Say of each feature that moved where, under which attacks and through which columns."""
        where = {n: sorted({c for moved in found.values() for c in moved.get(n, ())}) for n in self.names}
        moved = {name: cases for name, cases in where.items() if cases}
        marked = set(_cases(world))
        culprits: dict[str, list[Culprit]] = {}
        inside = [name for name, cases in moved.items() if marked.issuperset(cases)]
        if inside:
            some = {case for name in inside for case in moved[name][:CASES_TO_NARROW]}
            culprits |= self.of(inside).culprits(of_cases(world, some))
        for name in (name for name in moved if name not in inside):
            culprits |= self.of([name]).culprits(whole(tables, moved[name][0]))
        return tuple(
            Leak(
                feature=name,
                attacks=tuple(attack for attack, cases in found.items() if name in cases),
                applications=tuple(sorted({original(case) if case in marked else case for case in cases})),
                culprits=tuple(culprits[name]),
            )
            for name, cases in moved.items()
        )

    def culprits(self, world: World) -> dict[str, list[Culprit]]:
        """Return, for each feature that moves in a world, the columns through which it does, rows' times first."""
        cases = _cases(world)
        before = self.build(world, cases)

        def hit(scope: Scope) -> set[str]:
            tried = (attack for attack in ATTACKS if scope.column is None or attack.by_column)
            after = (self.build(attack.on(world, self.seed, scope), cases) for attack in tried)
            return {name for one in after for name in moved_bits(before, one, self.names)}

        found: dict[str, list[Culprit]] = {name: [] for name in self.names}
        for table in (TABLES[name] for name in world):
            hurt = hit(Scope(table=table.name))
            for column in _suspects(table) if hurt else ():
                how: How = "rows" if column in table.times else "values"
                for name in hit(Scope(table=table.name, column=column)):
                    found[name].append(Culprit(table=table.name, column=column, how=how))
            for name in hurt:
                if not any(culprit.table == table.name for culprit in found[name]):
                    found[name].append(Culprit(table=table.name, column="*", how="values"))
        return found


def _suspects(table: Table) -> list[str]:
    """Return the columns to attack one by one: times of rows first; what links rows goes with the rows."""
    values = [c.name for c in table.columns if c.name not in links(table) and c.name not in table.times]
    return [*reversed(table.times), *values]


def _drawn(applications: pl.DataFrame, count: int, seed: int) -> list[str]:
    ids = applications[APPLICATIONS.key].sort()
    if not len(ids):
        raise UnknownApplicationError(["(any)"])
    return ids.sample(min(count, len(ids)), seed=seed).sort().to_list()


def _cases(world: World) -> list[str]:
    return world[APPLICATIONS.name].filter(is_scored())[CASE].to_list()


def moved_bits(before: pl.DataFrame, after: pl.DataFrame, names: Sequence[str]) -> Moved:
    """Return the features whose bits differ, with the applications in which they do."""
    moved = {}
    for name in names:
        other = _differ(before[name], after[name])
        if other.any():
            moved[name] = set(before[APPLICATIONS.key].filter(other).to_list())
    return moved


def _differ(one: pl.Series, other: pl.Series) -> pl.Series:
    differ = one.ne_missing(other)
    return differ | (1 / one).ne_missing(1 / other) if one.dtype.is_float() else differ  # -0 is not 0


def _added(world: World, when: When, scope: Scope) -> World:
    """Return the world with a hostile future planted in the tables of a scope."""
    within = [name for name in world if scope.rows(TABLES[name]) and _by(name, when, scope)]
    return together(world, planted(world, when, within))


def _by(table: str, when: When, scope: Scope) -> bool:
    """Return whether the time of a scope is what makes planted rows unknown: the last one when they are early."""
    times = TABLES[table].times
    return scope.column is None or scope.column == (times[-1] if when == "early" else times[0])


def _merge(found: dict[str, Moved], more: Mapping[str, Moved]) -> None:
    for attack, moved in more.items():
        for name, cases in moved.items():
            found.setdefault(attack, {}).setdefault(name, set()).update(cases)
