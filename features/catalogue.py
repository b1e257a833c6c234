"""All features as one checked value: the built-in ones, and those of a lender's own modules beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from features import (
    application,
    behaviour,
    changes,
    delinquency,
    disagreement,
    identity,
    inquiries,
    loans,
    network,
    open_loans,
    repayment,
    rhythm,
    spirals,
    watchlist,
)
from features.catalogue_check import problems_of
from features.declaration import REASON_GROUPS, Kind, ReasonGroup
from features.errors import DeclarationError
from features.feature import Feature

GROUPS: Final[Mapping[str, tuple[Feature, ...]]] = MappingProxyType(
    {
        "application": application.FEATURES,
        "behaviour": (*behaviour.FEATURES, *rhythm.FEATURES),
        "borrowing": (
            *inquiries.FEATURES,
            *loans.FEATURES,
            *open_loans.FEATURES,
            *delinquency.FEATURES,
            *spirals.FEATURES,
        ),
        "repayment": repayment.FEATURES,
        "network": (*network.FEATURES, *watchlist.FEATURES),
        "identity": identity.FEATURES,
        "disagreement": (*disagreement.FEATURES, *changes.FEATURES),
    }
)
"""Built-in features by group, in the order of the catalogue."""


@dataclass(frozen=True, kw_only=True)
class Module:
    """A lender's own module of features.

    Attributes:
        name: Its name, and that of the group that its features form.
        sha256: Hash of its source.
        features: What it declares.
    """

    name: str
    sha256: str
    features: tuple[Feature, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Catalogue(Mapping[str, Feature]):
    """Features by their names, in the order of the columns of a feature table; checked when it is made.

    Attributes:
        groups: Features by group.
        modules: Own modules whose features are among them, by name, each with the SHA-256 of its source.

    Raises:
        DeclarationError: a name stands twice, a text is missing, a question does not fit the columns read, a protected
            column is read, or a declaration contradicts another.
    """

    groups: Mapping[str, Sequence[Feature]]
    modules: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        features = [feature for group in self.groups.values() for feature in group]
        problems = problems_of(features)
        if problems:
            raise DeclarationError(problems)
        object.__setattr__(self, "_features", {feature.name: feature for feature in features})

    def __getitem__(self, name: str) -> Feature:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    @property
    def _by_name(self) -> Mapping[str, Feature]:
        names: Mapping[str, Feature] = self.__dict__["_features"]
        return names

    def with_module(self, module: Module) -> Catalogue:
        """Return the catalogue with a module's features after its own, as a group under the module's name.

        Raises:
            DeclarationError: a group or a feature of that name is there, the module declares nothing, or see
                `Catalogue`.
        """
        if module.name in self.groups:
            raise DeclarationError(
                [f"group {module.name!r} is there already; give the module another name than {', '.join(self.groups)}"]
            )
        if not module.features:
            raise DeclarationError([f"module {module.name!r} declares no feature"])
        taken = [repr(feature.name) for feature in module.features if feature.name in self]
        if taken:
            way_out = "named so already, by a feature that is not of this module; give the new one another stem"
            raise DeclarationError([f"{', '.join(taken)}: {way_out}"])
        return Catalogue(
            groups={**self.groups, module.name: module.features}, modules={**self.modules, module.name: module.sha256}
        )

    def reason_groups(self) -> tuple[ReasonGroup, ...]:
        """Return the reason groups that any feature is told under: built-in ones first, then own ones."""
        used = {feature.meaning.group.id: feature.meaning.group for feature in self.values()}
        own = [group for name, group in used.items() if name not in REASON_GROUPS]
        return (*(group for group in REASON_GROUPS.values() if group.id in used), *own)

    def with_question(self, question: str) -> tuple[Feature, ...]:
        """Return the features whose value a call verifies with the question, such as ``declared_income``."""
        return tuple(f for f in self.values() if f.meaning.question is not None and f.meaning.question.id == question)


CATALOGUE: Final = Catalogue(groups=GROUPS)
"""The built-in features."""


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


def entries(catalogue: Catalogue = CATALOGUE) -> tuple[Entry, ...]:
    """Return the catalogue as lines for a table."""
    return tuple(_entry(group, feature) for group, features in catalogue.groups.items() for feature in features)


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
