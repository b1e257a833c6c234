"""What a case's contributions say beside those of the average just-approved applicant."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.call_value import InputMaker
from scoring.points import PointsMap
from scoring.reference import Reference, group_sums, length, lengths, stretched

Array = NDArray[np.float64]


Compared = tuple[Array, list[float], float, float, float | None]
"""One case:

* points lost against the reference, by feature;
* their sums by reason group;
* the sum of these;
* the margin with the features that a call can verify at the reference average;
* the distance from development; None when nobody asks for it, and for one case alone when it is surely within a limit.
"""


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Comparer:
    """Compares with one reference; prepared once for a model.

    Every sum runs in one order, so that a case has the same bits alone and among others. One case alone has so few
    numbers that some of it is done sooner without arrays.

    Attributes:
        per_margin: Points per unit of margin, for every feature: numpy multiplies arrays sooner than one and a number.
        inputs: Groups, features that a call can verify, and the reference in points.
        asked: Mean contributions of those features over just-approved cases, in log-odds.
        asked_of_one: Places of those features, each with that mean.
        total: All points of the average just-approved applicant added up.
        centre: Mean points lost of development cases, by reason group.
        precision: Inverse of their covariance.
        limit: Distance that somebody asks about; None when nobody does.
        within: Under it, the square of what is within the limit for sure is below the limit's square.
    """

    per_margin: Array
    inputs: InputMaker
    asked: Array
    asked_of_one: tuple[tuple[int, float], ...]
    total: float
    centre: Array
    precision: Array
    limit: float | None
    within: Array

    @classmethod
    def of(cls, line: PointsMap, reference: Reference, inputs: InputMaker, *, limit: float | None) -> Comparer:
        """Prepare; with a limit for distances when somebody asks whether they are beyond it."""
        asked = reference.contributions.take(inputs.asked)
        precision = reference.group_precision / line.per_margin**2
        return cls(
            per_margin=np.full(len(inputs.reference), line.per_margin),
            inputs=inputs,
            asked=asked,
            asked_of_one=tuple(zip(inputs.asked.tolist(), asked.tolist(), strict=True)),
            total=math.fsum(inputs.reference.tolist()),
            centre=group_sums(inputs.reference, inputs.groups, inputs.group_count)
            - line.per_margin * reference.group_mean,
            precision=precision,
            limit=limit,
            within=stretched(precision),
        )

    def compare(self, contributions: Array, margin: float) -> Compared:
        """Compare one case.

        Args:
            contributions: Log-odds, shape (features,).
            margin: Their margin.
        """
        inputs, limit = self.inputs, self.limit
        lost = inputs.reference - self.per_margin * contributions
        without = margin
        for place, usual in self.asked_of_one:
            without += usual - contributions.item(place)
        sums = group_sums(lost, inputs.groups, inputs.group_count)
        groups_lost: list[float] = sums.tolist()
        all_lost = sum(groups_lost)
        distance = None
        if limit is not None:
            apart = sums - self.centre
            near = math.isfinite(all_lost) and apart.dot(self.within).dot(apart) < limit * limit
            distance = None if near else length(apart, self.precision)
        return lost, groups_lost, all_lost, without, distance

    def compare_many(self, contributions: Array, margins: Array) -> Iterator[Compared]:
        """Compare cases, each with the bits that it has alone.

        Args:
            contributions: Log-odds, shape (cases, features).
            margins: One per case.
        """
        inputs = self.inputs
        lost = inputs.reference - self.per_margin * contributions
        asked = contributions.take(inputs.asked, axis=1)
        without = margins
        for moved in (self.asked - asked).T:
            without = without + moved
        sums = group_sums(lost, inputs.groups, inputs.group_count)
        nobody: list[None] = [None] * len(margins)
        distances = nobody if self.limit is None else lengths(sums - self.centre, self.precision).tolist()
        groups_lost = sums.tolist()
        return zip(lost, groups_lost, map(sum, groups_lost), without.tolist(), distances, strict=True)
