"""Exact path-dependent TreeSHAP of one leaf, as an integral, and tables of it over all patterns of conditions.

A leaf of value *v* is reached when every feature *j* on its path holds (``h_j`` = 1). When only a coalition of features
is known, the leaf counts with ``v · Π h_j · Π z_k`` over known *j* and unknown *k*, where ``z_k`` is the share of
training rows that the nodes of *k* let through. The Shapley value of such a product is the integral of its multilinear
extension along the diagonal (Owen, *Multilinear Extensions of Games*, 1972)::

    φ_i = v · (h_i − z_i) · ∫₀¹ Π_{j≠i} (t·h_j + (1−t)·z_j) dt

The integrand is a polynomial of degree *d* − 1, so Gauss–Legendre with ⌈d/2⌉ points gives it exactly. Nothing is
divided and every factor is between 0 and 1, so it is stable for any depth. The values equal those of Lundberg's
algorithm, which LightGBM's ``pred_contrib`` runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.paths import Group, Path
from scoring.tables import Table
from scoring.trees import Trees, node_starts

Array = NDArray[np.float64]

_NUMBERS_AT_ONCE: Final = 1 << 16
_LEAVES_AT_ONCE: Final = 512
"""Leaves tabulated together: few enough for their numbers to stay in the processor's cache."""


