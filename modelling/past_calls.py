"""What past calls gained, so that the value of a call can be learned from them.

For each past call made by a person: the decision on the facts as they were stated, the decision on the facts as the
call found them (features built again, scored again by the same scorer), and the profit of the second less that of the
first. A call that was not reached gains nothing, and is part of what a call is expected to gain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.catalogue import CATALOGUE, Catalogue
from features.tables import VERIFIABLE
from modelling.after_call import IDS, approved, decisions_after, decisions_on
from modelling.dataset import feature_columns
from modelling.errors import LabelError
from modelling.labels import BadDefinition, label
from modelling.profit import call_gain, loan_profit
from modelling.propensity import called_propensity
from scoring.bundle import Bundle
from scoring.call_value import amounts_of, call_value_inputs
from scoring.decision import Decision
from scoring.points import PointsMap
from scoring.scorer import Scorer

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

SETTLED: Final = ("hard_rule", "explanation_failed")
"""What settles a case so that no value of a call routes it."""

_AT_ONCE: Final = 20_000


@dataclass(frozen=True, kw_only=True, eq=False)
class PastCalls:
    """Past calls, one per application, in the order of their ids.

    Attributes:
        case_ids: The applications.
        inputs: What a value is predicted from (``scoring.call_value.call_value_inputs``), before the call.
        points: Score before the call.
        shift: Points by which the call moved the score; 0 when it was not reached or found what was stated.
        amounts: Yuan at stake.
        gain: Yuan that the call gained, before its cost.
        expected: The same with every loan's end replaced by what the PD after the call expects: less noisy.
        control: Whether it was picked at random.
        reached: Whether the applicant answered.
        changed: Whether the call changed the decision.
        realised: Whether the gain of a changed decision rests on how the loan ended; else on the PD after the call.
        propensity: Probability of having been called, given the inputs.
        period_inputs: Inputs of every application of the period, called or not.
        period_amounts: Yuan at stake in each of these.
    """

    case_ids: tuple[str, ...]
    inputs: Array
    points: Array
    shift: Array
    amounts: Array
    gain: Array
    expected: Array
    control: Flags
    reached: Flags
    changed: Flags
    realised: Flags
    propensity: Array
    period_inputs: Array
    period_amounts: Array

    def take(self, rows: NDArray[np.integer] | Flags) -> PastCalls:
        """Return some of the calls, in the order given; the period stays."""
        picked = {name: getattr(self, name)[rows] for name in _PER_CALL}
        return replace(self, case_ids=tuple(np.asarray(self.case_ids, dtype=object)[rows]), **picked)

    def by_id(self) -> PastCalls:
        """Return the calls in the order of their ids."""
        return self.take(np.argsort(np.asarray(self.case_ids, dtype=str), kind="stable"))


_PER_CALL: Final = (
    "inputs",
    "points",
    "shift",
    "amounts",
    "gain",
    "expected",
    "control",
    "reached",
    "changed",
    "realised",
    "propensity",
)
"""Fields of `PastCalls` that hold one entry per call."""


def past_calls(
    tables: Mapping[str, pl.DataFrame],
    features: pl.DataFrame,
    bundle: Bundle,
    *,
    until: datetime,
    definition: BadDefinition | None = None,
    time_zone: str = "Asia/Shanghai",
    catalogue: Catalogue = CATALOGUE,
) -> PastCalls:
    """Work out what the calls before ``until`` gained under a model's decisions.

    Only calls that a person made at first hand count: a call that a bot's call led to was chosen for what the bot
    found, which no value knows beforehand. Cases that a hard rule settles are left out, because no value routes them.

    The profit of approving is that of the loan's end when it was paid out and its label is known, else what is expected
    at the PD after the call. Labels may become known after ``until``, as those that the model was trained on.

    Args:
        tables: Raw tables by name, ``calls`` and ``outcomes`` among them; without ``calls`` there are no past calls.
        features: The feature table of (at least) the applications before ``until``.
        bundle: The model and policy whose decisions calls shall improve.
        until: Beginning of the out-of-time period; applications and findings from then on are not used.
        definition: What makes a loan bad.
        time_zone: Zone of local hours and days of the features.
        catalogue: Declarations of the features.

    Raises:
        LabelError: there are calls and no outcomes.
    """
    scorer = Scorer(bundle)
    period = features.filter(pl.col("applied_at") < until).sort(IDS)
    inputs = inputs_of(bundle, scorer, period)
    calls = _first_hand(tables["calls"], until) if "calls" in tables else None
    if calls is None or calls.is_empty():
        return _nothing(bundle, period, inputs)
    if "outcomes" not in tables:
        raise LabelError("there are calls and no outcomes: what a call gained cannot be known without them")
    frame = period.with_row_index("place").join(calls, on=IDS, how="inner", maintain_order="left")
    called = frame["place"].to_numpy()
    before = decisions_on(scorer, frame)
    control = (frame["arm"] == "control").to_numpy()
    verified = frame.filter("reached").select(IDS, *VERIFIABLE.values())
    after = decisions_after(scorer, before, tables, verified, time_zone=time_zone, catalogue=catalogue)
    gain, expected, realised = _gains(bundle, frame, before, after, label(tables["outcomes"], definition))
    points = [np.array([decision.points for decision in made]) for made in (before, after)]
    made = PastCalls(
        case_ids=tuple(frame[IDS].to_list()),
        inputs=inputs[called],
        points=points[0],
        shift=points[1] - points[0],
        amounts=amounts(bundle, frame),
        gain=gain,
        expected=expected,
        control=control,
        reached=frame["reached"].to_numpy(),
        changed=approved(before) != approved(after),
        realised=realised,
        propensity=called_propensity(inputs, called, control),
        period_inputs=inputs,
        period_amounts=amounts(bundle, period),
    )
    return made.take(np.array([decision.routed_by not in SETTLED for decision in before], dtype=bool))


def inputs_of(bundle: Bundle, scorer: Scorer, frame: pl.DataFrame) -> Array:
    """Return what the value of a call is predicted from, one row per case of a feature table."""
    spec, line = bundle.spec, PointsMap.of(bundle.spec.calibration, bundle.spec.scale)
    found = []
    for part in frame.iter_slices(_AT_ONCE):
        matrix = scorer.matrix(feature_columns(part, spec.features))
        points = line.at_zero + line.per_margin * scorer.margins(matrix)
        each = line.per_margin * scorer.contributions(matrix)
        found.append(call_value_inputs(spec, each, points, amounts(bundle, part), bundle.reference))
    return np.concatenate(found) if found else np.empty((0, len(spec.reasons) + 3))


def amounts(bundle: Bundle, frame: pl.DataFrame) -> Array:
    """Return the yuan at stake in each case, as the policy's economics say."""
    name = bundle.spec.policy.economics.amount_feature
    asked: Sequence[float | None] = [None] * len(frame) if name is None else frame[name].to_list()
    return amounts_of(bundle.spec, asked)


