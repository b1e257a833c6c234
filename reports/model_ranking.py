"""How well a model puts bad cases above good ones: per split, as curves, and month by month."""

from __future__ import annotations

from modelling.discrimination import Auc, Ks
from modelling.evaluation import Evaluation
from modelling.evaluation_parts import SampleMetrics, ScoreHistogram, SplitMetrics
from modelling.splits import held_out_words
from reports import charts, formats
from reports.formats import percent, with_interval
from reports.page import Block, Callout, Chart, Prose, Section, Table, Text


def held_out(evaluation: Evaluation) -> str:
    """What the last split is: ``out of time``, or ``held out`` where the cases carry no time."""
    return held_out_words(dated=bool(evaluation.months))


def split_words(split: str | None, evaluation: Evaluation) -> str:
    """Name of a split as people read it."""
    if split == "out_of_time":
        return held_out(evaluation)
    return split or formats.NOTHING


def gini(auc: Auc | None) -> str:
    """A Gini with its interval."""
    return with_interval(auc.gini, auc.gini_lower, auc.gini_upper) if auc else formats.NOTHING


def _ks(ks: Ks | None) -> str:
    return with_interval(ks.value, ks.interval.lower, ks.interval.upper) if ks else formats.NOTHING


def ranking(evaluation: Evaluation) -> Section:
    """Show how well the model tells bad from good, on cases it learned from and on cases it did not."""
    late = evaluation.on("out_of_time")
    never = "from later months than the model learned from" if evaluation.months else "unknown to the model"
    lead = (
        f"Take one loan that went bad and one that stayed good, both {never}. In "
        f"{late.auc.value * 100:.0f} of 100 such pairs the model gives the bad one the higher risk. A Gini of 0 would "
        "be guessing and 1 would be perfect."
    )
    blocks: list[Block] = [
        _split_table(evaluation),
        *_newcomers(evaluation),
        _roc(evaluation),
        _separation(late, held_out(evaluation)),
    ]
    blocks += [
        _histogram(drawn, held_out(evaluation)) for drawn in evaluation.histograms if drawn.split == "out_of_time"
    ]
    return Section("How well it ranks", tuple(blocks), lead=lead, id="ranking")


def _split_table(evaluation: Evaluation) -> Table:
    rows = tuple(
        (
            split_words(part.split, evaluation),
            formats.count(part.n),
            formats.count(part.bads),
            percent(part.bads / part.n),
            gini(part.auc),
            gini(part.auc_by_applicant),
            with_interval(part.auc.value, part.auc.lower, part.auc.upper, _three),
            _ks(part.ks),
        )
        for part in evaluation.splits
    )
    return Table(
        ("Sample", "Cases", "Bad", "Bad rate", "Gini", "Gini, drawing applicants", "AUC", "KS"),
        rows,
        f"Discrimination with {percent(evaluation.level, 0)} intervals",
        note="Gini and AUC by DeLong, which takes cases as independent; beside it the bootstrap "
        f"({evaluation.resamples} draws) that draws applicants with all their cases.",
    )


def _three(value: float | None) -> str:
    return formats.number(value, 3)


def _newcomers(evaluation: Evaluation) -> tuple[Prose, ...]:
    new = evaluation.newcomers
    if new is None:
        return ()
    return (
        Prose(
            f"On the {formats.count(new.n)} cases {held_out(evaluation)} whose applicant the model has never met, the "
            f"Gini is {gini(new.auc)} (DeLong)."
        ),
    )


def _roc(evaluation: Evaluation) -> Chart:
    traces = tuple(
        charts.Trace(
            name=f"{split_words(part.split, evaluation)} {formats.number(part.auc.gini)}",
            x=part.curve.good,
            y=part.curve.bad,
        )
        for part in evaluation.splits
    )
    svg = charts.curves(
        traces,
        x=charts.Axis(label="share of good cases at or above the risk", form=_whole, lower=0, upper=1),
        y=charts.Axis(label="share of bad cases at or above the risk", form=_whole, lower=0, upper=1),
        diagonal="guessing",
        says="ROC curves",
    )
    return Chart(svg, "ROC curves, with the Gini of each sample. The further above the dashed line, the better.")


def _whole(value: float | None) -> str:
    return percent(value, 0)


