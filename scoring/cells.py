"""Which pattern of its conditions every group of leaves meets: one binary search per feature, one table row per cell.

The thresholds of a feature cut its values into cells: every node sends all values of a cell the same way. So all that
the nodes of a feature say about a case is one row of a table, found by the feature's cell, with one byte per group of
leaves; the bytes of all features, joined by OR, are the patterns of all groups. The table is filled by asking the nodes
themselves (`scoring.conditions`) about one value per cell, and so are the bounds that one row alone is compared with
(`scoring.bounds`): there is one law, and no second reading of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring.bounds import Answers, Bounds, Limits, bounds_of
from scoring.conditions import ZERO, goes_left, unpacked, words_of
from scoring.paths import MOST_CONDITIONS, Path
from scoring.trees import Trees

Array = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Places = NDArray[np.intp]

TABLE_BYTES: Final = 1 << 23
"""About how large a table of one block's cells and columns becomes at most; it grows with the square of its nodes."""

_LARGEST: Final = float(np.finfo(np.float64).max)


class Condition(NamedTuple):
    """A bit of a group's pattern: whether all of some nodes, of one feature, send a row the way they must.

    Attributes:
        nodes: The nodes, numbered among all nodes.
        went_left: For each, 1 when the bit needs a row that it sends left, 0 right.
    """

    nodes: tuple[int, ...]
    went_left: tuple[int, ...]


Column = Sequence[Condition]
"""The conditions of one pattern, at most eight, lowest bit first."""


def conditions_of(path: Path) -> list[Condition]:
    """Return one condition per feature of a path: that all its nodes of the feature send a row along it."""
    nodes: list[list[int]] = [[] for _ in path.features]
    ways: list[list[int]] = [[] for _ in path.features]
    for node, went_left, owner in zip(path.nodes, path.went_left, path.owner, strict=True):
        nodes[owner].append(node)
        ways[owner].append(went_left)
    return [Condition(tuple(some), tuple(way)) for some, way in zip(nodes, ways, strict=True)]


def in_columns(conditions: Sequence[Condition]) -> list[Column]:
    """Cut conditions into columns: the bits of their patterns one after another are the conditions'."""
    return [conditions[start : start + MOST_CONDITIONS] for start in range(0, len(conditions), MOST_CONDITIONS)]


