"""What the checks of its feature table found, on the page of the model that was trained on it."""

from __future__ import annotations

from dataclasses import dataclass

from reports.page import Callout, Link, Section

NAMED = 5
"""Features that are named as moved; the page of the checks has all."""


@dataclass(frozen=True, kw_only=True)
class Checks:
    """What the checks of a feature table found.

    Attributes:
        summary: The result in a sentence.
        moved: Features that have moved, the farthest first.
        page: Address of the page that tells it all, relative to the page that links to it.
    """

    summary: str
    moved: tuple[str, ...]
    page: str


def feature_table(checks: Checks) -> Section:
    """Tell the result in a line, and link to the page behind it."""
    more = f", and {len(checks.moved) - NAMED} more" if len(checks.moved) > NAMED else ""
    moved = f"Moved: {', '.join(checks.moved[:NAMED])}{more}. " if checks.moved else ""
    words = (f"{checks.summary} {moved}", Link("Every expectation", checks.page))
    return Section("Its feature table", (Callout("warning" if checks.moved else "good", words),), id="feature-table")
