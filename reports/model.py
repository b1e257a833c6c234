"""The report of one model: what it is for, how it was developed, and what was found when it was validated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from modelling.evaluation import Evaluation
from modelling.evaluation_parts import SplitMetrics
from reports import formats
from reports.formats import percent
from reports.model_checks import Checks, feature_table
from reports.model_inputs import Driver, drivers, stability
from reports.model_limits import fairness, gates, limits
from reports.model_probabilities import calibration, tiers
from reports.model_ranking import gini, held_out, months, ranking, split_words
from reports.page import Chart, Facts, Page, Section, Strong, Table, Text
from reports.provenance import Origin, footer, provenance
from scoring.spec import Gate, Scale


def model_report(
    evaluation: Evaluation,
    origin: Origin,
    *,
    found: Sequence[Driver] = (),
    pictures: Sequence[Chart] = (),
    gates_found: Sequence[Gate] = (),
    notices: Sequence[str] = (),
    checks: Checks | None = None,
    made_at: datetime | None = None,
) -> Page:
    """Tell how a model was developed and how well it does, in plain words with the figures under them.

    Args:
        evaluation: The model measured on every split.
        origin: Which model it is and where it comes from.
        found: How much each feature moves scores; empty leaves that part to the features on their own.
        pictures: SHAP figures (``reports.pictures``).
        gates_found: Gates of promotion; empty when the model was not put up.
        notices: What the reader should know of the data and the fit.
        checks: What the checks of its feature table found; None leaves them out.
        made_at: When the page is made; None writes no time.
    """
    return Page(
        title=f"Model report: {origin.title}",
        lead=_lead(evaluation),
        facts=_headline(evaluation),
        sections=(
            _purpose(evaluation),
            *([feature_table(checks)] if checks else []),
            ranking(evaluation),
            months(evaluation),
            calibration(evaluation),
            tiers(evaluation),
            stability(evaluation),
            drivers(evaluation, found, origin.features, pictures),
            fairness(evaluation),
            gates(gates_found, bundled=bool(origin.bundle)),
            limits(evaluation, notices),
            provenance(origin),
        ),
        footer=footer(origin, made_at),
    )


def _lead(evaluation: Evaluation) -> Text:
    late = evaluation.on("out_of_time")
    cases = "later cases than it learned from" if evaluation.months else "cases it did not learn from"
    expected, came = percent(late.calibration.mean_pd), percent(late.calibration.observed)
    return (
        f"On {cases}, the model ranks a bad case above a good one in ",
        Strong(f"{late.auc.value * 100:.0f} of 100 pairs"),
        f" (Gini {gini(late.auc)}). It expected {expected} of them to go bad, and {came} did. ",
        _points(evaluation.scale),
    )


def _points(scale: Scale) -> str:
    base, odds, pdo = (formats.number(value, 0) for value in (scale.base_points, scale.base_odds, scale.pdo))
    return (
        "PD is the probability of default that it gives a case; points say the same on a scale: "
        f"{base} points are odds of {odds} good to 1 bad, and {pdo} more double them."
    )


def _headline(evaluation: Evaluation) -> Facts:
    late, first = evaluation.on("out_of_time"), evaluation.on("development")
    slope = late.calibration.slope
    return Facts(
        (
            (
                f"Gini {held_out(evaluation)}",
                formats.number(late.auc.gini),
                f"{formats.interval(late.auc.gini_lower, late.auc.gini_upper)}; development {_two(first)}",
            ),
            (f"KS {held_out(evaluation)}", formats.number(late.ks.value)),
            (
                "Calibration slope",
                formats.number(slope.value if slope else None),
                formats.interval(slope.lower, slope.upper) if slope else "1 is right",
            ),
            (f"Bad cases {held_out(evaluation)}", formats.count(late.bads), f"of {formats.count(late.n)}"),
            ("Tiers", " ".join(tier.name for tier in evaluation.tiers)),
        ),
        tiles=True,
    )


def _two(part: SplitMetrics) -> str:
    return formats.number(part.auc.gini)


def _purpose(evaluation: Evaluation) -> Section:
    lead = (
        f"It predicts how likely an application, once paid out, is to go bad: {evaluation.bad_definition}. Whoever is "
        "safer gets more points."
    )
    return Section("What it predicts, and on whom", (_labels(evaluation), _splits(evaluation)), lead=lead, id="purpose")


def _labels(evaluation: Evaluation) -> Table:
    counts = evaluation.labels
    words = (
        ("good", counts.good, "observed to the end of the window and never late enough to doubt"),
        ("bad", counts.bad, "late enough within the window"),
        ("indeterminate", counts.indeterminate, "in between; left out"),
        ("pending", counts.pending, "window not yet observed to its end; left out, never taken for good"),
        ("unknown", counts.unknown, "not paid out (declined, or not taken up); left out"),
    )
    rows = tuple((name, formats.count(n), percent(n / max(counts.total, 1)), why) for name, n, why in words if n)
    return Table(
        ("Label", "Cases", "Share", "What it means"), rows, f"All {formats.count(counts.total)} cases by label"
    )


def _splits(evaluation: Evaluation) -> Table:
    rows = tuple(
        (
            split_words(part.name, evaluation),
            formats.count(part.n),
            formats.count(part.bads),
            percent(part.bads / part.n if part.n else None),
            (part.first or formats.NOTHING)[:10],
            (part.last or formats.NOTHING)[:10],
            formats.count(part.also_in_development),
        )
        for part in evaluation.split.parts
    )
    return Table(
        ("Sample", "Cases", "Bad", "Bad rate", "First (UTC)", "Last (UTC)", "Applicants also in development (cases)"),
        rows,
        "How the labelled cases were divided",
        align="lrrrllr",
        note="Trees are grown on development, PDs fitted on calibration, and nothing is fitted on the last. "
        f"{formats.count(evaluation.split.left_out)} labelled cases of periods not yet mature are in none"
        f"{_early(evaluation)}.",
    )


def _early(evaluation: Evaluation) -> str:
    bad = evaluation.labels.bad - sum(part.bads for part in evaluation.split.parts)
    if bad <= 0:
        return ""
    return f", {formats.count(bad)} of them bad: before a period is mature, only what went bad early has a label"
