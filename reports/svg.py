"""The sheet that charts are drawn on: scales, axes, text and the alternative for who cannot see it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from reports.formats import number
from reports.visible import visible

INK = "#1d2a25"
SOFT = "#55635c"
GRID = "#e3e9e5"
BLUE = "#1f5f93"
GREEN = "#24734f"
ORANGE = "#b8501a"
GREY = "#7b8a82"
SERIES = (BLUE, ORANGE, GREEN, "#6b4b93", GREY)
"""Colours of series, in order; apart in lightness too, so that they differ on grey paper."""

WIDTH = 540.0
"""Width of a drawing that fills half a page."""

HEIGHT = 320.0

SIZE = 13
"""Height of letters in a drawing, in its own units."""


@dataclass(frozen=True)
class Linear:
    """Maps the numbers from ``lower`` to ``upper`` onto the places from ``start`` to ``end``."""

    lower: float
    upper: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Place of a value; values beyond the ends stay at the ends."""
        span = self.upper - self.lower
        share = 0.5 if span == 0 else (min(max(value, self.lower), self.upper) - self.lower) / span
        return self.start + share * (self.end - self.start)


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What an axis measures.

    Attributes:
        label: What is measured, with its unit.
        form: Writes one tick.
        lower: Start; None takes it from the data.
        upper: End; None takes it from the data.
    """

    label: str
    form: Callable[[float], str] = number
    lower: float | None = None
    upper: float | None = None

    def range(self, values: Sequence[float]) -> tuple[float, float]:
        """Start and end that hold every finite value, rounded out to ticks."""
        finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
        lower = min(finite) if self.lower is None else self.lower
        upper = max(finite) if self.upper is None else self.upper
        if lower >= upper:
            lower, upper = lower - (abs(lower) / 2 or 0.5), lower + (abs(lower) / 2 or 0.5)
        step = tick_step(lower, upper)
        return (
            math.floor(lower / step + 1e-9) * step if self.lower is None else lower,
            math.ceil(upper / step - 1e-9) * step if self.upper is None else upper,
        )


def tick_step(lower: float, upper: float, about: int = 5) -> float:
    """Distance of ticks: 1, 2 or 5 times a power of ten, so that there are about as many as wanted."""
    raw = (upper - lower) / about
    power: float = 10.0 ** math.floor(math.log10(raw))
    return next(power * step for step in (1, 2, 5, 10) if raw <= power * step * 1.0000001)


def ticks(lower: float, upper: float, about: int = 5) -> tuple[float, ...]:
    """Round values from ``lower`` to ``upper``.

    >>> ticks(0, 1)
    (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    """
    step = tick_step(lower, upper, about)
    first = math.ceil(lower / step - 1e-9)
    last = math.floor(upper / step + 1e-9)
    return tuple(round(place * step, 12) for place in range(first, last + 1))


def text_width(text: str, size: float = SIZE) -> float:
    """Rough width of a text: Chinese letters are as wide as high, others little more than half."""
    return sum(1.0 if ord(letter) > 0x2E7F else 0.56 for letter in text) * size


def shortened(text: str, room: float, size: float = SIZE) -> str:
    """Cut a text to the room it has, with an ellipsis."""
    if text_width(text, size) <= room:
        return text
    kept = text
    while kept and text_width(kept + "…", size) > room:
        kept = kept[:-1]
    return kept + "…"


@dataclass
class Sheet:
    """Collects shapes; ``done`` writes them as one ``<svg>``.

    Attributes:
        width: In its own units; about pixels at half the page's width.
        height: The same.
        says: The text alternative: what the drawing shows, with the numbers that matter.
    """

    width: float
    height: float
    says: str
    _shapes: list[Markup] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, *, colour: str, wide: float = 1, dash: str = "") -> None:
        """Draw a straight line."""
        self._add(
            Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="{}"{}/>'),
            *map(_place, (x1, y1, x2, y2)),
            colour,
            _place(wide),
            _dash(dash),
        )

    def path(self, points: Sequence[tuple[float, float]], *, colour: str, wide: float = 2, dash: str = "") -> None:
        """Draw a line through points."""
        self._add(
            Markup('<polyline points="{}" fill="none" stroke="{}" stroke-width="{}" stroke-linejoin="round"{}/>'),
            _places(points),
            colour,
            _place(wide),
            _dash(dash),
        )

    def area(self, points: Sequence[tuple[float, float]], *, colour: str, opacity: float = 0.16) -> None:
        """Fill the inside of a closed line."""
        self._add(
            Markup('<polygon points="{}" fill="{}" fill-opacity="{}"/>'), _places(points), colour, _place(opacity)
        )

    def box(self, x: float, y: float, width: float, height: float, *, colour: str, opacity: float = 1) -> None:
        """Fill a rectangle; a negative width or height is drawn the other way."""
        left, top = min(x, x + width), min(y, y + height)
        self._add(
            Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}" fill-opacity="{}"/>'),
            *map(_place, (left, top, abs(width), abs(height))),
            colour,
            _place(opacity),
        )

    def dot(self, x: float, y: float, *, colour: str, radius: float = 3.5) -> None:
        """Draw a dot."""
        self._add(Markup('<circle cx="{}" cy="{}" r="{}" fill="{}"/>'), _place(x), _place(y), _place(radius), colour)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        anchor: str = "start",
        colour: str = INK,
        size: float = SIZE,
        turn: float = 0,
        bold: bool = False,
        halo: bool = False,
    ) -> None:
        """Write words whose middle height is at ``y``; bold ones, and those with a halo, stay readable over lines."""
        turned = Markup(' transform="rotate({} {} {})"').format(_place(turn), _place(x), _place(y)) if turn else ""
        weight = Markup(' font-weight="600"') if bold else Markup("")
        weight += Markup(' stroke="#fff" stroke-width="3" paint-order="stroke"') if bold or halo else Markup("")
        self._add(
            Markup('<text x="{}" y="{}" dy="0.35em" text-anchor="{}" fill="{}" font-size="{}"{}{}>{}</text>'),
            *(_place(x), _place(y), anchor, colour, _place(size), weight, turned, visible(words)),
        )

    def boxes(self, boxes: Sequence[tuple[float, float, float, float]], *, colour: str) -> None:
        """Fill many rectangles of one colour (left, top, width, height) as one shape, which keeps large pages small."""
        steps = "".join(f"M{_place(x)} {_place(y)}h{_place(w)}v{_place(h)}h{_place(-w)}z" for x, y, w, h in boxes)
        self._add(Markup('<path d="{}" fill="{}"/>'), steps, colour)

    def strokes(
        self, lines: Sequence[tuple[float, float, float, float]], *, colour: str, wide: float = 1, dash: str = ""
    ) -> None:
        """Draw many straight lines of one colour as one shape."""
        steps = "".join(f"M{_place(x1)} {_place(y1)}L{_place(x2)} {_place(y2)}" for x1, y1, x2, y2 in lines)
        self._add(Markup('<path d="{}" stroke="{}" stroke-width="{}"{}/>'), steps, colour, _place(wide), _dash(dash))

    def dots(self, places: Sequence[tuple[float, float]], *, colour: str, radius: float = 3.5) -> None:
        """Draw many dots of one colour as one shape."""
        steps = "".join(f"M{_place(x)} {_place(y)}h0" for x, y in places)
        self._add(
            Markup('<path d="{}" stroke="{}" stroke-width="{}" stroke-linecap="round"/>'),
            *(steps, colour, _place(2 * radius)),
        )

    def texts(
        self,
        items: Sequence[tuple[float, float, str]],
        *,
        anchor: str = "start",
        colour: str = INK,
        size: float = SIZE,
    ) -> None:
        """Write many words (place, middle height, words) that look alike, as one group."""
        inner = Markup("").join(
            Markup('<text x="{}" y="{}">{}</text>').format(_place(x), _place(y + 0.35 * size), visible(words))
            for x, y, words in items
        )
        self._add(Markup('<g text-anchor="{}" fill="{}" font-size="{}">{}</g>'), anchor, colour, _place(size), inner)

    def done(self) -> Markup:
        """Write the drawing."""
        return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
            _place(self.width), _place(self.height), visible(self.says), Markup("").join(self._shapes)
        )

    def _add(self, shape: Markup, *values: object) -> None:
        self._shapes.append(shape.format(*values))


@dataclass(frozen=True)
class Plot:
    """The inside of a sheet, between its axes."""

    sheet: Sheet
    x: Linear
    y: Linear

    def axis_y(self, axis: Axis) -> None:
        """Draw ticks, grid lines and the label of the upright axis."""
        for tick in ticks(self.y.lower, self.y.upper):
            place = self.y(tick)
            self.sheet.line(self.x.start, place, self.x.end, place, colour=GRID)
            self.sheet.text(self.x.start - 7, place, axis.form(tick), anchor="end", colour=SOFT)
        self.sheet.text(2, 10, axis.label, colour=SOFT)

    def axis_x(self, axis: Axis) -> None:
        """Draw ticks and the label of the level axis."""
        bottom = self.y.start
        self.sheet.line(self.x.start, bottom, self.x.end, bottom, colour=GREY)
        for tick in ticks(self.x.lower, self.x.upper, 6):
            self.sheet.line(self.x(tick), bottom, self.x(tick), bottom + 4, colour=GREY)
            self.sheet.text(self.x(tick), bottom + 14, axis.form(tick), anchor="middle", colour=SOFT)
        self.label_x(axis.label)

    def label_x(self, label: str) -> None:
        """Write the label of the level axis under its ticks."""
        middle = (self.x.start + self.x.end) / 2
        self.sheet.text(middle, self.sheet.height - 9, label, anchor="middle", colour=SOFT)

    def names_x(self, names: Sequence[str], label: str) -> None:
        """Write names under places 0, 1, 2 …; where they are too tight only every second, third … one."""
        bottom = self.y.start
        self.sheet.line(self.x.start, bottom, self.x.end, bottom, colour=GREY)
        room = abs(self.x(1) - self.x(0)) if len(names) > 1 else self.x.end - self.x.start
        every = max(1, math.ceil((max((text_width(name) for name in names), default=0) + 10) / max(room, 1)))
        for place, name in enumerate(names):
            if place % every == 0:
                self.sheet.text(self.x(place), bottom + 14, name, anchor="middle", colour=SOFT)
        self.label_x(label)


def plot(sheet: Sheet, x: tuple[float, float], y: tuple[float, float], *, left: float = 56, right: float = 14) -> Plot:
    """Lay out the inside of a sheet for the ranges of both axes."""
    return Plot(sheet, Linear(*x, left, sheet.width - right), Linear(*y, sheet.height - 44, 28))


def in_words(values: Sequence[float | None], places: Sequence[str], axis: Axis) -> str:
    """Say a series by its first and last value."""
    known = [(place, value) for place, value in zip(places, values, strict=True) if value is not None]
    if not known:
        return "nothing measured"
    (first, one), (last, other) = known[0], known[-1]
    return f"{axis.form(one)} ({first}) to {axis.form(other)} ({last})"


def spread(places: Sequence[float], gap: float, lower: float, upper: float) -> list[float]:
    """Move places apart until neighbours are ``gap`` apart, inside the bounds where there is room; order is kept."""
    order = sorted(range(len(places)), key=lambda item: places[item])
    moved = list(places)
    floor = lower
    for item in order:
        moved[item] = floor = max(places[item], floor)
        floor += gap
    ceiling = upper
    for item in reversed(order):
        moved[item] = ceiling = min(moved[item], ceiling)
        ceiling -= gap
    return moved


def _place(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if math.isfinite(value) else "0"


def _places(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_place(x)},{_place(y)}" for x, y in points)


def _dash(dash: str) -> Markup:
    return Markup(' stroke-dasharray="{}"').format(dash) if dash else Markup("")
