"""Rows shown to a person who asks what is wrong: few, short, and harmless to print."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl

from features.schema_check import moment
from features.tables import TIME

MOST: Final = 5
"""Examples that are shown of one thing."""

_LONGEST: Final = 60


def examples(frame: pl.DataFrame, rows: pl.Series, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the first rows of a selection, such as ``loan_id='L7', amount=-3.0``.

    Args:
        frame: The table.
        rows: True for every row of the selection.
        columns: Columns to show; those that the table lacks are left out.
    """
    names = [name for name in dict.fromkeys(columns) if name in frame.columns]
    shown = frame.filter(rows).head(MOST).select(names)
    texts = [[f"{name.lstrip('_')}={text}" for text in _texts(shown[name])] for name in names]
    return tuple(", ".join(row) for row in zip(*texts, strict=True))


def differences(frame: pl.DataFrame, rows: pl.Series, key: str) -> tuple[str, ...]:
    """Return what differs between rows that share a key, such as ``loan_id='L7': amount=5.0 against 7.0``.

    Args:
        frame: The table, without rows that are equal throughout.
        rows: True for every row that shares its key with another.
        key: Column of the key.
    """
    groups = frame.filter(rows).partition_by(key, maintain_order=True)[:MOST]
    return tuple(f"{key}={_texts(group[key].head(1))[0]}: {_differing(group)}" for group in groups)


def _differing(group: pl.DataFrame) -> str:
    shown = [
        f"{values.name}={' against '.join(_texts(values.head(MOST)))}" for values in group if values.n_unique() > 1
    ]
    return ", ".join(shown[:MOST])


def _texts(values: pl.Series) -> list[str]:
    """Return values as `short` does; times that no calendar has are told, too, as the numbers they are."""
    if values.dtype == TIME:
        return [short(None) if value is None else moment(value) for value in values.to_physical()]
    return [short(value) for value in values]


def short(value: object) -> str:
    """Return a value as Python writes it, which escapes whatever cannot be seen, cut when it is long."""
    text = "null" if value is None else value.isoformat() if isinstance(value, datetime) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
