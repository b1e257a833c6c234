"""Keys of persons and things: phones, identities, contacts and devices, and who shares them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.draws import Flags, Ints, Keys
from synthetic.keys import mix
from synthetic.recipe import CHANNELS
from synthetic.scene import Scene


@dataclass(frozen=True)
class Sharing:
    """How the members of a ring share one kind of key.

    Attributes:
        purpose: What is hashed into the shared keys.
        members: Members for each shared key.
        share: Share of members who use a shared key instead of their own.
    """

    purpose: str
    members: int
    share: float

    def keys_of(self, size: Ints) -> Ints:
        """Return the number of shared keys of rings of a size."""
        return np.maximum(size // self.members, 1)


RING_PHONE = Sharing("ring phone", 4, 0.40)
RING_CONTACT = Sharing("ring contact", 6, 0.80)
RING_DEVICE = Sharing("ring device", 5, 0.85)


@dataclass(frozen=True, kw_only=True)
class Contacts:
    """The keys of each person of a block.

    Attributes:
        phone: Phone number.
        identity: Identity number; a stolen one in part of the rings.
        contact: Phone number of the emergency contact; a partner's own number when both apply.
        device: Device that the person mostly uses.
        stolen: Whether the identity is another person's.
    """

    phone: Keys
    identity: Keys
    contact: Keys
    device: Keys
    stolen: Flags


def make_contacts(scene: Scene, channel: Ints) -> Contacts:
    """Draw the keys of the persons of a block, given the channel of each person's first application."""
    rng, seed, person = scene.stream("contacts"), scene.seed, scene.number
    phone, contact, device = mix(seed, "phone", person), mix(seed, "contact", person), mix(seed, "device", person, 0)
    contact, device = _households(scene, rng, phone, contact, device)
    device = _agents(scene, rng, channel, device)
    return Contacts(
        phone=_shared(scene, rng, RING_PHONE, phone),
        identity=mix(seed, "identity", person),
        contact=_shared(scene, rng, RING_CONTACT, contact),
        device=_shared(scene, rng, RING_DEVICE, device),
        stolen=(scene.ring >= 0) & (rng.random(len(person)) < scene.recipe.rings.stolen),
    )


def _households(scene: Scene, rng: np.random.Generator, phone: Keys, contact: Keys, device: Keys) -> tuple[Keys, Keys]:
    """Let neighbours in the block be partners: each other's contact, and in a third of the cases one device."""
    even = 2 * (len(phone) // 2)
    partners = np.repeat(rng.random(even // 2) < scene.recipe.people.household, 2)
    one_device = np.repeat(rng.random(even // 2) < 0.33, 2)
    partner = np.arange(even) ^ 1
    contact, device = contact.copy(), device.copy()
    contact[:even] = np.where(partners, phone[partner], contact[:even])
    device[:even] = np.where(partners & one_device, np.repeat(device[:even:2], 2), device[:even])
    return contact, device


def _agents(scene: Scene, rng: np.random.Generator, channel: Ints, device: Keys) -> Keys:
    """Let a fifth of the agents' clients hand in their application on one of the agent's devices."""
    agent = np.floor(scene.rings.agents * rng.random(len(device)) ** 1.5).astype(np.int64)
    lent = (channel == CHANNELS.index("agent")) & (rng.random(len(device)) < 0.20)
    return np.where(lent, mix(scene.seed, "agent device", agent, rng.integers(0, 3, len(device))), device)


def _shared(scene: Scene, rng: np.random.Generator, sharing: Sharing, own: Keys) -> Keys:
    """Let ring members use one of the ring's few keys instead of their own."""
    ring = np.maximum(scene.ring, 0)
    choices = sharing.keys_of(scene.rings.size)[ring] if len(scene.rings.size) else np.ones_like(ring)
    which = np.floor(choices * rng.random(len(ring))).astype(np.int64)
    uses = (scene.ring >= 0) & (rng.random(len(ring)) < sharing.share)
    return np.where(uses, mix(scene.seed, sharing.purpose, ring, which), own)
