"""The report of a routing policy: how many cases went where and why, and what its calls are worth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from modelling.routing_records import RoutingEvaluation
from reports import charts, formats
from reports.formats import percent
from reports.money import currency_of
from reports.page import Block, Callout, Chart, Code, Facts, Page, Section, Strong, Table, Text
from reports.policy_groups import by_group, control_gains
from reports.policy_results import results
from reports.policy_volumes import TriggerVolume, Volumes
from reports.provenance import Origin, footer, provenance
from scoring.rules import limit_words
from scoring.spec import ConcentrationLimit, HardRule, ModelSpec
from scoring.triggers import WORDS

ORDER: Final = (
    "Rules above the score come first, then the control arm, then a call for its value or, while no value is learned, "
    "for a trigger; what none of them settles, the tier does."
)
"""In which order outcomes are settled, in words."""

ROUTED: Final = {
    "hard_rule": "a rule above the score",
    "explanation_failed": "the explanation did not add up",
    "control": "picked at random for the control arm",
    "call_value": "a call is worth more than the threshold",
    "trigger": "a trigger in the explanation",
    "tier": "the tier alone",
}
"""What settles an outcome, in words."""

OUTCOMES: Final = {"approve": "approved", "decline": "declined", "phone_review": "sent to phone review"}


def policy_report(
    counted: Volumes,
    spec: ModelSpec,
    *,
    bundle: str = "",
    capacity: int | None = None,
    routing: RoutingEvaluation | None = None,
    made_at: datetime | None = None,
) -> Page:
    """Tell where a policy sent cases, by what, and what its calls add.

    Args:
        counted: Volumes of a batch of decisions (``reports.policy_volumes.volumes``).
        spec: Declarations of the model and policy that decided.
        bundle: SHA-256 of the bundle's manifest; empty when not known.
        capacity: Calls that the desk can make in the time of the batch; None when not given.
        routing: What the calls of this policy are worth, on cases whose end is known; None when not measured.
        made_at: When the page is made; None writes no time.
    """
    origin, currency = Origin.of_bundle(spec, bundle), currency_of(spec)
    return Page(
        title=f"Routing policy: {origin.title}",
        lead=_lead(counted, routing, currency),
        facts=_headline(counted, capacity, routing, currency),
        sections=(
            _where(counted, capacity),
            _why(counted, spec),
            _value(counted, spec, capacity),
            results(routing, currency),
            *([by_group(routing, currency)] if routing else []),
            _control(counted, spec, routing),
            _settings(spec),
            provenance(origin),
        ),
        footer=footer(origin, made_at),
    )


def _share(part: int, whole: int) -> float:
    return part / max(whole, 1)


def _lead(counted: Volumes, routing: RoutingEvaluation | None, currency: str) -> Text:
    parts = [
        f"{percent(_share(counted.outcomes.get(name, 0), counted.cases))} were {words}"
        for name, words in OUTCOMES.items()
    ]
    told = f"Of {formats.count(counted.cases)} cases, {parts[0]}, {parts[1]} and {parts[2]}."
    if routing is None:
        return told
    ended, certain = (rules.rules[0].added_per_100 for rules in (routing.comparison, routing.comparison_expected))
    luck = formats.interval(ended.lower, ended.upper, formats.count)
    sure = formats.interval(certain.lower, certain.upper, formats.count)
    return (
        f"{told} On the synthetic lender, 100 calls chosen by this policy add ",
        Strong(f"{formats.money(ended.value, currency)} of profit"),
        f", their cost taken off, by how the loans ended ({luck}), and ",
        Strong(formats.money(certain.value, currency)),
        f" by the true probabilities of default ({sure}).",
    )


def _headline(counted: Volumes, capacity: int | None, routing: RoutingEvaluation | None, currency: str) -> Facts:
    calls = counted.outcomes.get("phone_review", 0)
    added = routing.comparison.rules[0].added_per_100 if routing else None
    room = (("Capacity of the desk", formats.count(capacity), "calls in the time of this batch"),)
    return Facts(
        (
            ("Cases decided", formats.count(counted.cases)),
            ("Phone reviews", formats.count(calls), percent(_share(calls, counted.cases)) + " of the cases"),
            *(() if capacity is None else room),
            (
                "Added by 100 calls",
                formats.money(added.value if added else None, currency),
                f"{formats.interval(added.lower, added.upper, formats.count)}, by how loans ended"
                if added
                else "not measured",
            ),
            ("Control arm", formats.count(counted.control), percent(_share(counted.control, counted.cases), 2)),
        ),
        tiles=True,
    )


def _where(counted: Volumes, capacity: int | None) -> Section:
    rows = tuple(
        (
            tier.tier,
            formats.count(tier.cases),
            percent(_share(tier.cases, counted.cases)),
            percent(tier.mean_pd, 2),
            *(
                f"{formats.count(n)} ({percent(_share(n, tier.cases))})"
                for n in (tier.approve, tier.decline, tier.phone_review)
            ),
        )
        for tier in counted.tiers
    )
    table = Table(
        ("Tier", "Cases", "Share", "Mean PD", "Approved", "Declined", "Phone review"), rows, "By tier", align="lrrrrrr"
    )
    svg = charts.grouped_bars(
        [tier.tier for tier in counted.tiers],
        (
            ("approved", [_share(tier.approve, counted.cases) for tier in counted.tiers]),
            ("declined", [_share(tier.decline, counted.cases) for tier in counted.tiers]),
            ("phone review", [_share(tier.phone_review, counted.cases) for tier in counted.tiers]),
        ),
        x="tier",
        y=charts.Axis(label="share of all cases", form=_whole, lower=0),
    )
    lead = (
        f"Of the phone reviews, {formats.count(counted.overturned.get('approve', 0))} would have been approved by "
        f"their tier alone and {formats.count(counted.overturned.get('decline', 0))} declined."
        f"{_beyond(counted, capacity)} Cases of an approved tier that were declined broke a rule above the score."
    )
    return Section("Where cases went", (Chart(svg, "Outcomes by tier."), table), lead=lead, id="where")


def _beyond(counted: Volumes, capacity: int | None) -> str:
    over = counted.outcomes.get("phone_review", 0) - capacity if capacity is not None else 0
    if over <= 0:
        return ""
    return (
        f" They are {formats.count(over)} more than the {formats.count(capacity)} calls the desk can make: the call "
        "list leaves out the last of them."
    )


def _whole(value: float | None) -> str:
    return percent(value, 0)


def _why(counted: Volumes, spec: ModelSpec) -> Section:
    settled = Table(
        ("Settled by", "Cases", "Share", "Sent to a call"),
        tuple(
            (
                ROUTED.get(name, name),
                formats.count(n),
                percent(_share(n, counted.cases)),
                formats.count(counted.called_by.get(name, 0)),
            )
            for name, n in counted.routed_by.items()
        ),
        "What settled the outcome",
        align="lrrr",
    )
    said = {
        **WORDS,
        **{rule.id: (rule.en, rule.zh) for rule in spec.policy.hard_rules},
        **{name: (en, zh) for name, en, zh in map(limit_words, spec.policy.concentration_limits)},
    }
    fired = Table(
        ("Rule or trigger", "Kind", "Fired", "Share of cases", "Went to a call", "Nothing else fired"),
        tuple(_trigger_row(trigger, counted.cases, said) for trigger in counted.triggers),
        "Rules and triggers that fired",
        align="llrrrr",
        note="A case may fire several. A trigger speaks for a call; where the bundle has learned what calls are worth, "
        "the value decides.",
    )
    odd = (
        f"{formats.counted(counted.thin_files, 'case')} had a thin file and {formats.count(counted.unseen)} held a "
        "category that development never saw."
    )
    return Section("Why", (settled, *_trigger_bars(counted), fired), lead=f"{ORDER} {odd}", id="why")


def _trigger_bars(counted: Volumes) -> tuple[Chart, ...]:
    if not counted.triggers:
        return ()
    svg = charts.bars(
        [
            charts.Bar(name=t.id, value=_share(t.fired, counted.cases), weak=t.kind == "hard_rule")
            for t in counted.triggers
        ],
        x=charts.Axis(label="share of cases in which it fired", form=percent),
        width=800,
    )
    return (Chart(svg, "How often each fired; rules above the score in grey.", wide=True),)


def _trigger_row(trigger: TriggerVolume, cases: int, said: Mapping[str, tuple[str, str]]) -> tuple[Text, ...]:
    english, chinese = said.get(trigger.id, ("", ""))
    return (
        (Code(trigger.id), f" {english} {chinese}"),
        "rule" if trigger.kind == "hard_rule" else "trigger",
        formats.count(trigger.fired),
        percent(_share(trigger.fired, cases)),
        formats.count(trigger.called),
        formats.count(trigger.alone),
    )


def _value(counted: Volumes, spec: ModelSpec, capacity: int | None) -> Section:
    title = "What a call is expected to be worth"
    threshold = spec.policy.call_value_threshold
    if not counted.value_edges:
        words = "The bundle has learned no value of calls: there were too few past calls, so triggers alone decide."
        return Section(title, (Callout("note", words),), id="value")
    total = max(sum(counted.value_counts), 1)
    svg = charts.histogram(
        counted.value_edges,
        (("cases", [n / total for n in counted.value_counts]),),
        x=charts.Axis(
            label=f"expected gain of a call ({currency_of(spec)}, its cost taken off)",
            form=lambda v: formats.number(v, 0),
        ),
        y=charts.Axis(label="share of cases", form=_whole),
    )
    room = f", of which it can make {formats.count(capacity)}" if capacity is not None else ""
    calls = counted.outcomes.get("phone_review", 0)
    lead = (
        f"Learned from past calls. Cases above {formats.money(threshold, currency_of(spec))} are called: "
        f"{formats.count(counted.called_by.get('call_value', 0))} in this batch. Rules above the score and the control "
        f"arm add theirs, which makes {formats.counted(calls, 'call')} for the desk{room}."
    )
    caption = (
        "Expected gain of a call over all cases, from the 1st to the 99th percentile; the ends hold what lies beyond."
    )
    return Section(title, (Chart(svg, caption),), lead=lead, id="value")


def _control(counted: Volumes, spec: ModelSpec, routing: RoutingEvaluation | None) -> Section:
    lead = (
        "A fixed share of cases is called whatever the score says, picked by a keyed hash (BLAKE2b) of the case's id. "
        "Only these calls tell what calling is worth on cases that the policy would not have called. The key is in the "
        "bundle: who can read that can tell which cases are in the arm, so the desk should not."
    )
    share = spec.policy.control_share
    expected = share * counted.cases
    spread = 3 * (counted.cases * share * (1 - share)) ** 0.5
    odd = abs(counted.control - expected) > max(spread, 1)
    facts = Facts(
        (
            ("Share set", percent(share, 2)),
            ("Cases picked", formats.count(counted.control), percent(_share(counted.control, counted.cases), 2)),
            ("Expected", f"{formats.number(expected, 0)} ± {formats.number(spread, 0)}", "three standard deviations"),
            (
                "Settled by it",
                formats.count(counted.routed_by.get("control", 0)),
                "the others picked were settled by a rule above the score, which comes first",
            ),
        )
    )
    warning = Callout("warning", "The share picked is not what chance explains: check the key and the ids.")
    worth = [control_gains(routing, currency_of(spec))] if routing else []
    return Section("Control arm", (facts, *([warning] if odd else []), *worth), lead=lead, id="control")


def _settings(spec: ModelSpec) -> Section:
    policy, money = spec.policy, spec.policy.economics
    distance = policy.unfamiliar_distance
    facts = Facts(
        (
            ("Approved tiers", ", ".join(policy.approved_tiers) or "none"),
            ("Hinges on unverified", "the decision turns when stated facts are put at the average just approved"),
            ("Conflict", f"{formats.points(policy.conflict_points)} points both for and against"),
            ("Multi-lender pressure", f"{formats.points(policy.multi_lender_points)} points lost"),
            ("Network alert", f"{formats.points(policy.network_points)} points lost"),
            ("Unfamiliar", f"distance above {formats.number(distance)}" if distance is not None else "switched off"),
            (
                "Value of a call",
                f"above {formats.money(policy.call_value_threshold, currency_of(spec))}"
                if policy.call_value_threshold is not None
                else "none learned",
            ),
            ("A good loan earns", percent(money.margin_rate), "of the amount"),
            ("A bad loan loses", percent(money.loss_rate), "of the amount"),
            ("A call costs", formats.money(money.call_cost, currency_of(spec))),
        )
    )
    blocks: list[Block] = [facts]
    if policy.hard_rules:
        blocks.append(_hard_rules(policy.hard_rules))
    if policy.concentration_limits:
        blocks.append(_limits(policy.concentration_limits))
    return Section("Settings", tuple(blocks), lead="What the policy was told, as the bundle holds it.", id="settings")


def _limits(limits: tuple[ConcentrationLimit, ...]) -> Table:
    return Table(
        ("Feature", "Fires when one of its categories holds", "Outcome"),
        tuple(
            (Code(limit.feature), f"{percent(limit.limit)} of the portfolio or more", limit.outcome.replace("_", " "))
            for limit in limits
        ),
        "Limits of the portfolio's concentration",
        align="lll",
        note="They are held against the portfolio's state where a case is decided with it: --portfolio of a command, "
        "portfolio in a request.",
    )


def _hard_rules(rules: tuple[HardRule, ...]) -> Table:
    return Table(
        ("Rule", "Fires when", "Outcome", "In words", "In Chinese"),
        tuple(
            (
                Code(rule.id),
                f"{rule.feature} {rule.operator} {formats.fact(rule.bound)}",
                rule.outcome.replace("_", " "),
                rule.en,
                rule.zh,
            )
            for rule in rules
        ),
        "Rules above the score",
        align="lllll",
    )
