"""Margin and exact TreeSHAP of a row by table: one comparison per node, one table row per group of leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.conditions import Conditions, prepare_conditions
from scoring.explain import expected_value, group_table, path_tables
from scoring.far import Far, gathered_far
from scoring.paths import MOST_CONDITIONS, Group, Path, grouped, paths_of
from scoring.tables import Table, Tables, gathered_tables
from scoring.trees import Trees

Array = NDArray[np.float64]
Bits = NDArray[np.uint8]
Places = NDArray[np.intp]

TABLE_BYTES: Final = 1 << 28
"""Most memory that tables may take; leaves beyond it are explained without."""

_CHUNK: Final = 2048
"""Rows taken at once: enough to spread the cost of a call, few enough to stay in the processor's cache."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernel:
    """An ensemble prepared for scoring. Immutable: any number of threads may use one.

    A row has the same bits alone, in any batch and from any thread: all sums run in one fixed order.

    Attributes:
        features: Features of a row.
        expected: Mean of the trees over the training rows: the margin before any feature is known.
        used: Features that some node compares.
    """

    features: int
    expected: float
    used: frozenset[int]
    _conditions: Conditions = field(repr=False)
    _merged: tuple[Places, Bits, Places] = field(repr=False)
    _tables: Tables = field(repr=False)
    _far: tuple[Far, ...] = field(repr=False)
    _order: Places = field(repr=False)

    def margin(self, row: Array) -> float:
        """Return the margin of one row (float64 per feature, NaN where missing), with LightGBM's bits."""
        bits = self._extended(self._conditions.of_row(row))
        return self._margin(self._tables.rows_of(bits), bits)

    def explain(self, row: Array) -> tuple[float, Array]:
        """Return the margin of one row and the contribution of each feature to it (log-odds)."""
        bits = self._extended(self._conditions.of_row(row))
        rows = self._tables.rows_of(bits)
        weights, features = self._tables.points[rows].ravel(), self._tables.features.ravel()
        if self._far:
            far = [block for each in self._far for block in each.contributions(bits[:, np.newaxis])]
            weights = np.concatenate([weights, *(values.ravel() for _, values in far)])
            features = np.concatenate([features, *(places.ravel() for places, _ in far)])
        sums = np.asarray(np.bincount(features, weights=weights, minlength=self.features + 1), dtype=np.float64)
        return self._margin(rows, bits), sums[: self.features]

    def margins(self, matrix: Array) -> Array:
        """Return the margin of every row of a matrix (rows, features)."""
        found = np.empty(len(matrix))
        for start in range(0, len(matrix), _CHUNK):
            bits = self._bits_of_rows(matrix[start : start + _CHUNK])
            found[start : start + _CHUNK] = self._margins(self._tables.patterns_of(bits), bits)
        return found

    def explain_many(self, matrix: Array) -> tuple[Array, Array]:
        """Return the margin of every row, and the contributions, shape (rows, features)."""
        margins, contributions = np.empty(len(matrix)), np.empty((len(matrix), self.features))
        for start in range(0, len(matrix), _CHUNK):
            some = slice(start, start + _CHUNK)
            bits = self._bits_of_rows(matrix[some])
            patterns = self._tables.patterns_of(bits)
            margins[some] = self._margins(patterns, bits)
            contributions[some] = self._contributions(patterns, bits).T
        return margins, contributions

    def _bits_of_rows(self, matrix: Array) -> Bits:
        return self._extended(self._conditions.of_rows(np.ascontiguousarray(matrix.T)))

    def _extended(self, bits: Bits) -> Bits:
        """Add to the nodes' bits those of features of long paths, one that never holds and one that always does."""
        last = np.zeros((2, *bits.shape[1:]), dtype=np.uint8)
        last[1] = 1
        nodes, want, starts = self._merged
        if not len(nodes):
            return np.concatenate([bits, last])
        agree = (bits[nodes] == want.reshape(-1, *(1,) * (bits.ndim - 1))).view(np.uint8)
        return np.concatenate([bits, np.bitwise_and.reduceat(agree, starts), last])

    def _margin(self, rows: Places, bits: Bits) -> float:
        reached = self._tables.reached[rows]
        if self._far:
            far = [each.reached(bits[:, np.newaxis])[:, 0] for each in self._far]
            reached = np.concatenate([reached, *far])[self._order]
        return float(np.add.accumulate(reached)[-1]) + 0.0

    def _margins(self, patterns: Bits, bits: Bits) -> Array:
        """Add the leaves reached in the order of the trees: the order in which LightGBM adds them."""
        far = np.concatenate([np.empty((0, bits.shape[1])), *(each.reached(bits) for each in self._far)])
        total = np.zeros(bits.shape[1])
        groups = len(patterns)
        for piece in self._order.tolist():
            total += self._tables.reached_by(piece, patterns) if piece < groups else far[piece - groups]
        return total

    def _contributions(self, patterns: Bits, bits: Bits) -> Array:
        """Return contributions, shape (features, rows), added in the order in which `explain` adds them."""
        total = np.zeros((self.features + 1, bits.shape[1]))
        self._tables.add_to(total, patterns)
        for far in self._far:
            for places, values in far.contributions(bits):
                for features, leaf in zip(places.tolist(), values, strict=True):
                    for feature, value in zip(features, leaf, strict=True):
                        total[feature] += value
        return total[: self.features]