def _first_hand(calls: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """Return the person's first call of each application that no bot had called before."""
    known = calls.filter(pl.col("known_at") < until).sort("happened_at", "call_id")
    first = known.group_by(IDS, maintain_order=True).first()
    return first.filter(pl.col("stage") == "person").select(IDS, "arm", "reached", *VERIFIABLE.values())


def _gains(
    bundle: Bundle,
    frame: pl.DataFrame,
    before: Sequence[Decision],
    after: Sequence[Decision],
    labels: pl.DataFrame,
) -> tuple[Array, Array, Flags]:
    """Return gains by loans' ends where known, gains by the PD after the call, and where ends are known."""
    ends = frame.select(IDS).join(labels, on=IDS, how="left", maintain_order="left")["label"].cast(pl.Float64)
    realised = ends.is_not_null().to_numpy()
    expected = np.array([decision.pd for decision in after])
    bad = np.where(realised, ends.fill_null(0.0).to_numpy(), expected)
    at_stake, economics = amounts(bundle, frame), bundle.spec.policy.economics
    turned = approved(before), approved(after)
    gain, hoped = (call_gain(*turned, loan_profit(p, at_stake, economics)) for p in (bad, expected))
    return gain, hoped, realised


def _nothing(bundle: Bundle, period: pl.DataFrame, inputs: Array) -> PastCalls:
    none, no = np.empty(0), np.empty(0, dtype=bool)
    return PastCalls(
        case_ids=(),
        inputs=inputs[:0],
        points=none,
        shift=none,
        amounts=none,
        gain=none,
        expected=none,
        control=no,
        reached=no,
        changed=no,
        realised=no,
        propensity=none,
        period_inputs=inputs,
        period_amounts=amounts(bundle, period),
    )
