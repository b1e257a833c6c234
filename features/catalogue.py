"""All features, checked once: unique names, whole texts, and questions that fit what is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from features import (
    application,
    behaviour,
    delinquency,
    disagreement,
    identity,
    inquiries,
    loans,
    network,
    open_loans,
    repayment,
)
from features.declaration import Kind
from features.errors import DeclarationError
from features.feature import Feature
from features.tables import APPLICATIONS, VERIFIABLE

GROUPS: Final[Mapping[str, tuple[Feature, ...]]] = MappingProxyType(
    {
        "application": application.FEATURES,
        "behaviour": behaviour.FEATURES,
        "borrowing": (*inquiries.FEATURES, *loans.FEATURES, *open_loans.FEATURES, *delinquency.FEATURES),
        "repayment": repayment.FEATURES,
        "network": network.FEATURES,
        "identity": identity.FEATURES,
        "disagreement": disagreement.FEATURES,
    }
)
"""Features by group, in the order of the catalogue."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the catalogue as people read it.

    Attributes:
        group: Group of features.
        name: Column name.
        kind: Kind of value.
        source: Where the fact comes from.
        direction: ``up``, ``down`` or empty: how the default probability moves when the value rises.
        reason: Id of the reason group.
        question: Id of the question that verifies it; empty when a call cannot.
        unit: Unit of the value.
        null_means: What null says.
        en: Description in English.
        zh: Description in Chinese.
    """

    group: str
    name: str
    kind: Kind
    source: str
    direction: str
    reason: str
    question: str
    unit: str
    null_means: str
    en: str
    zh: str


def collected(groups: Mapping[str, Sequence[Feature]]) -> Mapping[str, Feature]:
    """Return the features of all groups by name.

    Raises:
        DeclarationError: a name stands twice, a text is missing, or a question does not fit the columns read.
    """
    features = [feature for group in groups.values() for feature in group]
    problems = [f"{name!r} is declared {n} times" for name, n in Counter(f.name for f in features).items() if n > 1]
    problems += [problem for feature in features for problem in _problems(feature)]
    if problems:
        raise DeclarationError(problems)
    return MappingProxyType({feature.name: feature for feature in features})


def _problems(feature: Feature) -> Iterator[str]:
    meaning = feature.meaning
    for text in ("en", "zh", "null_means"):
        if not getattr(meaning, text).strip() or "{" in getattr(meaning, text):
            yield f"{feature.name!r} has no whole text {text!r}"
    protected = sorted(name for name in feature.stated if name in _PROTECTED)
    if protected:
        yield f"{feature.name!r} reads {protected[0]!r}, which is protected"
    asked = {meaning.question.id} if meaning.question else set()
    checkable = set(feature.stated) & set(VERIFIABLE)
    if asked != checkable:
        yield f"{feature.name!r} reads {sorted(checkable)}, so its question must be about that, not {sorted(asked)}"


_PROTECTED: Final = frozenset(column.name for column in APPLICATIONS.columns if column.protected)

CATALOGUE: Final = collected(GROUPS)
"""Every feature by its name, in the order of the columns of a feature table."""


def entries(groups: Mapping[str, Sequence[Feature]] = GROUPS) -> tuple[Entry, ...]:
    """Return the catalogue as lines for a table."""
    return tuple(_entry(group, feature) for group, features in groups.items() for feature in features)


def _entry(group: str, feature: Feature) -> Entry:
    meaning = feature.meaning
    return Entry(
        group=group,
        name=feature.name,
        kind=feature.kind,
        source=meaning.source,
        direction={-1: "down", 0: "", 1: "up"}[meaning.direction],
        reason=meaning.group.id,
        question=meaning.question.id if meaning.question else "",
        unit=meaning.unit,
        null_means=meaning.null_means,
        en=meaning.en,
        zh=meaning.zh,
    )


def with_question(question: str, features: Iterable[Feature] = tuple(CATALOGUE.values())) -> tuple[Feature, ...]:
    """Return the features whose value a call verifies with the question, such as ``declared_income``."""
    return tuple(f for f in features if f.meaning.question is not None and f.meaning.question.id == question)
