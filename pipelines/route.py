"""The job behind ``bamboo route``: decisions in, a call list and a call sheet per case out."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import polars as pl

from features.tables import APPLICATIONS
from pipelines.case_facts import application_rows, facts_of_row, facts_scored, stated_in_row
from pipelines.decisions import decisions_of, read_decisions_frame
from pipelines.errors import PipelineError
from pipelines.plain import to_json
from pipelines.progress import Progress, silent
from pipelines.store import read_tables
from pipelines.swap import require_name
from reports.call_sheet import call_sheet_page
from reports.page import render
from review.answer_files import blank_csv, rows_filled
from review.call_list import CallList, call_list, caller_rows
from review.cells import escape_cell
from review.sheet import CallSheet, call_sheet
from scoring.bundle import read_bundle
from scoring.decision import Decision
from scoring.spec import ModelSpec

LIST_CSV: Final = "call_list.csv"
LIST_JSON: Final = "call_list.json"
ANSWERS: Final = "answers.csv"
SHEETS: Final = "sheets"
_OURS: Final = {LIST_CSV, LIST_JSON, ANSWERS, SHEETS}


class RouteError(PipelineError):
    """Decisions that cannot be routed with a bundle, or a folder that must not be replaced."""


@dataclass(frozen=True, kw_only=True)
class RouteResult:
    """What the job wrote.

    Attributes:
        out: Folder of the list and the sheets.
        bundle: SHA-256 of the bundle that decided.
        cases: Decisions read.
        capacity: Calls that the desk can make.
        called: Calls on the list, never more than the capacity.
        waiting: Cases routed to a call for which there was no room.
        ranked_by: What ordered the list: ``value`` or ``triggers``.
        control_cases: Cases that the control arm picked.
        control_left_out: Those of them for which the arm's half of the desk had no room.
        why: Trigger or rule to number of listed cases in which it fired; several may fire in one.
        value_alone: Listed cases in which none fired, and which the control arm did not pick.
    """

    out: Path
    bundle: str
    cases: int
    capacity: int
    called: int
    waiting: int
    ranked_by: Literal["value", "triggers"]
    control_cases: int
    control_left_out: int
    why: Mapping[str, int]
    value_alone: int


def route(
    decisions: Path,
    capacity: int,
    out: Path,
    *,
    bundle_folder: Path,
    tables_folder: Path | None = None,
    public_key: bytes | None = None,
    progress: Progress = silent,
) -> RouteResult:
    """Choose whom to call, and write the list and a sheet per case, all or none.

    Written are ``call_list.csv`` (for callers: no arm, no value), ``call_list.json`` (for the head of the desk and the
    auditor: rank, value and arm, and who waits), ``answers.csv`` (to be filled in) and ``sheets/0001.html`` and
    ``sheets/0001.json`` onwards, numbered by place on the list. An earlier list in the folder is replaced as a whole,
    unless somebody has filled in answers.

    Args:
        decisions: File that ``bamboo score`` wrote.
        capacity: Calls that the desk can make; at least 1.
        out: Folder to write; made when it is not there.
        bundle_folder: The bundle that decided.
        tables_folder: Raw tables, so that sheets show what the applicant stated; None shows scored values.
        public_key: Key that the bundle must be signed by; None accepts an unsigned one.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        RouteError: the decisions are of another bundle, or the folder holds something else or answers filled in.
        ArgumentError: ``out`` ends in no name.
        CallListError: capacity below 1, decisions without or with repeated ids.
        UnknownCaseError: a listed case is not in the tables.
    """
    progress("reading decisions", 0.0)
    _refuse_foreign(out)
    bundle = read_bundle(bundle_folder, public_key=public_key)
    frame = read_decisions_frame(decisions)
    check_bundle(frame, bundle.manifest_sha256 or "", decisions)
    progress("choosing calls", 0.3)
    # Only cases that may be called become records: a batch of all of them would not fit in memory.
    waiting = list(decisions_of(frame.filter(pl.col("outcome") == "phone_review")))
    calls = call_list(waiting, bundle.spec, capacity=capacity)
    by_id = {decision.case_id: decision for decision in waiting}
    chosen = [by_id[listed.case_id] for listed in calls.called]
    progress("writing call sheets", 0.4)
    _write(out, calls, _sheets(chosen, bundle.spec, tables_folder), progress)
    progress("done", 1.0)
    return RouteResult(
        out=out,
        bundle=bundle.manifest_sha256 or "",
        cases=len(frame),
        capacity=capacity,
        called=len(calls.called),
        waiting=len(calls.waiting),
        ranked_by=calls.ranked_by,
        control_cases=calls.control_cases,
        control_left_out=calls.control_left_out,
        why=_why(calls),
        value_alone=sum(not listed.triggers and not listed.control for listed in calls.called),
    )


def check_bundle(decisions: pl.DataFrame, sha256: str, path: Path) -> None:
    """Refuse decisions that another bundle made, and cases that were decided twice.

    Raises:
        RouteError: names both bundles, or the case.
    """
    others = decisions["bundle"].filter(decisions["bundle"] != sha256)
    if len(others):
        raise RouteError(
            f"{str(path)!r} holds decisions of bundle {others[0][:12]}, but the bundle given is {sha256[:12]}. "
            "Give the bundle that decided, or score again."
        )
    twice = decisions["case_id"].drop_nulls().filter(decisions["case_id"].drop_nulls().is_duplicated())
    if len(twice):
        raise RouteError(f"{str(path)!r} decides case {twice[0]!r} more than once, must be once. Score again.")


def _refuse_foreign(out: Path) -> None:
    require_name(out)
    strange = sorted(path.name for path in out.iterdir() if path.name not in _OURS) if out.is_dir() else []
    if out.is_file() or strange:
        what = f"holds {strange[0]!r}" if strange else "is a file"
        raise RouteError(f"out == {str(out)!r} {what}, must be a new folder or one that an earlier list is in.")
    answers = out / ANSWERS
    filled = rows_filled(answers.read_bytes()) if answers.is_file() else 0
    if filled:
        raise RouteError(
            f"{str(answers)!r} has {filled} row(s) filled in, which a new list would replace. "
            "Give another folder, or move the file when bamboo verify has read it."
        )


def _sheets(chosen: Sequence[Decision], spec: ModelSpec, tables_folder: Path | None) -> list[CallSheet]:
    if tables_folder is None:
        return [call_sheet(decision, spec, facts_scored(decision, spec)) for decision in chosen]
    applications = read_tables(tables_folder, only=[APPLICATIONS.name])[APPLICATIONS.name]
    rows = application_rows(applications, list(chosen))
    return [
        call_sheet(
            decision,
            spec,
            facts_of_row(rows[decision.case_id or ""], spec),
            stated=stated_in_row(rows[decision.case_id or ""], spec),
        )
        for decision in chosen
    ]


def _write(out: Path, calls: CallList, sheets: Sequence[CallSheet], progress: Progress) -> None:
    """Write everything into a folder beside, then put it in the place of the earlier one."""
    aside = out.with_name(f".{out.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    (aside / SHEETS).mkdir(parents=True)
    (aside / LIST_JSON).write_text(to_json(calls), encoding="utf-8")
    (aside / LIST_CSV).write_text(_list_csv(calls), encoding="utf-8", newline="")
    (aside / ANSWERS).write_text(blank_csv(sheets), encoding="utf-8", newline="")
    for position, sheet in enumerate(sheets, start=1):
        page = render(call_sheet_page(sheet, position=position))
        (aside / SHEETS / f"{position:04d}.html").write_text(page, encoding="utf-8")
        (aside / SHEETS / f"{position:04d}.json").write_text(to_json(sheet.to_dict()), encoding="utf-8")
        progress(f"{position} of {len(sheets)} call sheets", 0.4 + 0.55 * position / len(sheets))
    before = out.with_name(f".{out.name}.before")
    shutil.rmtree(before, ignore_errors=True)
    if out.is_dir():
        out.rename(before)
    aside.rename(out)
    shutil.rmtree(before, ignore_errors=True)


def _list_csv(calls: CallList) -> str:
    out = io.StringIO(newline="")
    columns = ["position", "application_id", "triggers", "points_at_stake", "questions", "sheet"]
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in caller_rows(calls):
        cells = {name: escape_cell(value) if isinstance(value, str) else value for name, value in row.items()}
        writer.writerow({**cells, "sheet": f"{SHEETS}/{row['position']:04d}.html"})
    return out.getvalue()


def _why(calls: CallList) -> dict[str, int]:
    counted: dict[str, int] = {}
    for listed in calls.called:
        for name in listed.triggers:
            counted[name] = counted.get(name, 0) + 1
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
