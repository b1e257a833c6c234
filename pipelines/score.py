"""The job behind ``bamboo score``: cases in, decisions out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from modelling.dataset import feature_columns
from pipelines.contract import CsvFormat
from pipelines.decisions import ENDINGS, decisions_frame, decisions_of
from pipelines.errors import PipelineError
from pipelines.flat_scoring import read_cases
from pipelines.progress import Progress, silent
from pipelines.store import require_ending, write_aside, write_frame
from scoring.decision import Decision
from scoring.errors import FeatureError
from scoring.scorer import Scorer

AT_ONCE: Final = 4_000
"""Cases decided at a time: their records are put into columns before the next are made, so memory stays small."""


class CaseError(PipelineError):
    """A case that cannot be scored; the message names the case, the feature and the value."""


@dataclass(frozen=True, kw_only=True)
class ScoreResult:
    """What the job decided.

    Attributes:
        out: File of the decisions.
        bundle: SHA-256 of the bundle's manifest.
        cases: How many were decided.
        outcomes: Outcome to number of cases.
        tiers: Tier to number of cases, in the order of the model; tiers without a case are 0.
        routed_by: What settled the outcome, to number of cases.
        triggers: Trigger or hard rule to number of cases in which it fired.
        control: Cases that the control arm picked.
        thin_files: Cases without any history.
        unseen: Category feature to number of cases whose value was never seen in development.
        mean_pd: Mean calibrated PD; None without cases.
    """

    out: Path
    bundle: str
    cases: int
    outcomes: Mapping[str, int]
    tiers: Mapping[str, int]
    routed_by: Mapping[str, int]
    triggers: Mapping[str, int]
    control: int
    thin_files: int
    unseen: Mapping[str, int]
    mean_pd: float | None


def score(
    features: Path,
    bundle_folder: Path,
    out: Path,
    *,
    case_id_column: str | None = "application_id",
    csv: CsvFormat | None = None,
    portfolio: Mapping[str, Mapping[str, float]] | None = None,
    public_key: bytes | None = None,
    progress: Progress = silent,
) -> ScoreResult:
    """Decide every case of a table and write the decisions, all or none.

    Args:
        features: Folder that ``bamboo features`` wrote, or a flat CSV or Parquet of one row per case.
        bundle_folder: The model bundle.
        out: File to write, Parquet or JSON Lines: its name ends in ``.parquet`` or ``.jsonl``.
        case_id_column: Column with the id of the case; None numbers the rows from 1.
        csv: How a CSV is written.
        portfolio: State of the portfolio for concentration limits: feature to category to share of the outstanding
            amount; None checks no limit.
        public_key: Key that the bundle must be signed by; None accepts an unsigned one.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        ArgumentError: ``out`` ends in neither.
        BundleError: the bundle cannot be trusted.
        FlatTableError: the table lacks a feature, or an id is wrong.
        CaseError: a value cannot be scored.
    """
    require_ending(out, *ENDINGS)
    progress("loading the model", 0.0)
    scorer = Scorer.load(bundle_folder, public_key=public_key)
    progress("reading cases", 0.05)
    cases = read_cases(features, scorer.spec.features, case_id_column=case_id_column, csv=csv)
    parts = []
    for start in range(0, len(cases.ids), AT_ONCE):
        ids = cases.ids[start : start + AT_ONCE]
        parts.append(decisions_frame(decide(scorer, cases.features.slice(start, AT_ONCE), ids, portfolio=portfolio)))
        progress(f"{start + len(ids)} of {len(cases.ids)} cases", 0.1 + 0.8 * (start + len(ids)) / len(cases.ids))
    frame = pl.concat(parts) if parts else decisions_frame([])
    progress("writing", 0.95)
    _write(out, frame)
    progress("done", 1.0)
    return _result(out, frame, scorer)


def decide(
    scorer: Scorer,
    frame: pl.DataFrame,
    ids: list[str],
    *,
    portfolio: Mapping[str, Mapping[str, float]] | None = None,
) -> list[Decision]:
    """Decide the cases of a frame that holds the model's features in their types.

    Raises:
        CaseError: a value cannot be scored.
    """
    try:
        return scorer.decide_many(feature_columns(frame, scorer.spec.features), case_ids=ids, portfolio=portfolio)
    except FeatureError as error:
        case = "" if error.row is None else f"case {ids[error.row]!r}: "
        raise CaseError(f"{case}{error} Nothing was decided; correct the value and score again.") from error


def _write(out: Path, frame: pl.DataFrame) -> None:
    if out.suffix != ".jsonl":
        write_frame(out, frame)
        return
    lines = (f"{decision.to_json()}\n".encode() for decision in decisions_of(frame))
    write_aside(out, lambda file: file.writelines(lines))


def _result(out: Path, frame: pl.DataFrame, scorer: Scorer) -> ScoreResult:
    fired = frame.select(pl.col("triggers").list.eval(pl.element().struct.field("id")).alias("id"))
    by_tier = _counts(frame["tier"])
    mean = frame["pd"].mean()
    return ScoreResult(
        out=out,
        bundle=scorer.sha256,
        cases=len(frame),
        outcomes=_counts(frame["outcome"]),
        tiers={tier.name: by_tier.get(tier.name, 0) for tier in scorer.spec.tiers},
        routed_by=_counts(frame["routed_by"]),
        triggers=_counts(fired["id"].explode()),
        control=int(frame["control"].sum()),
        thin_files=int(frame["thin_file"].sum()),
        unseen=_counts(frame["unseen"].explode()),
        mean_pd=float(mean) if isinstance(mean, float) else None,
    )


def _counts(values: pl.Series) -> dict[str, int]:
    """Return each value with how often it occurs, most frequent first, ties by name."""
    counted = values.drop_nulls().alias("value").value_counts().sort(["count", "value"], descending=[True, False])
    return dict(counted.iter_rows())
