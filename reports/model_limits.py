"""What a model must not be asked: fairness, gates, and the limits of what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from modelling.evaluation import Evaluation
from modelling.evaluation_parts import FairnessRow
from modelling.labels import LabelCounts
from reports import formats
from reports.formats import percent, with_interval
from reports.model_ranking import gini, held_out
from reports.page import Bullets, Callout, Mark, Section, Table, Text
from scoring.spec import Gate

FOUR_FIFTHS = 0.8
"""Approval ratio below which a difference between groups asks for an explanation."""

FEW_APPLICATIONS = 30
"""Applications of a group below which its approval rate is too rough to be compared."""

FEW_BADS = 200
"""Bad cases below which figures out of time are told to be rough."""


def fairness(evaluation: Evaluation) -> Section:
    """Show approval and accuracy by group of each protected characteristic, which the model never sees."""
    title = "Fairness"
    if not evaluation.fairness:
        note = Callout("note", "The data hold no protected characteristic, so this was not measured.")
        return Section(title, (note,), id="fairness")
    lead = (
        "Protected characteristics are no input of the model; they are read here alone. An approval ratio below "
        f"{percent(FOUR_FIFTHS, 0)} of the most approved group asks for an explanation. {_lowest(evaluation)}"
    )
    rows = tuple(_fairness_row(row) for row in evaluation.fairness)
    columns = (
        "Group",
        "Applications",
        "Approved",
        "Approval ratio",
        "Labelled",
        "Bad rate",
        "Mean PD",
        "Jeffreys p",
        "Gini",
    )
    table = Table(
        columns,
        rows,
        f"{held_out(evaluation).capitalize()}, with {percent(evaluation.level, 0)} intervals",
        align="lrrrrrrrr",
    )
    return Section(title, (table,), lead=lead, id="fairness")


def _lowest(evaluation: Evaluation) -> str:
    ratios = [row for row in evaluation.fairness if row.approval_ratio is not None and row.n >= FEW_APPLICATIONS]
    if not ratios:
        return "No group has enough applications, or no approved tiers were given, so approval could not be compared."
    low = min(ratios, key=lambda row: row.approval_ratio or 0.0)
    found = f"{percent(low.approval_ratio, 0)} ({low.attribute}: {low.group})"
    return f"The lowest found in a group of {FEW_APPLICATIONS} or more is {found}."


def _fairness_row(row: FairnessRow) -> tuple[Text, ...]:
    ratio = row.approval_ratio
    low = ratio is not None and ratio < FOUR_FIFTHS and row.n >= FEW_APPLICATIONS
    shown: Text = Mark(percent(ratio, 0), "warn") if low else percent(ratio, 0)
    rate = row.rate
    return (
        f"{row.attribute}: {row.group}",
        formats.count(row.n),
        percent(row.approval_rate),
        shown,
        formats.count(row.labelled),
        with_interval(rate.observed, rate.lower, rate.upper, percent) if rate else formats.NOTHING,
        percent(row.mean_pd),
        formats.p_value(rate.p if rate else None),
        gini(row.auc),
    )


def gates(found: Sequence[Gate], *, bundled: bool = False) -> Section:
    """Show what the model had to pass before promotion."""
    exists = (
        " This model has a bundle, so it passed, save for gates that a person answers for; those stand under where it "
        "comes from."
    )
    title = "Gates"
    if not found:
        note = Callout(
            "note",
            "No gates were given to this page: promotion tries them, and refuses a model that fails one."
            f"{exists if bundled else ''}",
        )
        return Section(title, (note,), id="gates")
    failed = [gate.name.replace("_", " ") for gate in found if not gate.passed]
    verdict = f"{len(failed)} of {len(found)} failed: {', '.join(failed)}." if failed else f"All {len(found)} passed."
    rows = tuple(
        (
            gate.name.replace("_", " "),
            Mark("passed", "good") if gate.passed else Mark("failed", "bad"),
            gate.found,
            gate.needed,
            gate.why,
        )
        for gate in found
    )
    table = Table(("Gate", "Verdict", "Found", "Needed", "Why it matters"), rows, align="lllll")
    return Section(title, (table,), lead=f"Questions put to a model before it may decide. {verdict}", id="gates")


def limits(evaluation: Evaluation, notices: Sequence[str] = ()) -> Section:
    """Say what was not measured, and for whom the figures do not hold."""
    labels, late = evaluation.labels, evaluation.on("out_of_time")
    items: list[Text] = [
        _rejects(labels),
        f"The probability is that of: {evaluation.bad_definition}. It says nothing of what comes later.",
        *_left_out(labels),
        "Associations are not causes: a reason tells what moved the score, not what would change the applicant's risk.",
    ]
    if late.bads < FEW_BADS:
        items.append(
            f"Only {formats.counted(late.bads, 'bad case')} lie {held_out(evaluation)}: all figures there are rough, "
            "as their intervals say."
        )
    if not evaluation.months:
        items.append("The cases carry no time: nothing here tells whether the model would hold later.")
    items += notices
    return Section("Limits", (Bullets(tuple(items)),), id="limits")


def _rejects(labels: LabelCounts) -> str:
    if not labels.unknown:
        return "Every case has a known end; whether others were turned away before is not in the data."
    return (
        f"It learned from loans that were paid out. {formats.count(labels.unknown)} of {formats.count(labels.total)} "
        "applications were not, and what they would have done is not known: figures hold for applicants like those "
        "who were approved."
    )


def _left_out(labels: LabelCounts) -> tuple[str, ...]:
    if not labels.pending + labels.indeterminate:
        return ()
    words = (
        f"{formats.counted(labels.pending, 'case')} had not been observed long enough and "
        f"{formats.count(labels.indeterminate)} were neither good nor bad; all of these were left out."
    )
    return (words,)
