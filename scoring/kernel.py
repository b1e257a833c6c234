"""Margin and exact TreeSHAP of a row by table: one comparison per node, one table row per group of leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.conditions import Conditions, prepare_conditions
from scoring.explain import expected_value, group_table, path_tables, shapley
from scoring.paths import MOST_CONDITIONS, Group, Path, grouped, paths_of
from scoring.trees import Trees

Array = NDArray[np.float64]
Bits = NDArray[np.uint8]
Places = NDArray[np.intp]

_CHUNK: Final = 2048
"""Rows taken at once: enough to spread the cost of a call, few enough to stay in the processor's cache."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tables:
    """The tables of all groups, one under another.

    Attributes:
        bits: Which bits make up each group's pattern, lowest first; the always-0 bit fills up, shape (groups, 8).
        start: Where each group's table begins.
        patterns: How many rows it has.
        features: The feature of each column; the number of features where there is none, shape (groups, width).
        used: How many columns each group uses.
        points: Contributions, shape (rows, width).
        reached: Value of the leaf reached, shape (rows,).
    """

    bits: Places
    start: Places
    patterns: Places
    features: Places
    used: tuple[int, ...]
    points: Array
    reached: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class _Far:
    """Leaves with the same, large number of features on their paths: too many for tables.

    Attributes:
        bits: The bit of each feature, shape (leaves, d).
        features: The features, shape (leaves, d).
        shares: Their shares of training rows, shape (leaves, d, 1).
        values: Value of each leaf, shape (leaves, 1, 1).
    """

    bits: Places
    features: Places
    shares: Array
    values: Array

    def contributions(self, bits: Bits) -> Array:
        """Return the Shapley values for rows of bits, shape (leaves, d, rows)."""
        return shapley(self.shares, bits[self.bits].astype(np.float64), self.values)

    def reached(self, bits: Bits) -> Array:
        """Return the value of each leaf where it is reached, else 0, shape (leaves, rows)."""
        return np.where(bits[self.bits].all(axis=1), self.values[:, 0], 0.0)


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
    _merged_nodes: Places = field(repr=False)
    _merged_want: Bits = field(repr=False)
    _merged_starts: Places = field(repr=False)
    _tables: _Tables = field(repr=False)
    _far: tuple[_Far, ...] = field(repr=False)
    _order: Places = field(repr=False)

    def margin(self, row: Array) -> float:
        """Return the margin of one row (float64 per feature, NaN where missing), with LightGBM's bits."""
        bits = self._bits_of_row(row)
        return self._margin(self._table_rows(bits), bits)

    def explain(self, row: Array) -> tuple[float, Array]:
        """Return the margin of one row and the contribution of each feature to it (log-odds)."""
        bits = self._bits_of_row(row)
        rows = self._table_rows(bits)
        weights, features = self._tables.points[rows].ravel(), self._tables.features.ravel()
        if self._far:
            column = bits[:, np.newaxis]
            weights = np.concatenate([weights, *(far.contributions(column).ravel() for far in self._far)])
            features = np.concatenate([features, *(far.features.ravel() for far in self._far)])
        sums = np.asarray(np.bincount(features, weights=weights, minlength=self.features + 1), dtype=np.float64)
        return self._margin(rows, bits), sums[: self.features]

    def margins(self, matrix: Array) -> Array:
        """Return the margin of every row of a matrix (rows, features)."""
        found = np.empty(len(matrix))
        for start in range(0, len(matrix), _CHUNK):
            bits = self._bits_of_rows(matrix[start : start + _CHUNK])
            found[start : start + _CHUNK] = self._margins(self._patterns(bits), bits)
        return found

    def explain_many(self, matrix: Array) -> tuple[Array, Array]:
        """Return the margin of every row, and the contributions, shape (rows, features)."""
        margins, contributions = np.empty(len(matrix)), np.empty((len(matrix), self.features))
        for start in range(0, len(matrix), _CHUNK):
            some = slice(start, start + _CHUNK)
            bits = self._bits_of_rows(matrix[some])
            patterns = self._patterns(bits)
            margins[some] = self._margins(patterns, bits)
            contributions[some] = self._contributions(patterns, bits).T
        return margins, contributions

    def _bits_of_row(self, row: Array) -> Bits:
        return self._extended(self._conditions.of_row(row))

    def _bits_of_rows(self, matrix: Array) -> Bits:
        return self._extended(self._conditions.of_rows(np.ascontiguousarray(matrix.T)))

    def _extended(self, bits: Bits) -> Bits:
        """Add to the nodes' bits those of features of long paths, and one that is always 0."""
        last = np.zeros((1, *bits.shape[1:]), dtype=np.uint8)
        if not len(self._merged_nodes):
            return np.concatenate([bits, last])
        want = self._merged_want.reshape(-1, *(1,) * (bits.ndim - 1))
        merged = np.bitwise_and.reduceat((bits[self._merged_nodes] == want).view(np.uint8), self._merged_starts)
        return np.concatenate([bits, merged, last])

    def _table_rows(self, bits: Bits) -> Places:
        patterns = np.packbits(bits[self._tables.bits], axis=1, bitorder="little")[:, 0]
        return self._tables.start + patterns

    def _patterns(self, bits: Bits) -> Bits:
        """Return the pattern of each group and row."""
        found = np.zeros((len(self._tables.start), bits.shape[1]), dtype=np.uint8)
        for place in range(MOST_CONDITIONS):
            found |= bits[self._tables.bits[:, place]] << np.uint8(place)
        return found

    def _margin(self, rows: Places, bits: Bits) -> float:
        reached = self._tables.reached[rows]
        if self._far:
            far = [far.reached(bits[:, np.newaxis])[:, 0] for far in self._far]
            reached = np.concatenate([reached, *far])[self._order]
        return float(np.add.accumulate(reached)[-1]) + 0.0

    def _margins(self, patterns: Bits, bits: Bits) -> Array:
        """Add the leaves reached in the order of the trees: the order in which LightGBM adds them."""
        far = np.concatenate([found.reached(bits) for found in self._far]) if self._far else np.empty((0, 0))
        total = np.zeros(bits.shape[1])
        groups = len(self._tables.start)
        for piece in self._order.tolist():
            total += self._reached(piece, patterns) if piece < groups else far[piece - groups]
        return total

    def _reached(self, group: int, patterns: Bits) -> Array:
        start = self._tables.start[group]
        reached: Array = self._tables.reached[start : start + self._tables.patterns[group]]
        found: Array = reached.take(patterns[group])
        return found

    def _contributions(self, patterns: Bits, bits: Bits) -> Array:
        """Return contributions, shape (features, rows), added in the order in which `explain` adds them."""
        total = np.zeros((self.features, bits.shape[1]))
        tables = self._tables
        some = np.empty(bits.shape[1])
        for group, (start, size) in enumerate(zip(tables.start.tolist(), tables.patterns.tolist(), strict=True)):
            pattern = patterns[group].astype(np.intp)
            columns = tables.points[start : start + size].T
            for place in range(tables.used[group]):
                columns[place].take(pattern, out=some, mode="clip")
                total[tables.features[group, place]] += some
        for far in self._far:
            for features, values in zip(far.features.tolist(), far.contributions(bits), strict=True):
                for feature, value in zip(features, values, strict=True):
                    total[feature] += value
        return total


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


