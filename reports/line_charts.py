"""Charts over two axes: lines with bands, curves, calibration dots and outlines of distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.svg import (
    BLUE,
    GREEN,
    GREY,
    HEIGHT,
    ORANGE,
    SERIES,
    SIZE,
    SOFT,
    WIDTH,
    Axis,
    Linear,
    Plot,
    Sheet,
    in_words,
    plot,
    spread,
    text_width,
)


@dataclass(frozen=True, kw_only=True)
class Band:
    """One series of ``lines``: a value per place, and where known its interval.

    Attributes:
        name: Written at its end.
        values: One per place; None leaves a gap.
        lower: Lower ends of the intervals; empty when there are none.
        upper: Upper ends.
    """

    name: str
    values: Sequence[float | None]
    lower: Sequence[float | None] = ()
    upper: Sequence[float | None] = ()


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One line of ``curves``: points in the order in which they are joined.

    Attributes:
        name: Written beside it.
        x: Level coordinates.
        y: Upright coordinates, as many.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Dot:
    """A predicted probability against the observed rate, with its interval.

    Attributes:
        predicted: Mean prediction of the bin.
        observed: Observed rate of the bin.
        lower: Lower end of the interval of the observed rate.
        upper: Upper end.
    """

    predicted: float
    observed: float
    lower: float
    upper: float


def lines(
    places: Sequence[str],
    series: Sequence[Band],
    *,
    x: str,
    y: Axis,
    says: str = "",
    mark: tuple[float, str] | None = None,
    width: float = WIDTH,
) -> Markup:
    """Draw values over named places, such as months, with their intervals as bands.

    Args:
        places: Names under the level axis, in order.
        series: At most five.
        x: What the places are.
        y: What the values are.
        says: What to tell who cannot see it, before the last values.
        mark: A level to compare with, and its name.
        width: Of the drawing, in its own units.

    Raises:
        ValueError: there are no places, or a series has another number of values.
    """
    _check_lengths(places, series)
    end = max((text_width(band.name) * 1.12 for band in series), default=0) if len(series) > 1 else 0
    told = "; ".join(f"{band.name}: {in_words(band.values, places, y)}" for band in series)
    sheet = Sheet(width, HEIGHT, f"{says or y.label + ' by ' + x}. {told}")
    known = [v for band in series for some in (band.values, band.lower, band.upper) for v in some if v is not None]
    grid = plot(
        sheet,
        (0, max(len(places) - 1, 1)),
        y.range([*known, *([mark[0]] if mark else [])]),
        right=max(14 + end, text_width(places[-1]) / 2 + 2),
    )
    if len(places) == 1:
        grid = Plot(sheet, Linear(-0.5, 0.5, grid.x.start, grid.x.end), grid.y)
    grid.axis_y(y)
    grid.names_x(places, x)
    if mark:
        _level(grid, *mark)
    for band, colour in zip(series, SERIES, strict=False):
        _band(grid, band, colour)
    if len(series) > 1:
        _names_at_end(grid, series)
    return sheet.done()


def curves(traces: Sequence[Trace], *, x: Axis, y: Axis, diagonal: str = "", says: str = "") -> Markup:
    """Draw curves such as ROC; ``diagonal`` names the line of no skill."""
    sheet = Sheet(WIDTH, HEIGHT + 40, says or f"{y.label} against {x.label}: {', '.join(t.name for t in traces)}")
    grid = plot(
        sheet, x.range([v for t in traces for v in t.x]), y.range([v for t in traces for v in t.y]), left=60, right=30
    )
    grid.axis_y(y)
    grid.axis_x(x)
    if diagonal:
        _diagonal(grid, diagonal)
    for trace, colour in zip(traces, SERIES, strict=False):
        grid.sheet.path([(grid.x(a), grid.y(b)) for a, b in zip(trace.x, trace.y, strict=True)], colour=colour)
    _names_on_curves(grid, traces)
    return sheet.done()


def calibration(dots: Sequence[Dot], *, x: Axis, y: Axis, says: str = "") -> Markup:
    """Draw observed rates against predictions; on the diagonal they agree. Both axes end at ``y.upper`` or later."""
    high = max([0.01, y.upper or 0.0, *(dot.upper for dot in dots), *(dot.predicted for dot in dots)])
    _, upper = Axis(label="", lower=0).range([0.0, high])
    told = "; ".join(f"predicted {x.form(dot.predicted)}, observed {y.form(dot.observed)}" for dot in dots)
    sheet = Sheet(WIDTH, HEIGHT + 40, f"{says or 'Observed against predicted'}. {told}")
    grid = plot(sheet, (0, upper), (0, upper), left=60, right=30)
    grid.axis_y(y)
    grid.axis_x(x)
    _diagonal(grid)
    for dot in dots:
        place = grid.x(dot.predicted)
        sheet.line(place, grid.y(dot.lower), place, grid.y(dot.upper), colour=BLUE, wide=1.5)
        sheet.dot(place, grid.y(dot.observed), colour=BLUE, radius=4)
    return sheet.done()


def histogram(
    edges: Sequence[float], shares: Sequence[tuple[str, Sequence[float]]], *, x: Axis, y: Axis, says: str = ""
) -> Markup:
    """Draw how kinds of cases spread over bins; each kind's shares add up to one.

    Raises:
        ValueError: a kind has another number of bins than the edges make.
    """
    for name, values in shares:
        if len(values) != len(edges) - 1:
            raise ValueError(f"{name!r} has {len(values)} shares, must have {len(edges) - 1}: one between two edges")
    sheet = Sheet(WIDTH, HEIGHT, says or f"{y.label} by {x.label}: {', '.join(name for name, _ in shares)}")
    top = Axis(label="", lower=0).range([0.0, *(v for _, values in shares for v in values)])
    grid = plot(sheet, (edges[0], edges[-1]), top)
    grid.axis_y(y)
    grid.axis_x(x)
    for (name, values), colour in zip(shares, (GREEN, ORANGE, BLUE), strict=False):
        outline = [(grid.x(edges[0]), grid.y(0))]
        for place, value in enumerate(values):
            outline += [(grid.x(edges[place]), grid.y(value)), (grid.x(edges[place + 1]), grid.y(value))]
        outline.append((grid.x(edges[-1]), grid.y(0)))
        sheet.area(outline, colour=colour, opacity=0.22)
        sheet.path(outline, colour=colour, wide=1.5)
        peak = max(range(len(values)), key=lambda place: values[place])
        middle = grid.x((edges[peak] + edges[peak + 1]) / 2)
        sheet.text(middle, grid.y(values[peak]) - 9, name, anchor="middle", colour=colour, bold=True)
    return sheet.done()


def _band(grid: Plot, band: Band, colour: str) -> None:
    if band.lower and band.upper:
        for run in _runs([None if None in pair else pair[0] for pair in zip(band.lower, band.upper, strict=True)]):
            there = [(grid.x(place), grid.y(_known(band.lower[place]))) for place in run]
            back = [(grid.x(place), grid.y(_known(band.upper[place]))) for place in reversed(run)]
            if len(run) == 1:
                grid.sheet.line(*there[0], *back[0], colour=colour, wide=1.5)
            grid.sheet.area([*there, *back], colour=colour)
    for run in _runs(band.values):
        dots = [(grid.x(place), grid.y(_known(band.values[place]))) for place in run]
        grid.sheet.path(dots, colour=colour)
        for x, y in dots:
            grid.sheet.dot(x, y, colour=colour, radius=2.6)


def _known(value: float | None) -> float:
    return math.nan if value is None else value


def _runs(values: Sequence[float | None]) -> list[list[int]]:
    """Places of known values, parted where one is unknown."""
    runs: list[list[int]] = [[]]
    for place, value in enumerate(values):
        if value is None or not math.isfinite(value):
            runs.append([])
        else:
            runs[-1].append(place)
    return [run for run in runs if run]


def _level(grid: Plot, value: float, name: str) -> None:
    grid.sheet.line(grid.x.start, grid.y(value), grid.x.end, grid.y(value), colour=SOFT, dash="5 4")
    grid.sheet.text(grid.x.start + 6, grid.y(value) - 9, name, colour=SOFT)


def _diagonal(grid: Plot, name: str = "") -> None:
    low, high = max(grid.x.lower, grid.y.lower), min(grid.x.upper, grid.y.upper)
    grid.sheet.line(grid.x(low), grid.y(low), grid.x(high), grid.y(high), colour=GREY, dash="4 4")
    if name:
        place = low + (high - low) * 0.8
        grid.sheet.text(grid.x(place) + 8, grid.y(place) + 12, name, colour=SOFT)


def _names_at_end(grid: Plot, series: Sequence[Band]) -> None:
    last = [next((v for v in reversed(band.values) if v is not None), grid.y.lower) for band in series]
    for band, colour, place in zip(
        series, SERIES, spread([grid.y(value) for value in last], SIZE + 3, 20, grid.y.start), strict=False
    ):
        grid.sheet.text(grid.x.end + 6, place, band.name, colour=colour, bold=True)


def _names_on_curves(grid: Plot, traces: Sequence[Trace]) -> None:
    for number, (trace, colour) in enumerate(zip(reversed(traces), reversed(SERIES[: len(traces)]), strict=True)):
        grid.sheet.text(
            grid.x.end - 8, grid.y.start - 14 - 18 * number, trace.name, anchor="end", colour=colour, bold=True
        )


def _check_lengths(places: Sequence[str], series: Sequence[Band]) -> None:
    if not places:
        raise ValueError("places == [], must name at least one place")
    for band in series:
        for values in (band.values, band.lower or band.values, band.upper or band.values):
            if len(values) != len(places):
                raise ValueError(f"{band.name!r} has {len(values)} values, must have {len(places)}: one per place")
