"""An evaluation as the flat numbers that MLflow keeps: per split by name, per month by step."""

from __future__ import annotations

from modelling.discrimination import Auc
from modelling.evaluation import Evaluation
from modelling.evaluation_parts import SampleMetrics, SplitMetrics


def split_metrics(evaluation: Evaluation) -> dict[str, float]:
    """Return metrics by name, such as ``out_of_time.gini`` and ``out_of_time.gini_lower``.

    Numbers that were not measured are left out. The counts of label statuses are among them (``cases.unknown`` are the
    rejects), as is each tier's share and observed rate.
    """
    found: dict[str, float | None] = {}
    for part in evaluation.splits:
        found |= {f"{part.split}.{name}": value for name, value in _of_split(part).items()}
        for row in evaluation.tier_table(part.split).rows:
            found[f"{part.split}.tier_{row.tier}_share"] = row.share
            found[f"{part.split}.tier_{row.tier}_bad_rate"] = row.rate.observed if row.rate else None
    for status in ("good", "bad", "indeterminate", "pending", "unknown"):
        found[f"cases.{status}"] = getattr(evaluation.labels, status)
    if evaluation.newcomers is not None and evaluation.newcomers.auc is not None:
        found |= {f"newcomers.{name}": value for name, value in _of_auc(evaluation.newcomers.auc).items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def month_metrics(evaluation: Evaluation) -> list[tuple[str, float, int]]:
    """Return ``(name, value, step)`` per month; the step is the month as a number, such as 202405."""
    return [
        (f"month.{name}", float(value), _step(month.name))
        for month in evaluation.months
        for name, value in _of_month(month).items()
        if value is not None
    ]


def _of_split(part: SplitMetrics) -> dict[str, float | None]:
    report = part.calibration
    by_applicant = part.auc_by_applicant
    return _of_auc(part.auc) | {
        "cases": part.n,
        "bads": part.bads,
        "gini_by_applicant_lower": 2 * by_applicant.lower - 1,
        "gini_by_applicant_upper": 2 * by_applicant.upper - 1,
        "ks": part.ks.value,
        "ks_lower": part.ks.interval.lower,
        "ks_upper": part.ks.interval.upper,
        "brier": report.brier.value,
        "brier_lower": report.brier.lower,
        "brier_upper": report.brier.upper,
        "log_loss": report.log_loss.value,
        "log_loss_lower": report.log_loss.lower,
        "log_loss_upper": report.log_loss.upper,
        "calibration_slope": report.slope.value if report.slope else None,
        "calibration_slope_lower": report.slope.lower if report.slope else None,
        "calibration_slope_upper": report.slope.upper if report.slope else None,
        "calibration_shift": report.shift.value,
        "ece": report.ece,
        "mean_pd": report.mean_pd,
        "bad_rate": report.observed,
    }


def _of_auc(auc: Auc) -> dict[str, float | None]:
    return {
        "auc": auc.value,
        "auc_lower": auc.lower,
        "auc_upper": auc.upper,
        "gini": auc.gini,
        "gini_lower": 2 * auc.lower - 1,
        "gini_upper": 2 * auc.upper - 1,
    }


def _of_month(month: SampleMetrics) -> dict[str, float | None]:
    auc = month.auc
    return {
        "cases": month.n,
        "bads": month.bads,
        "gini": auc.gini if auc else None,
        "gini_lower": 2 * auc.lower - 1 if auc else None,
        "gini_upper": 2 * auc.upper - 1 if auc else None,
        "ks": month.ks.value if month.ks else None,
        "brier": month.brier.value,
        "log_loss": month.log_loss.value,
        "mean_pd": month.mean_pd,
        "bad_rate": month.rate.observed,
    }


def _step(month: str) -> int:
    return int(month.replace("-", ""))
