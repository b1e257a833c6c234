"""Fairness: approval, bad rate and AUC per group of a protected characteristic, which no model reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from modelling.arrays import Flags
from modelling.bins import quantile_bins
from modelling.discrimination import auc
from modelling.evaluation_parts import FairnessRow
from modelling.measure_sample import Cases
from modelling.rate_tests import jeffreys

PREFIX = "protected_"

_BANDS = 4
_LEAST_FOR_RATIO = 30


def fairness_rows(
    frame: pl.DataFrame, cases: Cases, *, labelled: Flags, approved: Flags | None, level: float
) -> tuple[FairnessRow, ...]:
    """Measure every group of every protected column.

    Args:
        frame: Cases, labelled or not, with columns ``protected_<name>``; null is the group ``unknown``.
        cases: The same cases, scored; labels are read where ``labelled`` holds.
        labelled: Which of them have a label.
        approved: Which of them are in approved tiers; None when no tiers were named.
        level: Confidence level of the intervals.
    """
    rows: list[FairnessRow] = []
    for column in (name for name in frame.columns if name.startswith(PREFIX)):
        groups = [
            _row(
                column.removeprefix(PREFIX),
                name,
                cases.where(inside & labelled),
                None if approved is None else approved[inside],
                n=int(inside.sum()),
                level=level,
            )
            for name, inside in _groups(frame[column])
        ]
        best = max((row.approval_rate or 0.0 for row in groups if row.n >= _LEAST_FOR_RATIO), default=0.0)
        rows.extend(_with_ratio(row, best) for row in groups)
    return tuple(rows)


def _groups(column: pl.Series) -> Iterator[tuple[str, Flags]]:
    values = column
    if column.dtype.is_numeric() and column.n_unique() > 10:
        bins = quantile_bins(column.cast(pl.Float64).to_numpy(), bins=_BANDS)
        labels = [label if label != "missing" else None for label in bins.labels]
        values = pl.Series([labels[code] for code in bins.codes(column.cast(pl.Float64).to_numpy())])
    names = values.cast(pl.String).fill_null("unknown")
    for name in names.unique().sort().to_list():
        yield name, (names == name).to_numpy()


def _row(attribute: str, group: str, known: Cases, approved: Flags | None, *, n: int, level: float) -> FairnessRow:
    labelled, bads = known.bad.size, int(known.bad.sum())
    mean_pd = float(np.mean(known.pd)) if labelled else None
    chosen = None if approved is None else int(approved.sum())
    return FairnessRow(
        attribute=attribute,
        group=group,
        n=n,
        approved=chosen,
        approval_rate=None if chosen is None else chosen / n,
        approval_ratio=None,
        labelled=labelled,
        bads=bads,
        mean_pd=mean_pd,
        rate=None if mean_pd is None else jeffreys(labelled, bads, mean_pd, level=level),
        auc=auc(known.bad, known.margin, level=level) if 0 < bads < labelled else None,
    )


def _with_ratio(row: FairnessRow, best: float) -> FairnessRow:
    if row.approval_rate is None or best == 0:
        return row
    return replace(row, approval_ratio=row.approval_rate / best)