def prepare(trees: Trees) -> Kernel:
    """Prepare checked trees for scoring: about 20 kB of tables per group of leaves, two groups per 16-leaf tree."""
    merged = _Merged(first=len(trees.feature))
    near: list[tuple[int, list[int], tuple[tuple[int, ...], Array, Array]]] = []
    far: list[tuple[int, list[int], Path]] = []
    groups = list(grouped(paths_of(trees)))
    small = [path for group in groups for path in group.paths if len(path.features) <= MOST_CONDITIONS]
    tables = path_tables(small, trees.leaf_value)
    for piece, group in enumerate(groups):
        if len(group.nodes) <= MOST_CONDITIONS:
            near.append((piece, list(group.nodes), group_table(group, tables, trees.leaf_value)))
            continue
        path = group.paths[0]
        bits = merged.add(path)
        if len(path.features) <= MOST_CONDITIONS:
            near.append((piece, bits, _long_table(path, tables, trees.leaf_value)))
        else:
            far.append((piece, bits, path))
    last = merged.first + len(merged.starts)
    far_leaves, far_pieces = _gathered_far(far, trees.leaf_value)
    pieces = np.array([piece for piece, _, _ in near] + far_pieces, dtype=np.intp)
    return Kernel(
        features=trees.features,
        expected=expected_value(trees),
        used=frozenset(trees.feature.tolist()),
        _conditions=prepare_conditions(trees),
        _merged_nodes=np.array(merged.nodes, dtype=np.intp),
        _merged_want=np.array(merged.want, dtype=np.uint8),
        _merged_starts=np.array(merged.starts, dtype=np.intp),
        _tables=_gathered_tables([(bits, table) for _, bits, table in near], trees.features, last),
        _far=far_leaves,
        _order=np.argsort(pieces),
    )


def _long_table(path: Path, tables: dict[int, Array], leaf_value: Array) -> tuple[tuple[int, ...], Array, Array]:
    """Return the table of a long path that compares few features: its patterns are those of the features."""
    reached = np.zeros(1 << len(path.features))
    reached[-1] = leaf_value[path.leaf]
    return path.features, tables[path.leaf].T, reached


def _gathered_tables(
    found: Sequence[tuple[list[int], tuple[tuple[int, ...], Array, Array]]], features: int, zero: int
) -> _Tables:
    width = max((len(names) for _, (names, _, _) in found), default=0)
    sizes = np.array([len(reached) for _, (_, _, reached) in found], dtype=np.intp)
    start = np.cumsum(sizes) - sizes
    points = np.zeros((int(sizes.sum()), width))
    bits = np.full((len(found), MOST_CONDITIONS), zero, dtype=np.intp)
    columns = np.full((len(found), width), features, dtype=np.intp)
    for group, (conditions, (names, table, _)) in enumerate(found):
        bits[group, : len(conditions)] = conditions
        columns[group, : len(names)] = names
        points[start[group] : start[group] + sizes[group], : len(names)] = table
    return _Tables(
        bits=bits,
        start=start,
        patterns=sizes,
        features=columns,
        used=tuple(len(names) for _, (names, _, _) in found),
        points=points,
        reached=np.concatenate([reached for _, (_, _, reached) in found]) if found else np.empty(0),
    )


def _gathered_far(
    found: Sequence[tuple[int, list[int], Path]], leaf_value: Array
) -> tuple[tuple[_Far, ...], list[int]]:
    """Gather long leaves by the number of their features; return also their pieces in that order."""
    by_size: defaultdict[int, list[tuple[int, list[int], Path]]] = defaultdict(list)
    for each in found:
        by_size[len(each[2].features)].append(each)
    gathered = tuple(
        _Far(
            bits=np.array([bits for _, bits, _ in some], dtype=np.intp),
            features=np.array([path.features for _, _, path in some], dtype=np.intp),
            shares=np.array([path.shares for _, _, path in some])[:, :, np.newaxis],
            values=leaf_value[[path.leaf for _, _, path in some]].reshape(-1, 1, 1),
        )
        for some in by_size.values()
    )
    return gathered, [piece for some in by_size.values() for piece, _, _ in some]


__all__ = ["Group", "Kernel", "prepare"]
