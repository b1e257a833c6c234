"""Features that sum up rows of history in one number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from features.aggregates import Aggregate
from features.declaration import Direction, Kind, Meaning
from features.errors import DeclarationError
from features.expression import Expression
from features.feature import Feature, Json, described
from features.history import THIS, History

_HOUR: Final = timedelta(hours=1)


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
        window: How far back it looks, in whole hours; None means all the way.
        lower: Smallest possible number.

    Raises:
        DeclarationError: the history, the aggregate, the conditions or the window are not of their kind.
    """

    history: History
    aggregate: Aggregate
    meaning: Meaning
    column: str = ""
    where: tuple[str, ...] = ()
    window: timedelta | None = None
    lower: float | None = 0.0

    def __post_init__(self) -> None:
        for what, value, kind, must_be in (
            ("history", self.history, History, "a History, such as LOANS_ELSEWHERE of features.loan_views"),
            ("aggregate", self.aggregate, Aggregate, "one of features.aggregates, such as COUNT"),
            ("where", self.where, tuple, 'a tuple of names, such as ("small_loan",)'),
        ):
            if not isinstance(value, kind):
                raise DeclarationError([f"{what} == {value!r:.80} of a windowed feature, must be {must_be}"])
        check_window(f"a feature of {self.history.stem!r}", self.window)

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
        reads = frozenset[str]().union(*(part.reads for part in self.expressions))
        return frozenset(name.removeprefix(THIS) for name in reads if name.startswith(THIS))

    @property
    def definition(self) -> Json:
        """Table, rows, conditions, column, aggregate, window and meaning."""
        view = self.history.view
        return {
            "windowed": self.name,
            "table": view.table.name,
            "parent": view.parent.name if view.parent else None,
            "times": [view.applicant, view.happened, view.known, view.matched],
            "rows": None if self.history.rows is None else self.history.rows.definition,
            "where": [view.column(name).definition for name in self.where],
            "column": view.column(self.column).definition if self.column else None,
            "aggregate": [self.aggregate.name, self.aggregate.counts],
            "window": None if self.window is None else self.window.total_seconds(),
            "bounds": [self.lower, self.upper],
            "meaning": described(self.meaning),
        }

    @property
    def conditions(self) -> tuple[Expression, ...]:
        """What a row must fulfil to count, over the columns of the view."""
        rows = () if self.history.rows is None else (self.history.rows,)
        return (*map(self.history.view.column, self.where), *rows)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Its conditions and its column, over the columns of the view."""
        return (*self.conditions, *([self.history.view.column(self.column)] if self.column else []))


def check_window(feature: str, window: object) -> None:
    """Refuse a window that its feature could not be named by.

    Args:
        feature: What the message calls the feature, whose name ends in the window.
        window: Must be None or some whole hours; those of 10 and of 20 minutes would bear one name.

    Raises:
        DeclarationError: names the window and what it must be.
    """
    if window is not None and (not isinstance(window, timedelta) or window < _HOUR or window % _HOUR):
        must_be = "must be a timedelta of whole hours, such as timedelta(days=30)"
        raise DeclarationError([f"window == {window!s:.80} ({type(window).__name__}) of {feature}, {must_be}"])


def span(window: timedelta | None) -> str:
    """Return a window as it stands in a name: ``30d``, or ``6h`` when it is no whole number of days."""
    if window is None:
        return ""
    hours = window // _HOUR
    return f"{hours}h" if hours % 24 else f"{hours // 24}d"


def summed(
    history: History,
    aggregate: Aggregate,
    en: str = "",
    zh: str = "",
    *,
    days: int | None = None,
    where: str | tuple[str, ...] = (),
    column: str = "",
    group: str = "",
    direction: Direction = 0,
    unit: str = "",
    null: str = "",
) -> Windowed:
    """Declare one aggregate; its null law follows from the aggregate and the history.

    Args:
        history: Rows it is taken over.
        aggregate: How they become one number.
        en: Description in English, ``{days}`` in it replaced; empty for a part of another feature.
        zh: The same in Chinese.
        days: How far back it looks; None means all the way.
        where: Boolean columns of the view that must all be true, or the only one.
        column: Column of the view that is aggregated; empty for a count of rows.
        group: Id of the reason group; empty means the history's.
        direction: Expected direction of the probability of default.
        unit: Unit of the number.
        null: What null means; empty means what follows.
    """
    nothing = history.nothing if aggregate.counts else f"no such row in the window, or {history.nothing}"
    window = "day" if days == 1 else f"{days} days"
    texts = en.replace("{days} days", window).replace("{days}", str(days)), zh.replace("{days}", str(days))
    return Windowed(
        history=history,
        aggregate=aggregate,
        meaning=history.meaning(*texts, null=null or nothing, group=group, direction=direction, unit=unit),
        where=(where,) if isinstance(where, str) else where,
        column=column,
        window=None if days is None else timedelta(days=days),
    )


def windows(
    history: History,
    aggregate: Aggregate,
    en: str,
    zh: str,
    *days: int,
    where: str | tuple[str, ...] = (),
    column: str = "",
    group: str = "",
    direction: Direction = 0,
    unit: str = "",
    null: str = "",
) -> tuple[Windowed, ...]:
    """Declare an aggregate once for each window in days; arguments as for `summed`.

    Without any number of days, it looks back all the way.
    """
    return tuple(
        summed(
            history,
            aggregate,
            en,
            zh,
            days=length,
            where=where,
            column=column,
            group=group,
            direction=direction,
            unit=unit,
            null=null,
        )
        for length in (days or (None,))
    )
