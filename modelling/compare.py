"""Champion against challenger on the same cases: the record that reports and gates read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from modelling.arrays import Floats
from modelling.bootstrap import bootstrap_difference
from modelling.calibration_metrics import CalibrationReport, calibration_report, case_losses
from modelling.discrimination import Auc, AucDifference, Curve, Ks, auc, curve, delong, ks
from modelling.errors import MetricError
from modelling.estimate import Estimate, mean_estimate
from modelling.measure_sample import Cases
from modelling.periods import TIME_ZONE
from modelling.swap_set import SwapSet, swap_set
from modelling.view import View
from scoring.spec import Calibration

RATE_BOUNDS: Final = (0.05, 0.95)
"""A swap set says nothing when nearly everybody is approved, or nobody."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What a model says of every row of a frame.

    Attributes:
        name: Name of the model.
        margin: Raw log-odds of bad, one per row.
        calibration: Line from margin to log-odds.
    """

    name: str
    margin: ArrayLike
    calibration: Calibration


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One of the two models, measured on the cases both were given.

    Attributes:
        name: Name of the model.
        auc: AUC and Gini with DeLong's interval.
        ks: Kolmogorov–Smirnov distance.
        calibration: Brier, log-loss, slope, ECE and the rest, with bins.
        curve: ROC and KS curve.
    """

    name: str
    auc: Auc
    ks: Ks
    calibration: CalibrationReport
    curve: Curve


@dataclass(frozen=True, kw_only=True)
class MonthDifference:
    """Both models in one month.

    Attributes:
        month: The month as ``2024-05``.
        n: Labelled cases.
        bads: Bad cases among them.
        auc: Paired difference of AUC, challenger less champion; None when all cases are good or all bad.
    """

    month: str
    n: int
    bads: int
    auc: AucDifference | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Champion against challenger on the same cases.

    Attributes:
        dataset: SHA-256 of the dataset that the cases are from; empty when not known.
        split: Split that the cases are from.
        champion: The model in use.
        challenger: The model that wants its place.
        delong: AUC of the challenger less that of the champion, DeLong paired.
        bootstrap: The same, drawing applicants, not cases.
        brier: Brier score of the challenger less the champion's, paired; negative is better.
        log_loss: The same for log-loss.
        swap_set: What changes for applicants at equal approval rate.
        months: AUC difference per month, earliest first; empty without time.
        n: Labelled cases.
        bads: Bad cases among them.
        level: Confidence level of all intervals.
        resamples: Draws of the bootstrap.
        seed: Its seed.
    """

    dataset: str
    split: str
    champion: Contender
    challenger: Contender
    delong: AucDifference
    bootstrap: AucDifference
    brier: Estimate
    log_loss: Estimate
    swap_set: SwapSet
    months: tuple[MonthDifference, ...]
    n: int
    bads: int
    level: float
    resamples: int
    seed: int


def compare(
    frame: pl.DataFrame,
    champion: Scores,
    challenger: Scores,
    *,
    dataset: str = "",
    split: str = "out_of_time",
    approval_rate: float = 0.6,
    cutoff_pd: float | None = None,
    amount: ArrayLike | None = None,
    time_zone: str = TIME_ZONE,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Compare two models on the same cases.

    Both must have been trained without these cases; the caller knows. The swap set is taken over all applications of
    the split's months, labelled or not, since both models would decide on all of them.

    Args:
        frame: A dataset's frame: all cases, labelled or not.
        champion: The model in use.
        challenger: The model that wants its place.
        dataset: SHA-256 of the dataset, for the record.
        split: Split to compare on.
        approval_rate: Share that each model approves in the swap set.
        cutoff_pd: Largest PD that the champion approves: the share that it approves of the applications then takes the
            place of ``approval_rate``, kept within `RATE_BOUNDS`.
        amount: Amount asked for per row, in yuan; NaN where not known. None when the table has none.
        time_zone: Where a day, and so a month, begins.
        level: Confidence level of all intervals.
        resamples: Draws of the bootstrap.
        seed: Its seed.

    Raises:
        MetricError: margins or amounts do not fit the frame, the split lacks good or bad cases, or the approval rate is
            out of range.
    """
    views = [View.of(frame, scores.margin, scores.calibration, time_zone) for scores in (champion, challenger)]
    first, second = (view.cases_of(split) for view in views)
    if first.bad.size == 0:
        raise MetricError(f"split == {split!r} holds no case; the frame has {sorted(set(frame['split'].drop_nulls()))}")
    amounts = None if amount is None else _amounts(amount, len(frame))
    return Comparison(
        dataset=dataset,
        split=split,
        champion=_contender(champion.name, first, level),
        challenger=_contender(challenger.name, second, level),
        delong=delong(first.bad, first.margin, second.margin, level=level),
        bootstrap=bootstrap_difference(
            first.bad, first.margin, second.margin, first.applicant, resamples=resamples, level=level, seed=seed
        ),
        brier=mean_estimate((second.bad - second.pd) ** 2 - (first.bad - first.pd) ** 2, level=level),
        log_loss=mean_estimate(case_losses(second.bad, second.pd) - case_losses(first.bad, first.pd), level=level),
        swap_set=_swaps(views, split, _rate(views[0], split, cutoff_pd, approval_rate), amounts, level),
        months=_months(views[0], views[1], split, level),
        n=first.bad.size,
        bads=int(first.bad.sum()),
        level=level,
        resamples=resamples,
        seed=seed,
    )


def _contender(name: str, cases: Cases, level: float) -> Contender:
    return Contender(
        name=name,
        auc=auc(cases.bad, cases.margin, level=level),
        ks=ks(cases.bad, cases.margin, level=level),
        calibration=calibration_report(cases.bad, cases.pd, level=level),
        curve=curve(cases.bad, cases.margin),
    )


def _rate(champion: View, split: str, cutoff_pd: float | None, otherwise: float) -> float:
    """Return the share of the split's applications that the champion approves at its cut-off, when there is one."""
    if cutoff_pd is None:
        return otherwise
    return float(np.clip(np.mean(champion.cases.where(champion.window(split)).pd <= cutoff_pd), *RATE_BOUNDS))


def _swaps(views: Sequence[View], split: str, approval_rate: float, amounts: Floats | None, level: float) -> SwapSet:
    """Swap decisions on all applications of the split's months, labelled or not."""
    champion, challenger = views
    door = champion.window(split)
    return swap_set(
        champion.cases.where(door),
        challenger.cases.where(door),
        labelled=champion.labelled[door],
        approval_rate=approval_rate,
        amount=None if amounts is None else amounts[door],
        level=level,
    )


def _amounts(amount: ArrayLike, n: int) -> Floats:
    amounts = np.asarray(amount, dtype=np.float64)
    if amounts.shape != (n,):
        raise MetricError(f"amounts have shape {amounts.shape}, must be ({n},): one per row of the frame")
    return amounts


def _months(champion: View, challenger: View, split: str, level: float) -> tuple[MonthDifference, ...]:
    pairs = zip(champion.labelled_months(), challenger.labelled_months(), strict=True)
    return tuple(_month(month, a, b, level) for (month, part, a), (_, _, b) in pairs if part == split)


def _month(month: str, a: Cases, b: Cases, level: float) -> MonthDifference:
    n, bads = a.bad.size, int(a.bad.sum())
    difference = delong(a.bad, a.margin, b.margin, level=level) if 0 < bads < n else None
    return MonthDifference(month=month, n=n, bads=bads, auc=difference)
