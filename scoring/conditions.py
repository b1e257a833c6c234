"""Which way every node sends a row: one comparison per node for many rows at once, by LightGBM's law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.trees import MISSING_NAN, MISSING_NONE, Trees

ZERO: Final = float(np.float32(1e-35))
"""LightGBM takes every value this near to 0 for 0."""

LARGEST: Final = float(np.finfo(np.float64).max)
"""Stands for a threshold of +∞, under which every number lies, so that missing values can still be told from it."""

_VIEWS: Final = 5
"""Ways in which nodes may see a feature, see `_views`."""

_NODES_AT_ONCE: Final = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditions:
    """The nodes of an ensemble, laid out so that all of them look at a row together.

    Attributes:
        features: Features of a row.
        place: Where each node finds its value among the views of a row.
        threshold: What it compares it with; categorical nodes never hold by comparison.
        codes_of: Nodes that look a code up.
        code_feature: The feature of each of them.
        code_start: Where the bits of each of them begin in ``codes``.
        code_count: How many bits each of them has.
        codes: All bits, one byte each, and a last byte of 0 for codes without a bit.
    """

    features: int
    place: NDArray[np.intp]
    threshold: NDArray[np.float64]
    codes_of: NDArray[np.intp]
    code_feature: NDArray[np.intp]
    code_start: NDArray[np.int64]
    code_count: NDArray[np.int64]
    codes: NDArray[np.uint8]

    def of_row(self, row: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return 1 per node that sends the row left, else 0.

        Args:
            row: One float64 per feature, NaN where missing, never infinite.
        """
        held = np.less_equal(_views(row).take(self.place), self.threshold)
        if len(self.codes_of):
            held[self.codes_of] = self._looked_up(row[:, np.newaxis])[:, 0]
        return held.view(np.uint8)

    def of_rows(self, columns: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the same for many rows.

        Args:
            columns: One row per feature, one column per case.

        Returns:
            One row per node, one column per case.
        """
        views = _views(columns)
        held = np.empty((len(self.place), columns.shape[1]), dtype=np.bool_)
        for start in range(0, len(self.place), _NODES_AT_ONCE):
            some = slice(start, start + _NODES_AT_ONCE)
            np.less_equal(views[self.place[some]], self.threshold[some, np.newaxis], out=held[some])
        if len(self.codes_of):
            held[self.codes_of] = self._looked_up(columns)
        return held.view(np.uint8)

    def _looked_up(self, columns: NDArray[np.float64]) -> NDArray[np.uint8]:
        values = columns[self.code_feature]
        legal = (values > -1.0) & (values < self.code_count[:, np.newaxis])
        codes = np.where(legal, values, 0.0).astype(np.int64) + self.code_start[:, np.newaxis]
        return self.codes[np.where(legal, codes, len(self.codes) - 1)]


def prepare_conditions(trees: Trees) -> Conditions:
    """Lay the nodes of checked trees out for `Conditions`."""
    categorical = trees.categorical == 1
    view = np.where(trees.missing == MISSING_NONE, 0, np.where(trees.missing == MISSING_NAN, 1, 3))
    view = view + np.where(trees.missing == MISSING_NONE, 0, 1 - trees.default_left.astype(np.int64))
    lengths = 32 * np.diff(trees.words_end.astype(np.int64), prepend=0)[categorical]
    bits = np.unpackbits(trees.words.astype("<u4").view(np.uint8), bitorder="little")
    return Conditions(
        features=trees.features,
        place=np.where(categorical, 0, view * trees.features + trees.feature).astype(np.intp),
        threshold=np.where(categorical, -np.inf, np.minimum(trees.threshold, LARGEST)),
        codes_of=np.flatnonzero(categorical),
        code_feature=trees.feature[categorical].astype(np.intp),
        code_start=np.cumsum(lengths) - lengths,
        code_count=lengths,
        codes=np.append(bits, np.uint8(0)),
    )


def _views(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values as nodes see them, five views one after another along the first axis.

    NaN as 0; NaN to the left, to the right; NaN and 0 to the left, to the right. "To the left" is −∞, which is at most
    any threshold, "to the right" is +∞. Values very near to 0 become 0 first, as LightGBM's reader does.
    """
    features = values.shape[0]
    views = np.empty((_VIEWS * features, *values.shape[1:]), dtype=np.float64)
    missing = np.isnan(values)
    zero = np.abs(values) <= ZERO
    either = missing | zero
    plain = np.where(either, 0.0, values)
    views[:features] = plain
    for view, (where, instead) in enumerate(
        ((missing, -np.inf), (missing, np.inf), (either, -np.inf), (either, np.inf)), start=1
    ):
        part = views[view * features : (view + 1) * features]
        part[...] = plain
        part[where] = instead
    return views
