"""Features that read the application alone, or other features of the same application."""

from __future__ import annotations

from dataclasses import dataclass

from features.declaration import Direction, Kind, Meaning, Source
from features.expression import Expression, column, expected
from features.feature import Feature, Json, described, merged
from features.topic import Topic


@dataclass(frozen=True, kw_only=True, eq=False)
class Rowwise:
    """A feature of one application and of features already computed for it.

    Null where the expression is null; a number that is not finite is null, too.

    Attributes:
        stem: First part of the name, such as ``application``.
        column: Second part of the name; also the column read when there is no expression.
        meaning: What it means.
        expression: Over columns of ``applications`` and other features; None reads ``column`` as it is.
        kind: Kind of the value.
        lower: Smallest possible number.
        upper: Largest possible number.

    Raises:
        DeclarationError: ``expression`` is not an `Expression`.
    """

    stem: str
    column: str
    meaning: Meaning
    expression: Expression | None = None
    kind: Kind = "number"
    lower: float | None = None
    upper: float | None = None

    def __post_init__(self) -> None:
        if self.expression is not None:
            expected(self.expression, f"the expression of {self.name!r}")

    @property
    def name(self) -> str:
        """Column name, such as ``application_amount``."""
        return f"{self.stem}_{self.column}"

    @property
    def value(self) -> Expression:
        """What it is computed by."""
        return column(self.column) if self.expression is None else self.expression

    @property
    def inputs(self) -> tuple[Feature, ...]:
        """Features that the expression reads; they need not be in the catalogue."""
        return self.value.features

    @property
    def tables(self) -> frozenset[str]:
        """Tables of its inputs."""
        return merged(self.inputs)[0]

    @property
    def stated(self) -> frozenset[str]:
        """Columns of the application that it or one of its inputs reads."""
        return self.value.reads | merged(self.inputs)[1]

    @property
    def definition(self) -> Json:
        """Expression, inputs, bounds and meaning."""
        return {
            "rowwise": self.name,
            "expression": self.value.definition,
            "inputs": [feature.definition for feature in self.inputs],
            "kind": self.kind,
            "bounds": [self.lower, self.upper],
            "meaning": described(self.meaning),
        }


def derived(
    topic: Topic,
    name: str,
    expression: Expression,
    en: str,
    zh: str,
    *,
    null: str = "",
    group: str = "",
    direction: Direction = 0,
    unit: str = "",
    question: str | None = None,
    source: Source | None = None,
    changeable: bool | None = None,
    lower: float | None = 0.0,
    upper: float | None = None,
) -> Rowwise:
    """Declare a number computed from the application and from other features.

    Args:
        topic: What it shares with others: stem, source, reason group and null law.
        name: Second part of its name.
        expression: How it is computed.
        en: Description in English.
        zh: Description in Chinese.
        null: What null means; empty means the topic's law.
        group: Reason group; empty means the topic's.
        direction: Expected direction of the probability of default.
        unit: Unit of the number.
        question: Id of the question that verifies it.
        source: Where the fact comes from; None means as the topic.
        changeable: Whether the applicant can change it; None means as the topic.
        lower: Smallest possible number; None means no bound.
        upper: Largest possible number; None means no bound.
    """
    meaning = topic.meaning(
        en,
        zh,
        null=null,
        group=group,
        direction=direction,
        unit=unit,
        question=question,
        source=source,
        changeable=changeable,
    )
    return Rowwise(stem=topic.stem, column=name, expression=expression, meaning=meaning, lower=lower, upper=upper)


def flag(
    topic: Topic,
    name: str,
    expression: Expression,
    en: str,
    zh: str,
    *,
    null: str = "",
    group: str = "",
    direction: Direction = 0,
    question: str | None = None,
) -> Rowwise:
    """Declare a flag computed from the application and from other features; arguments as for `derived`."""
    meaning = topic.meaning(en, zh, null=null, group=group, direction=direction, question=question)
    return Rowwise(stem=topic.stem, column=name, expression=expression, meaning=meaning, kind="flag")
