"""The aggregates as running numbers in written Python: how each begins, takes a row, and ends.

Features that share rows and column share the running numbers: a sum and a mean are taken over once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from features.aggregates import SUM_UNIT
from features.expression import Expression
from features.in_python import Code, Source
from features.schema_check import LARGEST
from features.windowed import Windowed

Scope: TypeAlias = tuple[object, ...]
"""What settles the rows that a running number takes: rows of the history, conditions, window."""


@dataclass(frozen=True)
class Running:
    """Running numbers of one view.

    Attributes:
        source: Where the lines are written, inside the loop over rows.
        begun: Names of the running numbers with what they begin with, by scope, aggregate and column.
    """

    source: Source
    begun: dict[Scope, dict[Code, Code]] = field(default_factory=dict)

    def begin(self, key: Scope, **starts: Code) -> tuple[list[Code], bool]:
        """Return the names that a running number is kept under, and whether they are new."""
        new = key not in self.begun
        if new:
            self.begun[key] = {self.source.name(stem): start for stem, start in starts.items()}
        return list(self.begun[key]), new


Writer: TypeAlias = Callable[[Running, Scope, Windowed], Code]
"""Writes how a row is taken, when that is not written yet, and returns the code of the final value."""


def aggregate_runtime() -> dict[str, object]:
    """Return what written aggregates call, by name."""
    return {"whole": whole, "total": total, "mean": mean}


def whole(value: float | None) -> int | None:
    """Return a number in whole ten-thousandths, halves to even; None for what is not below `LARGEST`, such as NaN."""
    return round(value * float(SUM_UNIT)) if value is not None and abs(value) < LARGEST else None


def total(wholes: int, count: int) -> float | None:
    """Return the sum of numbers in ten-thousandths; None without numbers."""
    return float(wholes) / SUM_UNIT if count else None


def mean(wholes: int, count: int) -> float | None:
    """Return the mean of numbers in ten-thousandths; None without numbers."""
    return float(wholes) / (count * SUM_UNIT) if count else None


def _count(running: Running, scope: Scope, _: Windowed) -> Code:
    (count,), new = running.begin((*scope, "count"), n="0")
    if new:
        running.source.line(f"{count} += 1")
    return f"float({count})"


def _distinct_values(running: Running, scope: Scope, part: Windowed) -> Code:
    (values,), new = running.begin((*scope, "distinct", part.column), s="set()")
    if new:
        column = part.history.view.column(part.column)
        value = running.source.bound(column)
        with running.source.block(_given(running, column)):
            running.source.line(f"{values}.add({value})")
    return f"float(len({values}))"


def _total(running: Running, scope: Scope, part: Windowed) -> list[Code]:
    names, new = running.begin((*scope, "total", part.column), n="0", w="0")
    if new:
        column = part.history.view.column(part.column)
        value = running.source.bound(column)
        whole = running.source.bind(f"whole({value})")
        with running.source.block(f"if {whole} is not None:"):
            running.source.line(f"{names[0]} += 1")
            running.source.line(f"{names[1]} += {whole}")
    return names


def _sum(running: Running, scope: Scope, part: Windowed) -> Code:
    count, total = _total(running, scope, part)
    return f"total({total}, {count})"


def _mean(running: Running, scope: Scope, part: Windowed) -> Code:
    count, total = _total(running, scope, part)
    return f"mean({total}, {count})"


def _extreme(sign: str) -> Writer:
    def written(running: Running, scope: Scope, part: Windowed) -> Code:
        (best,), new = running.begin((*scope, sign, part.column), m="None")
        if new:
            column = part.history.view.column(part.column)
            value = running.source.bound(column)
            with (
                running.source.block(_given(running, column)),
                running.source.block(f"if {best} is None or {value} {sign} {best} or {best} != {best}:"),
            ):
                running.source.line(f"{best} = {value}")
        return f"number({best})"

    return written


def _share(running: Running, scope: Scope, part: Windowed) -> Code:
    (count, true), new = running.begin((*scope, "share", part.column), n="0", y="0")
    if new:
        column = part.history.view.column(part.column)
        value = running.source.bound(column)
        with running.source.block(_given(running, column)):
            running.source.line(f"{count} += 1")
            with running.source.block(f"if {value}:"):
                running.source.line(f"{true} += 1")
    return f"({true} / {count} if {count} else None)"


def _given(running: Running, column: Expression) -> Code:
    """Return the head of a block for values that are not null."""
    return f"if {running.source.bound(column)} is not None:" if running.source.type_of(column).nullable else "if True:"


AGGREGATES: Final[Mapping[str, Writer]] = {
    "count": _count,
    "": _distinct_values,
    "sum": _sum,
    "mean": _mean,
    "min": _extreme("<"),
    "max": _extreme(">"),
    "share": _share,
}
"""How each aggregate runs over rows, by its name."""
