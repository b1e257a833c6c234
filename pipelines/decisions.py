"""Decisions on disk: Parquet with one row per case, or JSON Lines, and every bit comes back.

In Parquet the contributions of a case are lists of equal length: features, points, points lost and values. A value
keeps its Python type through ``contribution_kind`` (0 unknown, 1 float, 2 int, 3 bool, 4 text): numbers and flags stand
in ``contribution_number``, texts in ``contribution_text``. An int beyond 2**53, which float64 would round, stands as
text of kind 5.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import polars as pl

from pipelines.errors import CaseNotFoundError, DamagedFileError, MissingFileError
from pipelines.store import read_frame, write_frame, write_text
from scoring.codec import CodecError
from scoring.decision import Contribution, Decision, Reason, Trigger, Value

ENDINGS: Final = (".parquet", ".jsonl")
"""How the name of a file of decisions may end."""

_PLAIN: Final[dict[str, pl.DataType]] = {
    "case_id": pl.String(),
    "bundle": pl.String(),
    "margin": pl.Float64(),
    "pd": pl.Float64(),
    "points": pl.Float64(),
    "tier": pl.String(),
    "provisional": pl.String(),
    "outcome": pl.String(),
    "routed_by": pl.String(),
    "start_points": pl.Float64(),
    "call_value": pl.Float64(),
    "control": pl.Boolean(),
    "thin_file": pl.Boolean(),
    "questions": pl.List(pl.String()),
    "unseen": pl.List(pl.String()),
}
_TRIGGER: Final = {name: pl.String() for name in ("id", "kind", "evidence", "en", "zh")}
_REASON: Final = {
    "group": pl.String(),
    "points_lost": pl.Float64(),
    "features": pl.List(pl.String()),
    "en": pl.String(),
    "zh": pl.String(),
}
_LISTS: Final[dict[str, pl.DataType]] = {
    "contribution_feature": pl.Categorical(),
    "contribution_points": pl.Float64(),
    "contribution_points_lost": pl.Float64(),
    "contribution_kind": pl.UInt8(),
    "contribution_number": pl.Float64(),
    "contribution_text": pl.String(),
}
SCHEMA: Final = pl.Schema(
    {
        **_PLAIN,
        "reasons": pl.List(pl.Struct(_REASON)),
        "triggers": pl.List(pl.Struct(_TRIGGER)),
        **{name: pl.List(dtype) for name, dtype in _LISTS.items()},
    }
)
"""Columns of a Parquet file of decisions."""

_EXACT_TO: Final = 2**53
_ROWS_AT_ONCE: Final = 2_000
"""Cases turned into records at a time, so that the flat lists of a large file never stand in memory whole."""


def write_decisions(path: Path, decisions: Sequence[Decision]) -> None:
    """Write decisions as JSON Lines when the name ends in ``.jsonl``, else as Parquet; whole or not at all."""
    if path.suffix == ".jsonl":
        write_text(path, "".join(f"{decision.to_json()}\n" for decision in decisions))
    else:
        write_frame(path, decisions_frame(decisions))


def read_decisions(path: Path, *, case_ids: Collection[str] | None = None) -> list[Decision]:
    """Read decisions in the order of the file.

    Args:
        path: File that ``write_decisions`` wrote.
        case_ids: Cases to read; None means all.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: the file holds something else than decisions.
        CaseNotFoundError: a case is not in the file.
    """
    if path.suffix == ".jsonl":
        found = _read_lines(path)
        if case_ids is None:
            return found
        _require_cases(pl.Series([decision.case_id for decision in found], dtype=pl.String), case_ids, path)
        return [decision for decision in found if decision.case_id in set(case_ids)]
    frame = read_decisions_frame(path)
    return list(decisions_of(frame if case_ids is None else only_cases(frame, case_ids, path)))


def only_cases(decisions: pl.DataFrame, case_ids: Collection[str], path: Path) -> pl.DataFrame:
    """Return the rows of some cases, in the order of the frame.

    Args:
        decisions: From ``read_decisions_frame``.
        case_ids: The cases.
        path: Where the decisions were read, for the message.

    Raises:
        CaseNotFoundError: a case is not among them.
    """
    _require_cases(decisions["case_id"], case_ids, path)
    return decisions.filter(pl.col("case_id").is_in(list(case_ids)))


def _require_cases(known: pl.Series, case_ids: Collection[str], path: Path) -> None:
    for case_id in sorted(set(case_ids).difference(known)):
        alike = known.filter(known.str.to_lowercase() == case_id.strip().lower())
        raise CaseNotFoundError(path, case_id, alike[0] if len(alike) else None)


def read_decisions_frame(path: Path) -> pl.DataFrame:
    """Read decisions as a frame with the columns of ``SCHEMA``: quick for a look at all, where records are not needed.

    Of every case, the lists that speak of its features must be equally long.

    Raises:
        MissingFileError: there is no such file.
        DamagedFileError: the file holds something else than decisions.
    """
    if path.suffix == ".jsonl":
        return decisions_frame(_read_lines(path))
    frame = read_frame(path)
    if frame.schema != SCHEMA:
        wrong = sorted(set(frame.schema.items()) ^ set(SCHEMA.items()), key=str)
        raise DamagedFileError(
            path, f"does not hold decisions: column {wrong[0][0]!r} differs", "Write it again with `bamboo score`."
        )
    lengths = [pl.col(name).list.len() for name in _LISTS]
    uneven = frame.filter(pl.any_horizontal(length != lengths[0] for length in lengths[1:]))
    if len(uneven):
        found = f"tells of the features of case {uneven['case_id'][0]!r} in lists of different lengths"
        raise DamagedFileError(path, found, "Write it again with `bamboo score`.")
    return frame


def require_some(decisions: pl.DataFrame, path: Path) -> None:
    """Refuse a file without any decision: nothing can be said of it.

    Raises:
        DamagedFileError: there is none.
    """
    if not len(decisions):
        raise DamagedFileError(path, "holds no decision", "Name a file in which cases were decided.")


def _read_lines(path: Path) -> list[Decision]:
    if not path.is_file():
        raise MissingFileError(path, "Name a file that `bamboo score` wrote.")
    decisions = []
    # Not str.splitlines: it also cuts at characters that may stand inside a JSON text.
    for number, line in enumerate(path.read_bytes().removesuffix(b"\n").split(b"\n") if path.stat().st_size else [], 1):
        try:
            decisions.append(Decision.from_json(line))
        except CodecError as error:
            found = f"holds no decision in line {number} ({error})"
            raise DamagedFileError(path, found, "Write it again with `bamboo score`.") from error
    return decisions


def decisions_frame(decisions: Sequence[Decision]) -> pl.DataFrame:
    """Return decisions as a frame with the columns of ``SCHEMA``, one row each, in the given order."""
    columns: dict[str, pl.Series] = {
        name: pl.Series(name, [_plain(getattr(decision, name)) for decision in decisions], dtype=dtype)
        for name, dtype in _PLAIN.items()
    }
    for name, row in (("reasons", _reason_row), ("triggers", _trigger_row)):
        values = [[row(item) for item in getattr(decision, name)] for decision in decisions]
        columns[name] = pl.Series(name, values, dtype=SCHEMA[name])
    return pl.DataFrame({**columns, **_contribution_columns(decisions)})


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _reason_row(reason: Reason) -> dict[str, object]:
    return {
        "group": reason.group,
        "points_lost": reason.points_lost,
        "features": list(reason.features),
        "en": reason.en,
        "zh": reason.zh,
    }


def _trigger_row(trigger: Trigger) -> dict[str, object]:
    evidence = json.dumps(dict(trigger.evidence), ensure_ascii=False)
    return {"id": trigger.id, "kind": trigger.kind, "evidence": evidence, "en": trigger.en, "zh": trigger.zh}


def _contribution_columns(decisions: Sequence[Decision]) -> dict[str, pl.Series]:
    lengths = np.array([len(decision.contributions) for decision in decisions], dtype=np.int64)
    flat = list(chain.from_iterable(decision.contributions for decision in decisions))
    kinds = np.fromiter((_kind(c.value) for c in flat), np.uint8, len(flat))
    parts: dict[str, Any] = {
        "contribution_feature": [c.feature for c in flat],
        "contribution_points": np.fromiter((c.points for c in flat), np.float64, len(flat)),
        "contribution_points_lost": np.fromiter((c.points_lost for c in flat), np.float64, len(flat)),
        "contribution_kind": kinds,
        "contribution_number": np.fromiter(
            (cast("float", c.value) if 1 <= kind <= 3 else 0.0 for c, kind in zip(flat, kinds, strict=True)),
            np.float64,
            len(flat),
        ),
        "contribution_text": [str(c.value) if kind >= 4 else None for c, kind in zip(flat, kinds, strict=True)],
    }
    return {name: _nested(pl.Series(name, part, dtype=_LISTS[name]), lengths) for name, part in parts.items()}


def _kind(value: Value) -> int:
    if value is None:
        return 0
    if isinstance(value, bool):
        return 3
    if isinstance(value, int):
        return 2 if abs(value) <= _EXACT_TO else 5
    return 1 if isinstance(value, float) else 4


def _nested(flat: pl.Series, lengths: np.ndarray[Any, np.dtype[np.int64]]) -> pl.Series:
    """Cut a flat series into lists of the given lengths; zero gives an empty list."""
    rows = pl.Series("row", np.repeat(np.arange(len(lengths)), lengths))
    lists = pl.DataFrame([rows, flat]).group_by("row", maintain_order=True).agg(pl.col(flat.name))
    every = pl.DataFrame({"row": np.arange(len(lengths))})
    column = every.join(lists, on="row", how="left", maintain_order="left")[flat.name]
    return column.fill_null(pl.Series([[]], dtype=pl.List(flat.dtype))) if column.null_count() else column


def decisions_of(frame: pl.DataFrame) -> Iterator[Decision]:
    """Yield the decisions of a frame that ``decisions_frame`` made, in its order."""
    for part in frame.iter_slices(_ROWS_AT_ONCE):
        contributions = _contributions(part)
        plain = part.select(*_PLAIN, "reasons", "triggers").iter_rows(named=True)
        for row in plain:
            yield Decision(
                **{name: _as_tuple(row[name]) for name in _PLAIN},
                reasons=tuple(_reason(found) for found in row["reasons"]),
                triggers=tuple(_trigger(found) for found in row["triggers"]),
                contributions=next(contributions),
            )


def _as_tuple(value: Any) -> Any:  # noqa: ANN401 - a cell of any column
    return tuple(value) if isinstance(value, list) else value


def _reason(row: dict[str, Any]) -> Reason:
    return Reason(**{**row, "features": tuple(row["features"])})


def _trigger(row: dict[str, Any]) -> Trigger:
    return Trigger(**{**row, "evidence": json.loads(row["evidence"])})


_PYTHON: Final[dict[int, Callable[[float, str], Value]]] = {
    0: lambda _number, _text: None,
    1: lambda number, _text: number,
    2: lambda number, _text: int(number),
    3: lambda number, _text: bool(number),
    4: lambda _number, text: text,
    5: lambda _number, text: int(text),
}


def _contributions(part: pl.DataFrame) -> Iterator[tuple[Contribution, ...]]:
    lengths = part["contribution_feature"].list.len().to_list()
    some = part.filter(pl.col("contribution_feature").list.len() > 0)
    flat = [some[name].explode() for name in _LISTS]
    words = flat[0].unique()
    names = dict(zip(words.to_physical().to_list(), words.cast(pl.String).to_list(), strict=True))
    features = [names[code] for code in flat[0].to_physical().to_list()]
    points, lost = flat[1].to_list(), flat[2].to_list()
    values = [
        _PYTHON[kind](number, text) for kind, number, text in zip(*(each.to_list() for each in flat[3:]), strict=True)
    ]
    start = 0
    for length in lengths:
        own = slice(start, start + length)
        yield Contribution.all_of(features[own], values[own], points[own], lost[own])
        start += length
