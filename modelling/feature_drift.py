"""How far features may move from the development sample before it is told, and before it stops the path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from modelling.describe_features import Named, bins_of, cleaned, codes_of
from modelling.stability import Psi, psi_of_codes

DRIFT_WARNING: Final = 0.1
"""PSI from which a feature is told to have moved, where it is also more than chance: the customary first bound."""

DRIFT_FAILURE: Final = 1.0
"""PSI from which a column cannot be taken for the same feature: its unit changed, its source is broken, or it is empty.

Populations do not move so far within a lender's life: half of the cases losing their value gives about 4, and money in
cents instead of yuan about 8.
"""

FEWEST: Final = 200
"""Cases of either sample below which drift is not judged: ten bins then hold so few that an empty one is chance."""

Verdict = Literal["as before", "moved", "broken", "too few cases"]


@dataclass(frozen=True, kw_only=True)
class FeatureDrift:
    """How far one feature has moved from the development sample.

    Attributes:
        feature: Its name.
        psi: The index, on the bins of the development sample.
    """

    feature: str
    psi: Psi

    @property
    def verdict(self) -> Verdict:
        """``moved`` and ``broken`` are beyond the bound and beyond chance, on enough cases to tell."""
        if min(self.psi.n_expected, self.psi.n_actual) < FEWEST:
            return "too few cases"
        if not self.psi.moved or self.psi.value < DRIFT_WARNING:
            return "as before"
        return "broken" if self.psi.value >= DRIFT_FAILURE else "moved"


def measure_drift(
    development: pl.DataFrame, later: pl.DataFrame, features: Sequence[Named]
) -> tuple[FeatureDrift, ...]:
    """Measure how far features have moved, the farthest first.

    Args:
        development: The feature table that stands for how things were.
        later: The feature table that is held against it.
        features: Features that both tables have.

    Raises:
        MetricError: a table has no row.
    """
    found = (_drift(development[feature.name], later[feature.name], feature) for feature in features)
    return tuple(sorted(found, key=lambda one: (-one.psi.value, one.feature)))


def _drift(before: pl.Series, after: pl.Series, feature: Named) -> FeatureDrift:
    known, asked = cleaned(before, feature), cleaned(after, feature)
    learned = bins_of(known, feature)
    return FeatureDrift(
        feature=feature.name, psi=psi_of_codes(learned, codes_of(learned, known), codes_of(learned, asked))
    )
