"""Cases as they are after a call: what it found takes the place of what was stated; all is built and decided again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.build import build
from features.catalogue import CATALOGUE, Catalogue
from features.tables import APPLICATIONS, VERIFIABLE
from features.verified import apply_verified
from modelling.dataset import feature_columns
from scoring.after_call import final_outcome
from scoring.decision import Decision
from scoring.rules import Portfolio
from scoring.scorer import Scorer
from scoring.spec import FeatureSpec

IDS: Final = APPLICATIONS.key


def rebuilt(
    tables: Mapping[str, pl.DataFrame],
    verified: pl.DataFrame,
    features: Sequence[FeatureSpec],
    *,
    time_zone: str,
    catalogue: Catalogue = CATALOGUE,
) -> pl.DataFrame:
    """Build the features of the reviewed applications again, with verified values where there are any.

    By the same builder that made the features before the call, so that a call that confirms what was stated gives the
    same bits. Other applications enter network features as they were.

    Args:
        tables: Raw tables by name; ``calls`` and ``truth`` are never read.
        verified: One row per reviewed application: its id and any of the verified columns, null where not verified.
        features: The model's features; all must be in the catalogue.
        time_zone: Zone of local hours and days, as when the features were first built.
        catalogue: Declarations of the features.

    Returns:
        One row per row of ``verified``, in its order: the id, then the features.
    """
    corrected = {**tables, APPLICATIONS.name: apply_verified(tables[APPLICATIONS.name], verified)}
    ids = verified[IDS].to_list()
    names = [feature.name for feature in features]
    frame = build(corrected, features=names, time_zone=time_zone, only=ids, catalogue=catalogue)
    return verified.select(IDS).join(frame.select(IDS, *names), on=IDS, how="left", maintain_order="left")


def differs(applications: pl.DataFrame, verified: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of ``verified`` in which a call found something else than was stated."""
    found = {stated: name for stated, name in VERIFIABLE.items() if name in verified.columns}
    both = verified.join(applications.select(IDS, *found), on=IDS, how="inner", maintain_order="left")
    other = (pl.col(name).is_not_null() & pl.col(name).ne_missing(pl.col(stated)) for stated, name in found.items())
    return both.filter(pl.any_horizontal(*other)).select(verified.columns) if found else verified.clear()


def decisions_on(scorer: Scorer, frame: pl.DataFrame, *, portfolio: Portfolio | None = None) -> list[Decision]:
    """Decide the cases of a feature table, in its order; see `scoring.scorer.Scorer.decide_many`."""
    columns = feature_columns(frame, scorer.spec.features)
    return scorer.decide_many(columns, case_ids=frame[IDS].to_list(), portfolio=portfolio)


def decisions_after(
    scorer: Scorer,
    before: Sequence[Decision],
    tables: Mapping[str, pl.DataFrame],
    verified: pl.DataFrame,
    *,
    time_zone: str,
    catalogue: Catalogue = CATALOGUE,
) -> list[Decision]:
    """Decide cases again with what calls found; a case whose call found what was stated keeps its decision.

    Args:
        scorer: Decided before, and decides after.
        before: Decisions on the facts as they were stated.
        tables: Raw tables by name; ``calls`` and ``truth`` are never read.
        verified: At most one row per case: its id and the verified columns, null where not verified.
        time_zone: Zone of local hours and days, as when the features were first built.
        catalogue: Declarations of the features.
    """
    corrected = differs(tables[APPLICATIONS.name], verified)
    if corrected.is_empty():
        return list(before)
    frame = rebuilt(tables, corrected, scorer.spec.features, time_zone=time_zone, catalogue=catalogue)
    again = decisions_on(scorer, frame)
    by_id = {decision.case_id: decision for decision in again}
    return [by_id.get(decision.case_id, decision) for decision in before]


def approved(decisions: Sequence[Decision]) -> NDArray[np.bool_]:
    """Return which decisions approve once no call is outstanding."""
    return np.array([final_outcome(decision) == "approve" for decision in decisions], dtype=bool)
