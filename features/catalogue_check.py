"""Whether declared features can be used together: what is wrong with each, and where two contradict each other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, get_args

from features.declaration import QUESTIONS, REASON_GROUPS, Direction, Kind, Meaning, ReasonGroup, Source
from features.feature import Feature, Json
from features.tables import APPLICATIONS, VERIFIABLE
from features.view_types import type_problems

_PROTECTED: Final = frozenset(column.name for column in APPLICATIONS.columns if column.protected)
_TAKEN: Final = frozenset({*APPLICATIONS.schema, "row"})
"""Columns that stand beside the features while they are built."""


def problems_of(features: Sequence[Feature]) -> list[str]:
    """Return what is wrong with the features, each with its name; empty when they can be used."""
    strange = [feature for feature in features if not isinstance(feature.meaning, Meaning)]
    if strange:
        return [f"{f.name!r} has meaning {f.meaning!r:.80}, must be a Meaning: see Topic.meaning" for f in strange]
    twice = {name: n for name, n in Counter(f.name for f in features).items() if n > 1}
    problems = [f"{name!r} is declared {n} times" for name, n in twice.items()]
    for feature in features:
        problems += _problems(feature)
    once = [feature for feature in features if feature.name not in twice]
    return [*problems, *_double_meanings(once), *_double_reasons(features)]


def _problems(feature: Feature) -> Iterator[str]:
    name, meaning = feature.name, feature.meaning
    if name in _TAKEN or not name.isidentifier():
        yield f"{name!r} cannot be the name of a feature: it is a column of the applications, or no plain word"
    for text in ("en", "zh", "null_means"):
        if not getattr(meaning, text).strip() or "{" in getattr(meaning, text):
            yield f"{name!r} has no whole text {text!r}"
    unknown_words = list(_words(feature))
    yield from unknown_words
    protected = sorted(column for column in feature.stated if column in _PROTECTED)
    if protected:
        yield f"{name!r} reads {protected[0]!r}, which is protected"
    yield from _question_problems(name, feature.stated, meaning)
    if not unknown_words:
        yield from type_problems(feature)


def _words(feature: Feature) -> Iterator[str]:
    """Yield what is none of the known kinds, sources or directions: a lender's module is not checked for types."""
    meaning = feature.meaning
    known = {"kind": (feature.kind, Kind), "source": (meaning.source, Source)}
    for what, (value, words) in known.items():
        if value not in get_args(words):
            yield f"{feature.name!r} has {what} {value!r}, must be one of {', '.join(get_args(words))}"
    if meaning.direction not in get_args(Direction):
        yield f"{feature.name!r} has direction {meaning.direction!r}, must be -1, 0 or 1"
    elif feature.kind == "category" and meaning.direction:
        yield f"{feature.name!r} has direction {meaning.direction}, must be 0: a category does not rise"


def _question_problems(name: str, stated: Iterable[str], meaning: Meaning) -> Iterator[str]:
    asked = {meaning.question.id} if meaning.question else set()
    checkable = set(stated) & set(VERIFIABLE)
    if asked != checkable:
        yield f"{name!r} reads {sorted(checkable)}, so its question must be about that, not {sorted(asked)}"
    elif meaning.question and meaning.question != QUESTIONS[meaning.question.id]:
        yield f"{name!r} asks {meaning.question.id!r} in words of its own; take QUESTIONS[{meaning.question.id!r}]"


def _double_meanings(features: Sequence[Feature]) -> Iterator[str]:
    """Yield inputs that bear the name of another feature: in a build, one name holds one column."""
    known: dict[str, Feature] = {}
    for feature in (*features, *(part for one in features for part in _inputs(one))):
        first = known.setdefault(feature.name, feature)
        if first is not feature and _computed(first) != _computed(feature):
            yield f"{feature.name!r} is declared in two ways; give one of them another name"


def _inputs(feature: Feature) -> Iterator[Feature]:
    for part in feature.inputs:
        yield part
        yield from _inputs(part)


def _computed(feature: Feature) -> str:
    """Return the definition without its words: an input may tell less about itself than a feature of the catalogue."""
    return json.dumps(_without_words(feature.definition), sort_keys=True)


def _without_words(definition: Json) -> Json:
    if isinstance(definition, dict):
        return {key: _without_words(value) for key, value in definition.items() if key != "meaning"}
    return [_without_words(part) for part in definition] if isinstance(definition, list) else definition


def _double_reasons(features: Sequence[Feature]) -> Iterator[str]:
    known: dict[str, ReasonGroup] = dict(REASON_GROUPS)
    for feature in features:
        group = feature.meaning.group
        if known.setdefault(group.id, group) != group:
            yield f"{feature.name!r} is told under the reason group {group.id!r}, which has other words already"
        if not (group.en.strip() and group.zh.strip()):
            yield f"{feature.name!r} is told under the reason group {group.id!r}, which lacks a text"
