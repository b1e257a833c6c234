"""One table of one row per case, read from CSV or Parquet as its contract says, with errors a person can act on.

A CSV is read strictly: every row has as many cells as the header, every byte belongs to the encoding, every quote is
closed. Types are inferred from all rows, not from the first few: whole numbers, numbers, true or false, and text for
the rest. Codes with leading zeros stay text, and so do the id and whatever the contract calls a category.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from features.errors import nearest
from modelling.flat import FlatColumn, infer_columns
from pipelines.contract import CsvFormat, FlatTableContract
from pipelines.errors import FlatTableError, MissingFileError
from pipelines.store import read_frame, sha256_file

CSV_ENDINGS: Final = (".csv", ".tsv", ".txt", ".asc", ".dat")
"""Endings of files that are read as CSV."""

_SEPARATORS: Final = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar", " ": "a space"}
_LEADING_ZERO: Final = r"^[+-]?0[0-9]"
_NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


@dataclass(frozen=True, kw_only=True)
class FlatTable:
    """A table of one row per case.

    Attributes:
        path: File it was read from.
        sha256: SHA-256 of the file.
        frame: Its rows.
        columns: What each column is taken to be, in the order of the table.
    """

    path: Path
    sha256: str
    frame: pl.DataFrame
    columns: tuple[FlatColumn, ...]


def read_flat(path: Path, contract: FlatTableContract) -> FlatTable:
    """Read a table and infer what its columns are.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: it is Parquet that cannot be read.
        FlatTableError: it is no CSV and no Parquet, empty, not in the encoding, or its header, rows or quotes are
            wrong; or the contract describes a column that the table does not have.
        modelling.errors.ContractError: the contract gives a role, a kind or a direction to a column that the table does
            not have, or a kind that its values do not fit.
    """
    if not path.is_file():
        raise MissingFileError(path, "Name a CSV or Parquet file that exists.")
    ending = path.suffix.lower()
    if ending == ".parquet":
        frame = read_frame(path)
    elif ending in CSV_ENDINGS:
        frame = _typed_csv(path, contract)
    else:
        raise FlatTableError(path, f"ends in {ending!r}", f"Save it as Parquet (.parquet) or CSV ({CSV_ENDINGS[0]})")
    if frame.is_empty():
        raise FlatTableError(path, "has a header but no rows", "Export it again with its rows")
    columns = infer_columns(frame, contract.columns)
    _refuse_unknown_descriptions(path, frame, contract)
    return FlatTable(path=path, sha256=sha256_file(path), frame=frame, columns=columns)


def _refuse_unknown_descriptions(path: Path, frame: pl.DataFrame, contract: FlatTableContract) -> None:
    known = {*frame.columns, *contract.columns.groups.values()}
    for name in contract.columns.descriptions:
        if name not in known:
            found = f"has no column {name!r}, which the contract describes"
            raise FlatTableError(path, found, f"Correct the contract.{nearest(name, known)}")


def read_csv(path: Path, form: CsvFormat) -> pl.DataFrame:
    """Read a CSV strictly, every cell as text.

    Raises:
        FlatTableError: it is empty, not in the encoding, or its header, rows or quotes are wrong.
    """
    text = _decoded(path, form)
    rows = _check_rows(path, text, form)
    try:
        raw = pl.read_csv(
            text.encode(),
            separator=form.separator,
            quote_char=form.quote,
            null_values=list(form.null_values),
            infer_schema=False,
        )
    except pl.exceptions.PolarsError as error:
        raise FlatTableError(path, f"cannot be read as CSV: {str(error).splitlines()[0]}", "Export it again") from error
    if len(raw) != rows:
        found = f"has {rows:,} rows by its quotes, but {len(raw):,} by its lines"
        raise FlatTableError(path, found, "Quote cells that hold quotes or line ends, and double quotes inside them")
    return raw


def _typed_csv(path: Path, contract: FlatTableContract) -> pl.DataFrame:
    raw = read_csv(path, contract.csv)
    as_text = {
        contract.columns.id_column,
        *(name for name, kind in contract.columns.kinds.items() if kind == "category"),
    }
    return raw.with_columns(_typed(raw[name]) for name in raw.columns if name not in as_text)


def _decoded(path: Path, form: CsvFormat) -> str:
    content = path.read_bytes()
    if not content.strip():
        raise FlatTableError(path, "is empty", "Export it again with a header and rows")
    encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        found = f"is not {form.encoding}: line {line} holds the byte 0x{content[error.start]:02x}"
        raise FlatTableError(
            path, found, "Save it as UTF-8, or name its encoding in the contract (csv: encoding:)"
        ) from None
    if "\0" in text:
        found = f"holds a NUL character in line {text[: text.index(chr(0))].count(chr(10)) + 1}"
        raise FlatTableError(path, found, "It is no text, or its encoding is another, such as utf-16 (csv: encoding:)")
    return text


def _check_rows(path: Path, text: str, form: CsvFormat) -> int:
    """Return the number of rows after the header, every one of which has as many cells as the header."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=form.separator, quotechar=form.quote, strict=True)
    count = 0
    try:
        header = next(lines)
        _check_header(path, header, form)
        for cells in lines:
            if len(cells) != len(header):
                found = f"has {len(cells)} cells in line {lines.line_num}, but {len(header)} in its header"
                raise FlatTableError(path, found, f"Mend the line, or quote cells that hold {form.separator!r}")
            count += 1
    except csv.Error as error:
        found = f"is not CSV in line {lines.line_num}: {error}"
        raise FlatTableError(path, found, f"Close every {form.quote}, and double those inside a quoted cell") from error
    return count


def _check_header(path: Path, header: Sequence[str], form: CsvFormat) -> None:
    if len(header) == 1:
        for separator, words in _SEPARATORS.items():
            if separator != form.separator and separator in header[0].strip():
                way_out = f"If the cells are parted by {words}, say so in the contract (csv: separator: {separator!r})"
                raise FlatTableError(path, f"has a single column, {header[0]!r}", way_out)
    for place, name in enumerate(header, start=1):
        if not name.strip() or name != name.strip():
            raise FlatTableError(path, f"calls its column {place} {name!r}", "Give it a name without spaces around it")
        if header.count(name) > 1:
            raise FlatTableError(
                path, f"has {header.count(name)} columns called {name!r}", "Give each a name of its own"
            )
    numbers = [name for name in header if _is_number(name)]
    if len(numbers) * 2 > len(header):
        found = f"has numbers where names of columns are expected: {', '.join(numbers[:5])}"
        raise FlatTableError(path, found, "Put a header above the rows")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _typed(column: pl.Series) -> pl.Series:
    """Give a column of text the narrowest type that every value of it has; text that none has stays text."""
    given = column.drop_nulls()
    if given.is_empty() or given.str.contains(_LEADING_ZERO).any():
        return column
    if given.str.to_lowercase().is_in(["true", "false"]).all():
        return column.str.to_lowercase() == "true"
    if not given.str.contains(_NUMBER).all():
        return column
    whole = column.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == column.null_count() else column.cast(pl.Float64)
