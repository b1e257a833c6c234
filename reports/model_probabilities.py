"""Whether a model's probabilities can be taken at their word, and what its tiers are worth."""

from __future__ import annotations

from collections.abc import Sequence

from modelling.calibration_metrics import CalibrationReport
from modelling.estimate import Estimate
from modelling.evaluation import Evaluation
from modelling.evaluation_parts import TierRow, TierTable
from modelling.tier_order import PAIR_LEVEL
from reports import charts, formats
from reports.formats import percent, with_interval
from reports.model_ranking import held_out, split_words
from reports.page import Block, Callout, Chart, Mark, Prose, Section, Table, Text

ALARM = 0.05
"""p-value below which a difference is told as more than chance."""


def calibration(evaluation: Evaluation) -> Section:
    """Show predicted against observed bad rates."""
    late = evaluation.on("out_of_time").calibration
    lead = (
        f"{held_out(evaluation).capitalize()}, the model expected {percent(late.mean_pd)} of the cases to go bad; "
        f"{percent(late.observed)} did. "
        f"{_verdict(late)}"
    )
    return Section(
        "How far its probabilities can be trusted",
        (_dots(late, held_out(evaluation)), _table(evaluation)),
        lead=lead,
        id="calibration",
    )


def _verdict(late: CalibrationReport) -> str:
    """Say whether PDs are right on the whole, by their shift, and whether single ones are, by Spiegelhalter's test.

    The test is of both at once: of a model whose mean PD is right it finds fault with PDs too far apart, too.
    """
    shift, p = late.shift, late.spiegelhalter_p
    told = f"shift of log-odds {formats.number(shift.value)}, {formats.interval(shift.lower, shift.upper)}"
    if shift.lower <= 0 <= shift.upper:
        whole = f"The difference is no larger than chance explains ({told})."
    else:
        whole = (
            f"That is more than chance: on the whole its PDs are too {'low' if shift.value > 0 else 'high'} ({told})."
        )
    if p is None or p >= ALARM:
        return whole
    return f"{whole} Single PDs are off by more than chance (Spiegelhalter p {formats.p_value(p)}): see slope and bins."


def _dots(late: CalibrationReport, sample: str) -> Chart:
    svg = charts.calibration(
        [charts.Dot(predicted=b.mean_pd, observed=b.observed, lower=b.lower, upper=b.upper) for b in late.bins],
        x=charts.Axis(label="mean PD of the bin", form=_whole),
        y=charts.Axis(label="observed bad rate", form=_whole),
        says=f"Observed against predicted bad rate, {sample}",
    )
    return Chart(
        svg,
        f"{len(late.bins)} bins of equal count, {sample}, with intervals. On the line, the two agree.",
    )


def _whole(value: float | None) -> str:
    return percent(value, 0)


def _table(evaluation: Evaluation) -> Table:
    parts = [part.calibration for part in evaluation.splits]
    rows: tuple[tuple[Text, ...], ...] = (
        ("Mean PD", *(percent(c.mean_pd, 2) for c in parts)),
        ("Observed bad rate", *(percent(c.observed, 2) for c in parts)),
        ("Slope (1 is right)", *(_estimate(c.slope) for c in parts)),
        ("Intercept (0 is right)", *(_estimate(c.intercept) for c in parts)),
        ("Shift of log-odds (0 is right)", *(_estimate(c.shift) for c in parts)),
        ("ECE, and by chance alone", *(f"{percent(c.ece, 2)} ({percent(c.ece_by_chance, 2)})" for c in parts)),
        ("Brier score", *(_estimate(c.brier, 4) for c in parts)),
        ("Log-loss", *(_estimate(c.log_loss, 4) for c in parts)),
        ("Hosmer–Lemeshow p", *(formats.p_value(c.hosmer_lemeshow.p) for c in parts)),
        ("Spiegelhalter z", *(formats.number(c.spiegelhalter_z) for c in parts)),
        ("Spiegelhalter p", *(formats.p_value(c.spiegelhalter_p) for c in parts)),
    )
    line = evaluation.calibration
    return Table(
        ("", *(split_words(part.split, evaluation) for part in evaluation.splits)),
        rows,
        f"Calibration with {percent(evaluation.level, 0)} intervals",
        align="l" + "r" * len(parts),
        note=f"Platt calibration, fitted on the calibration sample: logit(PD) = {formats.number(line.intercept, 3)} + "
        f"{formats.number(line.slope, 3)} × margin.",
    )


def _estimate(estimate: Estimate | None, digits: int = 2) -> str:
    if estimate is None:
        return formats.NOTHING
    return with_interval(estimate.value, estimate.lower, estimate.upper, lambda value: formats.number(value, digits))


def tiers(evaluation: Evaluation) -> Section:
    """Show the tiers: their share, what was predicted and what came, and whether their order holds."""
    late = evaluation.tier_table("out_of_time")
    tables = [_tier_table(evaluation.tier_table(part.split), evaluation) for part in reversed(evaluation.splits)]
    blocks: list[Block] = [_bars(late, held_out(evaluation)), *tables, *_by_month(evaluation)]
    lead = (
        "Tiers cut the probability into steps that a policy can name. A tier is worth having when its bad rate really "
        f"is higher than that of the one before it. {_order(late, held_out(evaluation))}"
    )
    return Section("Tiers", tuple(blocks), lead=lead, id="tiers", new_page=True)


