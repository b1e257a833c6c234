"""The job behind ``bamboo features --list``: the catalogue as lines, chosen by group or by words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from features.catalogue import Catalogue, Entry, entries
from features.errors import nearest
from pipelines.errors import ArgumentError
from reports.catalogue_words import GROUP_WORDS
from reports.money import YUAN, in_currency


def list_features(
    catalogue: Catalogue, *, group: str | None = None, words: str = "", currency: str = YUAN
) -> tuple[Entry, ...]:
    """Return the lines of the catalogue, in its order.

    Args:
        catalogue: Declarations, the lender's own ones among them.
        group: Group of features; None means all.
        words: Words that a line, or the title of its group, must hold, each of them anywhere, whatever their case.
        currency: What the lender's amounts are in.

    Raises:
        ArgumentError: there is no such group.
    """
    if group is not None and group not in catalogue.groups:
        known = ", ".join(catalogue.groups)
        raise ArgumentError(f"group == {group!r}, must be one of {known}.{nearest(group, catalogue.groups)}")
    terms = words.casefold().split()
    told = (replace(entry, unit=in_currency(entry.unit, currency)) for entry in entries(catalogue))
    return tuple(entry for entry in told if (group is None or entry.group == group) and _holds(entry, terms))


def _holds(entry: Entry, terms: Sequence[str]) -> bool:
    said = (GROUP_WORDS.get(entry.group, ""), *map(str, vars(entry).values()))
    text = " ".join(said).casefold()
    return all(term in text for term in terms)
