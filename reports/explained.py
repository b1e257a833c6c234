"""What moves a model's scores, measured on cases: mean contributions, and the pictures of the shap package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from modelling.plots import shap_figures
from reports.model_inputs import Driver
from reports.page import Chart
from reports.pictures import embedded
from scoring.points import PointsMap
from scoring.spec import Calibration, FeatureSpec, Scale

BEESWARM = "shap_beeswarm.png"
DEPENDENCE = "shap_dependence_"


def drivers_of(
    features: Sequence[FeatureSpec], contributions: NDArray[np.float64], calibration: Calibration, scale: Scale
) -> tuple[Driver, ...]:
    """Return the mean size of every feature's contribution in points, the largest first.

    Args:
        features: The model's features.
        contributions: SHAP values in log-odds of bad, one row per case and one column per feature.
        calibration: Line from margin to log-odds.
        scale: Points scale.
    """
    sizes = np.abs(contributions).mean(axis=0) * abs(PointsMap.of(calibration, scale).per_margin)
    found = [Driver(feature=spec.name, mean_points=float(size)) for spec, size in zip(features, sizes, strict=True)]
    return tuple(sorted(found, key=lambda driver: (-driver.mean_points, driver.feature)))


def shap_pictures(
    features: Sequence[FeatureSpec], matrix: NDArray[np.float64], contributions: NDArray[np.float64]
) -> tuple[Chart, ...]:
    """Draw the beeswarm and the dependence on the strongest features by the shap package, as charts of a page.

    Args:
        features: The model's features.
        matrix: Encoded cases, one column per feature.
        contributions: SHAP values of the same cases, in log-odds of bad.
    """
    return charts_of(shap_figures(features, matrix, contributions), {spec.name: spec.en for spec in features})


def charts_of(figures: Mapping[str, bytes], meanings: Mapping[str, str]) -> tuple[Chart, ...]:
    """Turn figures of ``modelling.plots.shap_figures`` into charts of a page; other figures are passed over."""
    drawn = []
    if BEESWARM in figures:
        words = "Every feature's contributions: the strongest first, colour showing whether its value was high or low."
        drawn.append(Chart(embedded(figures[BEESWARM], words), words, wide=True))
    for name, png in figures.items():
        if name.startswith(DEPENDENCE):
            feature = name.removeprefix(DEPENDENCE).removesuffix(".png")
            words = f"{feature}: {meanings.get(feature, '')}. Its value, and what it did to the log-odds of bad."
            drawn.append(Chart(embedded(png, words), words))
    return tuple(drawn)
