"""The report of one case: from what was known of it to what was decided, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from reports import charts, formats
from reports.case_call import OUTCOMES, Review, call, codes, reasons_table
from reports.case_facts import raw_facts
from reports.case_features import features, points_by_group
from reports.known import KnownFacts
from reports.money import currency_of
from reports.page import (
    Callout,
    Chart,
    Code,
    Facts,
    Inline,
    Mark,
    Page,
    Prose,
    Section,
    Strong,
    Table,
    Text,
)
from reports.policy import ORDER
from reports.provenance import Origin, footer, provenance
from scoring.decision import Decision, Value
from scoring.points import points_of_pd
from scoring.spec import ModelSpec
from scoring.tiers import cutoff_pd

ADDS_UP: Final = 1e-9
"""Largest gap, in points, between a score and the sum of its parts."""

ROUTED_BY: Final = {
    "explanation_failed": "The contributions did not add up to the score, so no reason is given and a person decides.",
    "control": "It was picked at random for the control arm, in which everybody is called so that the value of calls "
    "is measured rather than believed.",
    "call_value": "A call is expected to be worth more than the threshold that fills the desk.",
    "trigger": "A trigger found in the explanation speaks for a call.",
    "tier": "The tier settled it: no call was worth making, or nothing spoke for one.",
}
"""What settled an outcome, in words."""


class OtherModelError(ValueError):
    """A decision whose features are not those of the model that is said to have made it."""

    def __init__(self, decision: Decision, spec: ModelSpec, odd: str) -> None:
        super().__init__(
            f"decision of case {decision.case_id!r} has a contribution of {odd!r}, which model "
            f"{spec.name} {spec.version} does not have; give the bundle {decision.bundle[:12]} that decided it"
        )


def case_report(
    decision: Decision,
    spec: ModelSpec,
    facts: KnownFacts | None = None,
    *,
    review: Review | None = None,
    made_at: datetime | None = None,
) -> Page:
    """Tell one case from what was known of it to what was decided.

    Args:
        decision: What was decided, with its explanation.
        spec: Declarations of the model that decided.
        facts: Raw rows known when the application was handed in; None leaves them out and says so.
        review: What a call found and what it changed; None when there was none.
        made_at: When the page is made; None writes no time.

    Raises:
        OtherModelError: the decision names a feature that the model does not have.
    """
    declared = {feature.name: feature for feature in spec.features}
    for contribution in decision.contributions:
        if contribution.feature not in declared:
            raise OtherModelError(decision, spec, contribution.feature)
    origin = Origin.of_bundle(spec, decision.bundle)
    sections = [
        _reasons(decision, review),
        _score(decision, spec),
        _routing(decision, spec),
        *([call(decision, review, spec)] if review else []),
        features(decision, spec),
        raw_facts(facts, currency_of(spec)),
        provenance(origin),
    ]
    return Page(
        title=f"Case {decision.case_id or 'without an id'}",
        lead=_lead(decision, review),
        facts=_headline(decision, spec, review),
        sections=tuple(sections),
        footer=footer(origin, made_at),
    )


def _settled(decision: Decision) -> str:
    """Say what settled the outcome; rules above the score by what each of them says."""
    if decision.routed_by != "hard_rule":
        return ROUTED_BY[decision.routed_by]
    rules = "; ".join(trigger.en for trigger in decision.triggers if trigger.kind == "hard_rule")
    return f"A rule that stands above the score settled it: {rules}."


def _words(outcome: str) -> str:
    return {"approve": "approved", "decline": "declined", "phone_review": "sent to phone review"}[outcome]


def _after_words(outcome: str) -> str:
    return "left to a person" if outcome == "phone_review" else _words(outcome)


def _lead(decision: Decision, review: Review | None) -> Text:
    first: tuple[Inline, ...] = (
        "This case scored ",
        Strong(f"{formats.points(decision.points)} points"),
        f", tier {decision.tier}: a default probability of {formats.percent(decision.pd)}. It was ",
        Strong(_words(decision.outcome)),
        f". {_settled(decision)}",
    )
    if review is None:
        return first
    after = review.after
    scored = f" After the call it scored {formats.points(after.points)} points, tier {after.tier}, and was "
    return (
        *first,
        scored if review.reached else " Nobody was reached by phone; it was ",
        Strong(_after_words(review.outcome)),
        ".",
    )


def _headline(decision: Decision, spec: ModelSpec, review: Review | None) -> Facts:
    after = review.after if review else None
    before = f"before the call: {_words(decision.outcome)}" if review else ""
    return Facts(
        (
            ("Outcome", OUTCOMES[review.outcome if review else decision.outcome], before),
            ("Score", formats.points(decision.points), _then(after, "points")),
            ("Default probability", formats.percent(decision.pd, 2), _then(after, "pd")),
            ("Tier", decision.tier, _then(after, "tier") or f"on the tier alone: {_words(decision.provisional)}"),
            ("Expected gain of a call", formats.money(decision.call_value, currency_of(spec)), "its cost taken off"),
        ),
        tiles=True,
    )


def _then(after: Decision | None, what: str) -> str:
    if after is None:
        return "points; higher is safer" if what == "points" else ""
    found = {"points": formats.points(after.points), "pd": formats.percent(after.pd, 2), "tier": after.tier}
    return f"after the call: {found[what]}"


def _reasons(decision: Decision, review: Review | None) -> Section:
    twice = review is not None and review.reached
    before = " These are the reasons before the call; those after it stand under the call." if twice else ""
    ruled = " They are of the score; a rule settled the case whatever its score." * (decision.routed_by == "hard_rule")
    lead = (
        "What cost this case points against the average applicant who is just approved, worst first. "
        f"Each reason sums the features that speak of the same thing.{before}{ruled}"
    )
    if not decision.reasons:
        return Section(
            "Reasons", (Callout("note", "No reason group cost points, or the explanation was withheld."),), lead=lead
        )
    return Section("Reasons", reasons_table(decision), lead=lead)


def _score(decision: Decision, spec: ModelSpec) -> Section:
    total = math.fsum([decision.start_points, *(c.points for c in decision.contributions)])
    gap = abs(total - decision.points)
    if gap > ADDS_UP:
        stop = f"Start and contributions give {total!r}, the score is {decision.points!r}. No reason is given for it."
        return Section("How the points add up", (Callout("problem", stop, "The explanation does not add up."),))
    lead = (
        "The score starts at the average of the cases that the model learned from, and every feature then adds points "
        "or takes them. Summed by reason group:"
    )
    return Section("How the points add up", (_waterfall(decision, spec, total), _sum(decision, total)), lead=lead)


def _waterfall(decision: Decision, spec: ModelSpec, total: float) -> Chart:
    names = {reason.id: reason.en for reason in spec.reasons}
    steps = sorted(
        (
            charts.Step(name=names.get(group, group), change=change)
            for group, change in points_by_group(decision, spec).items()
        ),
        key=lambda step: (step.change, step.name),
    )
    cut = points_of_pd(cutoff_pd(spec.tiers, spec.policy), spec.scale)
    svg = charts.waterfall(
        ("start", decision.start_points),
        steps,
        ("score", total),
        x=charts.Axis(label="points", form=lambda value: formats.number(value, 0)),
        mark=(cut, f"approved from {formats.points(cut)}") if spec.policy.approved_tiers else None,
    )
    return Chart(
        svg,
        "From the start to the score, worst reason group first; each bar begins where the last one ended.",
        wide=True,
    )


def _sum(decision: Decision, total: float) -> Callout:
    gained = math.fsum(c.points for c in decision.contributions if c.points > 0)
    lost = math.fsum(c.points for c in decision.contributions if c.points < 0)
    exact = [formats.number(value, 6) for value in (decision.start_points, gained, -lost, total)]
    return Callout(
        "good",
        f"{exact[0]} (start) + {exact[1]} (gained) − {exact[2]} (lost) = {exact[3]} points, which is the score: the "
        f"difference is below {ADDS_UP:.0e}. {len(decision.contributions)} features were summed unrounded; the figures "
        "shown are rounded.",
        "The points add up.",
    )


def _routing(decision: Decision, spec: ModelSpec) -> Section:
    rows = tuple(
        (Code(t.id), Mark("rule" if t.kind == "hard_rule" else "trigger"), t.en, t.zh, _evidence(t.evidence))
        for t in decision.triggers
    )
    fired: Table | Prose = Prose("No rule and no trigger fired.")
    if rows:
        fired = Table(("Id", "Kind", "What it says", "In Chinese", "Evidence"), rows, "Rules and triggers that fired")
    facts = Facts(
        (
            ("On the tier alone", OUTCOMES[decision.provisional]),
            ("Outcome", OUTCOMES[decision.outcome]),
            ("Settled by", _settled(decision)),
            ("Expected gain of a call", formats.money(decision.call_value, currency_of(spec)), _threshold(spec)),
            (
                "Random control arm",
                "picked" if decision.control else "not picked",
                f"share {formats.percent(spec.policy.control_share)}",
            ),
            ("Thin file", "yes: there is no history to score" if decision.thin_file else "no"),
            ("Categories never seen in development", codes(decision.unseen) or "none"),
            ("Questions for a call", _asked(decision, spec)),
        )
    )
    return Section("From score to decision", (facts, fired), lead=ORDER, id="routing")


def _asked(decision: Decision, spec: ModelSpec) -> str:
    words = {question.id: question.en for question in spec.questions}
    return " ".join(words.get(name, name) for name in decision.questions) or "none"


def _threshold(spec: ModelSpec) -> str:
    threshold = spec.policy.call_value_threshold
    if threshold is None:
        return "too few past calls taught a value: triggers decide"
    return f"called above {formats.money(threshold, currency_of(spec))}"


def _evidence(evidence: Mapping[str, Value]) -> str:
    return "; ".join(f"{name.replace('_', ' ')}: {formats.fact(value)}" for name, value in evidence.items())
