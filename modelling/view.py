"""A dataset's frame with scores, seen by split, by month and by labelled cases or all applications."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from modelling.arrays import Flags, Floats, as_scores
from modelling.calibration import calibrated_pd
from modelling.measure_sample import Cases
from modelling.periods import TIME_ZONE, months
from scoring.points import PointsMap
from scoring.spec import Calibration, Scale


@dataclass(frozen=True, kw_only=True)
class View:
    """All cases of a frame, scored.

    Attributes:
        cases: Scores of all cases; the label of a case without one reads as good, so ask only where ``labelled``.
        labelled: Cases in a split, which all have labels.
        split: Split of each case; None in none.
        month: Month of each case as ``2024-05``; None without time.
        newcomer: Cases whose applicant has no labelled case in development.
        applicants_known: Whether the frame tells applicants apart.
        calibration: Line from margin to log-odds.
    """

    cases: Cases
    labelled: Flags
    split: NDArray[np.object_]
    month: NDArray[np.object_]
    newcomer: Flags
    applicants_known: bool
    calibration: Calibration

    @classmethod
    def of(cls, frame: pl.DataFrame, margin: ArrayLike, calibration: Calibration, time_zone: str = TIME_ZONE) -> View:
        """Look at a frame with a margin per row, months being those of the time zone.

        Raises:
            MetricError: margins do not fit the frame, or are not finite.
        """
        margins = as_scores(margin, len(frame))
        person = _persons(frame)
        split = frame["split"].to_numpy().astype(np.object_)
        cases = Cases(
            bad=(frame["label"].fill_null(0) == 1).to_numpy(),
            margin=margins,
            pd=calibrated_pd(margins, calibration),
            applicant=person.to_numpy().astype(np.object_),
        )
        return cls(
            cases=cases,
            labelled=frame["split"].is_not_null().to_numpy(),
            split=split,
            month=months(frame["time"], time_zone).to_numpy().astype(np.object_),
            newcomer=~person.is_in(person.filter(split == "development").unique().implode()).to_numpy(),
            applicants_known=frame["applicant_id"].null_count() < len(frame),
            calibration=calibration,
        )

    def points(self, scale: Scale) -> Floats:
        """Return the points of all cases."""
        line = PointsMap.of(self.calibration, scale)
        return line.at_zero + line.per_margin * self.cases.margin

    def of_split(self, name: str) -> Flags:
        """Tell which cases are in a split."""
        inside: Flags = self.split == name
        return inside

    def cases_of(self, name: str) -> Cases:
        """Return the cases of a split."""
        return self.cases.where(self.of_split(name))

    def window(self, name: str) -> Flags:
        """Tell which cases, labelled or not, applied in the months of a split; without time, the split itself."""
        names = {month for month in self.month[self.of_split(name)] if month is not None}
        if not names:
            return self.of_split(name)
        return np.array([month in names for month in self.month], dtype=np.bool_)

    def labelled_months(self) -> Iterator[tuple[str, str, Cases]]:
        """Yield month, split and labelled cases, earliest first; a month of two splits comes once for each."""
        for month, split in sorted({(m, s) for m, s in zip(self.month, self.split, strict=True) if m and s}):
            yield month, split, self.cases.where((self.month == month) & (self.split == split))

    def periods(self) -> Iterator[tuple[str, Floats]]:
        """Yield the scores of all applications per month; without time those of the out-of-time split alone."""
        names = sorted({month for month in self.month if month is not None})
        for month in names:
            yield month, self.cases.margin[self.month == month]
        if not names:
            yield "out_of_time", self.cases.margin[self.of_split("out_of_time")]


def _persons(frame: pl.DataFrame) -> pl.Series:
    named = pl.coalesce(pl.format("p{}", "applicant_id"), pl.format("c{}", "case_id"))
    return frame.select(named.alias("person"))["person"]
