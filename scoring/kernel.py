"""Margin and exact TreeSHAP of a row by table: the conditions that it meets, then one table row per group of leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.bounds import Limits
from scoring.cells import Block, Column, Condition, blocks_of, conditions_of, in_columns
from scoring.explain import expected_value, group_table, path_tables, reached_table
from scoring.far import Far, gathered_far
from scoring.paths import MOST_CONDITIONS, Group, Path, grouped, paths_of
from scoring.tables import Table, Tables, gathered_tables
from scoring.trees import Trees

Array = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Places = NDArray[np.intp]

TABLE_BYTES: Final = 1 << 28
"""Most memory that tables may take; leaves beyond it are explained without."""


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Kernel:
    """An ensemble prepared for scoring. Immutable: any number of threads may use one.

    A row has the same bits alone, in any batch and from any thread: all sums run in one fixed order.

    Attributes:
        features: Features of a row.
        expected: Mean of the trees over the training rows: the margin before any feature is known.
        used: Features that some node compares.
        limits: What the values of a row may be; None where anything finite may be.
        blocks: Find the patterns of a row.
        tables: What a pattern of a group of leaves contributes.
        far: Leaves without a table; their bits are in the columns after those of the groups.
        order: Groups, and leaves without a table counted on from them, in the order of the trees.
        few: Rows that are faster one by one than together.
        at_once: Most rows taken together. Calls of numpy on fewer are so short that threads wait for each other's.
    """

    features: int
    expected: float
    used: frozenset[int]
    limits: Limits | None
    blocks: tuple[Block, ...] = field(repr=False)
    tables: Tables = field(repr=False)
    far: tuple[Far, ...] = field(repr=False)
    order: Places = field(repr=False)
    few: int = 192
    at_once: int = 1 << 14

    def margin(self, row: Array) -> float:
        """Return the margin of one row (float64 per feature, NaN where missing), with LightGBM's bits."""
        near, bits = self._parts(self._patterns(row))
        return self._margin(self.tables.reached_by(near), bits)

    def explain(self, row: Array) -> tuple[float, Array]:
        """Return the margin of one row and the contribution of each feature to it (log-odds)."""
        return self._explained(self._patterns(row))

    def explain_within(self, row: Array) -> tuple[float, Array] | None:
        """Return what `explain` returns, or None when a value, which may be infinite, is beyond the limits."""
        if len(self.blocks) != 1:
            return self._explain_held(row)
        patterns = self.blocks[0].bounds.of_row_within(row)
        return None if patterns is None else self._explained(patterns)

    def _explain_held(self, row: Array) -> tuple[float, Array] | None:
        return self.explain(row) if self.limits is None or self.limits.hold(row) else None

    def _explained(self, patterns: Bytes) -> tuple[float, Array]:
        if self.far:
            return self._explain_far(*self._parts(patterns))
        sums = self.tables.sums(patterns, self.features)
        return sums.item(-1), sums[: self.features]

    def _explain_far(self, near: Bytes, bits: Bytes) -> tuple[float, Array]:
        contributions = self.tables.sums(near, self.features)[: self.features]
        for far in self.far:
            far.add_to(contributions, bits)
        return self._margin(self.tables.reached_by(near), bits), contributions

    def margins(self, matrix: Array, *, threads: int = 1) -> Array:
        """Return the margin of every row of a matrix (rows, features)."""
        margins = np.empty(len(matrix))
        self._fill_in_threads(matrix, margins, None, threads)
        return margins

    def explain_many(self, matrix: Array, *, threads: int = 1) -> tuple[Array, Array]:
        """Return the margin of every row, and the contributions, shape (rows, features)."""
        if len(matrix) == 1:
            margin, contribution = self.explain(matrix[0])
            return np.array([margin]), contribution[np.newaxis]
        margins, contributions = np.empty(len(matrix)), np.empty((len(matrix), self.features))
        self._fill_in_threads(matrix, margins, contributions, threads)
        return margins, contributions

    def _fill_in_threads(self, matrix: Array, margins: Array, contributions: Array | None, threads: int) -> None:
        pieces = max(-(-len(matrix) // self.at_once), 1)
        if pieces > threads:
            pieces += -pieces % threads  # so that all threads have as much to do
        size = max(-(-len(matrix) // pieces), 1)

        def fill(start: int) -> None:
            some = slice(start, start + size)
            self._fill(matrix[some], margins[some], None if contributions is None else contributions[some])

        starts = range(0, len(matrix), size)
        if threads == 1 or len(starts) < 2:
            for start in starts:
                fill(start)
            return
        from concurrent.futures import ThreadPoolExecutor  # with it comes logging: most processes need neither

        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(fill, starts):
                pass

    def _fill(self, matrix: Array, margins: Array, contributions: Array | None) -> None:
        """Put margins, and contributions when they are asked for, in arrays."""
        if len(matrix) > self.few:
            self._fill_many(matrix, margins, contributions)
        elif contributions is None:
            margins[...] = [self.margin(row) for row in matrix]
        else:
            for place, row in enumerate(matrix):
                margins[place], contributions[place] = self.explain(row)

    def _fill_many(self, matrix: Array, margins: Array, contributions: Array | None) -> None:
        near, bits = self._parts(self._patterns_of_rows(matrix))
        margins[...] = self._margins(near, bits)
        if contributions is not None:
            contributions[...] = self._contributions(near, bits).T

    def _patterns(self, row: Array) -> Bytes:
        if len(self.blocks) == 1:
            return self.blocks[0].bounds.of_row(row)
        return np.concatenate([block.bounds.of_row(row) for block in self.blocks])

    def _patterns_of_rows(self, matrix: Array) -> Bytes:
        columns = np.ascontiguousarray(matrix.T)
        return np.concatenate([block.of_rows(columns) for block in self.blocks])

    def _parts(self, patterns: Bytes) -> tuple[Bytes, Bytes]:
        """Return the patterns of the groups that have a table, and the bits of the leaves that have none."""
        near = len(self.tables.start)
        if not self.far:
            return patterns, patterns[:0]
        return patterns[:near], np.unpackbits(patterns[near:], axis=0, bitorder="little")

    def _margin(self, reached: Array, bits: Bytes) -> float:
        if self.far:
            reached = np.concatenate([reached, *(each.reached(bits) for each in self.far)])[self.order]
        return float(np.add.accumulate(reached)[-1]) + 0.0

    def _margins(self, patterns: Bytes, bits: Bytes) -> Array:
        """Add the leaves reached in the order of the trees: the order in which LightGBM adds them."""
        far = [leaf for each in self.far for leaf in each.reached(bits)]
        total = np.zeros(patterns.shape[1])
        groups = len(patterns)
        for piece in self.order.tolist():
            total += self.tables.reached_in(piece, patterns) if piece < groups else far[piece - groups]
        return total

    def _contributions(self, patterns: Bytes, bits: Bytes) -> Array:
        """Return contributions, shape (features, rows), added in the order in which `explain` adds them."""
        total = np.zeros((self.features, patterns.shape[1]))
        self.tables.add_to(total, patterns)
        for far in self.far:
            far.add_to(total, bits)
        return total


@dataclass(frozen=True, kw_only=True, eq=False)
class Margins:
    """An ensemble prepared for margins alone: without contributions it is prepared in less time and memory.

    Attributes:
        kernel: Holds tables without contributions.
    """

    kernel: Kernel = field(repr=False)

    def margin(self, row: Array) -> float:
        """Return the margin of one row, with the bits that `margins` gives it."""
        return self.kernel.margin(row)

    def margins(self, matrix: Array, *, threads: int = 1) -> Array:
        """Return the margin of every row of a matrix (rows, features), with LightGBM's bits."""
        return self.kernel.margins(matrix, threads=threads)


@dataclass(kw_only=True)
class _Pieces:
    """Groups of leaves with a table, and long paths without, each with its place in the order of the ensemble."""

    near: list[tuple[int, Column, Table]] = field(default_factory=list)
    far: list[tuple[int, Path]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return len(self.near) + len(self.far)


def prepare(trees: Trees, *, table_bytes: int = TABLE_BYTES, limits: Limits | None = None) -> Kernel:
    """Prepare checked trees for scoring.

    Tables take about 16 kB per group of leaves, two groups per 16-leaf tree of depth 4. They are made when a bundle is
    loaded, not kept in it: made from the trees, they cannot say anything else than the trees do, and making them takes
    less time than reading and hashing them would save.

    Args:
        trees: Checked by `check_trees`.
        table_bytes: Most memory that tables may take; leaves beyond it are explained without, and slower.
        limits: What `Kernel.explain_within` holds a row against.
    """
    return _kernel(trees, table_bytes, limits, explained=True)


def prepare_margins(trees: Trees) -> Margins:
    """Prepare checked trees for margins alone."""
    return Margins(kernel=_kernel(trees, TABLE_BYTES, None, explained=False))


def _kernel(trees: Trees, table_bytes: int, limits: Limits | None, *, explained: bool) -> Kernel:
    pieces = _pieces(trees, table_bytes, explained=explained)
    far, conditions, far_order = gathered_far(pieces.far, trees.leaf_value)
    columns = [*(column for _, column, _ in pieces.near), *in_columns(conditions)]
    return Kernel(
        features=trees.features,
        expected=expected_value(trees),
        used=frozenset(trees.feature.tolist()),
        limits=limits,
        blocks=blocks_of(columns, trees, limits),
        tables=gathered_tables([table for _, _, table in pieces.near], features=trees.features),
        far=far,
        order=np.argsort(np.array([piece for piece, _, _ in pieces.near] + far_order, dtype=np.intp)),
    )


def _pieces(trees: Trees, table_bytes: int, *, explained: bool) -> _Pieces:
    groups = list(_afforded(grouped(paths_of(trees)), table_bytes))
    told = [path for group, table in groups for path in group.paths if table and explained]
    tables = path_tables(told, trees.leaf_value)
    pieces = _Pieces()
    for group, table in groups:
        if table and len(group.nodes) <= MOST_CONDITIONS:
            column = [Condition((node,), (1,)) for node in group.nodes]
            tabulated = (
                group_table(group, tables, trees.leaf_value) if explained else reached_table(group, trees.leaf_value)
            )
            pieces.near.append((pieces.count, column, tabulated))
            continue
        for path in group.paths:
            if table:
                pieces.near.append((pieces.count, conditions_of(path), _long_table(path, tables, trees.leaf_value)))
            else:
                pieces.far.append((pieces.count, path))
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


def _long_table(path: Path, tables: dict[int, Array], leaf_value: Array) -> Table:
    """Return the table of a long path that compares few features: its patterns are those of the features."""
    reached = np.zeros(1 << len(path.features))
    reached[-1] = leaf_value[path.leaf]
    if path.leaf not in tables:
        return Table((), np.empty((len(reached), 0)), reached)
    return Table(path.features, tables[path.leaf].T, reached)
