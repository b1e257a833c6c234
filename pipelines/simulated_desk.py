"""The desk of a synthetic lender: answers that its applicants would give on the phone."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from features.tables import APPLICATIONS, VERIFIABLE
from modelling.simulated_calls import observed_reach, simulate_calls
from pipelines.errors import MissingFileError
from pipelines.route import ANSWERS
from pipelines.store import read_tables, write_json


def simulated_answers(calls: Path, tables: Path, out: Path, *, seed: int) -> Path:
    """Answer the questions of a call list from the truth, as `modelling.simulated_calls` draws it.

    Args:
        calls: Folder that ``bamboo route`` wrote.
        tables: Validated raw tables of a synthetic lender.
        out: File to write: answers as ``bamboo verify`` takes them.
        seed: Seed of who is reached and what is found.

    Raises:
        MissingFileError: the folder holds no answers to fill in, or the lender no truth.
    """
    given = read_tables(tables, only=("applications", "calls", "truth"))
    if "truth" not in given:
        raise MissingFileError(tables / "truth.parquet", "Only a synthetic lender's applicants can be simulated.")
    blank = calls / ANSWERS
    if not blank.is_file():
        raise MissingFileError(blank, "Run bamboo route first.")
    asked = pl.read_csv(blank, infer_schema=False).select("application_id", "question")
    called = given["applications"].join(asked, on=APPLICATIONS.key, how="semi")
    found = simulate_calls(called, given["truth"], reached=observed_reach(given["calls"]), seed=seed)
    rows = asked.join(found, on=APPLICATIONS.key, how="left", maintain_order="left").iter_rows(named=True)
    write_json(out, [_answer(row) for row in rows])
    return out


def _answer(row: dict[str, object]) -> dict[str, object]:
    value = row[VERIFIABLE[str(row["question"])]]
    status = "not_reached" if not row["reached"] else "refused" if value is None else "answered"
    return {
        "application_id": row["application_id"],
        "question": row["question"],
        "status": status,
        "answer": value if status == "answered" else None,
    }
