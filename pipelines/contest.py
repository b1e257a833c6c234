"""Two runs measured against each other on the same cases, those of the challenger."""

from __future__ import annotations

import numpy as np
import polars as pl

from modelling.compare import Comparison, Scores, compare
from modelling.dataset import Dataset
from modelling.mlflow_store import Store
from modelling.stored_runs import StoredRun, load_dataset
from pipelines.errors import PipelineError


class IncomparableError(PipelineError):
    """Two runs that have no cases in common on which both can be judged."""


def contest(store: Store, champion: StoredRun, challenger: StoredRun, *, resamples: int = 1000) -> Comparison:
    """Compare two runs out of time, on the cases of the challenger's dataset.

    A champion of another dataset scores these cases anew; those that it was fitted or calibrated on are left out, so
    that neither model has seen a case it is judged on. The swap set is taken at the champion's approval rate.

    Args:
        store: Where the runs are kept.
        champion: The model in use.
        challenger: The model that wants its place.
        resamples: Draws of the bootstrap.

    Raises:
        IncomparableError: the challenger's dataset lacks features of the champion, or no case is left.
        TrackingError: a dataset is missing or was altered.
    """
    dataset = load_dataset(store, challenger.record)
    frame = _unseen(dataset.frame, champion, challenger)
    first = Scores(
        name=champion.name, margin=_margins(champion, challenger, dataset), calibration=champion.record.calibration
    )
    margins = challenger.predictions["margin"].to_numpy()
    second = Scores(name=challenger.name, margin=margins, calibration=challenger.record.calibration)
    amount = challenger.predictions["amount"]
    return compare(
        frame,
        first,
        second,
        dataset=challenger.record.dataset_sha256,
        cutoff_pd=_cutoff_pd(champion),
        amount=None if amount.null_count() == len(amount) else amount.to_numpy(),
        resamples=resamples,
        time_zone=dataset.time_zone,
        seed=challenger.record.seed,
    )


def _unseen(frame: pl.DataFrame, champion: StoredRun, challenger: StoredRun) -> pl.DataFrame:
    if champion.record.dataset_sha256 == challenger.record.dataset_sha256:
        return frame
    seen = champion.predictions.filter(pl.col("split").is_in(["development", "calibration"]))["case_id"]
    late = pl.col("split") == "out_of_time"
    known = late & pl.col("case_id").is_in(seen.implode())
    left = frame.with_columns(pl.when(known).then(None).otherwise(pl.col("split")).alias("split"))
    if not left.select(late.any()).item():
        raise IncomparableError(
            f"run {champion.run_id} ({champion.name}) was trained on every case that run {challenger.run_id} is judged "
            "on; train the challenger on later cases"
        )
    return left


def _margins(
    champion: StoredRun, challenger: StoredRun, dataset: Dataset
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    lacking = [spec.name for spec in champion.record.features if spec.name not in dataset.frame.columns]
    if lacking:
        raise IncomparableError(
            f"run {challenger.run_id} ({challenger.name}) was trained without {len(lacking)} feature(s) of run "
            f"{champion.run_id} ({champion.name}): {', '.join(lacking[:8])}. Train it on the same features, or "
            "name another (--challenger)"
        )
    return champion.fitted.margin(dataset.frame)


def _cutoff_pd(champion: StoredRun) -> float:
    return max(tier.upper_pd for tier in champion.record.tiers if tier.name in champion.record.approved_tiers)
