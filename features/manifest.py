"""What a feature table was made from, so that it can be made again and told from any other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from features.feature import Feature, Json

_SLICE: Final = 65_536


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything that settles a feature table.

    Attributes:
        rows: Number of applications.
        schema: Column name to Polars type, in order.
        content: Hash of the values; the same for the same table in any file.
        definitions: Hash of the declarations: it changes when any feature's meaning or computation does.
        sources: Name of each raw table to the SHA-256 of its file, or of those it lies in.
        absent: Raw tables that were not there, with the features that are null for want of them.
        time_zone: Zone of local hours and days.
        modules: Lender's own modules of features to the SHA-256 of their source.
        extra: What else the caller wants kept, such as the version of the code.
    """

    rows: int
    schema: Mapping[str, str]
    content: str
    definitions: str
    sources: Mapping[str, str]
    absent: Mapping[str, tuple[str, ...]]
    time_zone: str
    modules: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)


def content_hash(frame: pl.DataFrame) -> str:
    """Return the SHA-256 of a frame's columns, types and values, in order; independent of files and of chunks.

    Numbers count bit by bit (−0 is told from 0, all NaN are one), text by its characters, times by their microseconds.
    """
    digest = hashlib.sha256(json.dumps([[name, str(dtype)] for name, dtype in frame.schema.items()]).encode())
    plain = [_plain(name, dtype) for name, dtype in frame.schema.items()]
    for part in frame.iter_slices(_SLICE):
        nulls, values = part.select(pl.all().is_null().cast(pl.UInt8)), part.select(plain)
        for name in frame.columns:
            digest.update(nulls[name].to_numpy().tobytes())
            digest.update(_bytes(values[name]))
    return digest.hexdigest()


def definitions_hash(features: Iterable[Feature], modules: Mapping[str, str] | None = None) -> str:
    """Return the SHA-256 of what settles the features: expressions, windows, bounds, texts, order, and own modules.

    It depends on nothing else: no version of a library changes it.

    Args:
        features: Features in the order of the columns.
        modules: Own modules to the SHA-256 of their source, which holds what no declaration tells.
    """
    definitions: list[Json] = [feature.definition for feature in features]
    if modules:
        definitions.append(dict(modules))
    return hashlib.sha256(json.dumps(definitions, ensure_ascii=False).encode()).hexdigest()


def _plain(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column as text, float or whole number; null is 0 where it is a number."""
    value = pl.col(name)
    if dtype == pl.String:
        return value
    if dtype.is_float():
        return value.cast(pl.Float64).fill_nan(float("nan")).fill_null(0.0)
    return value.to_physical().cast(pl.Int64).fill_null(0)


def _bytes(column: pl.Series) -> bytes:
    """Return the values as bytes that no version of Polars changes; a number that is null is 0."""
    if column.dtype == pl.String:
        return json.dumps(column.to_list(), ensure_ascii=True).encode()
    return column.to_numpy().astype("<f8" if column.dtype.is_float() else "<i8").tobytes()
