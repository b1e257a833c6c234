"""Ways to score within one process: the model as it was trained, and the scorer one by one and in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from modelling.dataset import encode
from modelling.gradient_boosting import FittedTrees
from modelling.parity import SCORE, Answers, ParityError, answers_of
from modelling.parity_cases import ParityCases
from modelling.run_record import RunRecord
from modelling.stored_runs import StoredRun
from scoring import fast
from scoring.points import PointsMap
from scoring.scorer import Scorer
from scoring.spec import Scale
from scoring.tiers import tier_of

LIGHTGBM: Final = "LightGBM"
ONE_BY_ONE: Final = "decide"
BATCH: Final = "decide_many"
COMPILED: Final = "decide_many, compiled"

AT_ONCE: Final = 4_000
"""Cases whose decisions are in memory at a time, where only their scores are kept."""

Way = Callable[[ParityCases], Answers]


@dataclass(frozen=True, kw_only=True, eq=False)
class InProcess:
    """A model as it was trained, and the scorers that were made from its bundle.

    Attributes:
        fitted: The model of the run.
        record: What the run says of it.
        scorer: Scores with numpy alone.
        compiled: Scores with numba; None where that is not installed.
    """

    fitted: FittedTrees
    record: RunRecord
    scorer: Scorer
    compiled: Scorer | None

    def score_ways(self) -> list[Way]:
        """Return the ways to score any number of cases, training first."""
        ways: list[Way] = [
            partial(by_lightgbm, self.fitted, self.record, self.scorer.spec.scale),
            partial(scores_in_batches, self.scorer),
        ]
        return ways if self.compiled is None else [*ways, partial(scores_in_batches, self.compiled, way=COMPILED)]

    def decision_ways(self) -> list[Way]:
        """Return the ways to decide cases with all that a decision holds; training knows the score alone."""
        ways: list[Way] = [self.score_ways()[0], partial(one_by_one, self.scorer), partial(in_a_batch, self.scorer)]
        return ways if self.compiled is None else [*ways, partial(in_a_batch, self.compiled, way=COMPILED)]


def in_process(run: StoredRun, make: Callable[..., Scorer]) -> InProcess:
    """Put a run beside the scorers of its bundle.

    Args:
        run: The run that the bundle came from.
        make: Makes a scorer of the bundle; called once more with ``accelerate=True`` where numba is installed.

    Raises:
        ParityError: The run holds no trees, or other features than the bundle.
    """
    scorer = make()
    names = [spec.name for spec in run.record.features]
    if not isinstance(run.fitted, FittedTrees) or names != [spec.name for spec in scorer.spec.features]:
        raise ParityError(f"run {run.run_id!r} holds no trees of the bundle's features; it cannot have made the bundle")
    compiled = make(accelerate=True) if fast.installed() else None
    return InProcess(fitted=run.fitted, record=run.record, scorer=scorer, compiled=compiled)


def by_lightgbm(fitted: FittedTrees, record: RunRecord, scale: Scale, cases: ParityCases) -> Answers:
    """Score with LightGBM's own Booster, and with encoder, calibration and tiers as the run recorded them.

    Args:
        fitted: The model of the run.
        record: What the run says of it.
        scale: How the bundle writes log-odds as points, which training leaves open.
        cases: The cases.
    """
    margins = fitted.margin_of(encode(cases.frame, record.features))
    line = PointsMap.of(record.calibration, scale)
    pds = line.pds(margins).tolist()
    columns = {
        "case_id": list(cases.ids),
        "margin": margins.tolist(),
        "pd": pds,
        "points": [line.points(margin) for margin in margins.tolist()],
        "tier": [tier_of(pd, record.tiers) for pd in pds],
    }
    return Answers(way=LIGHTGBM, ids=cases.ids, columns=columns)


def one_by_one(scorer: Scorer, cases: ParityCases) -> Answers:
    """Decide each case alone, as a service does."""
    requests = zip(cases.requests(), cases.ids, strict=True)
    return answers_of(
        ONE_BY_ONE, cases.ids, [scorer.decide(request, case_id=case_id).to_dict() for request, case_id in requests]
    )


def in_a_batch(scorer: Scorer, cases: ParityCases, way: str = BATCH) -> Answers:
    """Decide all cases at once."""
    decided = scorer.decide_many(cases.columns(), case_ids=cases.ids)
    return answers_of(way, cases.ids, [decision.to_dict() for decision in decided])


def scores_in_batches(scorer: Scorer, cases: ParityCases, way: str = BATCH) -> Answers:
    """Decide any number of cases in batches, and keep of each what the model alone settles."""
    kept: list[dict[str, object]] = []
    for start in range(0, len(cases.ids), AT_ONCE):
        some = cases.part(start, AT_ONCE)
        decided = scorer.decide_many(some.columns(), case_ids=some.ids)
        kept += [{name: getattr(decision, name) for name in SCORE} for decision in decided]
    return answers_of(way, cases.ids, kept)
