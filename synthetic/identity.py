"""Identity checks: three factors, each tried up to three times, with errors of both kinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.draws import Flags, Floats, as_floats
from synthetic.recipe import Identity

FACTORS = ("otp", "id_card", "face")
TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Checks:
    """Tries of one application per person: arrays of persons × factors × tries.

    Attributes:
        tried: Whether the try took place.
        passed: Whether it was accepted.
        score: Likeness reported; NaN for one-time passwords.
    """

    tried: Flags
    passed: Flags
    score: Floats

    @property
    def failed(self) -> Flags:
        """Whether any factor never passed."""
        ever = np.logical_or.reduce(self.tried & self.passed, axis=2)
        return np.asarray(~np.logical_and.reduce(ever, axis=1))


def check(identity: Identity, rng: np.random.Generator, stolen: Flags) -> Checks:
    """Draw the identity checks of one application per person."""
    size = len(stolen)
    genuine = 1.0 - np.asarray([identity.otp_reject, identity.card_reject, identity.face_reject])
    # Whoever steals an identity holds the phone of their own, so the one-time password says nothing.
    fooled = np.asarray([1.0 - identity.otp_reject, identity.card_accept, identity.face_accept])
    chance = np.where(stolen[:, None], fooled, genuine)[:, :, None]
    passed = rng.random((size, len(FACTORS), TRIES)) < chance
    again = rng.random((size, len(FACTORS), TRIES)) < identity.retry
    tried = np.ones_like(passed)
    for k in range(1, TRIES):
        tried[:, :, k] = tried[:, :, k - 1] & ~passed[:, :, k - 1] & again[:, :, k]
    likeness = np.where(passed, 0.72 + 0.28 * rng.beta(6, 2, passed.shape), 0.25 + 0.47 * rng.beta(3, 2, passed.shape))
    likeness = as_floats(np.round(likeness, 4))
    likeness[:, 0, :] = np.nan
    return Checks(tried=tried, passed=passed, score=likeness)
