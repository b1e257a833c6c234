"""Charts: they draw what they are given, add up, and say in words what they show."""

import math
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import charts
from reports.svg import Linear, in_words, shortened, spread, text_width, tick_step, ticks

AXIS = charts.Axis(label="share")
ALL = {
    "lines": charts.lines(("a", "b"), (charts.Band(name="n", values=(1, None)),), x="x", y=AXIS),
    "curves": charts.curves((charts.Trace(name="n", x=(0, 1), y=(0, 1)),), x=AXIS, y=AXIS, diagonal="d"),
    "calibration": charts.calibration([charts.Dot(predicted=0.1, observed=0.2, lower=0.1, upper=0.3)], x=AXIS, y=AXIS),
    "histogram": charts.histogram((0, 1, 2), (("good", (0.5, 0.5)),), x=AXIS, y=AXIS),
    "bars": charts.bars(
        (charts.Bar(name="n", value=-1.0, lower=-2, upper=0), charts.Bar(name="m", value=None)), x=AXIS
    ),
    "grouped_bars": charts.grouped_bars(("A",), (("p", (0.5,)), ("q", (None,))), x="tier", y=AXIS),
    "waterfall": charts.waterfall(("start", 1.0), (charts.Step(name="n", change=-0.5),), ("end", 0.5), x=AXIS),
}
every_chart = pytest.mark.parametrize("name", ALL)


def numbers(svg):
    return [float(n) for n in re.findall(r'(?:x|y|x1|x2|y1|y2|cx|cy|width|height)="(-?[\d.]+)"', str(svg))]


@every_chart
def test_it_is_well_formed_and_has_a_text_alternative(name):
    root = ET.fromstring(str(ALL[name]))  # noqa: S314 - our own markup

    assert root.get("role") == "img"
    assert len(root.get("aria-label")) > 10


@every_chart
def test_its_axis_is_labelled(name):
    assert ">share<" in ALL[name]


@every_chart
def test_everything_lies_on_the_sheet(name):
    width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', ALL[name]).groups())

    assert all(-1 <= n <= max(width, height) + 1 for n in numbers(ALL[name]))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_never_reaches_the_drawing(value):
    svg = charts.lines(("a", "b"), (charts.Band(name="n", values=(1, value)),), x="x", y=AXIS)

    assert "nan" not in svg
    assert "inf" not in svg.replace("infinit", "")


def test_a_hostile_name_stays_a_name():
    svg = charts.bars((charts.Bar(name="</text><script>x</script>", value=1.0),), x=AXIS)

    assert "<script" not in svg


@given(st.lists(st.floats(-50, 50), max_size=12), st.floats(400, 700))
def test_the_waterfall_draws_what_adds_up(changes, start):
    end = math.fsum([start, *changes])
    svg = charts.waterfall(
        ("start", start), [charts.Step(name=f"s{n}", change=c) for n, c in enumerate(changes)], ("end", end), x=AXIS
    )

    assert svg.count("<rect") == len(changes)


def test_a_waterfall_that_does_not_add_up_is_refused():
    with pytest.raises(ValueError, match=r"start and steps add up to 3\.0, must be 4\.0"):
        charts.waterfall(("start", 1.0), (charts.Step(name="n", change=2.0),), ("end", 4.0), x=AXIS)


def test_each_step_of_the_waterfall_begins_where_the_last_ended():
    svg = charts.waterfall(
        ("s", 0.0), (charts.Step(name="a", change=10.0), charts.Step(name="b", change=-4.0)), ("e", 6.0), x=AXIS
    )
    (x1, w1), (x2, w2) = [map(float, f) for f in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg)]

    assert x1 + w1 == pytest.approx(x2 + w2, abs=0.02)
    assert w2 / w1 == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: charts.lines((), (), x="x", y=AXIS), r"must name at least one place"),
        (lambda: charts.lines(("a",), (charts.Band(name="n", values=(1, 2)),), x="x", y=AXIS), r"'n' has 2 values"),
        (lambda: charts.histogram((0, 1), (("good", (1, 2)),), x=AXIS, y=AXIS), r"'good' has 2 shares, must have 1"),
        (lambda: charts.grouped_bars(("A",), (("p", (1, 2)),), x="t", y=AXIS), r"'p' has 2 values, must have 1"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_gap_in_a_series_is_a_gap_in_the_line():
    svg = charts.lines(tuple("abcd"), (charts.Band(name="n", values=(1, 2, None, 3)),), x="x", y=AXIS)

    assert [len(points.split()) for points in re.findall(r'polyline points="([^"]*)"', svg)] == [2, 1]


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_round_and_inside(lower, span):
    upper = lower + span
    if upper <= lower:
        return
    found, step = ticks(lower, upper), tick_step(lower, upper)

    assert all(lower - step * 1e-6 <= tick <= upper + step * 1e-6 for tick in found)
    assert len(found) <= 12


def test_an_axis_holds_all_values_even_equal_ones():
    assert AXIS.range([5.0, 5.0])[0] < 5.0 < AXIS.range([5.0, 5.0])[1]


@given(st.lists(st.floats(0, 300), min_size=1, max_size=5))
def test_names_are_moved_apart_and_stay_inside(places):
    moved = spread(places, 16, 0, 300)
    ordered = sorted(moved)

    assert all(after - before >= 16 - 1e-9 for before, after in pairwise(ordered))
    assert -1e-9 <= ordered[0] <= ordered[-1] <= 300


def test_a_scale_maps_ends_to_ends():
    scale = Linear(0, 10, 100, 0)

    assert (scale(0), scale(10), scale(5), scale(99)) == (100, 0, 50, 0)


@given(st.text(st.sampled_from("aW收入 "), max_size=60), st.floats(20, 200))
def test_a_shortened_name_fits(text, room):
    assert text_width(shortened(text, room)) <= max(room, text_width("…"))


def test_a_series_is_told_by_its_ends():
    assert in_words((None, 0.5, 0.25), ("a", "b", "c"), AXIS) == "0.50 (b) to 0.25 (c)"
    assert in_words((None,), ("a",), AXIS) == "nothing measured"
