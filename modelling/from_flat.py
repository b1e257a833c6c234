"""A dataset from a flat table of one row per case and its contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import polars as pl

from modelling.dataset import MIN_CATEGORY_COUNT, Dataset, vocabulary
from modelling.errors import ContractError
from modelling.flat import FlatColumn, FlatContract, as_kind, infer_columns
from modelling.splits import by_time, stratified
from scoring.spec import FeatureSpec, Question, ReasonText

RESERVED: Final = frozenset({"case_id", "applicant_id", "time", "label_status", "label", "split"})
"""Names that a dataset's own columns have."""

UTC: Final = "UTC"
"""Zone of a flat table's times: a time without a zone is taken as it is written."""

TIME_FORMS: Final = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
)
"""Ways in which a time may be written as text; without a zone it is UTC."""

_STATUS_OF_LABEL: Final = {1: "bad", 0: "good"}


def dataset_from_flat(
    frame: pl.DataFrame,
    contract: FlatContract,
    *,
    seed: int,
    sources: Mapping[str, str] | None = None,
    min_category_count: int = MIN_CATEGORY_COUNT,
    currency: str = "",
) -> Dataset:
    """Read a flat table as its contract says: labels, a split by time (or stratified), features with inferred types.

    Rows whose target is null are ``unknown``; rows that are neither the bad nor the good value are ``indeterminate``.

    Args:
        frame: One row per case.
        contract: Which column is what.
        seed: Seed of the stratified split; unused when there is a time column.
        sources: Name of each source to the SHA-256 of its content.
        min_category_count: Rarer categories go to the unknown bucket.
        currency: What amounts are in: the unit of the amount asked for, and of answers that are money and name none.

    Raises:
        ContractError: the table does not fit the contract, or an id occurs twice.
        LabelError: see `modelling.splits`.
    """
    questions = {column: _in_currency(question, currency) for column, question in contract.questions.items()}
    contract = replace(contract, questions=questions)
    columns = infer_columns(frame, contract)
    _check_directions(frame, columns, contract)
    features = [column for column in columns if column.role == "feature"]
    if not features:
        raise ContractError("the contract leaves no feature; name fewer ignored columns")
    reserved = sorted(RESERVED & {column.name for column in features})
    if reserved:
        raise ContractError(f"a feature cannot be called {', '.join(reserved)}; rename the column, or ignore it")
    cases = frame.select(
        _case_ids(frame, contract),
        pl.lit(None, dtype=pl.String).alias("applicant_id"),
        _times(frame, contract),
        *_labels(frame[contract.target], contract),
        *(as_kind(frame[column.name], column.kind or "number") for column in features),
        *(frame[name].cast(pl.String).alias(f"protected_{name}") for name in contract.protected),
    )
    split = by_time(cases, time_zone=UTC) if contract.time_column else stratified(cases, seed)
    development = split.filter((pl.col("split") == "development") & pl.col("label").is_not_null())
    return Dataset(
        frame=split,
        features=tuple(_spec(column, development, contract, min_category_count, currency) for column in features),
        reasons=_reasons(features, contract),
        questions=tuple({question.id: question for question in contract.questions.values()}.values()),
        bad_definition=contract.bad_definition or f"{contract.target} is {contract.bad_value}",
        sources=dict(sources or {}),
        amount_feature=contract.amount_column,
        time_zone=UTC,
        notices=tuple(f"{column.name} is left out: {column.why}" for column in columns if column.role == "left_out"),
    )


def _check_directions(frame: pl.DataFrame, columns: Iterable[FlatColumn], contract: FlatContract) -> None:
    """Refuse a direction of what is no number: numbers written as 8,414 would be left out, or taken for categories."""
    for column in columns:
        name = column.name
        if not contract.directions.get(name, 0) or (column.role == "feature" and column.kind != "category"):
            continue
        read = "which is a category" if column.role == "feature" else f"which is left out ({column.why})"
        text = frame[name].cast(pl.String).drop_nulls()
        odd = text.filter(text.str.strip_chars().cast(pl.Float64, strict=False).is_null()).unique(maintain_order=True)
        found = f": it holds {', '.join(map(repr, odd[:3]))}" if len(odd) else ""
        raise ContractError(
            f"directions names {name!r}, {read}{found}; only numbers and flags have a direction. Write numbers "
            "plainly, name texts that stand for a missing one (csv: {null_values: [...]}), or take the direction out"
        )


