"""The way from the root to every leaf, and leaves gathered in groups that few conditions decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scoring.trees import Trees, node_starts

MOST_CONDITIONS = 8
"""Most conditions of a group: its table has one row per pattern of them, 256 at most."""

MOST_FEATURES = 7
"""Most features of a group of several leaves: with the leaf reached, a row of its table is 64 bytes, which is what the
processor fetches at a time; most trees' groups have no more of themselves."""


class Path(NamedTuple):
    """The way to one leaf.

    Attributes:
        tree: Number of the tree.
        leaf: Number of the leaf among all leaves.
        nodes: Nodes passed, from the root on, numbered among all nodes.
        went_left: 1 where the way goes left, 0 where right.
        features: Distinct features compared on the way, in the order of their first node.
        owner: For each node, the place of its feature in ``features``.
        shares: For each distinct feature, the share of training rows that its nodes let through, multiplied.
    """

    tree: int
    leaf: int
    nodes: tuple[int, ...]
    went_left: tuple[int, ...]
    features: tuple[int, ...]
    owner: tuple[int, ...]
    shares: tuple[float, ...]


class Group(NamedTuple):
    """Leaves of one tree whose paths together hold few conditions.

    Attributes:
        nodes: The conditions, numbered among all nodes.
        paths: The leaves' paths.
    """

    nodes: tuple[int, ...]
    paths: tuple[Path, ...]


def paths_of(trees: Trees) -> Iterator[Path]:
    """Give the path to every leaf of checked trees, tree after tree, leaves from left to right."""
    starts = node_starts(trees).tolist()
    feature, cover = trees.feature.tolist(), trees.cover.tolist()
    left, right, leaf_cover = trees.left.tolist(), trees.right.tolist(), trees.leaf_cover.tolist()
    for tree, nodes in enumerate(trees.tree_nodes.tolist()):
        base = starts[tree]
        leaf_base = base + tree
        open_ways = [(0 if nodes else -1, _START)]
        while open_ways:
            at, way = open_ways.pop()
            if at < 0:
                yield Path(tree, leaf_base + ~at, *way)
                continue
            node = base + at
            for child, went_left in ((right[node], 0), (left[node], 1)):
                below = leaf_cover[leaf_base + ~child] if child < 0 else cover[base + child]
                open_ways.append((child, _further(way, node, went_left, feature[node], below / cover[node])))


_Way = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[float, ...]]
"""The way to a node or leaf: what `Path` says of it from ``nodes`` on. Ways to neighbours are made of one beginning."""

_START: _Way = ((), (), (), (), ())


def _further(way: _Way, node: int, went_left: int, feature: int, share: float) -> _Way:
    """Return the way to a child of a node that compares a feature and lets a share of its training rows through."""
    nodes, before, features, owner, shares = way
    if feature in features:
        place = features.index(feature)
        shares = (*shares[:place], shares[place] * share, *shares[place + 1 :])
    else:
        place = len(features)
        features, shares = (*features, feature), (*shares, share)
    return (*nodes, node), (*before, went_left), features, (*owner, place), shares


def grouped(paths: Iterator[Path], most: int = MOST_CONDITIONS) -> Iterator[Group]:
    """Gather neighbouring leaves of a tree while their paths together hold at most ``most`` conditions.

    A leaf whose own path is longer comes alone, with all its conditions. Leaves together compare few features, too.
    """
    nodes: dict[int, None] = {}
    features: set[int] = set()
    members: list[Path] = []
    for path in paths:
        more = [node for node in path.nodes if node not in nodes]
        together = features.union(path.features)
        if members and (path.tree != members[0].tree or len(nodes) + len(more) > most or len(together) > MOST_FEATURES):
            yield Group(tuple(nodes), tuple(members))
            nodes, together, members, more = {}, set(path.features), [], list(path.nodes)
        nodes.update(dict.fromkeys(more))
        features = together
        members.append(path)
    if members:
        yield Group(tuple(nodes), tuple(members))
