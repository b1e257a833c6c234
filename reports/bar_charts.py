"""Charts of bars: level bars with intervals, upright groups, and the waterfall that adds up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports import formats
from reports.svg import (
    BLUE,
    GREEN,
    GREY,
    HEIGHT,
    INK,
    ORANGE,
    SERIES,
    SOFT,
    WIDTH,
    Axis,
    Linear,
    Plot,
    Sheet,
    in_words,
    plot,
    shortened,
    text_width,
)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar, with its interval where known.

    Attributes:
        name: Written before it.
        value: Its length; None draws nothing and says so.
        lower: Lower end of the interval.
        upper: Upper end of the interval.
        weak: Draw it in grey: something to compare with.
    """

    name: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    weak: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a waterfall.

    Attributes:
        name: Written before it.
        change: Added to what stands before it.
    """

    name: str
    change: float


def bars(items: Sequence[Bar], *, x: Axis, says: str = "", width: float = WIDTH, row: float = 27) -> Markup:
    """Draw level bars with their names before and their values behind them."""
    told = "; ".join(f"{bar.name}: {_valued(bar, x)}" for bar in items)
    sheet = Sheet(width, row * len(items) + 58, f"{says or x.label}. {told}")
    left = min(max((text_width(bar.name) for bar in items), default=0) + 12, width * 0.42)
    behind = max((text_width(_valued(bar, x)) for bar in items), default=0) + 14
    ends = [v for bar in items for v in (bar.value, bar.lower, bar.upper) if v is not None and math.isfinite(v)]
    lower, upper = x.range([0.0, *ends])
    scale = Linear(lower, upper, left, width - behind)
    grid = Plot(sheet, scale, Linear(0, max(len(items), 1), 8, 8 + row * len(items)))
    Plot(sheet, scale, Linear(0, 1, 8 + row * len(items), 8)).axis_x(x)
    sheet.line(scale(0), 8, scale(0), 8 + row * len(items), colour=GREY)
    for place, bar in enumerate(items):
        _level_bar(grid, bar, x, grid.y(place + 0.5), row * 0.62)
    return sheet.done()


def grouped_bars(
    groups: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]], *, x: str, y: Axis, says: str = ""
) -> Markup:
    """Draw upright bars in groups; the names of the series stand above in their colours.

    Raises:
        ValueError: a series has another number of values than there are groups.
    """
    for name, values in series:
        if len(values) != len(groups):
            raise ValueError(f"{name!r} has {len(values)} values, must have {len(groups)}: one per group")
    told = "; ".join(f"{name}: {in_words(values, groups, y)}" for name, values in series)
    sheet = Sheet(WIDTH, HEIGHT, f"{says or y.label + ' by ' + x}. {told}")
    grid = plot(sheet, (-0.5, len(groups) - 0.5), y.range([0.0, *(v for _, vs in series for v in vs if v is not None)]))
    grid.axis_y(y)
    grid.names_x(groups, x)
    slot = (grid.x(1) - grid.x(0)) * 0.78 / max(len(series), 1)
    for number, ((name, values), colour) in enumerate(zip(series, SERIES, strict=False)):
        for place, value in enumerate(values):
            if value is not None and math.isfinite(value):
                start = grid.x(place) + (number - len(series) / 2) * slot
                sheet.box(start, grid.y(0), slot * 0.9, grid.y(value) - grid.y(0), colour=colour)
        before = sum(text_width(other) * 1.12 + 18 for other, _ in series[number + 1 :])
        sheet.text(sheet.width - 14 - before, 10, name, anchor="end", colour=colour, bold=True)
    return sheet.done()


def waterfall(
    start: tuple[str, float],
    steps: Sequence[Step],
    end: tuple[str, float],
    *,
    x: Axis,
    mark: tuple[float, str] | None = None,
) -> Markup:
    """Draw how steps lead from a start to an end; each step begins where the one before it ended.

    Raises:
        ValueError: start and steps do not add up to the end within 1e-6.
    """
    total = math.fsum([start[1], *(step.change for step in steps)])
    if abs(total - end[1]) > 1e-6:
        raise ValueError(f"start and steps add up to {total!r}, must be {end[1]!r}: the chart would not add up")
    row, width = 26.0, 880.0
    told = "; ".join(f"{step.name}: {formats.points(step.change, signed=True)}" for step in steps)
    sheet = Sheet(
        width, row * (len(steps) + 2) + 62, f"{start[0]}: {x.form(start[1])}; {told}; {end[0]}: {x.form(end[1])}"
    )
    names = [start[0], *(step.name for step in steps), end[0]]
    left = min(max(map(text_width, names)) + 14, width * 0.5)
    levels = _levels(start[1], steps)
    lower, upper = x.range([*levels, *([mark[0]] if mark else [])])
    bottom = 18 + row * (len(steps) + 2)
    grid = Plot(sheet, Linear(lower, upper, left + 40, width - 62), Linear(0, 1, bottom, 18))
    grid.axis_x(x)
    if mark:
        sheet.line(grid.x(mark[0]), 16, grid.x(mark[0]), bottom, colour=SOFT, dash="4 3")
        sheet.text(grid.x(mark[0]), 8, mark[1], anchor="middle", colour=SOFT)
    for place, name in enumerate(names):
        sheet.text(left - 8, 18 + row * (place + 0.5), shortened(name, left - 10), anchor="end")
    _ends(grid, (start[1], end[1]), row, len(steps))
    for place, step in enumerate(steps):
        _step(grid, levels[place], step.change, 18 + row * (place + 1), row)
    return sheet.done()


def _levels(start: float, steps: Sequence[Step]) -> list[float]:
    levels = [start]
    for step in steps:
        levels.append(levels[-1] + step.change)
    return levels


def _ends(grid: Plot, values: tuple[float, float], row: float, steps: int) -> None:
    for value, place in zip(values, (0, steps + 1), strict=True):
        middle = 18 + row * (place + 0.5)
        grid.sheet.line(grid.x(value), middle - 9, grid.x(value), middle + 9, colour=INK, wide=4)
        grid.sheet.text(grid.x(value) + 9, middle, formats.points(value), bold=True)


def _step(grid: Plot, before: float, change: float, top: float, row: float) -> None:
    colour = GREEN if change >= 0 else ORANGE
    first, last = grid.x(before), grid.x(before + change)
    grid.sheet.line(first, top - row * 0.25, first, top + row * 0.2, colour=GREY)
    grid.sheet.box(first, top + row * 0.2, last - first, row * 0.6, colour=colour)
    beyond = last + (6 if change >= 0 else -6)
    words = formats.points(change, signed=True)
    grid.sheet.text(beyond, top + row / 2, words, anchor="start" if change >= 0 else "end", colour=colour, halo=True)


def _level_bar(grid: Plot, bar: Bar, axis: Axis, middle: float, thick: float) -> None:
    zero = grid.x(0)
    grid.sheet.text(grid.x.start - 8, middle, shortened(bar.name, grid.x.start - 10), anchor="end")
    end = zero
    if bar.value is not None and math.isfinite(bar.value):
        end = grid.x(bar.value)
        grid.sheet.box(zero, middle - thick / 2, end - zero, thick, colour=GREY if bar.weak else BLUE)
    if bar.lower is not None and bar.upper is not None:
        grid.sheet.line(grid.x(bar.lower), middle, grid.x(bar.upper), middle, colour=INK, wide=1.5)
        for place in (bar.lower, bar.upper):
            grid.sheet.line(grid.x(place), middle - 4, grid.x(place), middle + 4, colour=INK, wide=1.5)
        end = max(end, grid.x(bar.upper))
    grid.sheet.text(max(end, zero) + 7, middle, _valued(bar, axis), colour=SOFT)


def _valued(bar: Bar, axis: Axis) -> str:
    return formats.NOTHING if bar.value is None else axis.form(bar.value)
