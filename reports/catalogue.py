"""The catalogue of features: what each one means, and what it looks like on a lender's own cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from features.feature import Feature
from modelling.feature_drift import DRIFT_WARNING, FEWEST
from modelling.feature_profile import FeatureProfile, TableProfile
from modelling.single_feature import FEW, LEAK_AUC, SURE
from reports import formats
from reports.catalogue_card import feature_card, states_of
from reports.catalogue_words import GROUP_WORDS, SOURCE_WORDS, STATE_WORDS
from reports.formats import count, counted, number, percent
from reports.money import YUAN
from reports.page import (
    Block,
    Bullets,
    Callout,
    Facet,
    Facts,
    Finder,
    Link,
    Mark,
    Page,
    Section,
    Strong,
    Table,
    Text,
)

STRONGEST: Final = 15
"""Features in the table of those that say most on their own."""

Groups = Mapping[str, Sequence[Feature]]


@dataclass(frozen=True, kw_only=True)
class CatalogueOrigin:
    """Where the figures come from.

    Attributes:
        name: Name of the lender or of the tables.
        table_sha256: Hash of the feature table's values; empty when not known.
        definitions: Hash of the declarations it was built from; empty when not known.
        bad_definition: What bad means; empty without labels.
        absent: Raw tables that the lender did not have, each with the features that are null for want of it.
        undeclared: Columns of the table that no declaration describes.
        currency: What amounts are in.
    """

    name: str
    table_sha256: str = ""
    definitions: str = ""
    bad_definition: str = ""
    absent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    undeclared: Sequence[str] = ()
    currency: str = YUAN


@dataclass(frozen=True)
class _Told:
    """One feature with all that is said of it."""

    group: str
    feature: Feature
    found: FeatureProfile
    states: tuple[str, ...]
    absent: tuple[str, ...]


def catalogue_report(
    groups: Groups, table: TableProfile, origin: CatalogueOrigin, *, made_at: datetime | None = None
) -> Page:
    """Describe every feature that a table holds, group by group.

    Args:
        groups: Declarations by group; those that the table lacks are named and not described.
        table: What the features look like.
        origin: Where the figures come from.
        made_at: When the page is made; None writes no time.
    """
    told = tuple(_told(groups, table, origin))
    shown = [name for name in groups if any(one.group == name for one in told)]
    return Page(
        title=f"Features of {origin.name}",
        lead=_lead(table, len(told), origin),
        facts=_headline(table, told),
        finder=_finder(shown, told),
        sections=(
            _outstanding(groups, told, origin),
            *([_strongest(told)] if table.bad_rate is not None else []),
            *(_group(name, [one for one in told if one.group == name], table, origin.currency) for name in shown),
            _reading(table, origin),
        ),
        footer=_footer(origin, made_at),
    )


def _told(groups: Groups, table: TableProfile, origin: CatalogueOrigin) -> Iterator[_Told]:
    found = {one.feature: one for one in table.features}
    for name, members in groups.items():
        for feature in members:
            if feature.name in found:
                profile = found[feature.name]
                absent = tuple(raw for raw, readers in origin.absent.items() if feature.name in readers)
                yield _Told(name, feature, profile, states_of(feature, profile, table), absent)


def _lead(table: TableProfile, features: int, origin: CatalogueOrigin) -> Text:
    period = table.months[0] if len(table.months) == 1 else f"{table.months[0]} to {table.months[-1]}"
    cases = f"{counted(features, 'feature')} of {counted(table.n, 'application')} ({period}): what each one means, "
    if table.bad_rate is None:
        return (cases, "how its values lie, and how they move. ", _no_rates(table))
    words = (
        f"how its values lie, what they say of bad cases ({origin.bad_definition}), and how they move by month. "
        "Bad rates are those of months in which no loan is pending any more: until then the bad ones are known and the "
        "good ones are not."
    )
    return (cases, words)


def _no_rates(table: TableProfile) -> Strong:
    if table.goods is None:
        return Strong("No labels were given, so nothing is said of bad cases.")
    return Strong("The labels do not hold both good and bad cases, so nothing is said of bad rates.")


def _headline(table: TableProfile, told: Sequence[_Told]) -> Facts:
    def holding(state: str) -> str:
        return count(sum(state in one.states for one in told))

    items: list[tuple[str, Text] | tuple[str, Text, str]] = [("Features", count(len(told)))]
    if table.bad_rate is not None:
        items.append(
            ("Bad rate", percent(table.bad_rate), f"of {count((table.goods or 0) + (table.bads or 0))} labelled")
        )
        items.append(("Leaks suspected", holding("leak")))
        items.append(("Against their direction", holding("against")))
    items.append(("Have moved", holding("moved"), f"PSI of a month from {number(DRIFT_WARNING, 1)}"))
    items.append(("Say nothing", count(sum(bool({"empty", "constant"} & set(one.states)) for one in told))))
    return Facts(tuple(items), tiles=True)


def _finder(shown: Sequence[str], told: Sequence[_Told]) -> Finder:
    sources = {one.feature.meaning.source for one in told}
    states = {state for one in told for state in one.states}
    return Finder(
        label="Search 搜索",
        facets=(
            Facet(name="group", label="Group 分组", choices=tuple((name, _title(name)) for name in shown)),
            Facet(
                name="source",
                label="Source 来源",
                choices=tuple((name, words) for name, words in SOURCE_WORDS.items() if name in sources),
            ),
            Facet(
                name="state",
                label="Stands out 提示",
                choices=(
                    *((name, words) for name, words in STATE_WORDS.items() if name in states),
                    ("none", "nothing"),
                ),
            ),
            Facet(name="call", label="Call verifies 电核", choices=(("yes", "yes 是"), ("no", "no 否"))),
        ),
    )


def _title(group: str) -> str:
    return GROUP_WORDS.get(group, group)


def _outstanding(groups: Groups, told: Sequence[_Told], origin: CatalogueOrigin) -> Section:
    blocks: list[Block] = []
    leaks = [one for one in told if "leak" in one.states]
    if leaks:
        words = "They separate good from bad almost by themselves. Ask of each when its value was known: "
        blocks.append(Callout("problem", (words, *_names(leaks), "."), title="Leak suspected."))
    points = list(_points(groups, told, origin))
    blocks.append(Bullets(tuple(points)) if points else Callout("good", "Nothing stands out."))
    return Section("What stands out", tuple(blocks), id="outstanding")


def _points(groups: Groups, told: Sequence[_Told], origin: CatalogueOrigin) -> Iterator[Text]:
    for state, words in (
        ("against", "Bad rates move against the declared direction, beyond chance"),
        ("moved", "Moved in a month after the reference months"),
        ("constant", "One value throughout"),
    ):
        if having := [one for one in told if state in one.states]:
            yield (f"{words} ({counted(len(having), 'feature')}): ", *_names(having), ".")
    empty = [one for one in told if "empty" in one.states]
    for raw in dict.fromkeys(name for one in empty for name in one.absent):
        having = [one for one in empty if raw in one.absent]
        yield f"{counted(len(having), 'feature')} without any value, since the lender came without the table {raw}."
    if having := [one for one in empty if not one.absent]:
        yield (f"No value, though the tables are there ({counted(len(having), 'feature')}): ", *_names(having), ".")
    described = {one.feature.name for one in told}
    lacking = [feature.name for members in groups.values() for feature in members if feature.name not in described]
    if lacking:
        yield f"Declared, but not in this table ({len(lacking)}): {', '.join(lacking)}."
    if origin.undeclared:
        yield f"In this table, but not declared ({len(origin.undeclared)}): {', '.join(origin.undeclared)}."


def _names(having: Sequence[_Told]) -> tuple[Link | str, ...]:
    links: list[Link | str] = []
    for one in having:
        links += [", ", Link(one.feature.name, f"#{one.feature.name}")]
    return tuple(links[1:])


def _strongest(told: Sequence[_Told]) -> Section:
    best = sorted(told, key=lambda one: (-(one.found.iv or 0.0), one.feature.name))[:STRONGEST]
    caption = f"The {len(best)} features of most information value on their own"
    return Section("What says most", (_table(best, caption, labelled=True),), id="strongest")


def _group(name: str, members: Sequence[_Told], table: TableProfile, currency: str) -> Section:
    cards = [feature_card(name, one.feature, one.found, table, absent=one.absent, currency=currency) for one in members]
    overview = _table(members, "", labelled=table.bad_rate is not None)
    return Section(_title(name), (overview, *cards), id=f"group-{name}", new_page=True)


def _table(members: Sequence[_Told], caption: str, *, labelled: bool) -> Table:
    measured = ("IV", "AUC") if labelled else ()
    return Table(
        ("Feature", "What it is", "Null", *measured, "PSI", "Stands out"),
        tuple(_row(one, labelled=labelled) for one in members),
        caption,
        align="ll" + "r" * (2 + len(measured)) + "l",
    )


def _row(one: _Told, *, labelled: bool) -> tuple[Text, ...]:
    measured = (number(one.found.iv, 3), number(one.found.auc, 3)) if labelled else ()
    move = one.found.largest_move
    return (
        Link(one.feature.name, f"#{one.feature.name}"),
        f"{one.feature.meaning.en} {one.feature.meaning.zh}",
        percent(one.found.null_share),
        *measured,
        number(move.psi.value if move else None, 3),
        tuple(Mark(STATE_WORDS[state], "bad" if state == "leak" else "warn") for state in one.states),
    )


def _reading(table: TableProfile, origin: CatalogueOrigin) -> Section:
    rates = (
        "Bad rates are shown with Jeffreys intervals (95 %), by bins of about a tenth of the cases; nulls have a bin "
        "of their own."
    )
    seen = (
        "The seen direction is that of the rank sum of labelled cases with a value (Mann and Whitney), where it is "
        f"more than {number(SURE, 0)} standard errors from none. It is the feature's by itself; a model's constraint "
        "speaks of it beside all others."
    )
    alone = (
        "Information value (IV) and AUC are measured on the cases of this page. AUC is the better of two: of the bins "
        "in the order of their bad rates, and of the values themselves."
    )
    labels = (
        f"Bad: {origin.bad_definition}. Cases without a good or bad end are in shares and PSI, not in bad rates.",
        rates,
        seen,
        alone,
        f"A leak is suspected from AUC {number(LEAK_AUC, 2)} on at least {FEW} good and {FEW} bad cases.",
    )
    moved = (
        f"PSI compares all applications of a month with those of {_span(table.reference)}, the earliest months that "
        "hold half of them (grey bars), on ten bins learned there; the broken line is what chance alone stays below "
        f"in 95 of 100 samples. Told as moved: beyond chance, and from {number(DRIFT_WARNING, 1)}, in a month of "
        f"at least {FEWEST} applications."
    )
    shapes = "Histograms leave out nulls; the rarest hundredth at either end stands in the outermost bar."
    return Section("How to read it", (Bullets((*(labels if table.bad_rate is not None else ()), moved, shapes)),))


def _span(months: Sequence[str]) -> str:
    return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"


def _footer(origin: CatalogueOrigin, made_at: datetime | None) -> tuple[Text, ...]:
    lines: list[Text] = []
    if origin.table_sha256:
        lines.append(f"Feature table {origin.table_sha256}")
    if origin.definitions:
        lines.append(f"Definitions {origin.definitions}")
    if made_at:
        lines.append(f"Made {formats.moment(made_at)}")
    return tuple(lines)
