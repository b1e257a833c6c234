"""What the checks of a feature table found: the record that becomes ``feature_checks.json`` and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipelines.expectations import Outcome

RESULT: Final = "feature_checks.json"
PAGE: Final = "feature_checks.html"


@dataclass(frozen=True, kw_only=True)
class DriftFound:
    """How far one feature has moved from the development sample.

    Attributes:
        feature: Its name.
        psi: Population stability index on the development sample's bins.
        chance: What the index stays below in 95 of 100 samples of these sizes when nothing has moved.
        verdict: ``as before``, ``moved``, or ``too few cases`` to tell.
    """

    feature: str
    psi: float
    chance: float
    verdict: str


@dataclass(frozen=True, kw_only=True)
class FeatureChecks:
    """What the checks found; no expectation is broken, or there would be no such record.

    Attributes:
        table_sha256: Hash of the feature table's file.
        content: Hash of its values.
        definitions: Hash of the declarations it was built from.
        rows: Applications.
        features: Features checked.
        development: What drift was measured against, in words; empty where there was nothing to hold against.
        development_rows: Applications of the development sample.
        later_rows: Applications held against it.
        warning: PSI from which a feature is told to have moved.
        failure: PSI from which a column cannot be taken for the same feature.
        expectations: What Great Expectations found, rule by rule: schema, rules of rows, drift.
        drift: Every feature's drift, the farthest first.
        notices: What is odd without being wrong.
    """

    table_sha256: str
    content: str
    definitions: str
    rows: int
    features: int
    development: str
    development_rows: int
    later_rows: int
    warning: float
    failure: float
    expectations: tuple[Outcome, ...]
    drift: tuple[DriftFound, ...]
    notices: tuple[str, ...]

    @property
    def moved(self) -> tuple[DriftFound, ...]:
        """Features that moved beyond the warning bound and beyond chance."""
        return tuple(one for one in self.drift if one.verdict == "moved")

    @property
    def summary(self) -> str:
        """The result in one sentence."""
        held = f"All {len(self.expectations):,} expectations of {self.features:,} features hold"
        if not self.drift:
            return f"{held}; there was no development sample to measure drift against."
        moved = f"{len(self.moved):,} of {len(self.drift):,} moved beyond a PSI of {self.warning:g}"
        return f"{held}; against {self.development}, {moved}."
