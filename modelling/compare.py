"""Champion against challenger on the same cases: the record that reports and gates read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelling.calibration_metrics import CalibrationReport
from modelling.discrimination import Auc, AucDifference, Curve, Ks
from modelling.estimate import Estimate
from modelling.records import from_plain, to_plain


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
class SwapCell:
    """Cases that both models, one of them, or none would approve.

    Attributes:
        cell: ``in_in``, ``in_out`` (champion approves, challenger does not), ``out_in`` or ``out_out``.
        n: Cases, labelled or not.
        labelled: Labelled cases.
        bads: Bad cases among them.
        bad_rate: Observed bad rate of the labelled; None without one.
        lower: Lower end of its Jeffreys interval; None as above.
        upper: Upper end; None as above.
        amount: Amount asked for in all, in yuan; None when not known.
        bad_amount: Amount of the bad cases; None when not known.
    """

    cell: str
    n: int
    labelled: int
    bads: int
    bad_rate: float | None
    lower: float | None
    upper: float | None
    amount: float | None
    bad_amount: float | None


@dataclass(frozen=True, kw_only=True)
class SwapSet:
    """What changes for applicants when the challenger decides, at equal approval rate.

    Attributes:
        approval_rate: Share that each model approves, the safest by its score.
        cells: in-in, in-out, out-in, out-out.
    """

    approval_rate: float
    cells: tuple[SwapCell, ...]


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

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON values."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_dict(cls, data: object) -> Comparison:
        """Read what :meth:`to_dict` gave.

        Raises:
            RecordError: a field is missing, unknown or of another type.
        """
        return from_plain(cls, data)
