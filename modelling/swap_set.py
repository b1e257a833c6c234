"""Swap set: for whom the decision changes when the challenger decides, at equal approval rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelling.arrays import Flags, Floats
from modelling.errors import MetricError
from modelling.measure_sample import Cases
from modelling.rate_tests import jeffreys


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


def swap_set(
    champion: Cases,
    challenger: Cases,
    *,
    labelled: Flags,
    approval_rate: float,
    amount: Floats | None = None,
    level: float = 0.95,
) -> SwapSet:
    """Divide the same applications by what both models would decide.

    Each model approves the same number of applications, those with the lowest margins; ties at the bound go to the
    earlier row.

    Args:
        champion: All applications, scored by the model in use.
        challenger: The same, scored by the model that wants its place.
        labelled: Which of them have a label.
        approval_rate: Share that is approved.
        amount: Amount asked for; a cell's sum is None when it is not known for all of its cases.
        level: Confidence level of the intervals.

    Raises:
        MetricError: the approval rate is not strictly between 0 and 1.
    """
    if not 0 < approval_rate < 1:
        raise MetricError(f"approval_rate == {approval_rate}, must be strictly between 0 and 1")
    old, new = (_approved(cases.margin, approval_rate) for cases in (champion, challenger))
    cells = {"in_in": old & new, "in_out": old & ~new, "out_in": ~old & new, "out_out": ~old & ~new}
    return SwapSet(
        approval_rate=approval_rate,
        cells=tuple(
            _cell(name, inside, bad=champion.bad, labelled=labelled, amount=amount, level=level)
            for name, inside in cells.items()
        ),
    )


def _approved(margin: Floats, rate: float) -> Flags:
    approved = np.zeros(margin.size, dtype=np.bool_)
    approved[np.argsort(margin, kind="stable")[: round(rate * margin.size)]] = True
    return approved


def _cell(name: str, inside: Flags, *, bad: Flags, labelled: Flags, amount: Floats | None, level: float) -> SwapCell:
    known, risky = int(np.sum(inside & labelled)), inside & labelled & bad
    bads = int(risky.sum())
    rate = jeffreys(known, bads, 0.0, level=level) if known else None
    return SwapCell(
        cell=name,
        n=int(inside.sum()),
        labelled=known,
        bads=bads,
        bad_rate=rate.observed if rate else None,
        lower=rate.lower if rate else None,
        upper=rate.upper if rate else None,
        amount=_sum(amount, inside),
        bad_amount=_sum(amount, risky),
    )


def _sum(amount: Floats | None, inside: Flags) -> float | None:
    if amount is None or np.isnan(amount[inside]).any():
        return None
    return float(amount[inside].sum())
