"""What a candidate model is, and which there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.errors import nearest
from modelling.dataset import Dataset
from modelling.errors import ModellingError
from modelling.gradient_boosting import GradientBoosting
from modelling.logistic import Logistic
from modelling.scorecard import Scorecard
from scoring.spec import FeatureSpec


class Fitted(Protocol):
    """A fitted candidate: everything that turns features into a margin."""

    @property
    def features(self) -> tuple[FeatureSpec, ...]:
        """The features it reads, in order."""

    def margin(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """Return the log-odds of bad per case, before calibration; never NaN, whatever is missing."""

    def parameters(self) -> dict[str, str | int | float]:
        """Return what was set and what was found, for the log of the run."""

    def files(self) -> dict[str, str]:
        """Return the model as text files by name; `Candidate.load` reads them back to the same margins."""


class Candidate(Protocol):
    """A way to fit a model."""

    @property
    def name(self) -> str:
        """Name under which it is asked for."""

    def fit(self, dataset: Dataset, seed: int) -> Fitted:
        """Fit on the development part alone; equal dataset and seed give an equal model.

        Raises:
            LabelError: labels are missing or of one kind only.
        """

    def load(self, files: Mapping[str, str], features: tuple[FeatureSpec, ...]) -> Fitted:
        """Read a fitted model back from its text files; nothing in them is run."""


CANDIDATES: Final[Mapping[str, Candidate]] = {
    candidate.name: candidate for candidate in (GradientBoosting(), Scorecard(), Logistic())
}
"""Every candidate by name, the intended champion first."""


def candidate(name: str) -> Candidate:
    """Return a candidate by name.

    Raises:
        ModellingError: there is no such candidate; the message names the nearest.
    """
    if name not in CANDIDATES:
        known = ", ".join(CANDIDATES)
        raise ModellingError(f"candidate == {name!r}, must be one of {known}.{nearest(name, CANDIDATES)}")
    return CANDIDATES[name]
