"""Labels: good, bad, indeterminate, pending or unknown, from what became of each application."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from modelling.errors import LabelError

LabelStatus = Literal["good", "bad", "indeterminate", "pending", "unknown"]

STATUSES: Final[tuple[LabelStatus, ...]] = ("good", "bad", "indeterminate", "pending", "unknown")

DPD_COLUMNS: Final = {30: "first_30dpd_at", 60: "first_60dpd_at"}
"""Days past due that the outcomes table tells of, with their column."""


@dataclass(frozen=True, kw_only=True)
class BadDefinition:
    """What makes a loan bad and what keeps it good.

    Attributes:
        dpd: Days past due that make a loan bad; 30 or 60, the two that outcomes tell of.
        window_days: Days after disbursement within which it counts, the last day included.
        good_dpd: A good loan never stood so many days past due within the window; at most ``dpd``.
    """

    dpd: int = 60
    window_days: int = 180
    good_dpd: int = 30

    def __post_init__(self) -> None:
        for name in ("dpd", "good_dpd"):
            if getattr(self, name) not in DPD_COLUMNS:
                raise LabelError(
                    f"{name} == {getattr(self, name)}, must be one of {', '.join(map(str, DPD_COLUMNS))}: "
                    "outcomes hold the first day of these alone"
                )
        if self.good_dpd > self.dpd:
            raise LabelError(f"good_dpd == {self.good_dpd}, must be at most dpd == {self.dpd}")
        if self.window_days < self.dpd:
            raise LabelError(f"window_days == {self.window_days}, must be at least dpd == {self.dpd}")

    def describe(self) -> str:
        """Return the definition in words, as written beside every PD.

        >>> BadDefinition().describe()
        '60+ days past due within 180 days of disbursement; good means never 30+ in that time'
        """
        return (
            f"{self.dpd}+ days past due within {self.window_days} days of disbursement; "
            f"good means never {self.good_dpd}+ in that time"
        )


@dataclass(frozen=True, kw_only=True)
class LabelCounts:
    """How many cases have which label status.

    Attributes:
        good: Observed to the end of the window, never late enough to doubt.
        bad: Late enough within the window.
        indeterminate: In between; left out.
        pending: Window not yet observed to its end.
        unknown: Not disbursed (rejects and loans not taken up).
    """

    good: int
    bad: int
    indeterminate: int
    pending: int
    unknown: int

    @property
    def total(self) -> int:
        """All cases."""
        return self.good + self.bad + self.indeterminate + self.pending + self.unknown

    @property
    def labelled(self) -> int:
        """Cases that a model may learn from."""
        return self.good + self.bad


def label(outcomes: pl.DataFrame, definition: BadDefinition | None = None) -> pl.DataFrame:
    """Label every application of the outcomes table.

    A loan is bad from the moment it is late enough within the window, whether or not the window has ended. Everything
    else waits for the end of the window: until then it is pending, never good. A loan that was 60 days late was 30
    days late too, even where the earlier time is missing.

    Args:
        outcomes: The raw table ``outcomes``, one row per application.
        definition: What bad means; 60+ within 180 days by default.

    Returns:
        ``application_id``, ``label_status`` and ``label`` (Int8: 1 bad, 0 good, null otherwise), in the given order.

    Raises:
        LabelError: a column is missing, or an application has two outcomes.
    """
    definition = definition or BadDefinition()
    _check(outcomes)
    end = pl.col("disbursed_at") + pl.duration(days=definition.window_days)
    was_bad = _reached(definition.dpd) <= end
    was_late = _reached(definition.good_dpd) <= end
    status = (
        pl.when(pl.col("disbursed_at").is_null())
        .then(pl.lit("unknown"))
        .when(was_bad)
        .then(pl.lit("bad"))
        .when(pl.col("observed_until").is_null() | (pl.col("observed_until") < end))
        .then(pl.lit("pending"))
        .when(was_late)
        .then(pl.lit("indeterminate"))
        .otherwise(pl.lit("good"))
    )
    return outcomes.select("application_id", status.alias("label_status")).with_columns(
        pl.col("label_status").replace_strict({"bad": 1, "good": 0}, default=None, return_dtype=pl.Int8).alias("label")
    )


def label_counts(statuses: Iterable[str]) -> LabelCounts:
    """Count label statuses.

    Raises:
        LabelError: a status that does not exist.
    """
    counts: dict[str, int] = dict.fromkeys(STATUSES, 0)
    for status in statuses:
        if status not in counts:
            raise LabelError(f"label_status == {status!r}, must be one of {', '.join(STATUSES)}")
        counts[status] += 1
    return LabelCounts(**counts)


def _reached(dpd: int) -> pl.Expr:
    """When a loan first stood at least ``dpd`` days past due."""
    return pl.min_horizontal(*(pl.col(column) for days, column in DPD_COLUMNS.items() if days >= dpd))


def _check(outcomes: pl.DataFrame) -> None:
    needed = ("application_id", "disbursed_at", *DPD_COLUMNS.values(), "observed_until")
    missing = [name for name in needed if name not in outcomes.columns]
    if missing:
        raise LabelError(f"outcomes lack {', '.join(missing)}; labels need {', '.join(needed)}")
    twice = outcomes.filter(pl.col("application_id").is_duplicated())
    if not twice.is_empty():
        raise LabelError(
            f"application {twice['application_id'][0]!r} has more than one outcome "
            f"({twice['application_id'].n_unique()} such applications); run `bamboo validate` first"
        )
