"""What the calls of a policy add, against other rules for choosing calls."""

from __future__ import annotations

from modelling.routing_evaluation import CLAIRVOYANT, Comparison, RuleResult
from modelling.routing_records import RoutingEvaluation
from reports import charts, formats
from reports.page import Callout, Chart, Mark, Prose, Section, Table, Text


def results(routing: RoutingEvaluation | None) -> Section:
    """Show the profit that calls add under each rule, at equal capacity; None says that it was not measured."""
    title = "What the calls add"
    if routing is None:
        words = "Not measured: that needs cases whose end is known whatever was decided, as the synthetic lender has."
        return Section(title, (Callout("note", words),), id="results")
    rules, certain = routing.comparison, routing.comparison_expected
    lead = (
        f"Each rule chose {formats.counted(rules.calls, 'call')} among the same {formats.count(rules.cases)} cases. "
        "What a call adds is the profit of the decision after it less that before it, less "
        f"{formats.yuan(rules.call_cost)} for the call. {_verdict(rules)}"
    )
    how = (
        f"Calls were simulated from {routing.first[:10]} to {routing.last[:10]}: an applicant is reached with "
        f"probability {formats.percent(routing.reached, 0)}, and a true value found with probability "
        f"{formats.percent(routing.finds, 0)}."
    )
    blocks = (
        _rule_bars(rules),
        _rule_table(rules, "Rules for choosing calls, by how the loans ended"),
        _rule_table(certain, "The same by the true probability of default, which is less noisy"),
        Prose(how),
    )
    return Section(title, blocks, lead=lead, id="results", new_page=True)


def _verdict(rules: Comparison) -> str:
    others = [rule for rule in rules.rules[1:] if rule.name != CLAIRVOYANT]
    beaten = [rule.name.replace("_", " ") for rule in others if rule.ahead_per_100.lower > 0]
    lost = [rule.name.replace("_", " ") for rule in others if rule.ahead_per_100.upper < 0]
    first = rules.rules[0].name
    told = (
        f"{first} is ahead of {', '.join(beaten)} by more than chance."
        if beaten
        else f"{first} is ahead of no rule by more than chance."
    )
    return f"{told} It is behind {', '.join(lost)}." if lost else told


def _rule_bars(rules: Comparison) -> Chart:
    ordered = sorted(rules.rules, key=lambda rule: -rule.added_per_100.value)
    svg = charts.bars(
        [
            charts.Bar(
                name=rule.name.replace("_", " "),
                value=rule.added_per_100.value,
                lower=rule.added_per_100.lower,
                upper=rule.added_per_100.upper,
                weak=rule.name != rules.rules[0].name,
            )
            for rule in ordered
        ],
        x=charts.Axis(label="profit added by 100 calls (yuan)", form=lambda value: formats.number(value, 0)),
        width=800,
    )
    return Chart(
        svg,
        "Profit added by 100 calls with 95 % intervals; this policy in colour. Clairvoyant knows the end.",
        wide=True,
    )


def _rule_table(rules: Comparison, caption: str) -> Table:
    return Table(
        ("Rule", "Calls", "Changed the decision", "Added by 100 calls (yuan)", "This policy is ahead by (yuan)", ""),
        tuple(_rule_row(rule, rules) for rule in rules.rules),
        caption,
        align="lrrrrl",
        note=f"Intervals from {rules.replicates} bootstrap samples of applicants, seed {rules.seed}; differences are "
        "paired. Random is the mean over all ways to draw.",
    )


def _rule_row(rule: RuleResult, rules: Comparison) -> tuple[Text, ...]:
    added, ahead = rule.added_per_100, rule.ahead_per_100
    own = rule.name == rules.rules[0].name
    verdict: Text = Mark("within chance", "muted")
    if own:
        verdict = Mark("this policy", "plain")
    elif rule.name == CLAIRVOYANT:
        verdict = Mark("knows the end", "muted")
    elif ahead.lower > 0:
        verdict = Mark("beaten", "good")
    elif ahead.upper < 0:
        verdict = Mark("better", "warn")
    return (
        rule.name.replace("_", " "),
        formats.count(rule.calls),
        formats.count(rule.changed),
        formats.with_interval(added.value, added.lower, added.upper, _yuan),
        formats.NOTHING if own else formats.with_interval(ahead.value, ahead.lower, ahead.upper, _yuan),
        verdict,
    )


def _yuan(value: float | None) -> str:
    return formats.number(value, 0)