@dataclass(kw_only=True)
class _Merged:
    """Conditions of long paths, one per feature: it holds when the path's nodes of the feature all go its way."""

    first: int
    nodes: list[int] = field(default_factory=list)
    want: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def add(self, path: Path) -> list[int]:
        """Add a path's features and return their bits."""
        bits = []
        for place in range(len(path.features)):
            bits.append(self.first + len(self.starts))
            self.starts.append(len(self.nodes))
            for node, went_left, owner in zip(path.nodes, path.went_left, path.owner, strict=True):
                if owner == place:
                    self.nodes.append(node)
                    self.want.append(went_left)
        return bits


@dataclass(kw_only=True)
class _Pieces:
    """Groups of leaves with a table, and long paths without, each with its place in the order of the ensemble."""

    near: list[tuple[int, Table]] = field(default_factory=list)
    far: list[tuple[int, list[int], Path]] = field(default_factory=list)


def prepare(trees: Trees, *, table_bytes: int = TABLE_BYTES) -> Kernel:
    """Prepare checked trees for scoring.

    Tables take about 18 kB per group of leaves, two groups per 16-leaf tree of depth 4.

    Args:
        trees: Checked by `check_trees`.
        table_bytes: Most memory that tables may take; leaves beyond it are explained without, and slower.
    """
    merged = _Merged(first=len(trees.feature))
    pieces = _pieces(trees, merged, table_bytes)
    never = merged.first + len(merged.starts)
    tables = gathered_tables([table for _, table in pieces.near], features=trees.features, never=never)
    far, far_pieces = gathered_far(pieces.far, trees.leaf_value, features=trees.features, always=never + 1)
    order = np.array([piece for piece, _ in pieces.near] + far_pieces, dtype=np.intp)
    return Kernel(
        features=trees.features,
        expected=expected_value(trees),
        used=frozenset(trees.feature.tolist()),
        _conditions=prepare_conditions(trees),
        _merged=(
            np.array(merged.nodes, dtype=np.intp),
            np.array(merged.want, dtype=np.uint8),
            np.array(merged.starts, dtype=np.intp),
        ),
        _tables=tables,
        _far=far,
        _order=np.argsort(order),
    )


def _pieces(trees: Trees, merged: _Merged, table_bytes: int) -> _Pieces:
    groups = list(_afforded(grouped(paths_of(trees)), table_bytes))
    tabled = [path for group, table in groups for path in group.paths if table]
    tables = path_tables(tabled, trees.leaf_value)
    pieces = _Pieces()
    for group, table in groups:
        if table and len(group.nodes) <= MOST_CONDITIONS:
            features, points, reached = group_table(group, tables, trees.leaf_value)
            pieces.near.append((len(pieces.near) + len(pieces.far), Table(group.nodes, features, points, reached)))
            continue
        for path in group.paths:
            place, bits = len(pieces.near) + len(pieces.far), merged.add(path)
            if table:
                pieces.near.append((place, _long_table(path, bits, tables, trees.leaf_value)))
            else:
                pieces.far.append((place, bits, path))
    return pieces


def _afforded(groups: Iterator[Group], table_bytes: int) -> Iterator[tuple[Group, bool]]:
    """Give every group with whether it gets a table: few enough conditions or features, and memory left."""
    left = table_bytes
    for group in groups:
        few = len(group.nodes) <= MOST_CONDITIONS
        conditions = len(group.nodes) if few else len(group.paths[0].features)
        needed = (8 << min(conditions, MOST_CONDITIONS)) * (MOST_CONDITIONS + 1)
        afforded = conditions <= MOST_CONDITIONS and needed <= left
        left -= needed if afforded else 0
        yield group, afforded


def _long_table(path: Path, bits: list[int], tables: dict[int, Array], leaf_value: Array) -> Table:
    """Return the table of a long path that compares few features: its patterns are those of the features."""
    reached = np.zeros(1 << len(path.features))
    reached[-1] = leaf_value[path.leaf]
    return Table(bits, path.features, tables[path.leaf].T, reached)