def _separation(part: SplitMetrics, sample: str) -> Chart:
    flipped = [-score for score in part.curve.score]
    svg = charts.curves(
        (
            charts.Trace(name="bad", x=flipped, y=part.curve.bad),
            charts.Trace(name="good", x=flipped, y=part.curve.good),
        ),
        x=charts.Axis(label="safety: margin, sign turned (riskiest cases left)", form=lambda v: formats.number(v, 1)),
        y=charts.Axis(label="share of cases counted so far", form=_whole, lower=0, upper=1),
        says=f"Cumulative shares of bad and good cases; widest gap {formats.number(part.ks.value)}",
    )
    return Chart(svg, f"KS, {sample}: the widest gap between the two curves is {_ks(part.ks)}.")


def _histogram(drawn: ScoreHistogram, sample: str) -> Chart:
    shares = tuple(
        (name, [count / max(sum(counts), 1) for count in counts])
        for name, counts in (("good", drawn.good), ("bad", drawn.bad))
    )
    svg = charts.histogram(
        drawn.edges,
        shares,
        x=charts.Axis(label="points (higher is safer)", form=lambda v: formats.number(v, 0)),
        y=charts.Axis(label="share of the cases with the label", form=_whole),
        says=f"Score by label, {sample}",
    )
    return Chart(svg, f"Scores of good and of bad cases, {sample}; each outline holds all cases of its kind.")


def months(evaluation: Evaluation) -> Section:
    """Show whether the model holds from month to month; without time it says that it cannot be told."""
    title = "Month by month"
    if not evaluation.months:
        return Section(title, (Callout("note", "The cases carry no time, so this cannot be told."),), id="months")
    lead = (
        "A model that fades shows it here: the Gini would fall in later months, or the predicted bad rate would leave "
        "the band around the observed one. The model learned from the months of development, where it looks better "
        "than it is: compare the later ones."
    )
    return Section(
        title, (_gini_chart(evaluation), _rate_chart(evaluation), _month_table(evaluation)), lead=lead, id="months"
    )


def _gini_chart(evaluation: Evaluation) -> Chart:
    known = [month.auc for month in evaluation.months]
    band = charts.Band(
        name="Gini",
        values=[auc.gini if auc else None for auc in known],
        lower=[auc.gini_lower if auc else None for auc in known],
        upper=[auc.gini_upper if auc else None for auc in known],
    )
    svg = charts.lines(
        [month.name for month in evaluation.months], (band,), x="month of application", y=charts.Axis(label="Gini")
    )
    return Chart(svg, f"Gini by month with {percent(evaluation.level, 0)} intervals.")


def _rate_chart(evaluation: Evaluation) -> Chart:
    observed = charts.Band(
        name="observed",
        values=[month.rate.observed for month in evaluation.months],
        lower=[month.rate.lower for month in evaluation.months],
        upper=[month.rate.upper for month in evaluation.months],
    )
    predicted = charts.Band(name="predicted", values=[month.mean_pd for month in evaluation.months])
    svg = charts.lines(
        [month.name for month in evaluation.months],
        (observed, predicted),
        x="month of application",
        y=charts.Axis(label="bad rate", form=_whole, lower=0),
    )
    return Chart(svg, f"Observed bad rate with {percent(evaluation.level, 0)} intervals, and the mean PD.")


def _month_table(evaluation: Evaluation) -> Table:
    return Table(
        ("Month", "Sample", "Cases", "Bad", "Bad rate", "Mean PD", "Jeffreys p", "Gini", "KS", "Brier"),
        tuple(_month_row(month, evaluation) for month in evaluation.months),
        "Every month",
        note="Jeffreys p is small when there were more bad cases than the PD says.",
    )


def _month_row(month: SampleMetrics, evaluation: Evaluation) -> tuple[Text, ...]:
    return (
        month.name,
        split_words(month.split, evaluation),
        formats.count(month.n),
        formats.count(month.bads),
        with_interval(month.rate.observed, month.rate.lower, month.rate.upper, percent),
        percent(month.mean_pd),
        formats.p_value(month.rate.p),
        gini(month.auc),
        formats.number(month.ks.value) if month.ks else formats.NOTHING,
        formats.number(month.brier.value, 4),
    )
