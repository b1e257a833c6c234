"""Which months of a table stand for how things were, so that later months can be held against them."""

from __future__ import annotations

from collections.abc import Sequence

from modelling.errors import SplitError


def reference_months(months: Sequence[str], counts: Sequence[int]) -> tuple[str, ...]:
    """Return the earliest months that together hold at least half of the cases.

    A table of one month has that month as its reference, and nothing to hold against it.

    >>> reference_months(["2024-01", "2024-02", "2024-03"], [40, 30, 30])
    ('2024-01', '2024-02')

    Args:
        months: Months in order, such as ``2024-05``.
        counts: Cases of each.

    Raises:
        SplitError: there is no month, or not one count per month.
    """
    if not months or len(months) != len(counts):
        raise SplitError(
            f"{len(months)} months and {len(counts)} counts, must be at least one month, each with a count"
        )
    total, seen = sum(counts), 0
    for place, count in enumerate(counts, start=1):
        seen += count
        if 2 * seen >= total:
            return tuple(months[:place])
    return tuple(months)
