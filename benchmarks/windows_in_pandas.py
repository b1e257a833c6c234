"""The compared aggregates in pandas, written in two ways: one join a table, each window out of the wider one.

``nunique``: as a careful user writes them. ``latest``: texts are made numbers first, and different values are counted
by their latest row, which is far from what anybody would write at first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
import polars as pl

from benchmarks.windows import AGGREGATES, DAYS
from features.aggregates import COUNT, DISTINCT, SHARE
from features.windowed import Windowed

_CALLS: Final = {"sum": "sum", "mean": "mean", "max": "max", "min": "min", "share": "mean"}


WAYS: Final = ("nunique", "latest")


def frames(tables: Mapping[str, pl.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables as pandas holds them."""
    return {name: frame.to_pandas() for name, frame in tables.items()}


def _coded(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables with numbers for applicants and categories for repeated texts."""
    found = {name: frame.copy(deep=False) for name, frame in tables.items()}
    people = pd.CategoricalDtype(found["applications"]["applicant_id"].unique())
    for name, frame in found.items():
        frame["applicant_id"] = frame["applicant_id"].astype(people).cat.codes
        for column in ("kind", "lender_id", "lender_type", "purpose", "status", "session_id"):
            if column in frame and name != "applications":
                frame[column] = frame[column].astype("category")
    return found


def computed(tables: Mapping[str, pd.DataFrame], way: str) -> pd.DataFrame:
    """Return the aggregates by application, with their null laws."""
    tables = _coded(tables) if way == "latest" else tables
    applications = tables["applications"][["application_id", "applicant_id", "applied_at"]]
    applications = applications.assign(row=range(len(applications)))
    out = pd.DataFrame(index=applications["row"])
    for name, prepared in (("bureau_inquiries", _inquiries), ("loans", _loans), ("behaviour_events", _behaviour)):
        rows = applications.drop(columns="application_id").merge(tables[name], on="applicant_id")
        rows = rows[(rows["known_at"] < rows["applied_at"]) & (rows["happened_at"] < rows["applied_at"])]
        known = out.index.isin(rows["row"])
        rows = prepared(rows.assign(age=rows["applied_at"] - rows["happened_at"]))
        parts = [part for part in AGGREGATES if part.history.view.table.name == name]
        for column, values in _aggregated(rows, parts, way).items():
            out[column] = values
        for part in parts:
            if part.aggregate.counts:
                out[part.name] = out[part.name].fillna(0).where(known)
    return out.set_index(applications["application_id"])


def _inquiries(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[(rows["lender_type"] != "own") & (rows["purpose"] != "post_loan")]
    return pd.DataFrame(
        {
            "row": rows["row"],
            "age": rows["age"],
            "lenders": _values(rows["lender_id"]),
            "small_loan": rows["lender_type"] == "small_loan",
            "night": _night(rows),
            "days_ago": rows["age"].dt.days,
        }
    )


def _loans(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["lender_type"] != "own"]
    return pd.DataFrame(
        {
            "row": rows["row"],
            "age": rows["age"],
            "lenders": _values(rows["lender_id"]),
            "amount": rows["amount"],
            "open": rows["status"].isna() | ~(rows["status_known_at"] < rows["applied_at"]),
        }
    )


def _behaviour(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row": rows["row"],
            "age": rows["age"],
            "sessions": _values(rows["session_id"]),
            "seconds": rows["seconds"],
            "edit_income": rows["kind"] == "edit_income",
            "view_terms": rows["kind"] == "view_terms",
            "night": _night(rows),
        }
    )


def _values(column: pd.Series) -> pd.Series:
    return column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column


def _night(rows: pd.DataFrame) -> pd.Series:
    """Return whether it is before six in Shanghai, which has no daylight saving time."""
    return (rows["happened_at"] + pd.Timedelta(hours=8)).dt.hour < 6


def _aggregated(rows: pd.DataFrame, parts: list[Windowed], way: str) -> dict[str, pd.Series]:
    found = {}
    for where in {part.where for part in parts}:
        chosen = rows[rows[list(where)].all(axis=1)] if where else rows
        some = [part for part in parts if part.where == where]
        inside = chosen
        for days in (None, *reversed(DAYS)):
            inside = inside if days is None else inside[inside["age"] <= pd.Timedelta(days=days)]
            groups = inside.groupby("row", sort=False)
            for part in some:
                if _days(part) == days and not (way == "latest" and part.aggregate is DISTINCT):
                    found[part.name] = _value(groups, part)
        if way == "latest":
            found |= _different(chosen, [part for part in some if part.aggregate is DISTINCT])
    return found


def _value(groups: object, part: Windowed) -> pd.Series:
    if part.aggregate is COUNT:
        return groups.size()
    values = groups[part.column]
    if part.aggregate is DISTINCT:
        return values.nunique()
    return (
        values.mean()
        if part.aggregate is SHARE
        else getattr(values, _CALLS[part.aggregate.name])(**({"min_count": 1} if part.aggregate.name == "sum" else {}))
    )


def _different(rows: pd.DataFrame, parts: list[Windowed]) -> dict[str, pd.Series]:
    """Return counts of different values, each by its latest row: much faster than ``nunique`` in every window."""
    if not parts:
        return {}
    latest = rows.groupby(["row", parts[0].column], sort=False)["age"].min().reset_index("row")
    return {part.name: latest[latest["age"] <= part.window].groupby("row", sort=False).size() for part in parts}


def _days(part: Windowed) -> int | None:
    return part.window.days if part.window is not None else None
