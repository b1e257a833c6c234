"""Answers as files: CSV that a spreadsheet saved, or JSON that a filled-in call sheet saved."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import NoReturn

from review.answers import Cell
from review.cells import escape_cell, unescape_cell
from review.errors import AnswersError
from review.sheet import CallSheet
from review.verify import COLUMNS, Answers, Checker


def parse_csv(text: str, checker: Checker) -> Answers:
    """Check answers given as CSV with a header.

    Cells are taken as written; a leading quote that ``escape_cell`` put there is taken off.

    Raises:
        AnswersError: the header or a row is wrong; all wrong rows are named.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        lines = [(f"line {reader.line_num}", cells) for cells in reader if cells]
    except csv.Error as error:
        raise AnswersError([f"line {reader.line_num}: not CSV: {error}"]) from error
    header = lines[0][1] if lines else []
    if sorted(header) != sorted(COLUMNS):
        raise AnswersError([f"header == {ascii(header)[:200]}, must hold {', '.join(COLUMNS)}"])
    short = [
        f"{where}: {len(cells)} cells, must be {len(header)}" for where, cells in lines if len(cells) != len(header)
    ]
    if short:
        raise AnswersError(short)
    return checker.check((where, _csv_row(header, cells)) for where, cells in lines[1:])


def _csv_row(header: Sequence[str], cells: Sequence[str]) -> dict[str, object]:
    row = {name: Cell(unescape_cell(cell)) if cell else None for name, cell in zip(header, cells, strict=True)}
    return {name: str(cell) if cell is not None and name != "answer" else cell for name, cell in row.items()}


def parse_json(text: str, checker: Checker) -> Answers:
    """Check answers given as JSON: a list of rows, or a call sheet (an object whose ``answers`` is such a list).

    Raises:
        AnswersError: not JSON of this shape, or a row is wrong; all wrong rows are named.
    """
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_not_a_number)
    except (ValueError, RecursionError) as error:
        raise AnswersError([f"not JSON: {str(error)[:200]}"]) from error
    rows = found.get("answers") if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise AnswersError([f"found {ascii(found)[:80]}, must be a list of objects with {', '.join(COLUMNS)}"])
    return checker.check((f"answer {number}", row) for number, row in enumerate(rows, start=1))


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"name {twice!r} stands twice in one object")
    return dict(pairs)


def _not_a_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number in JSON")


def blank_csv(sheets: Sequence[CallSheet]) -> str:
    """Return a CSV with one row per question of each sheet, status and answer left empty, that ``parse_csv`` reads."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for sheet in sheets:
        writer.writerows([escape_cell(sheet.case_id), escape_cell(ask.question), "", ""] for ask in sheet.asks)
    return out.getvalue()


def rows_filled(content: bytes) -> int:
    """Return how many rows of a file are not as `blank_csv` leaves them, in whatever way it was saved since."""
    return sum(not row.endswith(b",,") for row in content.splitlines()[1:] if row.strip())
