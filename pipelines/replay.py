"""The job behind ``bamboo replay``: decisions on file are made again, from nothing but what they hold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from modelling.parity import first_difference, shown_value
from pipelines.decisions import decisions_of, only_cases, read_decisions_frame, require_some
from pipelines.progress import Progress, silent
from pipelines.route import check_bundle
from scoring.decision import Decision
from scoring.errors import RequestError
from scoring.rules import CONCENTRATION, Portfolio
from scoring.scorer import Scorer

TOLD_EVERY = 200
"""Cases between two words on the progress."""


@dataclass(frozen=True, kw_only=True)
class NotEqual:
    """A decision that the bundle does not make again as it stands on file.

    Attributes:
        case_id: The case; None when it was decided without an id.
        row: Its place in the file, from 1.
        found: What is not equal: the first field with both values, or why nothing can be decided.
    """

    case_id: str | None
    row: int
    found: str


@dataclass(frozen=True, kw_only=True)
class ReplayResult:
    """What the job found.

    Attributes:
        decisions: File of the decisions.
        bundle: SHA-256 of the bundle's manifest.
        cases: Decisions made again.
        equal: Those of them that have every bit of the decision on file.
        not_equal: The others, in the order of the file.
    """

    decisions: Path
    bundle: str
    cases: int
    equal: int
    not_equal: tuple[NotEqual, ...]

    @property
    def holds(self) -> bool:
        """Whether every decision was made again."""
        return not self.not_equal


def replay(
    decisions: Path,
    *,
    bundle_folder: Path,
    case_ids: Collection[str] | None = None,
    portfolio: Portfolio | None = None,
    public_key: bytes | None = None,
    progress: Progress = silent,
) -> ReplayResult:
    """Decide the cases of a file again from the values that its decisions hold, and compare every bit.

    Args:
        decisions: File that ``bamboo score`` wrote, or ``decisions_after.parquet`` of ``bamboo verify``.
        bundle_folder: The bundle that decided.
        case_ids: Cases to decide again; None means all.
        portfolio: State of the portfolio, as when the cases were decided; None checks no limit.
        public_key: Key that the bundle must be signed by; None accepts an unsigned one.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        BundleError: the bundle cannot be trusted.
        DamagedFileError: the file holds something else than decisions.
        RouteError: the decisions are of another bundle.
        CaseNotFoundError: a case is not in the file.
    """
    progress("loading the model", 0.0)
    scorer = Scorer.load(bundle_folder, public_key=public_key)
    progress("reading decisions", 0.02)
    frame = read_decisions_frame(decisions).with_row_index("row", 1)
    check_bundle(frame, scorer.sha256, decisions)
    require_some(frame, decisions)
    some = frame if case_ids is None else only_cases(frame, case_ids, decisions)
    not_equal = []
    for done, (row, kept) in enumerate(zip(some["row"], decisions_of(some), strict=True)):
        if done % TOLD_EVERY == 0:
            progress(f"{done:,} of {len(some):,} cases", 0.1 + 0.9 * done / len(some))
        found = difference(kept, scorer, portfolio)
        if found is not None:
            not_equal.append(NotEqual(case_id=kept.case_id, row=row, found=found))
    progress("done", 1.0)
    return ReplayResult(
        decisions=decisions,
        bundle=scorer.sha256,
        cases=len(some),
        equal=len(some) - len(not_equal),
        not_equal=tuple(not_equal),
    )


def difference(kept: Decision, scorer: Scorer, portfolio: Portfolio | None) -> str | None:
    """Say how a decision on file differs from the one that its values get; None when it does not.

    Args:
        kept: The decision on file.
        scorer: Of the bundle that made it.
        portfolio: State of the portfolio, as when the case was decided; None checks no limit.
    """
    values = {contribution.feature: contribution.value for contribution in kept.contributions}
    try:
        again = scorer.decide(values, case_id=kept.case_id, portfolio=portfolio)
    except RequestError as error:
        return f"cannot be decided from what it holds: {error}"
    # Records are held against each other in a tenth of the time that it takes to say where two of them part.
    if kept == again and _beside_equality(kept) == _beside_equality(again):
        return None
    on_file, now = kept.to_dict(), again.to_dict()
    field, was, gives = next(
        told for name in now if (told := first_difference(on_file[name], now[name], name)) is not None
    )
    hint = ""
    if portfolio is None and any(trigger.id.startswith(CONCENTRATION) for trigger in kept.triggers):
        hint = "; a limit of the portfolio settled it: give the portfolio's state of then (--portfolio)"
    return f"{field} is {shown_value(was)} on file, and the bundle gives {shown_value(gives)}{hint}"


def _beside_equality(decision: Decision) -> list[object]:
    """Return of every number and value what ``==`` does not tell apart: its type, and what stands for zero."""
    found: list[object] = [decision.margin, decision.pd, decision.points, decision.start_points, decision.call_value]
    found += [reason.points_lost for reason in decision.reasons]
    found += [value for trigger in decision.triggers for value in trigger.evidence.values()]
    for part in decision.contributions:
        found += (part.value, part.points, part.points_lost)
    return [type(each) if each else repr(each) for each in found]
