"""What a call found about one case, read back from what ``bamboo verify`` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from pipelines.decisions import read_decisions
from pipelines.errors import CaseNotFoundError, DamagedFileError
from pipelines.store import read_json
from pipelines.verify import AFTER, RECORD
from reports.case_call import Review
from review.answers import Answer


def review_of(folder: Path, case_id: str) -> Review | None:
    """Return the answers about a case and the decision after them; None when nobody called it.

    Args:
        folder: What ``bamboo verify`` wrote.
        case_id: The case.

    Raises:
        MissingFileError: a file is not there.
        DamagedFileError: a file is not what ``bamboo verify`` writes, or the two do not speak of the same cases.
    """
    path = folder / RECORD
    record = read_json(path, way_out="Name the folder that `bamboo verify` wrote.")
    try:
        return _review(record, folder, case_id)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        found = f"is not a record of calls ({type(error).__name__}: {error})"
        raise DamagedFileError(path, found, "Run `bamboo verify` again.") from error


def _review(record: object, folder: Path, case_id: str) -> Review | None:
    if not isinstance(record, Mapping):
        raise TypeError("it must be an object")
    cases = {case["case_id"]: case for case in record["cases"]}
    if case_id not in cases:
        return None
    try:
        after = read_decisions(folder / AFTER, case_ids=[case_id])[0]
    except CaseNotFoundError as error:
        found = f"lacks case {case_id!r} of {RECORD}"
        raise DamagedFileError(folder / AFTER, found, "Run `bamboo verify` again.") from error
    return Review(
        answers=_answers(cases[case_id], case_id),
        after=after,
        caller=str(record["caller"]),
        called_at=datetime.fromisoformat(record["called_at"]),
    )


def _answers(case: Mapping[str, object], case_id: str) -> tuple[Answer, ...]:
    if not case["reached"]:
        return (Answer(application_id=case_id, question=None, status="not_reached", value=None),)
    verified, refused = case["verified"], case["refused"]
    if not isinstance(verified, Mapping) or not isinstance(refused, list):
        raise TypeError(f"case {case_id!r} must hold verified values and refused questions")
    said = [
        Answer(application_id=case_id, question=question, status="answered", value=value)
        for question, value in verified.items()
    ]
    kept = [Answer(application_id=case_id, question=name, status="refused", value=None) for name in refused]
    return (*said, *kept)
