"""What calls add by group: by their expected value, by trigger, in the control arm, and what they changed."""

from __future__ import annotations

from collections.abc import Sequence

from modelling.routing_records import Gains, RoutingEvaluation
from reports import charts, formats
from reports.page import Block, Chart, Mark, Section, Table, Text

WIDE = 1.959964
"""Standard errors on either side of a 95 % interval."""

FEW_CHANGES = 10
"""Changed decisions below which a mean of gains, most of them zero, has no interval to be trusted."""


def by_group(routing: RoutingEvaluation, currency: str) -> Section:
    """Show whether calls add most where most was expected, what triggers are worth, and which decisions changed."""
    lead = (
        "If the value of a call is learned well, calls add most where most was expected, and what was expected comes. "
        "A trigger is worth having when calls on the cases in which it fired add more than calls on anyone."
    )
    blocks: list[Block] = [_by_value_chart(routing, currency)] if routing.by_value else []
    blocks += [
        _table(
            routing.by_value, currency, "Cases in groups of equal size by the value of a call, the most valuable first"
        ),
        _table(routing.by_trigger, currency, "Cases by the trigger that fired"),
        _changes(routing, currency),
    ]
    return Section("Where calls add", tuple(blocks), lead=f"{lead}{_first(routing, currency)}", id="groups")


def _first(routing: RoutingEvaluation, currency: str) -> str:
    if not routing.by_value:
        return ""
    first, rest = routing.by_value[0], routing.by_value[1:]
    paying = sum((group.added_per_100 or 0.0) > 0 for group in rest)
    found = formats.with_interval(first.added_per_100, *_ends(first), formats.count)
    expected = (
        f" where {formats.count(first.expected_per_100)} were expected" if first.expected_per_100 is not None else ""
    )
    return (
        f" Here 100 calls on the most valuable group add {found} {currency}{expected}; of the "
        f"{formats.counted(len(rest), 'other group')}, {formats.count(paying) if paying else 'none'} would pay for "
        "their calls."
    )


def control_gains(routing: RoutingEvaluation, currency: str) -> Table:
    """Show what calls of the control arm add, beside those that the policy picks."""
    groups = (routing.called, routing.control, routing.control_above, routing.control_below)
    threshold = formats.money(routing.threshold, currency) if routing.threshold is not None else "no threshold"
    return _table(
        groups,
        currency,
        "What calls add, picked by the policy and at random, on the synthetic lender",
        "Called by the policy: cases expected to be worth more than its threshold per call "
        f"({threshold}), so not as many as above, where every rule fills the desk. The control arm is split by "
        "whether the policy would have called the case anyway. ",
    )


def _by_value_chart(routing: RoutingEvaluation, currency: str) -> Chart:
    drawn: list[charts.Bar] = []
    for group in routing.by_value:
        lower, upper = _ends(group)
        name = group.name.replace("_", " ")
        drawn.append(charts.Bar(name=name, value=group.added_per_100, lower=lower, upper=upper))
        if group.expected_per_100 is not None:
            drawn.append(charts.Bar(name="expected", value=group.expected_per_100, weak=True))
    axis = charts.Axis(label=f"profit added by 100 calls ({currency})", form=lambda value: formats.number(value, 0))
    caption = (
        "Profit that 100 calls add, with 95 % intervals, the most valuable group first; what was expected in grey."
    )
    return Chart(charts.bars(drawn, x=axis, width=800), caption, wide=True)


def _ends(group: Gains) -> tuple[float | None, float | None]:
    if group.added_per_100 is None or group.standard_error is None or not group.changed:
        return None, None
    half = WIDE * group.standard_error
    return group.added_per_100 - half, group.added_per_100 + half


def _table(groups: Sequence[Gains], currency: str, caption: str, note: str = "") -> Table:
    return Table(
        ("Group", "Cases", "A call would change", f"Added by 100 calls ({currency})", f"Expected ({currency})", ""),
        tuple(_row(group) for group in groups),
        caption,
        align="lrrrrl",
        note=f"{note}95 % intervals of 1.96 standard errors over cases. Few calls change a decision, and a mean rests "
        f"on those few: with fewer than {FEW_CHANGES} it is marked as rough, and with none there is no interval.",
    )


def _row(group: Gains) -> tuple[Text, ...]:
    lower, upper = _ends(group)
    return (
        group.name.replace("_", " "),
        formats.count(group.cases),
        formats.count(group.changed),
        formats.with_interval(group.added_per_100, lower, upper, formats.count),
        formats.count(group.expected_per_100),
        _care(group),
    )


def _care(group: Gains) -> Text:
    if not group.cases or group.changed >= FEW_CHANGES:
        return ""
    return Mark("rough: few changes" if group.changed else "no change seen", "muted")


def _changes(routing: RoutingEvaluation, currency: str) -> Table:
    rules = routing.comparison
    return Table(
        ("Before the call", "After the call", "Would end well", "Would end badly", f"Profit added ({currency})"),
        tuple(
            (
                change.before.replace("_", " "),
                change.after.replace("_", " "),
                formats.count(change.good),
                formats.count(change.bad),
                formats.count(change.gain),
            )
            for change in routing.changes
            if change.good + change.bad
        ),
        "Decisions that the calls of this policy change",
        align="llrrr",
        note=f"Of its {formats.counted(rules.calls, 'call')} in the comparison, before their cost of "
        f"{formats.money(rules.calls * rules.call_cost, currency)}. Ends are those the loans would have had, paid out.",
    )