def _order(table: TierTable, sample: str) -> str:
    if table.rising is None:
        return f"On the cases {sample} a tier is empty, so the order cannot be told."
    first, last = table.rows[0], table.rows[-1]
    if not table.rising or first.rate is None or last.rate is None:
        return f"On the cases {sample} the observed rates do not rise from tier to tier."
    return (
        f"On the cases {sample} the observed bad rate rises from {percent(first.rate.observed)} in {first.tier} to "
        f"{percent(last.rate.observed)} in {last.tier}, without a step back."
    )


def _bars(table: TierTable, sample: str) -> Chart:
    svg = charts.grouped_bars(
        [row.tier for row in table.rows],
        (
            ("predicted", [row.mean_pd for row in table.rows]),
            ("observed", [row.rate.observed if row.rate else None for row in table.rows]),
        ),
        x="tier",
        y=charts.Axis(label="bad rate", form=_whole, lower=0),
        says=f"Predicted and observed bad rate by tier, {sample}",
    )
    return Chart(svg, f"Predicted and observed bad rate by tier, {sample}.")


def _tier_table(table: TierTable, evaluation: Evaluation) -> Table:
    return Table(
        ("Tier", "PD up to", "Cases", "Share", "Bad", "Observed bad rate", "Mean PD", "Jeffreys p", "On its own"),
        tuple(_tier_row(row, evaluation) for row in table.rows),
        f"Tiers: {split_words(table.sample, evaluation)}",
        align="lrrrrrrrl",
        note=f"Jeffreys p below {ALARM} says that there were more bad cases than the PD allows. All tiers together: p "
        f"{formats.p_value(table.portfolio.p)}.",
    )


def _tier_row(row: TierRow, evaluation: Evaluation) -> tuple[Text, ...]:
    approved = "approved" if row.tier in evaluation.approved_tiers else "declined"
    rate = row.rate
    return (
        row.tier,
        percent(row.upper_pd, 2),
        formats.count(row.n),
        percent(row.share),
        formats.count(row.bads),
        with_interval(rate.observed, rate.lower, rate.upper, percent) if rate else formats.NOTHING,
        percent(row.mean_pd, 2),
        formats.p_value(rate.p if rate else None),
        approved if evaluation.approved_tiers else formats.NOTHING,
    )


def _by_month(evaluation: Evaluation) -> tuple[Block, ...]:
    names = {month.name for month in evaluation.months}
    found = [table for table in evaluation.tier_tables if table.sample in names]
    if not found:
        return (Callout("note", "The cases carry no time, so the order of tiers by month cannot be told."),)
    rows = tuple(
        (
            table.sample,
            split_words(table.split, evaluation),
            *(_observed(row) for row in table.rows),
            _risen(table),
            _demanded(table),
        )
        for table in found
    )
    names_of_tiers = tuple(row.tier for row in found[0].rows)
    columns = ("Month", "Sample", *names_of_tiers, "Rising", "Order demanded")
    align = "ll" + "r" * len(names_of_tiers) + "ll"
    note = (
        "The order of two neighbours is demanded where chance alone would turn them round at most "
        f"{PAIR_LEVEL * 10_000:.0f} times in 10,000, going by their cases and PDs; elsewhere it is only shown."
    )
    return (Prose(_months_told(found)), Table(columns, rows, "Observed bad rate by tier and month", align, note=note))


def _months_told(found: Sequence[TierTable]) -> str:
    late = [table for table in found if table.split == "out_of_time"] or list(found)
    which = "out of time" if late[0].split == "out_of_time" else "in all"
    asked = [pair for table in late for pair in table.pairs if pair.asked]
    seen = sum(table.rising is True for table in late)
    kept = sum(not pair.broken for pair in asked)
    return (
        f"By month, {which}: the rates rise from tier to tier in {seen} of {formats.counted(len(late), 'month')}. "
        + (
            f"{formats.counted(len(asked), 'pair')} of neighbours had enough cases for that to be demanded, and {kept} "
            "of these kept the order."
            if asked
            else "No pair of neighbours had enough cases for that to be demanded."
        )
    )


def _observed(row: TierRow) -> str:
    return percent(row.rate.observed) if row.rate else formats.NOTHING


def _risen(table: TierTable) -> Text:
    if table.rising is None:
        return Mark("a tier is empty", "muted")
    if any(pair.broken for pair in table.pairs):
        return Mark("no", "bad")
    return Mark("yes", "good") if table.rising else Mark("no", "muted")


def _demanded(table: TierTable) -> Text:
    asked = [pair for pair in table.pairs if pair.asked]
    if not asked:
        return Mark("too few cases", "muted")
    if len(asked) == len(table.pairs):
        return "all tiers"
    return ", ".join(f"{pair.safer}–{pair.riskier}" for pair in asked)
