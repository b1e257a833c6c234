"""The job behind ``bamboo features --list``: the catalogue as lines, chosen by group or by words."""

from __future__ import annotations

from collections.abc import Sequence

from features.catalogue import Catalogue, Entry, entries
from features.errors import nearest
from pipelines.errors import ArgumentError


def list_features(catalogue: Catalogue, *, group: str | None = None, words: str = "") -> tuple[Entry, ...]:
    """Return the lines of the catalogue, in its order.

    Args:
        catalogue: Declarations, the lender's own ones among them.
        group: Group of features; None means all.
        words: Words that a line must hold, each of them anywhere in it, whatever their case.

    Raises:
        ArgumentError: there is no such group.
    """
    if group is not None and group not in catalogue.groups:
        known = ", ".join(catalogue.groups)
        raise ArgumentError(f"group == {group!r}, must be one of {known}.{nearest(group, catalogue.groups)}")
    terms = words.casefold().split()
    return tuple(
        entry for entry in entries(catalogue) if (group is None or entry.group == group) and _holds(entry, terms)
    )


def _holds(entry: Entry, terms: Sequence[str]) -> bool:
    text = " ".join(str(value) for value in vars(entry).values()).casefold()
    return all(term in text for term in terms)
