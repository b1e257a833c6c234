"""How the labelled cases were divided: counts, times, and applicants who are in two splits."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from modelling.splits import SPLITS, Split


@dataclass(frozen=True, kw_only=True)
class SplitPart:
    """One split in numbers.

    Attributes:
        name: The split.
        n: Labelled cases.
        bads: Bad cases among them.
        first: Time of the earliest case (ISO 8601); None without time.
        last: Time of the latest case; None without time.
        also_in_development: Cases whose applicant has a case in development too; None in development itself and where
            applicants are not known.
    """

    name: str
    n: int
    bads: int
    first: str | None
    last: str | None
    also_in_development: int | None


@dataclass(frozen=True, kw_only=True)
class SplitSummary:
    """How the labelled cases were divided.

    Attributes:
        parts: Development, calibration, out-of-time.
        left_out: Labelled cases in no split: those of immature periods.
    """

    parts: tuple[SplitPart, ...]
    left_out: int


def summarise_split(frame: pl.DataFrame) -> SplitSummary:
    """Describe the column ``split`` of a frame made by `modelling.splits`."""
    known = frame.filter((pl.col("split") == "development") & pl.col("applicant_id").is_not_null())["applicant_id"]
    parts = tuple(_part(frame.filter(pl.col("split") == name), name, known.unique()) for name in SPLITS)
    return SplitSummary(
        parts=parts, left_out=len(frame.filter(pl.col("label").is_not_null() & pl.col("split").is_null()))
    )


def _part(cases: pl.DataFrame, name: Split, known: pl.Series) -> SplitPart:
    times = cases["time"].drop_nulls() if "time" in cases.columns else pl.Series([], dtype=pl.Date)
    persons = cases["applicant_id"].drop_nulls()
    overlap = None if name == "development" or persons.is_empty() else int(persons.is_in(known.implode()).sum())
    return SplitPart(
        name=name,
        n=len(cases),
        bads=int(cases["label"].sum()),
        first=times.min().isoformat() if len(times) else None,  # type: ignore[union-attr]
        last=times.max().isoformat() if len(times) else None,  # type: ignore[union-attr]
        also_in_development=overlap,
    )
