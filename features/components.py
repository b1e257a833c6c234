"""Groups of applicants linked by shared keys, grown one application at a time.

Applicants and keys are the nodes of a graph; an application links its applicant with its keys. A group is a connected
component. Groups only ever grow, so a union-find holds them: applications enter in the order of time, and what is
asked in between sees what entered before and nothing else.

References:
    Tarjan, *Efficiency of a good but not linear set union algorithm*, Journal of the ACM 22 (1975).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

Node = str
"""An applicant or a key, as `applicant_node` and `key_nodes` write it."""

SPACES: Final[Mapping[str, str]] = {
    "device_id": "device",
    "id_hash": "id",
    "phone_hash": "phone",
    "contact_hash": "phone",
}
"""Key column to the kind of node: a contact is a phone, so a contact who applies under that phone links two groups."""


def applicant_node(applicant: str) -> Node:
    """Return the node of an applicant."""
    return f"applicant {applicant}"


def key_nodes(keys: Mapping[str, str | None]) -> tuple[Node, ...]:
    """Return the nodes of the keys that are given, by their columns in ``applications``; each once."""
    return tuple(dict.fromkeys(f"{SPACES[name]} {key}" for name, key in keys.items() if key is not None))


@dataclass(slots=True)
class _Group:
    """What is known of the members of one connected component.

    Attributes:
        joined: Times of the members' first applications, earliest first.
        devices: Different devices.
        keys: Different keys of all kinds.
        met: Members by what became known of them.
    """

    joined: list[int] = field(default_factory=list)
    devices: int = 0
    keys: int = 0
    met: Counter[str] = field(default_factory=Counter)

    def take(self, smaller: _Group) -> None:
        for joined in smaller.joined:
            insort(self.joined, joined)
        self.devices += smaller.devices
        self.keys += smaller.keys
        self.met += smaller.met


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The groups of other applicants that an application touches; to be read before the components grow on.

    The applicant's own node and those of the application's keys touch a group. Groups without another applicant are
    left out, and the applicant counts nowhere.

    Attributes:
        groups: The groups, apart from each other until now.
        home: The group that the applicant is in already; None when that holds nobody else.
        since: Time of the applicant's own first application, when ``home`` is given.
        own: What became known of the applicant.
    """

    groups: tuple[_Group, ...]
    home: _Group | None
    since: int
    own: frozenset[str]

    @property
    def applicants(self) -> int:
        """Other applicants in the groups."""
        return sum(len(group.joined) for group in self.groups) - (self.home is not None)

    @property
    def devices(self) -> int:
        """Devices of earlier applications in the groups, the applicant's own ones among them."""
        return sum(group.devices for group in self.groups)

    @property
    def keys(self) -> int:
        """Keys of earlier applications in the groups, the applicant's own ones among them."""
        return sum(group.keys for group in self.groups)

    @property
    def first(self) -> int | None:
        """Time of the first application of the others' earliest; None without others."""
        return min((self._at(group, 0) for group in self.groups), default=None)

    @property
    def last(self) -> int | None:
        """Time of the first application of the others' latest; None without others."""
        return max((self._at(group, -1) for group in self.groups), default=None)

    def joined_from(self, start: int) -> int:
        """Return how many others applied for the first time at ``start`` or later."""
        found = sum(len(group.joined) - bisect_left(group.joined, start) for group in self.groups)
        return found - (self.home is not None and self.since >= start)

    def met(self, event: str) -> int:
        """Return of how many others an event is known."""
        return sum(group.met[event] for group in self.groups) - (self.home is not None and event in self.own)

    def _at(self, group: _Group, end: int) -> int:
        """Return the time at one end of a group's members, its neighbour where the end is the applicant's own."""
        own = group is self.home and group.joined[end] == self.since
        return group.joined[(1 if end == 0 else -2) if own else end]


class Components:
    """All groups, as far as applications have entered.

    Times are whole microseconds and must not decrease from call to call.
    """

    def __init__(self) -> None:
        self._above: dict[Node, Node] = {}
        self._groups: dict[Node, _Group] = {}
        self._since: dict[Node, int] = {}
        self._met: dict[Node, frozenset[str]] = {}

    def enter(self, applicant: Node, keys: Iterable[Node], at: int) -> None:
        """Let an application link its applicant with its keys."""
        if applicant not in self._above:
            self._since[applicant] = at
            self._begin(applicant, _Group(joined=[at]))
        for key in keys:
            if key not in self._above:
                self._begin(key, _Group(devices=int(key.startswith("device ")), keys=1))
            self._link(applicant, key)

    def learn(self, applicant: Node, event: str) -> None:
        """Let an event become known of an applicant who has entered; a second time changes nothing."""
        met = self._met.get(applicant, frozenset())
        if event not in met:
            self._met[applicant] = met | {event}
            self._groups[self._root(applicant)].met[event] += 1

    def around(self, applicant: Node, keys: Iterable[Node]) -> Surroundings:
        """Return the groups of others that an application with these keys touches, before it enters."""
        roots = dict.fromkeys(self._root(node) for node in (applicant, *keys) if node in self._above)
        home = self._groups[self._root(applicant)] if applicant in self._above else None
        touched = tuple(self._groups[root] for root in roots)
        groups = tuple(group for group in touched if len(group.joined) > (group is home))
        return Surroundings(
            groups=groups,
            home=home if any(group is home for group in groups) else None,
            since=self._since.get(applicant, 0),
            own=self._met.get(applicant, frozenset()),
        )

    def _begin(self, node: Node, group: _Group) -> None:
        self._above[node] = node
        self._groups[node] = group

    def _root(self, node: Node) -> Node:
        above = self._above
        while above[node] != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    def _link(self, one: Node, other: Node) -> None:
        """Join two groups; the smaller goes into the larger, so that no member moves more than log2 n times."""
        large, small = self._root(one), self._root(other)
        if large == small:
            return
        if self._size(large) < self._size(small):
            large, small = small, large
        self._above[small] = large
        self._groups[large].take(self._groups.pop(small))

    def _size(self, root: Node) -> int:
        group = self._groups[root]
        return len(group.joined) + group.keys
