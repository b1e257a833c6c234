"""Features that read the application alone, or other features of the same application."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from features.declaration import Kind, Meaning
from features.feature import Feature, Json, described, merged, serialised


@dataclass(frozen=True, kw_only=True, eq=False)
class Rowwise:
    """A feature of one application and of features already computed for it.

    Null where the expression is null; a result that is not a number (0/0) is null, too.

    Attributes:
        stem: First part of the name, such as ``application``.
        column: Second part of the name; also the column read when there is no expression.
        meaning: What it means.
        expression: Over columns of ``applications``, ``local_applied_at`` and the names of ``inputs``; None reads
            ``column`` as it is.
        inputs: Features it is computed from; they need not be in the catalogue.
        kind: Kind of the value.
        lower: Smallest possible number.
        upper: Largest possible number.
    """

    stem: str
    column: str
    meaning: Meaning
    expression: pl.Expr | None = None
    inputs: tuple[Feature, ...] = ()
    kind: Kind = "number"
    lower: float | None = None
    upper: float | None = None

    @property
    def name(self) -> str:
        """Column name, such as ``application_amount``."""
        return f"{self.stem}_{self.column}"

    @property
    def value(self) -> pl.Expr:
        """The expression, not yet named."""
        return pl.col(self.column) if self.expression is None else self.expression

    @property
    def tables(self) -> frozenset[str]:
        """Tables of its inputs."""
        return merged(self.inputs)[0]

    @property
    def stated(self) -> frozenset[str]:
        """Columns of the application that it or one of its inputs reads."""
        own = set(self.value.meta.root_names()) - {feature.name for feature in self.inputs}
        return frozenset(own) | merged(self.inputs)[1]

    @property
    def definition(self) -> Json:
        """Expression, inputs, bounds and meaning."""
        return {
            "rowwise": self.name,
            "expression": serialised(self.value),
            "inputs": [feature.definition for feature in self.inputs],
            "kind": self.kind,
            "bounds": [self.lower, self.upper],
            "meaning": described(self.meaning),
        }


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """Return ``part / whole``, null where the whole is not above zero."""
    return pl.when(whole > 0).then(part / whole)


def of(feature: Feature) -> pl.Expr:
    """Return the column of a feature, to compute with in an expression."""
    return pl.col(feature.name)
