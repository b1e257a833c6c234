"""A table to be scored as the columns a scorer takes: the feature table of a folder, or a flat CSV or Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.errors import nearest
from modelling.errors import ContractError
from modelling.flat import as_kind
from pipelines.contract import CsvFormat
from pipelines.errors import FlatTableError, MissingFileError
from pipelines.feature_files import read_features
from pipelines.flat import CSV_ENDINGS, read_csv
from pipelines.store import manifest_hashes, read_frame
from scoring.errors import shown
from scoring.spec import FeatureSpec


@dataclass(frozen=True, kw_only=True, eq=False)
class CasesToScore:
    """Cases with the features of one model.

    Attributes:
        ids: One per case, each once.
        features: The model's features in its order: Float64, String or Boolean.
    """

    ids: list[str]
    features: pl.DataFrame


def read_cases(
    path: Path, features: Sequence[FeatureSpec], *, case_id_column: str | None, csv: CsvFormat | None = None
) -> CasesToScore:
    """Read cases, with the same conversions as in training.

    Args:
        path: A folder that ``bamboo features`` wrote, a Parquet file, or a CSV. Where a manifest lies beside a feature
            table, its hash must fit.
        features: Features of the model; other columns are left aside.
        case_id_column: Column with the id, text or whole numbers; None numbers the rows from 1.
        csv: How a CSV is written; commas and quotes when None.

    Raises:
        MissingFileError: there is nothing at ``path``.
        DamagedFileError: the file cannot be read, or is not what its manifest says.
        FlatTableError: a column is missing, an id is null, repeated or a float, or a value does not fit its feature.
    """
    frame = read_features(path) if path.is_dir() else _read(path, csv or CsvFormat())
    ids = _ids(frame, path, case_id_column)
    missing = [feature.name for feature in features if feature.name not in frame.columns]
    if missing:
        hint = nearest(missing[0], frame.columns)
        raise FlatTableError(
            path,
            f"lacks {len(missing)} of the {len(features)} features of the model: {', '.join(missing[:8])}",
            f"Build features for this model, or train one on this table.{hint}",
        )
    try:
        columns = [as_kind(_flag_words(frame[feature.name], feature), feature.kind) for feature in features]
    except ContractError as error:
        raise FlatTableError(
            path, f"cannot be scored: {error}", "Give the column as the model was trained on."
        ) from error
    return CasesToScore(ids=ids, features=pl.DataFrame(columns))


def _flag_words(column: pl.Series, feature: FeatureSpec) -> pl.Series:
    """Return the flags of a text column, as a CSV writes them, as 1 and 0; other columns as they are."""
    if feature.kind != "flag" or column.dtype != pl.String:
        return column
    return column.replace({"true": "1", "false": "0", "True": "1", "False": "0", "TRUE": "1", "FALSE": "0"})


def _read(file: Path, csv: CsvFormat) -> pl.DataFrame:
    if file.suffix.lower() in CSV_ENDINGS:
        return _read_csv(file, csv)
    return read_frame(file, sha256=manifest_hashes(file.parent).get(file.name))


def _read_csv(file: Path, csv: CsvFormat) -> pl.DataFrame:
    """Read every cell as text: what it means is said by the model, not guessed from the file."""
    if not file.is_file():
        raise MissingFileError(file, "Name a CSV or Parquet file that exists.")
    return read_csv(file, csv)


def _ids(frame: pl.DataFrame, file: Path, column: str | None) -> list[str]:
    if column is None:
        return [str(row) for row in range(1, len(frame) + 1)]
    if column not in frame.columns:
        hint = nearest(column, frame.columns)
        raise FlatTableError(file, f"has no column {column!r}", f"Name the column that identifies a case.{hint}")
    ids = frame[column]
    if not (ids.dtype == pl.String or ids.dtype.is_integer()):
        raise FlatTableError(
            file, f"has ids of type {ids.dtype} in {column!r}", "Identifiers are texts or whole numbers; convert them."
        )
    repeated = ids.filter(ids.is_null() | ids.is_duplicated())
    if len(repeated):
        raise FlatTableError(
            file,
            f"has {len(repeated)} rows with a null or repeated id in {column!r}, such as {shown(repeated[0])}",
            "Keep one row per case.",
        )
    return ids.cast(pl.String).to_list()
