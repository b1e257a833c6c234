"""The way from the root to every leaf, and leaves gathered in groups that few conditions decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scoring.trees import Trees, node_starts

MOST_CONDITIONS = 8
"""Most conditions of a group: its table has one row per pattern of them, 256 at most."""


@dataclass(frozen=True, slots=True)
class Path:
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


@dataclass(frozen=True, slots=True)
class Group:
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
        open_ways: list[tuple[int, tuple[tuple[int, int, float], ...]]] = [(0 if nodes else -1, ())]
        while open_ways:
            at, way = open_ways.pop()
            if at < 0:
                yield _path(tree, leaf_base + ~at, way, feature)
                continue
            node = base + at
            for child, went_left in ((right[node], 0), (left[node], 1)):
                below = leaf_cover[leaf_base + ~child] if child < 0 else cover[base + child]
                open_ways.append((child, (*way, (node, went_left, below / cover[node]))))


def _path(tree: int, leaf: int, way: tuple[tuple[int, int, float], ...], feature: list[int]) -> Path:
    shares: dict[int, float] = {}
    for node, _, share in way:
        shares[feature[node]] = shares.get(feature[node], 1.0) * share
    place = {name: number for number, name in enumerate(shares)}
    return Path(
        tree=tree,
        leaf=leaf,
        nodes=tuple(node for node, _, _ in way),
        went_left=tuple(went_left for _, went_left, _ in way),
        features=tuple(shares),
        owner=tuple(place[feature[node]] for node, _, _ in way),
        shares=tuple(shares.values()),
    )


def grouped(paths: Iterator[Path], most: int = MOST_CONDITIONS) -> Iterator[Group]:
    """Gather neighbouring leaves of a tree while their paths together hold at most ``most`` conditions.

    A leaf whose own path is longer comes alone, with all its conditions.
    """
    nodes: dict[int, None] = {}
    members: list[Path] = []
    for path in paths:
        joined = dict.fromkeys((*nodes, *path.nodes))
        if members and (path.tree != members[0].tree or len(joined) > most):
            yield Group(tuple(nodes), tuple(members))
            joined, members = dict.fromkeys(path.nodes), []
        nodes = joined
        members.append(path)
    if members:
        yield Group(tuple(nodes), tuple(members))