def _case_ids(frame: pl.DataFrame, contract: FlatContract) -> pl.Series:
    if contract.id_column is None:
        return pl.Series("case_id", [str(row + 1) for row in range(len(frame))], dtype=pl.String)
    ids = frame[contract.id_column]
    if ids.dtype.is_float():
        raise ContractError(f"id column {ids.name!r} holds floats; identifiers are strings or whole numbers")
    if ids.null_count() or ids.n_unique() != len(ids):
        repeated = ids.filter(ids.is_duplicated() | ids.is_null())
        raise ContractError(
            f"id column {ids.name!r} has {len(repeated)} rows with a null or repeated id, such as {repeated[0]!r}; "
            "one row per case is needed"
        )
    return ids.cast(pl.String).alias("case_id")


def _times(frame: pl.DataFrame, contract: FlatContract) -> pl.Series:
    if contract.time_column is None:
        return pl.Series("time", [None] * len(frame), dtype=pl.Datetime("us", "UTC"))
    times = frame[contract.time_column]
    if times.dtype == pl.String:
        times = _parsed(times)
    if not times.dtype.is_temporal():
        raise ContractError(f"time column {times.name!r} has type {times.dtype}, must be dates or times")
    if times.null_count():
        raise ContractError(
            f"time column {times.name!r} is null in {times.null_count()} rows; a split by time needs all"
        )
    zone = getattr(times.dtype, "time_zone", None)
    moments = times.dt.convert_time_zone("UTC") if zone else times.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return moments.cast(pl.Datetime("us", "UTC")).alias("time")


def _parsed(times: pl.Series) -> pl.Series:
    """Read times by the first ISO form that fits all; other orders of day and month would be guesses."""
    tried = [times.str.to_datetime(form, strict=False, time_zone="UTC") for form in TIME_FORMS]
    whole = next((one for one in tried if one.null_count() == times.null_count()), None)
    if whole is None:
        nearest = min(tried, key=lambda one: one.null_count())
        wrong = times.filter(times.is_not_null() & nearest.is_null())[0]
        raise ContractError(f"time column {times.name!r} holds {wrong!r}; write times as 2024-05-31 or as ISO 8601")
    return whole


def _labels(target: pl.Series, contract: FlatContract) -> tuple[pl.Series, pl.Series]:
    text = [None if value is None else _as_text(value) for value in target.to_list()]
    bad, good = _as_text(contract.bad_value), None if contract.good_value is None else _as_text(contract.good_value)
    found = sorted({value for value in text if value is not None})
    for value in (bad, good):
        if value is not None and value not in found:
            raise ContractError(f"target {target.name!r} never is {value!r}; it holds {', '.join(found[:10])}")
    if good is None and len(found) > 2:
        raise ContractError(
            f"target {target.name!r} holds {len(found)} values ({', '.join(found[:10])}); "
            "name good_value too, and the others count as indeterminate"
        )
    labels = [1 if value == bad else 0 if value is not None and good in (None, value) else None for value in text]
    status = [
        "unknown"
        if value is None
        else _STATUS_OF_LABEL.get(label, "indeterminate")
        if label is not None
        else "indeterminate"
        for value, label in zip(text, labels, strict=True)
    ]
    return pl.Series("label_status", status, dtype=pl.String), pl.Series("label", labels, dtype=pl.Int8)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _spec(
    column: FlatColumn, development: pl.DataFrame, contract: FlatContract, min_category_count: int, currency: str
) -> FeatureSpec:
    name, kind = column.name, column.kind or "number"
    question = contract.questions.get(name)
    return FeatureSpec(
        name=name,
        kind=kind,
        source=contract.sources.get(name, "declared" if question else "table"),
        direction=contract.directions.get(name, 0),
        reason_group=contract.groups.get(name, name),
        null_means="not given",
        en=contract.descriptions.get(name, name.replace("_", " ")),
        zh=contract.descriptions_zh.get(name, contract.descriptions.get(name, name)),
        vocabulary=vocabulary(development[name], min_category_count) if kind == "category" else (),
        question=question.id if question else None,
        unit=question.unit if question else currency if name == contract.amount_column else "",
    )


def _in_currency(question: Question, currency: str) -> Question:
    return replace(question, unit=question.unit or currency) if question.answer == "money" else question


def _reasons(features: list[FlatColumn], contract: FlatContract) -> tuple[ReasonText, ...]:
    groups = dict.fromkeys(contract.groups.get(column.name, column.name) for column in features)
    return tuple(
        ReasonText(
            id=group,
            en=contract.descriptions.get(group, group.replace("_", " ")),
            zh=contract.descriptions_zh.get(group, contract.descriptions.get(group, group)),
        )
        for group in groups
    )
