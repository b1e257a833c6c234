"""What the calls of a policy add, against other rules for choosing calls."""

from __future__ import annotations

from modelling.routing_evaluation import CLAIRVOYANT, Comparison, RuleResult
from modelling.routing_records import RoutingEvaluation
from reports import charts, formats
from reports.page import Callout, Chart, Mark, Prose, Section, Table, Text


def results(routing: RoutingEvaluation | None, currency: str) -> Section:
    """Show the profit that calls add under each rule, at equal capacity; None says that it was not measured."""
    title = "What the calls add"
    if routing is None:
        words = "Not measured: that needs cases whose end is known whatever was decided, as the synthetic lender has."
        return Section(title, (Callout("note", words),), id="results")
    rules, certain = routing.comparison, routing.comparison_expected
    lead = (
        f"Each rule chose {formats.counted(rules.calls, 'call')} among the same {formats.count(rules.cases)} cases. "
        "What a call adds is the profit of the decision after it less that before it, less "
        f"{formats.money(rules.call_cost, currency)} for the call."
    )
    fixed = routing.cases - rules.cases
    how = (
        f"No telephone rang: calls were simulated on the synthetic lender's {formats.count(routing.cases)} "
        f"applications from {routing.first[:10]} to {routing.last[:10]}, none of which the model learned from; "
        f"{formats.count(fixed)} were settled by a rule above the score and can't be called for their worth. An "
        f"applicant is reached with probability {formats.percent(routing.reached, 0)}, and a true value found with "
        f"probability {formats.percent(routing.finds, 0)}."
    )
    twice = (
        "Both tables count the same calls. The first takes one end per loan, as a lender would see it: good or bad by "
        "the luck of one draw. The second takes the gain expected under each loan's true probability of default, which "
        "only the makers of a synthetic lender know: the luck of the draw is gone, so its intervals are narrower."
    )
    blocks = (
        Prose(how),
        Callout(
            "note",
            f"By how the loans ended, {_verdict(rules, currency)} "
            f"By the true probabilities, {_verdict(certain, currency)}",
        ),
        _rule_bars(rules, currency),
        Prose(twice),
        _rule_table(rules, currency, "Rules for choosing calls, by how the loans ended", "knows the end"),
        _rule_table(certain, currency, "The same calls, by the true probability of default", "knows the truth"),
    )
    return Section(title, blocks, lead=lead, id="results", new_page=True)


def _verdict(rules: Comparison, currency: str) -> str:
    others = [rule for rule in rules.rules[1:] if rule.name != CLAIRVOYANT]
    beaten = [rule.name.replace("_", " ") for rule in others if rule.ahead_per_100.lower > 0]
    lost = [rule.name.replace("_", " ") for rule in others if rule.ahead_per_100.upper < 0]
    level = [
        rule.name.replace("_", " ") for rule in others if rule.ahead_per_100.lower <= 0 <= rule.ahead_per_100.upper
    ]
    own = rules.rules[0]
    told = (
        f"this policy ({own.name.replace('_', ' ')}) adds {_gain(own, currency)}. "
        f"It is ahead of {_and(beaten) or 'no rule'} by more than chance"
    )
    unsure = f"; against {_and(level)} chance cannot be ruled out" if level else ""
    return f"{told}{unsure}." + (f" It is behind {_and(lost)}." if lost else "")


def _gain(rule: RuleResult, currency: str) -> str:
    added = rule.added_per_100
    spread = formats.interval(added.lower, added.upper, formats.count)
    found = f"{formats.money(added.value, currency)} per 100 calls ({spread})"
    return f"{found}, which may be nothing at all" if added.lower <= 0 <= added.upper else found


def _and(names: list[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if names[:-1] else "") + names[-1] if names else ""


def _rule_bars(rules: Comparison, currency: str) -> Chart:
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
        x=charts.Axis(label=f"profit added by 100 calls ({currency})", form=lambda value: formats.number(value, 0)),
        width=800,
    )
    return Chart(
        svg,
        "By how the loans ended, with 95 % intervals; this policy in colour. Clairvoyant knows every end: no rule can "
        "do better.",
        wide=True,
    )


def _rule_table(rules: Comparison, currency: str, caption: str, knows: str) -> Table:
    return Table(
        (
            "Rule",
            "Calls",
            "Changed the decision",
            f"Added by 100 calls ({currency})",
            f"This policy is ahead by ({currency})",
            "",
        ),
        tuple(_rule_row(rule, rules, knows) for rule in rules.rules),
        caption,
        align="lrrrrl",
        note=f"95 % intervals from {rules.replicates} bootstrap samples of applicants, seed {rules.seed}; differences "
        "are paired. Random is the mean over all ways to draw.",
    )


def _rule_row(rule: RuleResult, rules: Comparison, knows: str) -> tuple[Text, ...]:
    added, ahead = rule.added_per_100, rule.ahead_per_100
    own = rule.name == rules.rules[0].name
    verdict: Text = Mark("within chance", "muted")
    if own:
        verdict = Mark("this policy", "plain")
    elif rule.name == CLAIRVOYANT:
        verdict = Mark(knows, "muted")
    elif ahead.lower > 0:
        verdict = Mark("beaten", "good")
    elif ahead.upper < 0:
        verdict = Mark("better", "warn")
    return (
        rule.name.replace("_", " "),
        formats.count(rule.calls),
        formats.count(rule.changed),
        formats.with_interval(added.value, added.lower, added.upper, formats.count),
        formats.NOTHING if own else formats.with_interval(ahead.value, ahead.lower, ahead.upper, formats.count),
        verdict,
    )
