"""From a dataset to a model that is fitted, calibrated, cut into tiers and measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelling.approval import profitable_tiers
from modelling.calibration import calibrated_pd, fit_platt
from modelling.candidates import Candidate, Fitted
from modelling.dataset import Dataset, labels_of
from modelling.evaluation import Evaluation, evaluate
from modelling.tier_fit import TierFit, fit_tiers, tier_codes
from scoring.spec import Calibration, Economics, Tier

Progress = Callable[[str, float], None]
"""Called with what is being done, and how much of it is done (from 0 to 1)."""


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A candidate fitted on development, calibrated on calibration, and measured on every split.

    Attributes:
        candidate: Name of the candidate.
        seed: Seed of everything that was drawn.
        fitted: The fitted model.
        calibration: Line from margin to log-odds of the PD.
        tiers: Risk tiers.
        economics: What decisions earn and cost.
        approved_tiers: Tiers that pay under these economics.
        evaluation: Metrics with their intervals. Rejects are counted in ``evaluation.labels.unknown``.
        predictions: One row per case of the dataset, rejects too: ``case_id``, ``applicant_id``, ``time``, ``split``,
            ``label_status``, ``label``, ``amount`` (null where the dataset has none), ``margin``, ``pd``.
        notices: What the reader should know of the fit.
    """

    candidate: str
    seed: int
    fitted: Fitted
    calibration: Calibration
    tiers: tuple[Tier, ...]
    economics: Economics
    approved_tiers: tuple[str, ...]
    evaluation: Evaluation
    predictions: pl.DataFrame
    notices: tuple[str, ...] = ()


def train(
    dataset: Dataset,
    candidate: Candidate,
    *,
    seed: int,
    economics: Economics | None = None,
    resamples: int = 500,
    progress: Progress | None = None,
) -> TrainedModel:
    """Fit, calibrate, cut into tiers and measure.

    The candidate sees development alone, Platt's line calibration alone; tiers come from both. The out-of-time split is
    only measured, so that its labels cannot change the model. Equal dataset, candidate and seed give an equal model.

    Args:
        dataset: Cases with labels, splits and features.
        candidate: What to fit.
        seed: Seed of the fit and of the bootstraps.
        economics: What decisions earn and cost, for the tiers that count as approved; None takes the defaults of
            `scoring.spec.Economics` with the dataset's amount.
        resamples: Draws of each bootstrap.
        progress: Told what is being done.

    Raises:
        LabelError: labels are missing or of one kind only.
        CalibrationError: the margin does not order the calibration cases.
        TierFitError: not even two tiers have rising default rates.
    """
    tell = progress or _silent
    economics = economics or Economics(amount_feature=dataset.amount_feature)
    tell(f"fitting {candidate.name}", 0.0)
    fitted = candidate.fit(dataset, seed)
    margin = fitted.margin(dataset.frame)
    tell(f"calibrating {candidate.name}", 0.4)
    calibration = _calibrated(dataset, margin)
    pd = calibrated_pd(margin, calibration)
    tiers = _tiers(dataset, pd)
    approved = profitable_tiers(tiers.tiers, economics, _bad_rates(dataset, pd, tiers.tiers))
    tell(f"measuring {candidate.name}", 0.5)
    evaluation = evaluate(
        dataset.frame,
        margin,
        model=candidate.name,
        features=dataset.features,
        calibration=calibration,
        tiers=tiers.tiers,
        bad_definition=dataset.bad_definition,
        approved_tiers=approved,
        resamples=resamples,
        seed=seed,
        time_zone=dataset.time_zone,
    )
    return TrainedModel(
        candidate=candidate.name,
        seed=seed,
        fitted=fitted,
        calibration=calibration,
        tiers=tiers.tiers,
        economics=economics,
        approved_tiers=approved,
        evaluation=evaluation,
        predictions=_predictions(dataset, margin, pd),
        notices=tiers.notices,
    )


def _silent(_message: str, _share: float) -> None:
    pass


def _in(dataset: Dataset, *splits: str) -> pl.Series:
    return dataset.frame["split"].is_in(splits).fill_null(value=False)


def _calibrated(dataset: Dataset, margin: NDArray[np.float64]) -> Calibration:
    """Fit Platt's line on the calibration cases alone."""
    held_out = _in(dataset, "calibration")
    labels = labels_of(dataset.frame.filter(held_out), "calibration")
    return fit_platt(margin[held_out.to_numpy()], labels)


def _tiers(dataset: Dataset, pd: NDArray[np.float64]) -> TierFit:
    used = _in(dataset, "development", "calibration")
    cases = dataset.frame.filter(used)
    return fit_tiers(pd[used.to_numpy()], cases["label"].to_numpy(), cases["split"].to_list())


def _bad_rates(dataset: Dataset, pd: NDArray[np.float64], tiers: tuple[Tier, ...]) -> dict[str, float]:
    """Observed bad rate per tier on calibration cases, which the trees did not see; no entry without a case."""
    held_out = _in(dataset, "calibration")
    codes = tier_codes(pd[held_out.to_numpy()], tiers)
    labels = dataset.frame.filter(held_out)["label"].to_numpy()
    return {tier.name: float(labels[codes == code].mean()) for code, tier in enumerate(tiers) if (codes == code).any()}


def _predictions(dataset: Dataset, margin: NDArray[np.float64], pd: NDArray[np.float64]) -> pl.DataFrame:
    amount = pl.col(dataset.amount_feature) if dataset.amount_feature else pl.lit(None, dtype=pl.Float64)
    return dataset.frame.select(
        "case_id",
        "applicant_id",
        "time",
        "split",
        "label_status",
        "label",
        amount.cast(pl.Float64).alias("amount"),
        pl.Series("margin", margin),
        pl.Series("pd", pd),
    )
