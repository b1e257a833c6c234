"""The chart of a feature's bins: how many cases lie in each, and how many of them went bad, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from reports import formats
from reports.formats import percent
from reports.svg import BLUE, GREY, GRID, INK, SOFT, Linear, Sheet, shortened, ticks

WIDE: Final = 640.0
_ROW: Final = 18.0
_HEAD: Final = 24.0
_LETTERS: Final = 12.5
_NAMES: Final = 150.0
_SHARES: Final = (160.0, 250.0)
_COUNTS: Final = 385.0
_RATES: Final = (405.0, 585.0)
_ENOUGH: Final = 100
"""Labelled cases of a bin whose interval the scale must hold."""


@dataclass(frozen=True, kw_only=True)
class BinRow:
    """One bin.

    Attributes:
        name: What lies in it.
        n: Cases.
        share: Their share of all.
        labelled: Good and bad cases among them.
        bads: Bad cases among them.
        rate: Bad rate of the labelled; None without one.
        lower: Lower end of the rate's interval.
        upper: Upper end.
        weak: Draw it in grey: cases without a value.
    """

    name: str
    n: int
    share: float
    labelled: int = 0
    bads: int = 0
    rate: float | None = None
    lower: float | None = None
    upper: float | None = None
    weak: bool = False


def bin_chart(rows: Sequence[BinRow], *, overall: float | None = None) -> Markup:
    """Draw bins as rows: name, share of the cases, bad cases, and the bad rate with its interval.

    Args:
        rows: The bins, in order.
        overall: Bad rate of all cases, drawn as a broken line; None draws no bad rates at all.
    """
    sheet = Sheet(WIDE, _HEAD + _ROW * len(rows) + 6, _in_words(rows, overall))
    middles = [_HEAD + _ROW * (place + 0.5) for place in range(len(rows))]
    names = [(_NAMES, y, shortened(row.name, _NAMES, _LETTERS)) for row, y in zip(rows, middles, strict=True)]
    sheet.texts(names, anchor="end", size=_LETTERS)
    _shares(sheet, rows, middles)
    if overall is not None:
        _rates(sheet, rows, middles, overall)
    return sheet.done()


def _shares(sheet: Sheet, rows: Sequence[BinRow], middles: Sequence[float]) -> None:
    scale = Linear(0, max(row.share for row in rows), *_SHARES)
    for weak, colour in ((False, BLUE), (True, GREY)):
        boxes = [
            (scale.start, y - 5.5, max(scale(row.share) - scale.start, 0.6), 11)
            for row, y in zip(rows, middles, strict=True)
            if row.weak is weak
        ]
        if boxes:
            sheet.boxes(boxes, colour=colour)
    words = [(scale(row.share) + 5, y, percent(row.share)) for row, y in zip(rows, middles, strict=True)]
    sheet.texts(words, colour=SOFT, size=_LETTERS)
    sheet.texts([(scale.start, 8, "share of cases")], colour=SOFT, size=_LETTERS)


def _rates(sheet: Sheet, rows: Sequence[BinRow], middles: Sequence[float], overall: float) -> None:
    known = [(row, y) for row, y in zip(rows, middles, strict=True) if row.rate is not None]
    # The wide interval of a bin of few cases is cut off at the edge: it must not flatten all others.
    ends = [row.upper if row.labelled >= _ENOUGH else row.rate for row, _ in known]
    scale = Linear(0, min(max([overall, *(end or 0.0 for end in ends)]) * 1.05, 1.0) or 1.0, *_RATES)
    bottom = middles[-1] + _ROW / 2
    sheet.strokes([(scale(at), _HEAD, scale(at), bottom) for at in ticks(0, scale.upper, 3)], colour=GRID)
    sheet.strokes([(scale(overall), _HEAD, scale(overall), bottom)], colour=SOFT, dash="3 3")
    sheet.strokes([(scale(row.lower or 0), y, scale(row.upper or 0), y) for row, y in known], colour=INK, wide=1.5)
    sheet.dots([(scale(row.rate or 0), y) for row, y in known], colour=INK)
    counts = [(_COUNTS, y, f"{row.bads:,} / {row.labelled:,}") for row, y in known]
    sheet.texts([(_COUNTS, 8, "bad / labelled"), *counts], anchor="end", colour=SOFT, size=_LETTERS)
    rates = [(WIDE, y, percent(row.rate)) for row, y in known]
    sheet.texts([(WIDE, 8, "bad rate, 95 %"), *rates], anchor="end", size=_LETTERS)


def _in_words(rows: Sequence[BinRow], overall: float | None) -> str:
    if overall is None:
        return "Share of cases by bin. " + "; ".join(f"{row.name}: {percent(row.share)}" for row in rows)
    told = "; ".join(f"{row.name}: {percent(row.rate) if row.labelled else formats.NOTHING}" for row in rows)
    return f"Bad rate by bin, {percent(overall)} overall. {told}"
