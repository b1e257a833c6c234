"""Single features: how far each has moved, and how much each gives away alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from modelling.arrays import Flags, Floats, Ints
from modelling.bins import Bins, CategoryBins, category_bins, quantile_bins
from modelling.discrimination import auc
from modelling.evaluation_parts import FeatureAuc, FeatureCsi
from modelling.stability import psi_of_codes
from modelling.woe import information_of_codes
from scoring.spec import FeatureSpec

_COARSE = 10

_FINE = 50
"""Coarse bins waste little on noise, fine bins show an AUC near 1; the better of the two is told."""


def feature_csi(
    frame: pl.DataFrame, features: Sequence[FeatureSpec], before: Flags, after: Flags
) -> tuple[FeatureCsi, ...]:
    """Measure the CSI of every feature, largest first.

    Args:
        frame: All cases, labelled or not.
        features: Features to measure.
        before: Cases of the development months.
        after: Cases of the out-of-time months.
    """
    measured = [
        FeatureCsi(feature=feature.name, psi=psi_of_codes(*_moved(frame, feature, before, after)))
        for feature in features
    ]
    return tuple(sorted(measured, key=lambda csi: (-csi.psi.value, csi.feature)))


def feature_auc(
    frame: pl.DataFrame, features: Sequence[FeatureSpec], bad: Flags, development: Flags, others: Flags, *, level: float
) -> tuple[FeatureAuc, ...]:
    """Measure what every feature gives away alone, strongest first.

    Bins and their bad rates are learned in development and judged on the other labelled cases, so that a feature of
    many categories gains nothing by chance.

    Args:
        frame: All cases.
        features: Features to measure.
        bad: Labels; read where ``development`` or ``others`` holds.
        development: Labelled development cases.
        others: Labelled cases outside development.
        level: Confidence level of the intervals.
    """
    measured = [_alone(frame[feature.name], feature, bad, development, others, level=level) for feature in features]
    return tuple(sorted(measured, key=lambda one: (-one.auc.value, one.feature)))


def _moved(frame: pl.DataFrame, feature: FeatureSpec, before: Flags, after: Flags) -> tuple[Bins, Ints, Ints]:
    column = frame[feature.name]
    bins = _learn(column.filter(before), feature, most=_COARSE)
    return bins, _codes(bins, column.filter(before)), _codes(bins, column.filter(after))


def _alone(
    column: pl.Series, feature: FeatureSpec, bad: Flags, development: Flags, others: Flags, *, level: float
) -> FeatureAuc:
    learned, judged = column.filter(development), column.filter(others)
    coarse, fine = (_learn(learned, feature, most=most) for most in (_COARSE, _FINE))
    information = information_of_codes(coarse, _codes(coarse, learned), bad[development])
    found = []
    for bins in (coarse, fine):
        rates = _bad_rates(_codes(bins, learned), bad[development], len(bins.labels))
        found.append(auc(bad[others], rates[_codes(bins, judged)], level=level))
    return FeatureAuc(
        feature=feature.name,
        auc=max(found, key=lambda one: one.value),
        missing=_missing(learned) / len(learned),
        iv=information.value,
    )


def _learn(column: pl.Series, feature: FeatureSpec, *, most: int) -> Bins:
    if feature.kind == "category":
        return category_bins(column.to_list())
    return quantile_bins(_numbers(column), bins=most)


def _codes(bins: Bins, column: pl.Series) -> Ints:
    if isinstance(bins, CategoryBins):
        return bins.codes(column.to_list())
    return bins.codes(_numbers(column))


def _numbers(column: pl.Series) -> Floats:
    numbers: Floats = column.cast(pl.Float64).to_numpy()
    return numbers


def _missing(column: pl.Series) -> int:
    return column.null_count() + (int(column.is_nan().sum()) if column.dtype.is_float() else 0)


def _bad_rates(codes: Ints, bad: Flags, bins: int) -> Floats:
    """Return the bad rate per bin, drawn towards the mean by one case, so that an empty bin has the mean."""
    counts, bads = np.bincount(codes, minlength=bins), np.bincount(codes[bad], minlength=bins)
    rates: Floats = (bads + np.mean(bad)) / (counts + 1)
    return rates
