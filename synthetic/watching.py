"""The watchlist: entries that come late, go stale, or were wrong from the start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.contacts import RING_CONTACT, RING_DEVICE, Contacts
from synthetic.draws import Floats, Ints, Keys, choose, owners, ranks
from synthetic.facts import History
from synthetic.keys import mix
from synthetic.recipe import Watchlist
from synthetic.scene import Scene

KEY_TYPES = ("phone", "id", "device", "contact")
PHONE, ID, DEVICE, CONTACT = range(4)
SOURCES = ("own", "industry", "police")
OWN, INDUSTRY, POLICE = range(3)
REASONS = ("fraud", "default", "identity_theft", "agent")
FRAUD, DEFAULT, THEFT, AGENT = range(4)
NOBODY = -1


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Listed keys, one entry per row.

    Attributes:
        person: Person in the block whose key it is; −1 for nobody of the block.
        happened: When the deed took place.
        known: When the entry reached this lender.
        key_type: Position in ``KEY_TYPES``.
        key: The key.
        source: Position in ``SOURCES``.
        reason: Position in ``REASONS``.
        expires: When it stops counting; NaN for never.
        mechanism: Why it was planted: ``defaulter``, ``stale``, ``wrong``, ``stranger``, ``ring`` or ``own``.
    """

    person: Ints
    happened: Floats
    known: Floats
    key_type: Ints
    key: Keys
    source: Ints
    reason: Ints
    expires: Floats
    mechanism: str

    def __len__(self) -> int:
        return len(self.person)


