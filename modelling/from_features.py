"""A dataset from the lender's own tables: feature table, outcomes and applications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

import polars as pl

from features.catalogue import CATALOGUE, Catalogue
from features.declaration import QUESTIONS
from features.feature import Feature
from features.tables import APPLICATIONS
from modelling.dataset import MIN_CATEGORY_COUNT, Dataset, vocabulary
from modelling.labels import BadDefinition, label
from modelling.periods import TIME_ZONE
from modelling.splits import by_time
from scoring.spec import FeatureSpec, Question, ReasonText

AMOUNT = "application_amount"

YUAN: Final = "yuan"
"""Currency in the units of the catalogue."""

Told = TypeVar("Told", FeatureSpec, Question)

MOST_NAMED: Final = 4
"""Features of a family that a notice names; the feature manifest lists all."""


def dataset_from_features(
    features: pl.DataFrame,
    outcomes: pl.DataFrame,
    applications: pl.DataFrame,
    definition: BadDefinition,
    *,
    sources: Mapping[str, str] | None = None,
    catalogue: Catalogue = CATALOGUE,
    min_category_count: int = MIN_CATEGORY_COUNT,
    time_zone: str = TIME_ZONE,
    currency: str = YUAN,
) -> Dataset:
    """Join features with labels, split by time, and declare every feature from its catalogue entry.

    Rejects and cases whose window is not yet observed stay in the frame with their label status, without label; they
    train nothing. Vocabularies come from labelled development cases alone. Features without any value in development
    are left out with a notice.

    Args:
        features: The feature table: ``application_id``, ``applicant_id``, ``applied_at``, then features.
        outcomes: The raw table ``outcomes``.
        applications: The raw table ``applications``; only its protected columns are read.
        definition: What bad means.
        sources: Name of each source to the SHA-256 of its content.
        catalogue: Declarations of the features.
        min_category_count: Rarer categories go to the unknown bucket.
        time_zone: Where a day, and so a month, begins.
        currency: What amounts are in; it takes the place of yuan in the units of features and questions.

    Raises:
        LabelError: see `modelling.splits.by_time`.
    """
    frame = by_time(_joined(features, outcomes, applications, definition), time_zone=time_zone)
    development = frame.filter((pl.col("split") == "development") & pl.col("label").is_not_null())
    present = [name for name in catalogue if name in frame.columns]
    empty = [name for name in present if development[name].null_count() == len(development)]
    used = [catalogue[name] for name in present if name not in empty]
    return Dataset(
        frame=frame.drop(empty),
        features=tuple(
            _in_currency(spec_of(feature, development[feature.name], min_category_count), currency) for feature in used
        ),
        reasons=_reasons(used, catalogue),
        questions=tuple(_in_currency(question, currency) for question in _questions(used)),
        bad_definition=definition.describe(),
        sources=dict(sources or {}),
        amount_feature=AMOUNT if AMOUNT in {feature.name for feature in used} else None,
        time_zone=time_zone,
        notices=_left_out(empty),
    )


def _in_currency(told: Told, currency: str) -> Told:
    return replace(told, unit=told.unit.replace(YUAN, currency))


def _left_out(empty: Sequence[str]) -> tuple[str, ...]:
    """Say in one line per family what is left out: a table that a lender lacks empties dozens of features at once."""
    families: dict[str, list[str]] = {}
    for name in empty:
        families.setdefault(name.partition("_")[0], []).append(name)
    return tuple(
        f"{len(names)} {family} feature(s) left out, since no case in development has a value: "
        + ", ".join(names[:MOST_NAMED])
        + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
        for family, names in families.items()
    )


def spec_of(feature: Feature, column: pl.Series, min_category_count: int = MIN_CATEGORY_COUNT) -> FeatureSpec:
    """Turn a feature's declaration into what the model's bundle says about it; ``column`` gives the vocabulary."""
    meaning = feature.meaning
    return FeatureSpec(
        name=feature.name,
        kind=feature.kind,
        source=meaning.source,
        direction=meaning.direction,
        reason_group=meaning.group.id,
        null_means=meaning.null_means,
        en=meaning.en,
        zh=meaning.zh,
        unit=meaning.unit,
        vocabulary=vocabulary(column, min_category_count) if feature.kind == "category" else (),
        lower=feature.lower if feature.kind == "number" else None,
        upper=feature.upper if feature.kind == "number" else None,
        question=meaning.question.id if meaning.question else None,
        changeable=meaning.changeable,
    )


def _joined(
    features: pl.DataFrame, outcomes: pl.DataFrame, applications: pl.DataFrame, definition: BadDefinition
) -> pl.DataFrame:
    protected = [column.name for column in APPLICATIONS.columns if column.protected]
    given = [name for name in protected if name in applications.columns]
    renamed = applications.select("application_id", *(pl.col(name).alias(f"protected_{name}") for name in given))
    labels = label(outcomes, definition).select("application_id", "label_status", "label")
    return (
        features.join(labels, on="application_id", how="left", maintain_order="left")
        .join(renamed, on="application_id", how="left", maintain_order="left")
        .with_columns(pl.col("label_status").fill_null("unknown"))
        .rename({"application_id": "case_id", "applied_at": "time"})
    )


def _reasons(used: Iterable[Feature], catalogue: Catalogue) -> tuple[ReasonText, ...]:
    groups = {feature.meaning.group.id for feature in used}
    told = (group for group in catalogue.reason_groups() if group.id in groups)
    return tuple(ReasonText(id=group.id, en=group.en, zh=group.zh) for group in told)


def _questions(used: Iterable[Feature]) -> tuple[Question, ...]:
    asked = {feature.meaning.question.id for feature in used if feature.meaning.question}
    return tuple(
        Question(
            id=question.id,
            answer=question.answer,
            unit=question.unit,
            en=question.en,
            zh=question.zh,
            check_en=question.check_en,
            check_zh=question.check_zh,
        )
        for question in QUESTIONS.values()
        if question.id in asked
    )
