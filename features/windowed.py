"""Features that sum up rows of history in one number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from features.aggregates import Aggregate
from features.declaration import Kind, Meaning
from features.feature import Feature, Json, described, serialised
from features.history import THIS, History


@dataclass(frozen=True, kw_only=True, eq=False)
class Windowed:
    """One number per application, from rows known before it.

    A row counts when it is known before ``applied_at``, happened at or after ``applied_at − window``, and every
    condition in ``where`` holds. No row in the window: 0 for a count, null for the rest. Applicant without any known
    row in the table: null for all.

    Attributes:
        history: Rows it is taken over.
        aggregate: How they become one number.
        meaning: What it means.
        column: Column of the view that is aggregated; empty for a count of rows.
        where: Boolean columns of the view that must all be true.
        window: How far back it looks; None means all the way.
        lower: Smallest possible number.
    """

    history: History
    aggregate: Aggregate
    meaning: Meaning
    column: str = ""
    where: tuple[str, ...] = ()
    window: timedelta | None = None
    lower: float | None = 0.0

    @property
    def name(self) -> str:
        """Column name, such as ``instalments_days_past_due_max_90d``."""
        parts = (self.history.stem, *self.where, self.column, self.aggregate.name, span(self.window))
        return "_".join(part for part in parts if part)

    @property
    def kind(self) -> Kind:
        """Always a number."""
        return "number"

    @property
    def upper(self) -> float | None:
        """Largest possible number, from the aggregate."""
        return self.aggregate.upper

    @property
    def inputs(self) -> tuple[Feature, ...]:
        """None: it reads tables."""
        return ()

    @property
    def tables(self) -> frozenset[str]:
        """Tables of its view."""
        return self.history.view.tables

    @property
    def stated(self) -> frozenset[str]:
        """Columns of the scored application read by its expressions."""
        parts = [self._expanded(name) for name in (*self.where, self.column) if name]
        if self.history.rows is not None:
            parts.append(self.history.rows)
        roots = {root for part in parts for root in part.meta.root_names()}
        return frozenset(root.removeprefix(THIS) for root in roots if root.startswith(THIS))

    @property
    def definition(self) -> Json:
        """Table, rows, conditions, column, aggregate, window and meaning."""
        view = self.history.view
        return {
            "windowed": self.name,
            "table": view.table.name,
            "parent": view.parent.name if view.parent else None,
            "times": [view.applicant, view.happened, view.known, view.matched],
            "rows": serialised(self.history.rows),
            "where": [serialised(self._expanded(name)) for name in self.where],
            "column": serialised(self._expanded(self.column)) if self.column else "",
            "aggregate": [self.aggregate.name, self.aggregate.counts],
            "window": None if self.window is None else self.window.total_seconds(),
            "bounds": [self.lower, self.upper],
            "meaning": described(self.meaning),
        }

    def expression(self) -> pl.Expr:
        """Return the aggregate over one application's known rows, under the feature's name."""
        rows = pl.lit(value=True) if self.history.rows is None else self.history.rows
        for name in self.where:
            rows = rows & pl.col(name)
        if self.window is not None:
            rows = rows & (pl.col("happened_at") >= pl.col("applied_at") - pl.lit(self.window))
        rows = rows & pl.col("happened_at").is_not_null()
        column = pl.col(self.column) if self.column else pl.lit(1)
        return self.aggregate.compute(column, rows).alias(self.name)

    def _expanded(self, name: str) -> pl.Expr:
        return self.history.view.columns.get(name, pl.col(name))


def span(window: timedelta | None) -> str:
    """Return a window as it stands in a name: ``30d``, or ``6h`` when it is no whole number of days."""
    if window is None:
        return ""
    hours = round(window.total_seconds() / 3600)
    return f"{hours}h" if hours % 24 else f"{hours // 24}d"


def over(template: Windowed, *days: int) -> tuple[Windowed, ...]:
    """Return the feature once for each window, ``{days}`` in its texts replaced.

    Args:
        template: Feature whose English and Chinese texts hold ``{days}``.
        days: Windows in days.
    """
    return tuple(_within(template, count) for count in days)


def _within(template: Windowed, days: int) -> Windowed:
    meaning = template.meaning
    told = replace(meaning, en=meaning.en.format(days=days), zh=meaning.zh.format(days=days))
    return replace(template, window=timedelta(days=days), meaning=told)
