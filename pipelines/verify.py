"""The job behind ``bamboo verify``: answers of calls in, decisions after the calls out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from features.catalogue import CATALOGUE, Catalogue
from features.tables import APPLICATIONS, CALLS, VERIFIABLE
from modelling.after_call import IDS, decisions_on, rebuilt
from pipelines.decisions import decisions_of, read_decisions_frame, write_decisions
from pipelines.errors import PipelineError
from pipelines.progress import Progress, silent
from pipelines.route import check_bundle
from pipelines.store import read_tables, write_json
from pipelines.verified_record import CaseAfterCall, VerifyRecord, after_calls
from review.answer_files import parse_csv, parse_json
from review.answers import Answers, Limits
from review.verify import Checker
from scoring.decision import Decision, Value
from scoring.rules import Portfolio
from scoring.scorer import Scorer
from scoring.spec import ModelSpec

AFTER: Final = "decisions_after.parquet"
RECORD: Final = "verified.json"

LONGEST_NAME: Final = 200
"""Characters that the name of a caller may have."""


class VerifyError(PipelineError):
    """Answers that cannot be scored again as the case was scored before."""


@dataclass(frozen=True, kw_only=True)
class VerifyResult:
    """What the job found.

    Attributes:
        out: Folder of the decisions after the calls and their record.
        bundle: SHA-256 of the bundle that decided before and after.
        cases: One per case that the answers speak of, in the order of the file.
        reached: How many were reached.
        changed: How many final outcomes differ from what would have followed had the call changed nothing.
        repeated: Rows that said again what an earlier row said.
        blank: Rows of calls not made yet.
    """

    out: Path
    bundle: str
    cases: tuple[CaseAfterCall, ...]
    reached: int
    changed: int
    repeated: int
    blank: int


def verify(
    calls_file: Path,
    decisions: Path,
    out: Path,
    *,
    bundle_folder: Path,
    caller: str,
    now: datetime,
    called_at: datetime | None = None,
    tables_folder: Path | None = None,
    time_zone: str = "Asia/Shanghai",
    catalogue: Catalogue = CATALOGUE,
    portfolio: Portfolio | None = None,
    public_key: bytes | None = None,
    progress: Progress = silent,
) -> VerifyResult:
    """Take the answers of calls, score the cases again with what was verified, and record before and after.

    With raw tables the features are built again, by the same builder, with the answers in the place of what was stated.
    Without them (a model of a flat table) an answer takes the place of the feature that carries its question. Either
    way the same scorer decides. After a call the tier decides, and nobody is called twice, unless a hard rule asks for
    a person (``scoring.after_call``). All answers are taken, or none.

    Args:
        calls_file: Answers: CSV, or JSON when the name ends in ``.json``; see ``review.verify``.
        decisions: File that ``bamboo score`` wrote.
        out: Folder to write ``decisions_after.parquet`` and ``verified.json`` to.
        bundle_folder: The bundle that decided.
        caller: Who called, as it shall stand in the record.
        now: The time at which the job runs, with its time zone.
        called_at: When the calls were made, with its time zone, not after ``now``; None takes ``now``.
        tables_folder: Raw tables that the decisions were made from.
        time_zone: Zone of local hours and days of the features.
        catalogue: Declarations of the features, the lender's own ones among them.
        portfolio: State of the portfolio for concentration limits, as when the cases were scored; None checks none.
        public_key: Key that the bundle must be signed by.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        AnswersError: a row is wrong; all wrong rows are named, and nothing is written.
        RouteError: the decisions are of another bundle.
        VerifyError: the caller has no name, more than one feature rests on an answer and there are no tables to build
            them from, a time has no zone, the calls are said to be made after ``now``, or the tables no longer give
            the decision on file.
    """
    called_at = called_at or now
    _refuse_times(called_at, now)
    _refuse_nameless(caller)
    progress("reading decisions and answers", 0.0)
    scorer = Scorer.load(bundle_folder, public_key=public_key)
    frame = read_decisions_frame(decisions)
    check_bundle(frame, scorer.sha256, decisions)
    answers = _read(calls_file, checker_of(scorer.spec, frame, with_tables=tables_folder is not None))
    before = _decided(frame, answers.case_ids)
    progress("scoring again", 0.4)
    again = _Again(
        scorer=scorer, tables_folder=tables_folder, time_zone=time_zone, catalogue=catalogue, portfolio=portfolio
    )
    after = again.decide(before, answers)
    cases = after_calls(before, after, answers)
    progress("writing", 0.9)
    record = VerifyRecord(bundle=scorer.sha256, caller=caller, called_at=called_at, cases=cases)
    write_decisions(out / AFTER, after)
    write_json(out / RECORD, record)
    progress("done", 1.0)
    return VerifyResult(
        out=out,
        bundle=scorer.sha256,
        cases=cases,
        reached=sum(case.reached for case in cases),
        changed=sum(case.changed for case in cases),
        repeated=answers.repeated,
        blank=answers.blank,
    )


def _refuse_times(called_at: datetime, now: datetime) -> None:
    for name, time in (("now", now), ("called_at", called_at)):
        if time.tzinfo is None:
            raise VerifyError(f"{name} == {time.isoformat()!r}, must carry its time zone.")
    if called_at > now:
        raise VerifyError(
            f"called_at == {called_at.isoformat()!r} lies in the future: it is {now.isoformat(timespec='seconds')}. "
            "Give the time at which the calls were made, with its zone."
        )


def _refuse_nameless(caller: str) -> None:
    if not caller.strip() or not caller.isprintable() or len(caller) > LONGEST_NAME:
        raise VerifyError(f"caller == {caller[:LONGEST_NAME]!r}, must be 1 to {LONGEST_NAME} printable characters.")


def _decided(frame: pl.DataFrame, case_ids: Sequence[str]) -> list[Decision]:
    """Return the decisions on file of these cases, in this order."""
    chosen = decisions_of(frame.filter(pl.col("case_id").is_in(list(case_ids))))
    by_id = {decision.case_id: decision for decision in chosen}
    return [by_id[case] for case in case_ids]


def checker_of(spec: ModelSpec, decisions: pl.DataFrame, *, with_tables: bool) -> Checker:
    """Return what answers are checked against: decided cases, the model's questions, and the bounds of each fact.

    Bounds are those of the raw column that a question checks, or, without raw tables, of the feature that carries it.
    """
    limits: dict[str, Limits] = {}
    vocabulary: dict[str, tuple[str, ...]] = {}
    for feature in spec.features:
        if feature.question is not None and not with_tables:
            limits[feature.question] = Limits(lower=feature.lower, upper=feature.upper)
    for question in spec.questions:
        if with_tables and question.id in VERIFIABLE:
            column = APPLICATIONS.column(question.id)
            limits[question.id] = Limits(lower=column.lower, upper=column.upper)
    return Checker(
        case_ids=frozenset(decisions["case_id"].drop_nulls().to_list()),
        questions=spec.questions,
        limits=limits,
        vocabulary=vocabulary,
    )


def _read(path: Path, checker: Checker) -> Answers:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise VerifyError(f"{str(path)!r} is not UTF-8 ({error}); save it as UTF-8.") from error
    return parse_json(text, checker) if path.suffix == ".json" else parse_csv(text, checker)


@dataclass(frozen=True, kw_only=True)
class _Again:
    """How cases are scored again."""

    scorer: Scorer
    tables_folder: Path | None
    time_zone: str
    catalogue: Catalogue
    portfolio: Portfolio | None

    def decide(self, before: Sequence[Decision], answers: Answers) -> list[Decision]:
        if not before:
            return []
        verified = answers.verified()
        if self.tables_folder is not None:
            return self._from_tables(self.tables_folder, before, verified)
        spec = self.scorer.spec
        _refuse_built_features(spec, verified)
        return [
            self.scorer.decide(
                _replaced(spec, old, verified[old.case_id or ""]), case_id=old.case_id, portfolio=self.portfolio
            )
            for old in before
        ]

    def _from_tables(
        self, folder: Path, before: Sequence[Decision], verified: Mapping[str, Mapping[str, Value]]
    ) -> list[Decision]:
        tables = read_tables(folder)
        known = {name: table for name, table in tables.items() if name not in ("truth", "calls")}
        ids = [decision.case_id or "" for decision in before]
        made = []
        for found in ({}, verified):  # without the answers first: the tables must still give the decision on file
            verified_rows = _verified_frame(ids, found)
            frame = rebuilt(
                known,
                verified_rows,
                self.scorer.spec.features,
                time_zone=self.time_zone,
                catalogue=self.catalogue,
            )
            made.append(decisions_on(self.scorer, frame, portfolio=self.portfolio))
        _refuse_drift(before, made[0])
        return made[1]


def _verified_frame(ids: Sequence[str], verified: Mapping[str, Mapping[str, Value]]) -> pl.DataFrame:
    """Return one row per case with the verified columns; null where nothing was verified."""
    columns = {
        name: pl.Series(name, [verified.get(case, {}).get(stated) for case in ids], dtype=CALLS.column(name).dtype)
        for stated, name in VERIFIABLE.items()
    }
    return pl.DataFrame({IDS: pl.Series(IDS, ids, dtype=pl.String), **columns})


def _refuse_drift(before: Sequence[Decision], now: Sequence[Decision]) -> None:
    """Refuse tables that no longer give the margin on file: a difference would be told as an effect of the call."""
    moved = [old.case_id for old, new in zip(before, now, strict=True) if old.margin != new.margin]
    if moved:
        raise VerifyError(
            f"the tables no longer give the decision on file for {len(moved)} case(s), such as {moved[0]!r}. "
            "Give the tables that the decisions were made from, or build features and score again."
        )


def _refuse_built_features(spec: ModelSpec, verified: Mapping[str, Mapping[str, Value]]) -> None:
    """Without tables, an answer can take the place of one feature, and not of those that were computed from it."""
    for question in sorted({question for found in verified.values() for question in found}):
        resting = [feature.name for feature in spec.features if feature.question == question]
        if len(resting) > 1:
            raise VerifyError(
                f"{len(resting)} features rest on what {question!r} asks ({', '.join(resting[:3])} …), so they must be "
                "built again: give the raw tables that the decisions were made from (--tables)."
            )


def _replaced(spec: ModelSpec, decision: Decision, verified: Mapping[str, Value]) -> dict[str, Value]:
    """Return the scored values with answers in the place of the features that carry their questions."""
    values = {contribution.feature: contribution.value for contribution in decision.contributions}
    for feature in spec.features:
        if feature.question is not None and feature.question in verified:
            values[feature.name] = _as_feature(feature.kind, verified[feature.question])
    return values


def _as_feature(kind: str, answer: Value) -> Value:
    """Return an answer as the feature's kind takes it: a category as text, numbers and flags as they are."""
    return str(answer) if kind == "category" and answer is not None else answer
