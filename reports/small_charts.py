"""Charts for a third of the page's width: how values lie, and how far months have moved."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from reports import formats
from reports.svg import BLUE, GREY, ORANGE, SOFT, Linear, Sheet, text_width, ticks

WIDE: Final = 300.0
_LETTERS: Final = 12.0
_GROUND: Final = 88.0
_TOP: Final = 6.0


@dataclass(frozen=True, kw_only=True)
class Move:
    """How far one period has moved.

    Attributes:
        name: The period, such as ``2024-05``.
        value: The index.
        chance: What the index stays below by chance alone.
        weak: Draw it in grey: one of the periods that the others are held against.
    """

    name: str
    value: float
    chance: float
    weak: bool = False


def distribution(
    edges: Sequence[float], counts: Sequence[int], *, single: bool, form: Callable[[float], str], says: str
) -> Markup:
    """Draw how values lie.

    Args:
        edges: Edges of the bars, one more than counts; or the values themselves, where each bar is one value.
        counts: Cases per bar.
        single: Whether each bar is one value.
        form: Writes a value on the axis.
        says: What it shows, in words.
    """
    sheet = Sheet(WIDE, _GROUND + 18, says)
    step = (WIDE - 4) / len(counts)
    wide = min(step - 1.2, 40.0)
    height = Linear(0, max(counts), 0, _GROUND - _TOP)
    boxes = [
        (2 + step * (place + 0.5) - wide / 2, _GROUND - height(count), wide, height(count))
        for place, count in enumerate(counts)
        if count
    ]
    sheet.boxes(boxes, colour=BLUE)
    sheet.strokes([(0, _GROUND, WIDE, _GROUND)], colour=GREY)
    if single:
        _names(sheet, [2 + step * (place + 0.5) for place in range(len(edges))], [form(edge) for edge in edges])
    else:
        scale = Linear(edges[0], edges[-1], 2, WIDE - 2)
        round_values = ticks(edges[0], edges[-1], 4)
        _names(sheet, [scale(value) for value in round_values], [form(value) for value in round_values])
    return sheet.done()


def _names(sheet: Sheet, places: Sequence[float], names: Sequence[str]) -> None:
    """Write as many names as fit, the first and, where there is room, the last among them."""
    widest = max(text_width(name, _LETTERS) for name in names) + 10
    apart = abs(places[-1] - places[0]) / max(len(places) - 1, 1) or WIDE
    every = max(1, math.ceil(widest / apart))
    shown = [
        (min(max(place, text_width(name, _LETTERS) / 2), WIDE - text_width(name, _LETTERS) / 2), _GROUND + 10, name)
        for place, name in list(zip(places, names, strict=True))[::every]
    ]
    sheet.texts(shown, anchor="middle", colour=SOFT, size=_LETTERS)


def moves(items: Sequence[Move], *, says: str) -> Markup:
    """Draw an index by period as bars, with what chance explains as a line; bars above it stand out."""
    sheet = Sheet(WIDE, _GROUND + 18, says)
    top = max([0.02, *(item.value for item in items if not item.weak), *(item.chance for item in items)]) * 1.08
    height = Linear(0, top, 0, _GROUND - _TOP)
    step = (WIDE - 40) / len(items)
    for colour, of in ((GREY, "weak"), (BLUE, "as before"), (ORANGE, "moved")):
        boxes = [
            (38 + step * place + 0.6, _GROUND - height(item.value), max(step - 1.2, 0.8), height(item.value))
            for place, item in enumerate(items)
            if _state(item) == of
        ]
        if boxes:
            sheet.boxes(boxes, colour=colour)
    line = [(38 + step * (place + 0.5), _GROUND - height(item.chance)) for place, item in enumerate(items)]
    sheet.path(line, colour=SOFT, wide=1.2, dash="3 2")
    sheet.strokes([(38, _GROUND, WIDE, _GROUND)], colour=GREY)
    scale = [(33, _GROUND - height(at), formats.number(at, 2)) for at in (0.0, top / 1.08)]
    sheet.texts(scale, anchor="end", colour=SOFT, size=_LETTERS)
    sheet.texts([(38, _GROUND + 10, items[0].name)], colour=SOFT, size=_LETTERS)
    sheet.texts([(WIDE, _GROUND + 10, items[-1].name)], anchor="end", colour=SOFT, size=_LETTERS)
    return sheet.done()


def _state(item: Move) -> str:
    return "weak" if item.weak else "moved" if item.value > item.chance else "as before"
