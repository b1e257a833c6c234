"""A scorecard as a points card: the points that each bin of each feature adds to a base, to be read from a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from modelling.scorecard import Binned, FittedScorecard
from scoring.points import PointsMap
from scoring.spec import Calibration, FeatureSpec, Scale

CardKind = Literal["base", "range", "word", "other", "missing"]


@dataclass(frozen=True, kw_only=True)
class CardRow:
    """One line of a points card.

    Attributes:
        feature: Name of the feature; empty in the line of the base.
        kind: ``base``: counts for every case. ``range``: a number from ``lower``, inclusive, to ``upper``, exclusive;
            a flag is the number 1 when true and 0 when false. ``word``: a category. ``other``: a category that has no
            line of its own. ``missing``: no value.
        lower: Smallest number of a range; None has no bound.
        upper: Number that a range ends before; None has no bound.
        word: The category.
        woe: Weight of evidence, ``ln(share of goods / share of bads)``; 0 in the line of the base.
        points: What it adds to the score. All lines that apply to a case add up to the scorecard's points.
        whole: The same as a whole number, for cards on paper: a score added up from these is off by at most half a
            point for each line.
    """

    feature: str
    kind: CardKind
    lower: float | None = None
    upper: float | None = None
    word: str | None = None
    woe: float
    points: float
    whole: int


def points_card(fitted: FittedScorecard, calibration: Calibration, scale: Scale | None = None) -> tuple[CardRow, ...]:
    """Return the card: the base first, then the features as the scorecard ranks them.

    ``points = at_zero + per_margin · (intercept + Σ weight · WoE)`` (see `PointsMap`), so a bin is worth ``per_margin ·
    weight · WoE`` points and the base ``at_zero + per_margin · intercept``.

    Args:
        fitted: The scorecard.
        calibration: The line from its margin to log-odds.
        scale: The scale of points; 600 at 30:1 and 20 to double the odds when None.

    References:
        Siddiqi, *Intelligent Credit Scoring* (2017), on scaling.
    """
    line = PointsMap.of(calibration, scale or Scale())
    base = line.points(fitted.intercept)
    specs = {spec.name: spec for spec in fitted.features}
    rows = [CardRow(feature="", kind="base", woe=0.0, points=base, whole=round(base))]
    for binned in fitted.binned:
        rows += _rows(binned, specs[binned.feature], line.per_margin * binned.weight)
    return tuple(rows)


def _rows(binned: Binned, spec: FeatureSpec, per_woe: float) -> Iterator[CardRow]:
    if spec.kind == "category":
        *known, other = binned.code_bins
        for word, place in zip(spec.vocabulary, known, strict=True):
            yield _row(binned, "word", binned.woe[place], per_woe, word=word)
        yield _row(binned, "other", binned.woe[other], per_woe)
    else:
        bounds = [None, *binned.splits, None]
        for place, woe in enumerate(binned.woe):
            yield _row(binned, "range", woe, per_woe, lower=bounds[place], upper=bounds[place + 1])
    yield _row(binned, "missing", binned.missing_woe, per_woe)


def _row(
    binned: Binned,
    kind: CardKind,
    woe: float,
    per_woe: float,
    *,
    lower: float | None = None,
    upper: float | None = None,
    word: str | None = None,
) -> CardRow:
    points = per_woe * woe
    return CardRow(
        feature=binned.feature,
        kind=kind,
        lower=lower,
        upper=upper,
        word=word,
        woe=woe,
        points=points,
        whole=round(points),
    )
