"""The page on which a challenger is held against the champion, on the same cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from modelling.compare import Comparison, Contender
from modelling.discrimination import Auc, AucDifference
from modelling.estimate import Estimate
from modelling.splits import held_out_words
from modelling.swap_set import SwapCell
from reports import charts, formats
from reports.formats import percent, with_interval
from reports.model_limits import gates
from reports.page import Block, Callout, Chart, Code, Facts, Mark, Page, Section, Strong, Table, Text
from scoring.spec import Gate

CHANCE: Final = 0.05
"""p-value from which a difference is told as no more than chance."""

SWAPS: Final = {
    "in_in": ("both approve", "nothing changes"),
    "in_out": ("champion approves, challenger does not", "newly declined"),
    "out_in": ("challenger approves, champion does not", "newly approved"),
    "out_out": ("neither approves", "nothing changes"),
}
"""Cells of a swap set, in words."""


def comparison_report(
    comparison: Comparison,
    *,
    registered: int | None = None,
    gates_found: Sequence[Gate] = (),
    made_at: datetime | None = None,
) -> Page:
    """Hold a challenger against the champion: ranking, calibration, swap set and months.

    Args:
        comparison: Both models on the same cases.
        registered: Version of the champion in the registry; None when another model stands in its place.
        gates_found: Gates of promotion; empty when the challenger was not put up.
        made_at: When the page is made; None writes no time.
    """
    made = f" Page made {formats.moment(made_at)}." if made_at else ""
    return Page(
        title=f"{comparison.challenger.name} against {comparison.champion.name}",
        lead=_lead(comparison),
        facts=_headline(comparison, registered),
        sections=(
            _ranking(comparison),
            _calibration(comparison),
            _swap_set(comparison),
            _months(comparison),
            *([gates(gates_found)] if gates_found else []),
            _origin(comparison),
        ),
        footer=(f"Bamboo. {formats.count(comparison.n)} labelled cases {_split(comparison)}.{made}",),
    )


def _origin(comparison: Comparison) -> Section:
    cases = f"{formats.count(comparison.n)} labelled cases {_split(comparison)}, {formats.count(comparison.bads)} bad"
    facts = Facts(
        (
            ("Cases", cases),
            ("Dataset (SHA-256)", Code(comparison.dataset) if comparison.dataset else "not known"),
            ("Bootstrap", f"{formats.count(comparison.resamples)} draws of applicants with all their cases"),
            ("Seed", str(comparison.seed)),
        )
    )
    return Section("Where it comes from", (facts,), lead="With these, the same numbers can be made again.")


def _split(comparison: Comparison) -> str:
    if comparison.split == "out_of_time":
        return held_out_words(dated=bool(comparison.months))
    return comparison.split


def _lead(comparison: Comparison) -> Text:
    test = comparison.bootstrap
    names = (Strong(comparison.challenger.name), " ", Strong(comparison.champion.name))
    found = (
        f"difference of Gini {formats.number(2 * test.difference, 3, signed=True)}, "
        f"{percent(comparison.level, 0)} from {_gini_interval(test)}"
    )
    if test.lower <= 0 <= test.upper:
        return (
            "Whether ",
            names[0],
            " ranks cases better than ",
            names[2],
            f" can't be told apart from chance ({found}).",
        )
    better = test.difference > 0
    return (
        names[0],
        " ranks cases ",
        "better" if better else "worse",
        " than ",
        names[2],
        f", by more than chance ({found}).",
    )


def _gini_interval(test: AucDifference) -> str:
    return formats.interval(2 * test.lower, 2 * test.upper, lambda value: formats.number(value, 3, signed=True))


def _headline(comparison: Comparison, registered: int | None) -> Facts:
    test, swaps = comparison.bootstrap, {cell.cell: cell for cell in comparison.swap_set.cells}
    swapped = swaps["in_out"].n + swaps["out_in"].n
    total = sum(cell.n for cell in swaps.values())
    standing = f"version {registered}" if registered else "in its place: not registered"
    return Facts(
        (
            (
                "Gini, champion",
                formats.number(comparison.champion.auc.gini, 3),
                f"{comparison.champion.name}, {standing}",
            ),
            ("Gini, challenger", formats.number(comparison.challenger.auc.gini, 3), comparison.challenger.name),
            (
                "Difference of Gini",
                formats.number(2 * test.difference, 3, signed=True),
                f"{_gini_interval(test)}, drawing applicants",
            ),
            ("Decisions changed", percent(swapped / max(total, 1)), "at equal approval rate"),
            ("Cases", formats.count(comparison.n), f"{formats.count(comparison.bads)} bad"),
        ),
        tiles=True,
    )


def _ranking(comparison: Comparison) -> Section:
    lead = (
        "Both models scored the same cases, so the tests are paired: what is hard for both cancels out. A p-value "
        f"below {CHANCE} says more than chance."
    )
    pair = (comparison.champion, comparison.challenger)
    rows: tuple[tuple[Text, ...], ...] = (
        ("Gini (DeLong)", *(_gini(one.auc) for one in pair), *_auc_test(comparison.delong, "DeLong")),
        ("Gini (bootstrap)", *[formats.NOTHING] * 2, *_auc_test(comparison.bootstrap, "bootstrap")),
        ("KS", *(_estimate(one.ks.interval, 3) for one in pair), formats.NOTHING, ""),
        (
            "Brier score",
            *(_estimate(one.calibration.brier, 4) for one in pair),
            _paired(comparison.brier),
            "",
        ),
        (
            "Log-loss",
            *(_estimate(one.calibration.log_loss, 4) for one in pair),
            _paired(comparison.log_loss),
            "",
        ),
    )
    table = Table(
        ("", comparison.champion.name, comparison.challenger.name, "Challenger less champion", "Paired test"),
        rows,
        f"Metrics with {percent(comparison.level, 0)} intervals",
        align="lrrrr",
        note="DeLong's test takes cases as independent; the bootstrap draws applicants with all their cases. Of Brier "
        "score and log-loss, lower is better.",
    )
    return Section("Ranking", (table, _roc(pair)), lead=lead)


def _auc_test(test: AucDifference, name: str) -> tuple[str, str]:
    """Return the difference of Gini with its interval, and the p-value of the test that gave both."""
    p = formats.p_value(test.p)
    sign = "" if p.startswith("<") else "= "
    return f"{formats.number(2 * test.difference, 3, signed=True)} ({_gini_interval(test)})", f"{name} p {sign}{p}"


def _gini(auc: Auc) -> str:
    return with_interval(auc.gini, auc.gini_lower, auc.gini_upper, lambda value: formats.number(value, 3))


def _estimate(estimate: Estimate | None, digits: int) -> str:
    if estimate is None:
        return formats.NOTHING
    return with_interval(estimate.value, estimate.lower, estimate.upper, lambda value: formats.number(value, digits))


def _paired(estimate: Estimate) -> str:
    return with_interval(
        estimate.value, estimate.lower, estimate.upper, lambda value: formats.number(value, 4, signed=True)
    )


def _whole(value: float | None) -> str:
    return percent(value, 0)


def _roc(pair: Sequence[Contender]) -> Chart:
    svg = charts.curves(
        [charts.Trace(name=one.name, x=one.curve.good, y=one.curve.bad) for one in pair],
        x=charts.Axis(label="share of good cases at or above the risk", form=_whole, lower=0, upper=1),
        y=charts.Axis(label="share of bad cases at or above the risk", form=_whole, lower=0, upper=1),
        diagonal="guessing",
        says="ROC curves of both models",
    )
    return Chart(svg, "ROC curves of both models on the same cases.")


def _calibration(comparison: Comparison) -> Section:
    pair = (comparison.champion, comparison.challenger)
    parts = [one.calibration for one in pair]
    rows: tuple[tuple[Text, ...], ...] = (
        ("Mean PD", *(percent(c.mean_pd, 2) for c in parts)),
        ("Observed bad rate", *(percent(c.observed, 2) for c in parts)),
        ("Slope (1 is right)", *(_estimate(c.slope, 2) for c in parts)),
        ("Shift of log-odds (0 is right)", *(_estimate(c.shift, 2) for c in parts)),
        ("ECE, and by chance alone", *(f"{percent(c.ece, 2)} ({percent(c.ece_by_chance, 2)})" for c in parts)),
        ("Spiegelhalter p", *(formats.p_value(c.spiegelhalter_p) for c in parts)),
    )
    table = Table(
        ("", *(one.name for one in pair)),
        rows,
        f"Calibration with {percent(comparison.level, 0)} intervals",
        align="lrr",
    )
    highest = max(max(b.upper, b.mean_pd) for one in pair for b in one.calibration.bins)
    drawn = [_dots(one, highest) for one in pair]
    lead = "A model may rank better and yet say probabilities that are off; both are needed to set prices and tiers."
    return Section("Calibration", (*drawn, table), lead=lead)


def _dots(one: Contender, highest: float) -> Chart:
    svg = charts.calibration(
        [
            charts.Dot(predicted=b.mean_pd, observed=b.observed, lower=b.lower, upper=b.upper)
            for b in one.calibration.bins
        ],
        x=charts.Axis(label="mean PD of the bin", form=_whole),
        y=charts.Axis(label="observed bad rate", form=_whole, upper=highest),
        says=f"Observed against predicted bad rate, {one.name}",
    )
    return Chart(svg, f"{one.name}: on the line, prediction and outcome agree.")


def _swap_set(comparison: Comparison) -> Section:
    swaps = comparison.swap_set
    cells = {cell.cell: cell for cell in swaps.cells}
    lead = (
        f"If each model approved its safest {percent(swaps.approval_rate)} of the applications, "
        f"{formats.counted(cells['out_in'].n, 'application')} would be newly approved and "
        f"{formats.count(cells['in_out'].n)} newly declined. {_swap_verdict(cells['in_out'], cells['out_in'])}"
    )
    table = Table(
        ("Swap", "What happens", "Applications", "Labelled", "Bad", "Bad rate", "Amount", "Amount of bad cases"),
        tuple(_swap_row(cell) for cell in swaps.cells),
        "Swap set at equal approval rate",
        align="llrrrrrr",
        note="Bad rates are of labelled cases alone. Declined applications have no label, so the rate of newly "
        "approved ones rests on those that the old policy let through. Amounts are those asked for, in the currency of "
        "the tables.",
    )
    return Section("Who would be decided otherwise", (table,), lead=lead, id="swap-set")


def _swap_verdict(left: SwapCell, joined: SwapCell) -> str:
    if left.bad_rate is None or joined.bad_rate is None:
        return "Too few of them are labelled to compare their bad rates."
    return (
        f"Of the labelled ones, {percent(joined.bad_rate)} of the newly approved and {percent(left.bad_rate)} of the "
        "newly declined went bad."
    )


def _swap_row(cell: SwapCell) -> tuple[Text, ...]:
    who, what = SWAPS[cell.cell]
    return (
        who,
        what,
        formats.count(cell.n),
        formats.count(cell.labelled),
        formats.count(cell.bads),
        with_interval(cell.bad_rate, cell.lower, cell.upper, percent),
        formats.number(cell.amount, 0),
        formats.number(cell.bad_amount, 0),
    )


def _months(comparison: Comparison) -> Section:
    title = "Month by month"
    if not comparison.months:
        return Section(title, (Callout("note", "The cases carry no time, so this cannot be told."),), id="months")
    known = [month.auc for month in comparison.months]
    band = charts.Band(
        name="difference",
        values=[2 * auc.difference if auc else None for auc in known],
        lower=[2 * auc.lower if auc else None for auc in known],
        upper=[2 * auc.upper if auc else None for auc in known],
    )
    svg = charts.lines(
        [month.month for month in comparison.months],
        (band,),
        x="month of application",
        y=charts.Axis(label="Gini of the challenger less that of the champion"),
        mark=(0.0, "equal"),
    )
    rows = tuple(
        (
            month.month,
            formats.count(month.n),
            formats.count(month.bads),
            formats.number(2 * month.auc.a - 1, 3) if month.auc else formats.NOTHING,
            formats.number(2 * month.auc.b - 1, 3) if month.auc else formats.NOTHING,
            _month_test(month.auc),
            _verdict(month.auc),
        )
        for month in comparison.months
    )
    columns = ("Month", "Cases", "Bad", comparison.champion.name, comparison.challenger.name, "Difference of Gini", "")
    blocks: tuple[Block, ...] = (
        Chart(svg, f"Difference of Gini by month with {percent(comparison.level, 0)} intervals (DeLong, paired)."),
        Table(columns, rows, "Gini by month", align="lrrrrrl"),
    )
    return Section(title, blocks, lead="A better model should be better in most months, not in one.", id="months")


def _month_test(test: AucDifference | None) -> str:
    return (
        f"{formats.number(2 * test.difference, 3, signed=True)} ({_gini_interval(test)})" if test else formats.NOTHING
    )


def _verdict(test: AucDifference | None) -> Text:
    if test is None:
        return Mark("one label alone", "muted")
    if test.lower <= 0 <= test.upper:
        return Mark("within chance", "muted")
    return Mark("better", "good") if test.difference > 0 else Mark("worse", "bad")
