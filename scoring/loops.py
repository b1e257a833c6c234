"""The kernel's arithmetic for many rows as plain loops, written to be compiled; the order of every sum is the kernel's.

Nothing here is needed to score: `scoring.kernel` does the same with numpy. `scoring.fast` compiles these loops.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.paths import MOST_CONDITIONS

Array = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Places = NDArray[np.uint64]
Counts = NDArray[np.int64]

_ONE: Final = np.uint64(1)
"""Places are unsigned, so that compiled code need not ask of each whether it counts from the end."""


def look_up_rows(
    matrix: Array,
    entries: Places,
    bounds: Array,
    cells: Bytes,
    patterns: Bytes,
) -> None:
    """Find the patterns of rows.

    Args:
        matrix: Rows, NaN where missing, shape (rows, features).
        entries: Per block and feature: the feature, first and last of its upper bounds, where the row of its first cell
            begins in ``cells``, and the first and one past the last column of the block.
        bounds: Upper bounds of all cells, the last of a feature +∞.
        cells: What the cells say, one byte per column.
        patterns: Filled with the patterns, shape (rows, columns); 0 at first.
    """
    for row in range(len(matrix)):
        values, found = matrix[row], patterns[row]
        for entry in entries:
            value, low, left = values[entry[0]], entry[1], entry[2] - entry[1]
            if np.isnan(value):
                low = entry[2]
            else:
                while left > 0:
                    half = (left + _ONE) >> _ONE
                    low = low + half if bounds[low + half - _ONE] < value else low
                    left = left - half
            at = entry[3] + (low - entry[1]) * (entry[5] - entry[4])
            mine = found[entry[4] : entry[5]]
            said = cells[at : at + (entry[5] - entry[4])]
            for place in range(len(mine)):
                mine[place] |= said[place]


def add_rows(
    patterns: Bytes,
    start: Places,
    sizes: Places,
    columns: Places,
    used: Counts,
    tables: Array,
    totals: Array,
) -> None:
    """Add up what the tables hold for the patterns of rows, group after group.

    Rows go through a group column by column: the column of the table and the total are then read in their order.

    Args:
        patterns: From `look_up_rows`.
        start: Where each group's table begins.
        sizes: How many rows it has.
        columns: What each column of a group is added to.
        used: How many features each group has.
        tables: All tables, the value of the leaf reached in the last column.
        totals: Added to, shape (features + 2, rows); the last is the sum of leaves reached.
    """
    rows, width = len(patterns), tables.shape[1]
    column, mine = np.empty(1 << MOST_CONDITIONS), np.empty(rows, dtype=np.uint8)
    for group in range(len(start)):
        table = tables[start[group] : start[group] + sizes[group]]
        for row in range(rows):
            mine[row] = patterns[row, group]
        for place in range(width):
            if used[group] <= place < width - 1:
                continue
            total = totals[columns[group, place]]
            for pattern in range(len(table)):
                column[pattern] = table[pattern, place]
            for row in range(rows):
                total[row] += column[mine[row]]


def add_row(patterns: Bytes, start: Places, columns: Places, tables: Array, sums: Array) -> None:
    """Add up what the tables hold for one row, in the order of `add_rows`.

    Of one row's tables only the rows that it meets are read: to read columns, as for many rows, would cost far more.

    Args:
        patterns: Of the row, shape (columns,), from `look_up_rows`.
        start: As for `add_rows`.
        columns: What each column of a group is added to.
        tables: As for `add_rows`.
        sums: Added to, shape (features + 2,); the last is the sum of leaves reached, the one before means nothing.
    """
    # Both ends of every row are read first, and nothing waits for them: the memory then has many rows on their way at
    # once. Without, this took twice as long. What they add up to goes where nothing has a meaning, so that it is read.
    ends, last = 0.0, tables.shape[1] - 1
    for group in range(len(start)):
        row = start[group] + np.uint64(patterns[group])
        ends += tables[row, 0] + tables[row, last]
    sums[len(sums) - 2] = ends
    for group in range(len(start)):
        found = tables[start[group] + np.uint64(patterns[group])]
        for place in range(len(found)):
            sums[columns[group, place]] += found[place]


def integrate_rows(
    patterns: Bytes,
    near: int,
    bits: Counts,
    filling: Bytes,
    features: Counts,
    shares: Array,
    values: Array,
    points: Array,
    totals: Array,
    reached: Array,
) -> None:
    """Add what long paths without a table contribute, leaf after leaf; the arithmetic of `scoring.explain.shapley`.

    Args:
        patterns: From `look_up_rows`.
        near: Columns before those of long paths.
        bits: The bit of each feature, shape (d, leaves).
        filling: 1 where there is no feature, shape (d, leaves).
        features: The features, 0 where there is none, shape (d, leaves).
        shares: Their shares of training rows, shape (d, leaves).
        values: Value of each leaf.
        points: Quadrature points with their weights.
        totals: Added to, shape (at least features, rows).
        reached: Filled with the value of each leaf where it is reached, else 0, shape (rows, leaves).
    """
    size, leaves = bits.shape
    held, factors, after, sums = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    for row in range(len(patterns)):
        for leaf in range(leaves):
            arrives = True
            for place in range(size):
                bit = bits[place, leaf]
                holds = filling[place, leaf] == 1 or patterns[row, near + (bit >> 3)] >> (bit & 7) & 1 == 1
                held[place] = 1.0 if holds else 0.0
                sums[place] = 0.0
                arrives = arrives and holds
            reached[row, leaf] = values[leaf] if arrives else 0.0
            for point in range(len(points)):
                at = points[point, 0]
                for place in range(size):
                    factors[place] = at * held[place] + (1.0 - at) * shares[place, leaf]
                after[size - 1] = 1.0
                for place in range(size - 1, 0, -1):
                    after[place - 1] = after[place] * factors[place]
                before = points[point, 1]
                for place in range(size):
                    sums[place] += before * after[place]
                    before *= factors[place]
            for place in range(size):
                if filling[place, leaf] == 0:
                    share = sums[place] * (held[place] - shares[place, leaf]) * values[leaf]
                    totals[features[place, leaf], row] += share


def add_reached_rows(
    patterns: Bytes, start: Places, tables: Array, order: Counts, reached: Array, margins: Array
) -> None:
    """Add the leaves reached in the order of the trees, where some of them have no table.

    Args:
        patterns: From `look_up_rows`.
        start: Where each group's table begins.
        tables: All tables.
        order: Groups, and leaves without a table counted on from them, in the order of the trees.
        reached: Values of the leaves without a table, shape (rows, leaves).
        margins: Filled with the sums.
    """
    last = tables.shape[1] - 1
    for row in range(len(patterns)):
        total = 0.0
        for piece in order:
            if piece < len(start):
                total += tables[start[piece] + np.uint64(patterns[row, piece]), last]
            else:
                total += reached[row, piece - len(start)]
        margins[row] = total
