"""One feature in the catalogue: what it means, how its values lie, what they say of bad cases, and how they move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from features.feature import Feature
from modelling.feature_drift import FeatureDrift
from modelling.feature_profile import FeatureProfile, TableProfile
from modelling.histogram import Histogram
from modelling.single_feature import leak_suspected
from reports.bin_chart import BinRow, bin_chart
from reports.catalogue_words import DIRECTION_WORDS, KIND_WORDS, SEEN_WORDS, SOURCE_WORDS, STATE_WORDS, bin_name, exact
from reports.catalogue_words import short as on_axis
from reports.formats import count, number, percent
from reports.inline import Tone
from reports.money import YUAN, in_currency
from reports.page import Block, Callout, Card, Chart, Facts, Mark, Prose, Text
from reports.small_charts import Move, distribution, moves

NEVER_NULL: Final = "never null"
"""What declarations say of a feature that has a value in every case."""

_TONES: Final[Mapping[str, Tone]] = {"leak": "bad", "against": "warn", "moved": "warn"}


def states_of(feature: Feature, found: FeatureProfile, table: TableProfile) -> tuple[str, ...]:
    """Return what stands out about a feature, by the keys of `STATE_WORDS`, gravest first."""
    declared, seen = feature.meaning.direction, found.trend.direction if found.trend else 0
    move = found.largest_move
    holds = {
        "leak": leak_suspected(found.auc, table.goods or 0, table.bads or 0),
        "against": declared * seen == -1,
        "moved": move is not None and FeatureDrift(feature=feature.name, psi=move.psi).verdict in {"moved", "broken"},
        "empty": found.distinct == 0,
        "constant": found.distinct == 1,
    }
    return tuple(state for state in STATE_WORDS if holds[state])


def feature_card(
    group: str,
    feature: Feature,
    found: FeatureProfile,
    table: TableProfile,
    *,
    absent: Sequence[str] = (),
    currency: str = YUAN,
) -> Card:
    """Describe one feature.

    Args:
        group: Group of features that it belongs to.
        feature: Its declaration.
        found: What it looks like.
        table: The whole table, for what all features share.
        absent: Raw tables that it needs and the lender did not have.
        currency: What the lender's amounts are in.
    """
    states = states_of(feature, found, table)
    meaning = feature.meaning
    return Card(
        title=feature.name,
        id=feature.name,
        marks=tuple(Mark(STATE_WORDS[state], _TONES.get(state, "plain")) for state in states),
        blocks=(
            Prose(f"{meaning.en}. {meaning.zh}"),
            Facts(_facts(feature, found, table, currency), columns=True),
            *_pictures(feature, found, table, absent),
        ),
        facets={
            "group": group,
            "source": meaning.source,
            "state": " ".join(states) or "none",
            "call": "yes" if meaning.question else "no",
        },
    )


def _facts(feature: Feature, found: FeatureProfile, table: TableProfile, currency: str) -> tuple[tuple[str, Text], ...]:
    meaning = feature.meaning
    kind = (KIND_WORDS[feature.kind], in_currency(meaning.unit, currency), _bounds(feature))
    facts: list[tuple[str, Text]] = [
        ("Source 来源", SOURCE_WORDS.get(meaning.source, meaning.source)),
        ("Kind 类型", "; ".join(part for part in kind if part)),
        ("Direction 方向", _direction(feature, found)),
        ("Reason 原因", f"{meaning.group.en} {meaning.group.zh}"),
        ("Null 空值", _null(feature, found)),
        ("Alone 单变量", _alone(found, table)),
    ]
    if meaning.question:
        facts.append(("Question 核实", meaning.question.en))
        facts.append(("", meaning.question.zh))
    return tuple(facts)


def _null(feature: Feature, found: FeatureProfile) -> str:
    means = feature.meaning.null_means
    if found.nulls or means == NEVER_NULL:
        return means if not found.nulls else f"{means}: {percent(found.null_share)} of cases"
    return f"{means}: no case here"


def _bounds(feature: Feature) -> str:
    lower, upper = feature.lower, feature.upper
    if lower is None and upper is None:
        return ""
    if upper is None:
        return f"at least {exact(lower or 0.0)}"
    return f"at most {exact(upper)}" if lower is None else f"{exact(lower)} to {exact(upper)}"


def _direction(feature: Feature, found: FeatureProfile) -> Text:
    declared = feature.meaning.direction
    words = DIRECTION_WORDS[declared]
    if found.trend is None:
        return words
    seen = found.trend.direction
    if not declared:
        return f"{words}; seen: {SEEN_WORDS[seen]}"
    if not seen:
        return (f"{words}; seen: ", Mark(SEEN_WORDS[0], "muted"))
    return (f"{words}; seen: ", Mark("the same", "good") if seen == declared else Mark(SEEN_WORDS[seen], "warn"))


def _alone(found: FeatureProfile, table: TableProfile) -> str:
    if found.auc is None:
        return "not measured: " + ("no labels were given" if table.goods is None else "the labels are all alike")
    return f"information value {number(found.iv, 3)}, AUC {number(found.auc, 3)}"


def _pictures(feature: Feature, found: FeatureProfile, table: TableProfile, absent: Sequence[str]) -> tuple[Block, ...]:
    if found.distinct == 0:
        return (Callout("note", _why_empty(absent)),)
    charts = [Chart(_bins(feature, found, table), _bins_caption(found, table), wide=True)]
    if found.histogram and found.distinct > 1:
        charts.append(_distribution(found.histogram))
    if found.months:
        charts.append(_months(found))
    return tuple(charts)


def _why_empty(absent: Sequence[str]) -> str:
    if absent:
        return f"Null in every case: the lender came without the table {' and '.join(absent)}, which it reads."
    return "Null in every case, although its tables are there."


def _bins(feature: Feature, found: FeatureProfile, table: TableProfile) -> Markup:
    rows = [
        BinRow(
            name=bin_name(one, feature.kind),
            n=one.n,
            share=one.share,
            labelled=one.labelled,
            bads=one.bads,
            rate=one.rate,
            lower=one.lower,
            upper=one.upper,
            weak=one.kind == "null",
        )
        for one in found.bins
    ]
    return bin_chart(rows, overall=table.bad_rate if found.auc is not None else None)


def _bins_caption(found: FeatureProfile, table: TableProfile) -> str:
    if found.auc is None:
        return f"Share of {count(found.n)} cases by bin."
    return f"Broken line: {percent(table.bad_rate)}, the bad rate of all labelled cases."


def _distribution(lies: Histogram) -> Chart:
    says = (
        f"Median {exact(lies.median)}, the middle half {exact(lies.lower_quartile)} to {exact(lies.upper_quartile)}, "
        f"all {exact(lies.smallest)} to {exact(lies.largest)}."
    )
    svg = distribution(lies.edges, lies.counts, single=lies.single, form=on_axis, says=f"Distribution. {says}")
    return Chart(svg, says)


def _months(found: FeatureProfile) -> Chart:
    items = [
        Move(name=one.month, value=one.psi.value, chance=one.psi.threshold, weak=one.reference) for one in found.months
    ]
    top = found.largest_move
    says = (
        "All months are reference."
        if top is None
        else f"PSI up to {number(top.psi.value, 3)} in {top.month} (by chance {number(top.psi.threshold, 3)})."
    )
    return Chart(moves(items, says=f"PSI by month. {says}"), says)
