"""Describes the features of a table: bins and bad rates on all its cases, PSI on the bins of the reference months."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
import polars as pl

from modelling.arrays import Ints
from modelling.bins import Bins, CategoryBins, category_bins, quantile_bins
from modelling.errors import MetricError
from modelling.feature_profile import BinProfile, FeatureProfile, MonthMove, TableProfile
from modelling.histogram import histogram
from modelling.periods import TIME_ZONE
from modelling.periods import months as months_of
from modelling.rate_tests import jeffreys_interval
from modelling.reference_period import reference_months
from modelling.single_feature import Trend, binned_auc, trend
from modelling.stability import psi_of_counts
from modelling.woe import information_of_codes

BINS: Final = 10
"""Quantile bins of a number."""

CATEGORIES: Final = 20
"""Categories with a bin of their own, the most frequent."""


class Named(Protocol):
    """A feature, as far as it is read here."""

    @property
    def name(self) -> str:
        """Column name."""

    @property
    def kind(self) -> Literal["number", "category", "flag"]:
        """Kind of value."""


@dataclass(frozen=True)
class _Cases:
    """What all features of a table share.

    Attributes:
        frame: The table.
        months: Names of the months, in order.
        month: Place of each case's month among them.
        reference: How many of the first months are the reference.
        label: 1 bad, 0 good, null otherwise; None where the labels do not hold both.
    """

    frame: pl.DataFrame
    months: tuple[str, ...]
    month: Ints
    reference: int
    label: pl.Series | None


def describe(
    frame: pl.DataFrame,
    features: Iterable[Named],
    *,
    labels: pl.DataFrame | None = None,
    time_zone: str = TIME_ZONE,
    progress: Callable[[str, float], None] | None = None,
) -> TableProfile:
    """Describe features on the cases of a table.

    Args:
        frame: The feature table: ``application_id``, ``applied_at``, and a column per feature.
        features: Features to describe.
        labels: ``application_id`` and ``label`` (1 bad, 0 good, null otherwise); None leaves out what needs labels.
        time_zone: Where a month begins.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        MetricError: the table has no row.
    """
    if frame.is_empty():
        raise MetricError("the feature table has no row; nothing can be described")
    label = None if labels is None else _labels_of(frame, labels)
    cases, wanted, described = _cases(frame, label, time_zone), tuple(features), []
    for place, feature in enumerate(wanted):
        if progress:
            progress(feature.name, place / len(wanted))
        described.append(_described(cases, feature))
    return TableProfile(
        n=len(frame),
        goods=None if label is None else int((label == 0).sum()),
        bads=None if label is None else int((label == 1).sum()),
        months=cases.months,
        reference=cases.months[: cases.reference],
        features=tuple(described),
    )


def _labels_of(frame: pl.DataFrame, labels: pl.DataFrame) -> pl.Series:
    asked = frame.select("application_id")
    return asked.join(labels, on="application_id", how="left", maintain_order="left")["label"]


def _cases(frame: pl.DataFrame, label: pl.Series | None, time_zone: str) -> _Cases:
    month = months_of(frame["applied_at"], time_zone)
    counted = month.value_counts(sort=False, name="n").sort(month.name)
    names = tuple(counted[month.name])
    return _Cases(
        frame=frame,
        months=names,
        month=month.replace_strict(names, range(len(names)), return_dtype=pl.Int64).to_numpy(),
        reference=len(reference_months(names, counted["n"].to_list())),
        label=label if label is not None and label.drop_nulls().n_unique() == 2 else None,
    )


def _described(cases: _Cases, feature: Named) -> FeatureProfile:
    values = cleaned(cases.frame[feature.name], feature)
    learned = bins_of(values, feature)
    codes = codes_of(learned, values)
    seen = None if cases.label is None or feature.kind == "category" else trend(values, cases.label)
    iv, auc = (None, None) if cases.label is None else _separation(learned, codes, cases.label, seen)
    return FeatureProfile(
        feature=feature.name,
        n=len(values),
        nulls=values.null_count(),
        distinct=values.drop_nulls().n_unique(),
        bins=tuple(_bins(values, learned, codes, cases.label)),
        histogram=histogram(values) if feature.kind == "number" else None,
        iv=iv,
        auc=auc,
        trend=seen,
        months=tuple(_moves(values, feature, cases)),
    )


def cleaned(column: pl.Series, feature: Named) -> pl.Series:
    """Return categories as text, flags and other numbers as numbers; NaN is no value."""
    return column.cast(pl.String) if feature.kind == "category" else column.cast(pl.Float64).fill_nan(None)


def bins_of(values: pl.Series, feature: Named) -> Bins:
    """Learn the bins of a cleaned column."""
    if feature.kind == "category":
        return category_bins(values.to_list(), most=CATEGORIES)
    return quantile_bins(values.to_numpy(), bins=BINS)


def codes_of(learned: Bins, values: pl.Series) -> Ints:
    """Return the bin of each value of a cleaned column."""
    return learned.codes(values.to_list()) if isinstance(learned, CategoryBins) else learned.codes(values.to_numpy())


def _separation(learned: Bins, codes: Ints, label: pl.Series, seen: Trend | None) -> tuple[float, float]:
    """Return the information value, and the better of the AUC of the bins and that of the values themselves."""
    known, bad = label.is_not_null().to_numpy(), label.drop_nulls().to_numpy() == 1
    goods, bads = (np.bincount(codes[known][of], minlength=len(learned.labels)) for of in (~bad, bad))
    ranked = 0.5 if seen is None else seen.separation
    return information_of_codes(learned, codes[known], bad).value, max(binned_auc(goods, bads), ranked)


def _bins(values: pl.Series, learned: Bins, codes: Ints, label: pl.Series | None) -> Iterator[BinProfile]:
    """Describe the bins that hold a case; numbers by the smallest and largest value that lies in each."""
    labels = pl.repeat(None, len(values), dtype=pl.Int8, eager=True) if label is None else label
    counted = (
        pl.DataFrame({"code": codes, "value": values, "label": labels})
        .group_by("code")
        .agg(
            n=pl.len(),
            low=pl.col("value").min(),
            high=pl.col("value").max(),
            labelled=pl.col("label").count(),
            bads=(pl.col("label") == 1).sum(),
        )
        .sort("code")
    )
    for row in counted.iter_rows(named=True):
        kind = _kind(row["code"], learned)
        lower, upper = jeffreys_interval(row["labelled"], row["bads"]) if row["labelled"] else (None, None)
        yield BinProfile(
            kind=kind,
            category=learned.labels[row["code"]] if kind == "category" else "",
            low=row["low"] if kind == "range" else None,
            high=row["high"] if kind == "range" else None,
            n=row["n"],
            share=row["n"] / len(values),
            labelled=row["labelled"],
            bads=row["bads"],
            rate=row["bads"] / row["labelled"] if row["labelled"] else None,
            lower=lower,
            upper=upper,
        )


def _kind(code: int, learned: Bins) -> Literal["range", "category", "other", "null"]:
    if code == len(learned.labels) - 1:
        return "null"
    if not isinstance(learned, CategoryBins):
        return "range"
    return "category" if code < len(learned.categories) else "other"


def _moves(values: pl.Series, feature: Named, cases: _Cases) -> Iterator[MonthMove]:
    """Measure the PSI of every month; nothing has moved where there is one month alone."""
    before = pl.Series(cases.month < cases.reference)
    learned = bins_of(values.filter(before), feature)
    bins = len(learned.labels)
    flat = np.bincount(cases.month * bins + codes_of(learned, values), minlength=len(cases.months) * bins)
    counts = flat.reshape(len(cases.months), bins)
    reference = counts[: cases.reference].sum(axis=0)
    for place, name in enumerate(cases.months) if len(cases.months) > 1 else ():
        psi = psi_of_counts(learned.labels, reference, counts[place])
        yield MonthMove(month=name, reference=place < cases.reference, psi=psi)
