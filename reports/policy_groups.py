"""What calls add by group: by their expected value, by trigger, in the control arm, and what they changed."""

from __future__ import annotations

from collections.abc import Sequence

from modelling.routing_records import Gains, RoutingEvaluation
from reports import charts, formats
from reports.page import Block, Chart, Section, Table, Text

WIDE = 1.959964
"""Standard errors on either side of a 95 % interval."""


def by_group(routing: RoutingEvaluation) -> Section:
    """Show whether calls add most where most was expected, what triggers are worth, and which decisions changed."""
    lead = (
        "If the value of a call is learned well, calls add most where most was expected, and what was expected comes. "
        "A trigger is worth having when calls on the cases in which it fired add more than calls on anyone."
    )
    blocks: list[Block] = [_by_value_chart(routing)] if routing.by_value else []
    blocks += [
        _table(routing.by_value, "Cases in groups of equal size by the value of a call, the most valuable first"),
        _table(routing.by_trigger, "Cases by the trigger that fired"),
        _changes(routing),
    ]
    return Section("Where calls add", tuple(blocks), lead=lead, id="groups")


def control_gains(routing: RoutingEvaluation) -> Table:
    """Show what calls of the control arm add, beside those that the policy picks."""
    groups = (routing.called, routing.control, routing.control_above, routing.control_below)
    return _table(groups, "What calls add, picked by the policy and at random")


def _by_value_chart(routing: RoutingEvaluation) -> Chart:
    learned = all(group.expected_per_100 is not None for group in routing.by_value)
    expected = (charts.Band(name="expected", values=[group.expected_per_100 for group in routing.by_value]),)
    ends = [_ends(group) for group in routing.by_value]
    added = charts.Band(
        name="added",
        values=[group.added_per_100 for group in routing.by_value],
        lower=[lower for lower, _ in ends],
        upper=[upper for _, upper in ends],
    )
    svg = charts.lines(
        [str(place) for place in range(1, len(routing.by_value) + 1)],
        (added, *(expected if learned else ())),
        x="group, the most valuable first",
        y=charts.Axis(label="profit by 100 calls (yuan)", form=lambda value: formats.number(value, 0)),
        mark=(0.0, "nothing added"),
    )
    return Chart(svg, "Profit that 100 calls add, with 95 % intervals, and what was expected of them.")


def _ends(group: Gains) -> tuple[float | None, float | None]:
    if group.added_per_100 is None or group.standard_error is None:
        return None, None
    half = WIDE * group.standard_error
    return group.added_per_100 - half, group.added_per_100 + half


def _table(groups: Sequence[Gains], caption: str) -> Table:
    return Table(
        ("Group", "Cases", "A call would change", "Added by 100 calls (yuan)", "Expected (yuan)"),
        tuple(_row(group) for group in groups),
        caption,
        align="lrrrr",
    )


def _row(group: Gains) -> tuple[Text, ...]:
    lower, upper = _ends(group)
    return (
        group.name.replace("_", " "),
        formats.count(group.cases),
        formats.count(group.changed),
        formats.with_interval(group.added_per_100, lower, upper, _yuan),
        _yuan(group.expected_per_100),
    )


def _changes(routing: RoutingEvaluation) -> Table:
    return Table(
        ("Before the call", "After the call", "Would end well", "Would end badly", "Profit added (yuan)"),
        tuple(
            (
                change.before.replace("_", " "),
                change.after.replace("_", " "),
                formats.count(change.good),
                formats.count(change.bad),
                _yuan(change.gain),
            )
            for change in routing.changes
        ),
        "Decisions that the calls of this policy change",
        align="llrrr",
    )


def _yuan(value: float | None) -> str:
    return formats.number(value, 0)