@cache
def quadrature(features: int) -> Array:
    """Return Gauss–Legendre points on 0..1 with weights, enough for so many features, shape (points, 2)."""
    at, weights = np.polynomial.legendre.leggauss(max(1, (features + 1) // 2))
    found: Array = np.column_stack([(at + 1.0) / 2.0, weights / 2.0])
    found.flags.writeable = False
    return found


def shapley(shares: Array, held: Array, values: Array) -> Array:
    """Return the Shapley values of leaves that have the same number of features, *d*.

    Only elementwise arithmetic and running products and sums, whose order is fixed, so that a case has the same bits
    alone and among others.

    Args:
        shares: z, shape (d, leaves, 1).
        held: h, 0 or 1, shape (d, leaves or 1, cases).
        values: Value of each leaf, shape (leaves, 1).

    Returns:
        Shape (d, leaves, cases).
    """
    total = np.zeros(np.broadcast_shapes(shares.shape, held.shape))
    points = quadrature(len(shares))
    some = max(1, _NUMBERS_AT_ONCE // max(1, total.size))
    for start in range(0, len(points), some):
        products = _products(points[start : start + some], shares, held)
        for place in range(products.shape[1]):
            total += products[:, place]
    return total * (held - shares) * values


def _products(points: Array, shares: Array, held: Array) -> Array:
    """Return, at each point with its weight, the product over all other features, shape (d, points, leaves, cases)."""
    t, weight = points[:, 0].reshape(-1, 1, 1), points[:, 1].reshape(-1, 1, 1)
    factors = t * held[:, np.newaxis] + (1.0 - t) * shares[:, np.newaxis]
    before, after = np.empty_like(factors), np.empty_like(factors)
    before[:1], before[1:] = weight, factors[:-1]
    after[:1], after[1:] = 1.0, factors[:0:-1]
    products: Array = np.multiply.accumulate(before, axis=0) * np.multiply.accumulate(after, axis=0)[::-1]
    return products


def patterns(conditions: int) -> Array:
    """Return all patterns of 0 and 1, shape (conditions, 1, 2**conditions); bit *j* of the number is condition *j*."""
    numbers = np.arange(1 << conditions)
    return (numbers >> np.arange(conditions)[:, np.newaxis] & 1).astype(np.float64)[:, np.newaxis]


def path_tables(paths: Sequence[Path], leaf_value: Array) -> dict[int, Array]:
    """Return, per leaf, its Shapley values over all patterns of its own features, shape (d, 2**d)."""
    by_size: defaultdict[int, list[Path]] = defaultdict(list)
    for path in paths:
        by_size[len(path.features)].append(path)
    tables: dict[int, Array] = {}
    for size, alike in by_size.items():
        for start in range(0, len(alike), _LEAVES_AT_ONCE):
            some = alike[start : start + _LEAVES_AT_ONCE]
            tables.update(zip([path.leaf for path in some], _tables_of(some, size, leaf_value), strict=True))
    return tables


def _tables_of(paths: Sequence[Path], size: int, leaf_value: Array) -> Array:
    shares = np.array([path.shares for path in paths]).reshape(len(paths), size).T[:, :, np.newaxis]
    values = leaf_value[[path.leaf for path in paths]][:, np.newaxis]
    return shapley(shares, patterns(size), values).transpose(1, 0, 2)


def group_table(group: Group, tables: dict[int, Array], leaf_value: Array) -> Table:
    """Tabulate a group over all patterns of its conditions.

    Args:
        group: Leaves and their conditions.
        tables: From `path_tables`.
        leaf_value: Value of every leaf.
    """
    features = tuple(dict.fromkeys(feature for path in group.paths for feature in path.features))
    bit = {node: place for place, node in enumerate(group.nodes)}
    points = np.zeros((len(features), 1 << len(group.nodes)))
    total = dict(zip(features, points, strict=True))
    reached = np.zeros(1 << len(group.nodes))
    for path in group.paths:
        bits = tuple([bit[node] for node in path.nodes])
        own, arrives = _own_patterns(len(bit), bits, path.went_left, path.owner)
        for feature, added in zip(path.features, tables[path.leaf].take(own, axis=1), strict=True):
            total[feature] += added
        reached[arrives] = leaf_value[path.leaf]
    return Table(features, points.T, reached)


def reached_table(group: Group, leaf_value: Array) -> Table:
    """Tabulate which leaf of a group is reached over all patterns of its conditions, and no contributions."""
    bit = {node: place for place, node in enumerate(group.nodes)}
    numbers = np.arange(1 << len(group.nodes))
    reached = np.zeros(len(numbers))
    for path in group.paths:
        mask = wanted = 0
        for node, left in zip(path.nodes, path.went_left, strict=True):
            mask |= 1 << bit[node]
            wanted |= left << bit[node]
        reached[numbers & mask == wanted] = leaf_value[path.leaf]
    return Table((), np.empty((len(reached), 0)), reached)


@lru_cache(maxsize=4096)
def _own_patterns(
    conditions: int, bits: tuple[int, ...], went_left: tuple[int, ...], owner: tuple[int, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Return, for every pattern of a group, the pattern of which of a path's features hold; and where all of them do.

    Trees of one shape ask for the same ones again and again.

    Args:
        conditions: How many conditions the group has.
        bits: The bit of each of the path's nodes.
        went_left: 1 where the path goes left at it.
        owner: Which of the path's features it compares.
    """
    features = max(owner, default=-1) + 1
    masks, wanted = [0] * features, [0] * features
    for bit, way, feature in zip(bits, went_left, owner, strict=True):
        masks[feature] |= 1 << bit
        wanted[feature] |= way << bit
    agree = (np.arange(1 << conditions) & np.array(masks, dtype=np.intp).reshape(-1, 1)) == np.array(
        wanted, dtype=np.intp
    ).reshape(-1, 1)
    own = np.packbits(agree, axis=0, bitorder="little").ravel() if masks else np.zeros(1 << conditions, dtype=np.uint8)
    arrives = np.flatnonzero(agree.all(axis=0))
    own.flags.writeable = arrives.flags.writeable = False
    return own, arrives


def expected_value(trees: Trees) -> float:
    """Return the mean of the trees over the training rows, by leaf covers, as LightGBM's ``pred_contrib`` has it."""
    starts = node_starts(trees).tolist()
    total = 0.0
    for tree, nodes in enumerate(trees.tree_nodes.tolist()):
        first = starts[tree] + tree
        if not nodes:
            total += float(trees.leaf_value[first])
            continue
        cover = float(trees.cover[starts[tree]])
        mean = 0.0
        for leaf in range(first, first + nodes + 1):
            mean += int(trees.leaf_cover[leaf]) / cover * float(trees.leaf_value[leaf])
        total += mean
    return total