def listed_before(scene: Scene, contacts: Contacts, history: History, first: Floats) -> list[Entries]:
    """Return the entries about a block's persons that do not depend on this lender's decisions."""
    watchlist, rng = scene.recipe.watchlist, scene.stream("watchlist")
    return [
        _defaulters(watchlist, rng, contacts, history, scene.extract),
        _stale(watchlist, rng, contacts, first),
        _wrong(watchlist, rng, contacts, first),
    ]


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What persons are listed for; one entry per person listed.

    Attributes:
        person: The person.
        happened: When the deed took place.
        wait: Days from the deed to the entry.
        expires: When the entry stops counting; NaN for never.
        source: Position in ``SOURCES``.
        reason: Position in ``REASONS``.
    """

    person: Ints
    happened: Floats
    wait: Floats
    expires: Floats
    source: Ints
    reason: Ints


def _listed(rng: np.random.Generator, contacts: Contacts, deed: Deed, mechanism: str) -> Entries:
    """List the phone of each person, or the identity number."""
    person = deed.person
    key_type = np.where(rng.random(len(person)) < 0.6, PHONE, ID)
    return Entries(
        person=person,
        happened=deed.happened,
        known=deed.happened + 0.05 + deed.wait,
        key_type=key_type,
        key=np.where(key_type == PHONE, contacts.phone[person], contacts.identity[person]),
        source=deed.source,
        reason=deed.reason,
        expires=deed.expires,
        mechanism=mechanism,
    )


def _defaulters(
    watchlist: Watchlist, rng: np.random.Generator, contacts: Contacts, history: History, extract: float
) -> Entries:
    lost = (history.schedule.status == 2) & (history.schedule.ended < extract)
    ended = np.full(len(contacts.phone), np.inf)
    np.minimum.at(ended, history.loans.person[lost], history.schedule.ended[lost])
    person = np.flatnonzero(np.isfinite(ended) & (rng.random(len(ended)) < watchlist.defaulters))
    size = len(person)
    deed = Deed(
        person=person,
        happened=ended[person],
        wait=rng.exponential(watchlist.late_days, size),
        expires=ended[person] + 730.0,
        source=np.full(size, INDUSTRY),
        reason=np.full(size, DEFAULT),
    )
    return _listed(rng, contacts, deed, "defaulter")


def _stale(watchlist: Watchlist, rng: np.random.Generator, contacts: Contacts, first: Floats) -> Entries:
    person = np.flatnonzero(rng.random(len(first)) < watchlist.stale)
    size = len(person)
    happened = first[person] - rng.uniform(1000.0, 2200.0, size)
    deed = Deed(
        person=person,
        happened=happened,
        wait=rng.exponential(watchlist.late_days, size),
        expires=np.where(rng.random(size) < 0.85, happened + 730.0, np.nan),
        source=choose(rng, (0.0, 0.8, 0.2), size),
        reason=np.full(size, DEFAULT),
    )
    return _listed(rng, contacts, deed, "stale")


def _wrong(watchlist: Watchlist, rng: np.random.Generator, contacts: Contacts, first: Floats) -> Entries:
    person = np.flatnonzero(rng.random(len(first)) < watchlist.wrong)
    size = len(person)
    happened = first[person] + rng.uniform(-300.0, 120.0, size)
    deed = Deed(
        person=person,
        happened=happened,
        wait=rng.exponential(watchlist.late_days, size),
        expires=happened + 730.0,
        source=choose(rng, (0.1, 0.7, 0.2), size),
        reason=choose(rng, (0.4, 0.4, 0.1, 0.1), size),
    )
    return _listed(rng, contacts, deed, "wrong")


def strangers(scene: Scene) -> Entries:
    """Return entries of persons who never applied here."""
    watchlist, rng = scene.recipe.watchlist, scene.stream("strangers")
    count = int(rng.poisson(watchlist.strangers * len(scene)))
    happened = rng.uniform(-900.0, scene.extract, count)
    return Entries(
        person=np.full(count, NOBODY),
        happened=happened,
        known=happened + 0.05 + rng.exponential(watchlist.late_days, count),
        key_type=choose(rng, (0.5, 0.3, 0.15, 0.05), count),
        key=mix(scene.seed, "stranger", np.full(count, scene.streams.block), np.arange(count)),
        source=choose(rng, (0.05, 0.75, 0.2), count),
        reason=choose(rng, (0.25, 0.6, 0.1, 0.05), count),
        expires=np.where(rng.random(count) < 0.8, happened + 730.0, np.nan),
        mechanism="stranger",
    )


def ring_entries(scene: Scene) -> Entries:
    """Return entries of devices and contacts that rings shared; each ring is listed by one block alone."""
    rings, rng = scene.rings, scene.stream("ring entries")
    mine = np.flatnonzero(np.arange(len(rings.size)) % scene.plan.blocks == scene.streams.block - 1)
    devices, contacts = RING_DEVICE.keys_of(rings.size[mine]), RING_CONTACT.keys_of(rings.size[mine])
    ring = np.concatenate([mine[owners(devices)], mine[owners(contacts)]])
    number = np.concatenate([ranks(devices), ranks(contacts)])
    key_type = np.repeat([DEVICE, CONTACT], [int(devices.sum()), int(contacts.sum())])
    device = mix(scene.seed, RING_DEVICE.purpose, ring, number)
    contact = mix(scene.seed, RING_CONTACT.purpose, ring, number)
    happened = rings.start[ring] + rng.uniform(1.0, 12.0, len(ring))
    return Entries(
        person=np.full(len(ring), NOBODY),
        happened=happened,
        known=rings.noticed[ring] + rng.exponential(3.0, len(ring)),
        key_type=key_type,
        key=np.where(key_type == DEVICE, device, contact),
        source=choose(rng, (0.6, 0.2, 0.2), len(ring)),
        reason=np.full(len(ring), FRAUD),
        expires=np.full(len(ring), np.nan),
        mechanism="ring",
    )


def own_entries(scene: Scene, contacts: Contacts, first_60: Floats) -> Entries:
    """Return the entries this lender makes itself of borrowers 60 days past due, some weeks later.

    ``first_60`` is when each person's loan here first stood so late; NaN for never.
    """
    rng = scene.stream("own entries")
    person = np.flatnonzero(~np.isnan(first_60) & (rng.random(len(first_60)) < 0.7))
    deed = Deed(
        person=person,
        happened=first_60[person],
        wait=rng.uniform(10.0, 45.0, len(person)),
        expires=np.full(len(person), np.nan),
        source=np.full(len(person), OWN),
        reason=np.where(scene.ring[person] >= 0, FRAUD, DEFAULT),
    )
    return _listed(rng, contacts, deed, "own")
