"""The contract of a flat table of one row per case, and what its columns are taken to be.

A flat table is what a lender exports from a warehouse: a target, perhaps an id and a time, and features. The contract
says which column is which; types are inferred from the values and can be overruled by the contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import polars as pl

from features.errors import nearest
from modelling.errors import ContractError
from scoring.errors import listed
from scoring.spec import Direction, Kind, Question

Role = Literal["target", "id", "time", "protected", "ignored", "feature", "left_out"]

MISSING_WORDS: Final = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
"""Words that stand for a missing value in a text column, besides null itself."""

ID_LIKE_SHARE: Final = 0.5
"""A text column with more distinct values than this share of its rows is taken for an identifier."""


@dataclass(frozen=True, kw_only=True)
class FlatContract:
    """Which column of a flat table is what.

    Attributes:
        target: Column that holds how the case ended.
        bad_value: Value of the target that means bad, compared as text (``1``, ``"bad"``, ``true``).
        good_value: Value that means good; None means every value but the bad one. Other values are indeterminate.
        bad_definition: What bad means, in words, with its window.
        id_column: Column that identifies the case; None means the row number.
        time_column: Column with the date or time of the case; None means a stratified split.
        protected: Protected characteristics: kept for fairness checks, never given to a model.
        ignored: Columns that no model sees.
        kinds: Column to the kind it is, where the inferred kind is wrong.
        sources: Column to where the fact comes from, such as ``declared`` or ``bureau``.
        directions: Column to the direction in which the default probability may move when the value rises.
        questions: Column to the question with which a call can verify it.
        groups: Column to the reason group it is told under; a column without one is its own group.
        amount_column: Column with the amount asked for; None when there is none.
        descriptions: Column or group to its description in English.
        descriptions_zh: Column or group to its description in Chinese.
    """

    target: str
    bad_value: str | float | bool
    good_value: str | float | bool | None = None
    bad_definition: str = ""
    id_column: str | None = None
    time_column: str | None = None
    protected: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    directions: Mapping[str, Direction] = field(default_factory=dict)
    questions: Mapping[str, Question] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    amount_column: str | None = None
    descriptions: Mapping[str, str] = field(default_factory=dict)
    descriptions_zh: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FlatColumn:
    """What one column of a flat table is taken to be.

    Attributes:
        name: Column name.
        role: What it is for; ``left_out`` is a column that could not be a feature.
        kind: Kind of feature; None unless the role is ``feature``.
        distinct: Number of distinct values, null not counted.
        missing_share: Share of rows without a value.
        why: Why the role and the kind were chosen, in words.
    """

    name: str
    role: Role
    kind: Kind | None
    distinct: int
    missing_share: float
    why: str


def check_contract(frame: pl.DataFrame, contract: FlatContract) -> None:
    """Check that every column the contract names is there and is named for one role only.

    Raises:
        ContractError: a column is missing (the nearest name is given), or has two roles.
    """
    for where, names in _named(contract).items():
        for name in names:
            if name not in frame.columns:
                raise ContractError(
                    f"contract {where} names the column {name!r}, which the table does not have."
                    f"{nearest(name, frame.columns)} It has: {listed(frame.columns, 20)}"
                )
    single = [contract.target, contract.id_column, contract.time_column, *contract.protected, *contract.ignored]
    roles = [name for name in single if name is not None]
    twice = sorted({name for name in roles if roles.count(name) > 1})
    if twice:
        raise ContractError(
            f"contract gives two roles to {', '.join(twice)}; each of target, id, time, protected and ignored columns "
            "must be named once"
        )
    if contract.amount_column is not None and contract.amount_column in roles:
        raise ContractError(
            f"contract amount_column == {contract.amount_column!r} must be a feature, but it is named for another role"
        )


def infer_columns(frame: pl.DataFrame, contract: FlatContract) -> tuple[FlatColumn, ...]:
    """Say what each column is taken to be, in the order of the table.

    Whole numbers with few distinct values stay numbers unless the contract says ``category``. Text that reads as
    numbers throughout is a number. Dates cannot be features and are left out, as is text that looks like an identifier.

    Raises:
        ContractError: see `check_contract`; or a kind in the contract does not fit the values.
    """
    check_contract(frame, contract)
    return tuple(_infer(frame[name], contract) for name in frame.columns)


def as_kind(column: pl.Series, kind: Kind) -> pl.Series:
    """Convert a column to the type of its kind: Float64, String or Boolean; missing words become null.

    Raises:
        ContractError: a value does not fit the kind.
    """
    dtype = column.dtype
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object) or (kind != "category" and dtype.is_temporal()):
        raise ContractError(
            f"column {column.name!r} holds {dtype}, which is no {kind}; convert it, or ignore the column"
        )
    if kind == "number" and dtype == pl.Boolean:
        raise ContractError(f"column {column.name!r} is a number but holds true or false; make it 1 and 0, or a flag")
    if kind == "category":
        return _cleaned(column.cast(pl.String))
    if kind == "number":
        return _as_number(column)
    numbers = column.cast(pl.Float64) if column.dtype == pl.Boolean else _as_number(_flag_words(column))
    wrong = numbers.filter(numbers.is_not_null() & ~numbers.is_in([0.0, 1.0]))
    if len(wrong):
        raise ContractError(f"column {column.name!r} is a flag but holds {wrong[0]}; a flag holds 0, 1 or nothing")
    return numbers.cast(pl.Boolean)


def _flag_words(column: pl.Series) -> pl.Series:
    if column.dtype != pl.String:
        return column
    return column.str.to_lowercase().replace({"true": "1", "false": "0"})


def _named(contract: FlatContract) -> dict[str, tuple[str, ...]]:
    optional = {"id_column": contract.id_column, "time_column": contract.time_column}
    optional["amount_column"] = contract.amount_column
    named: dict[str, tuple[str, ...]] = {key: (name,) for key, name in optional.items() if name is not None}
    named |= {"target": (contract.target,), "protected": contract.protected, "ignored": contract.ignored}
    maps: dict[str, Mapping[str, object]] = {
        "kinds": contract.kinds,
        "sources": contract.sources,
        "directions": contract.directions,
        "questions": contract.questions,
        "groups": contract.groups,
    }
    return named | {key: tuple(mapping) for key, mapping in maps.items()}


def _role(name: str, contract: FlatContract) -> tuple[Role, str]:
    if name == contract.target:
        return "target", "named by the contract"
    if name == contract.id_column:
        return "id", "named by the contract"
    if name == contract.time_column:
        return "time", "named by the contract"
    if name in contract.protected:
        return "protected", "named by the contract; for fairness checks only"
    if name in contract.ignored:
        return "ignored", "named by the contract"
    return "feature", ""


def _infer(column: pl.Series, contract: FlatContract) -> FlatColumn:
    role, why = _role(column.name, contract)
    cleaned = _cleaned(column) if column.dtype == pl.String else column
    distinct = cleaned.drop_nulls().n_unique()
    kind: Kind | None = None
    if role == "feature":
        role, kind, why = _infer_feature(cleaned, contract, distinct)
    return FlatColumn(
        name=column.name,
        role=role,
        kind=kind,
        distinct=distinct,
        missing_share=cleaned.null_count() / max(len(cleaned), 1),
        why=why,
    )


def _infer_feature(column: pl.Series, contract: FlatContract, distinct: int) -> tuple[Role, Kind | None, str]:
    if column.name in contract.kinds:
        kind = contract.kinds[column.name]
        as_kind(column, kind)
        return "feature", kind, "named by the contract"
    if distinct == 0:
        return "left_out", None, "holds no value"
    if column.dtype == pl.Boolean:
        return "feature", "flag", "true or false"
    if column.dtype.is_numeric():
        return "feature", "number", "numbers"
    if column.dtype.is_temporal():
        return "left_out", None, "a date or time; make it a number of days to use it"
    return _infer_text(column.cast(pl.String), distinct)


def _infer_text(column: pl.Series, distinct: int) -> tuple[Role, Kind | None, str]:
    known = column.drop_nulls()
    if known.str.to_lowercase().is_in(["true", "false"]).all():
        return "feature", "flag", "text that reads as true or false throughout"
    if known.cast(pl.Float64, strict=False).null_count() == 0:
        return "feature", "number", "text that reads as numbers throughout"
    if distinct > max(20, ID_LIKE_SHARE * len(known)):
        return "left_out", None, f"{distinct} distinct texts in {len(known)} rows look like an identifier"
    return "feature", "category", f"text with {distinct} distinct values"


def _cleaned(column: pl.Series) -> pl.Series:
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.is_in(MISSING_WORDS), None)


def _as_number(column: pl.Series) -> pl.Series:
    cleaned = _cleaned(column) if column.dtype == pl.String else column
    numbers = cleaned.cast(pl.Float64, strict=False)
    lost = cleaned.filter(cleaned.is_not_null() & numbers.is_null())
    if len(lost):
        raise ContractError(f"column {column.name!r} is a number but holds {lost[0]!r}; correct it or name a category")
    infinite = numbers.is_infinite().fill_null(value=False)
    if infinite.any():
        raise ContractError(f"column {column.name!r} holds an infinite number; numbers must be finite or missing")
    return numbers.fill_nan(None)