@dataclass(frozen=True, slots=True)
class Feature:
    """The part of a block that one feature decides, for many rows at once.

    Attributes:
        feature: Which feature.
        breaks: Upper bounds of its cells, rising; the last is +∞, the cell of missing values.
        columns: Patterns in which it has conditions.
        bits: What it says to each of them, shape (columns, cells).
    """

    feature: int
    breaks: Array
    columns: Places
    bits: Bytes

    def table(self, width: int) -> Bytes:
        """Return what each cell says to each of so many columns, shape (cells, width)."""
        table = np.zeros((len(self.breaks), width), dtype=np.uint8)
        table[:, self.columns] = self.bits.T
        return table


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Some columns of patterns, with the cells of their own nodes.

    Attributes:
        width: How many columns there are.
        features: The features with conditions in them, for many rows.
        bounds: The same conditions, for one row.
    """

    width: int
    features: tuple[Feature, ...]
    bounds: Bounds

    def of_rows(self, columns: Array) -> Bytes:
        """Return the patterns of many rows, shape (columns, rows), from one row per feature and a column per case."""
        patterns = np.zeros((self.width, columns.shape[1]), dtype=np.uint8)
        for each in self.features:
            cells = each.breaks.searchsorted(np.fmin(columns[each.feature], np.inf))
            patterns[each.columns] |= each.bits.take(cells, axis=1)
        return patterns


def blocks_of(columns: Sequence[Column], trees: Trees, limits: Limits | None = None) -> tuple[Block, ...]:
    """Prepare the patterns of columns; all blocks' columns one after another are the columns given.

    Args:
        columns: The conditions of every pattern.
        trees: Checked by `scoring.trees.check_trees`.
        limits: Of a row, for `scoring.bounds.Bounds.of_row_within`, which serves where there is one block.
    """
    codes = _code_breaks(trees)
    cuts, starts = _cuts(trees, codes)
    if (max(cuts, default=0) + 1) * len(columns) <= TABLE_BYTES:
        return (_block(columns, trees, codes, limits),) if columns else ()
    return tuple(_block(some, trees, codes, None) for some in _divided(columns, cuts, starts))


def _cuts(trees: Trees, codes: Mapping[int, Array]) -> tuple[list[int], list[int]]:
    """Return numbers of the cuts that nodes make into their features, node after node, and where each node's begin.

    Nodes that cut a feature alike share a number. A threshold is one cut, a set of codes has one at each end of a run
    of codes.
    """
    breaks = [[threshold] for threshold in trees.threshold.tolist()]
    for node, some in codes.items():
        breaks[node] = some.tolist()
    lengths = [len(some) for some in breaks]
    cuts = np.empty(sum(lengths), dtype=np.complex128)
    cuts.real, cuts.imag = np.repeat(trees.feature, lengths), list(chain.from_iterable(breaks))
    return np.unique(cuts, return_inverse=True)[1].tolist(), [0, *accumulate(lengths)]


def _divided(columns: Sequence[Column], cuts: list[int], starts: list[int]) -> Iterator[list[Column]]:
    """Divide columns, in their order, so that the table of each part stays small."""
    some: list[Column] = []
    seen: set[int] = set()
    for column in columns:
        nodes = [node for condition in column for node in condition.nodes]
        own = {cut for node in nodes for cut in cuts[starts[node] : starts[node + 1]]}
        if some and (len(seen) + len(own - seen)) * (len(some) + 1) > TABLE_BYTES:
            yield some
            some, seen = [], set()
        some.append(column)
        seen |= own
    if some:
        yield some


def _block(columns: Sequence[Column], trees: Trees, codes: Mapping[int, Array], limits: Limits | None) -> Block:
    by_feature: dict[int, list[tuple[int, Condition]]] = {}
    feature_of = trees.feature.tolist()
    for place, column in enumerate(columns):
        for bit, condition in enumerate(column, 8 * place):
            by_feature.setdefault(feature_of[condition.nodes[0]], []).append((bit, condition))
    answers = [_answers(number, by_feature[number], trees, codes) for number in sorted(by_feature)]
    features = tuple(Feature(each.feature, each.breaks, *each.packed()) for each in answers)
    bounds = bounds_of(answers, len(columns), trees.features, limits)
    return Block(width=len(columns), features=features, bounds=bounds)


def _answers(number: int, found: Sequence[tuple[int, Condition]], trees: Trees, codes: Mapping[int, Array]) -> Answers:
    """Ask the nodes of a feature about one value of every cell."""
    place = {node: row for row, node in enumerate({node for _, condition in found for node in condition.nodes})}
    nodes = np.array(list(place), dtype=np.intp)
    breaks = _breaks(nodes, trees, codes)
    left = goes_left(nodes, np.append(breaks[:-1], np.nan), trees)
    literals = [place[node] for _, condition in found for node in condition.nodes]
    wanted = [way for _, condition in found for way in condition.went_left]
    lengths = np.array([len(condition.nodes) for _, condition in found])
    agree = (left[literals] == np.array(wanted, dtype=np.bool_)[:, np.newaxis]).view(np.uint8)
    holds = np.bitwise_and.reduceat(agree, np.cumsum(lengths) - lengths)
    return Answers(number, breaks, np.array([bit for bit, _ in found], dtype=np.intp), holds)


def _breaks(nodes: Places, trees: Trees, codes: Mapping[int, Array]) -> Array:
    """Return the upper bounds of the cells of one feature's nodes, the last of them +∞.

    Numbers are cut at the thresholds, at both ends of what counts as 0, and where a set of codes begins or ends.
    """
    numeric = nodes[trees.categorical[nodes] == 0]
    found = [trees.threshold[numeric], [np.nextafter(-ZERO, -1.0), ZERO] if len(numeric) else []]
    found += [codes[node] for node in nodes[trees.categorical[nodes] == 1].tolist()]
    every = np.concatenate([*found, [_LARGEST, np.inf]])
    every = np.sort(every[every > -np.inf])
    distinct: Array = every[np.append(every[1:] != every[:-1], True)]
    return distinct


def _code_breaks(trees: Trees) -> dict[int, Array]:
    """Return, for each categorical node, the last value before each change of its set of codes.

    A code holds from itself to the next one, and values between -1 and 0 have the code 0.
    """
    nodes = np.flatnonzero(trees.categorical).tolist()
    changes = [_changes(words_of(node, trees)) for node in nodes]
    every = np.concatenate([np.empty(0), *changes])
    breaks = np.where(every == 0.0, -1.0, np.nextafter(every, -1.0))
    ends = accumulate(map(len, changes))
    return {node: breaks[end - len(some) : end] for node, some, end in zip(nodes, changes, ends, strict=True)}


def _changes(words: NDArray[np.uint32]) -> Places:
    """Return the codes that are in a set and the one before is not, or the other way round."""
    held = unpacked(words, more=1)
    changed = held.copy()
    changed[1:] ^= held[:-1]
    return np.flatnonzero(changed)
