"""What a model must pass before it is promoted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One question put to a model before promotion.

    Attributes:
        name: Short name, such as ``better_than_champion``.
        passed: Whether promotion may go on.
        found: What was found, in words and numbers.
        needed: What was needed.
        why: Why it matters.
    """

    name: str
    passed: bool
    found: str
    needed: str
    why: str
