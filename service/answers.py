"""What each question gets: from the bytes of a body to the bytes of an answer, without HTTP, clock or chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from features.errors import FeaturesError
from scoring import codec
from scoring.decision import Decision
from scoring.errors import RequestError
from scoring.scorer import Scorer
from service.errors import RefusedError
from service.explanation import explanation_of
from service.history import read_tables
from service.limits import Limits
from service.refusals import of_features, of_scoring
from service.requests import BatchRequest, CaseRequest, read_application, read_case, read_decisions
from service.serving import Serving
from service.strict_json import parse

MOST_STRANGE: Final = 100
"""So many unknown names in a case are looked at for the nearest known one; more are refused by their number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a request gets.

    Attributes:
        body: One JSON object.
        decisions: What was decided, to be counted.
    """

    body: bytes
    decisions: Sequence[Decision] = ()


Answering = Callable[[Serving, bytes, Limits], Answer]


def decisions(serving: Serving, body: bytes, limits: Limits) -> Answer:
    """Decide one case, answered by `Decision.to_json`, or several, answered by an object with all ``decisions``.

    Raises:
        RefusedError: The request cannot be decided; of several cases none is then.
    """
    request = read_decisions(parse(body), limits)
    if isinstance(request, BatchRequest):
        return _batch(serving.scorer, request)
    decision = _decide(serving.scorer, request)
    return Answer(body=decision.to_json().encode(), decisions=(decision,))


def explanation(serving: Serving, body: bytes, limits: Limits) -> Answer:  # noqa: ARG001 - answers have one shape
    """Decide one case and tell why, in the words of the bundle.

    Raises:
        RefusedError: As for `decisions`.
    """
    decision = _decide(serving.scorer, read_case(parse(body)))
    told = explanation_of(decision, serving.spec)
    return Answer(body=codec.to_json(told).encode(), decisions=(decision,))


def application(serving: Serving, body: bytes, limits: Limits) -> Answer:
    """Build the features of one application from raw tables and decide it.

    Raises:
        RefusedError: As for `decisions`; 404 when the bundle's features are not built from raw tables.
    """
    if serving.builder is None:
        raise RefusedError(404, "no_raw_tables", serving.why_no_builder)
    request = read_application(parse(body))
    tables = read_tables(request.tables, limits, serving.columns)
    try:
        features = serving.builder.build(request.application_id, tables)
    except FeaturesError as error:
        raise of_features(error, tables, serving.columns) from None
    case = CaseRequest(features=features, case_id=request.application_id, portfolio=request.portfolio)
    decision = _decide(serving.scorer, case)
    return Answer(body=decision.to_json().encode(), decisions=(decision,))


def _decide(scorer: Scorer, case: CaseRequest) -> Decision:
    _check_count(case.features, scorer, "features")
    try:
        return scorer.decide(case.features, case_id=case.case_id, portfolio=case.portfolio)
    except RequestError as error:
        raise of_scoring(error) from None


def _batch(scorer: Scorer, batch: BatchRequest) -> Answer:
    names = [feature.name for feature in scorer.spec.features]
    _check_names(scorer, batch, frozenset(names))
    columns = {name: [features[name] for features in batch.features] for name in names}
    try:
        decided = scorer.decide_many(columns, case_ids=batch.case_ids, portfolio=batch.portfolio)
    except RequestError as error:
        raise of_scoring(error) from None
    body = f'{{"decisions": [{", ".join(decision.to_json() for decision in decided)}]}}'
    return Answer(body=body.encode(), decisions=decided)


def _check_names(scorer: Scorer, batch: BatchRequest, known: frozenset[str]) -> None:
    """Refuse a case whose names are not the model's, by what the scorer says of it alone."""
    for index, features in enumerate(batch.features):
        if features.keys() != known:
            place = f"cases[{index}]"
            _check_count(features, scorer, f"{place}.features")
            try:
                scorer.decide(features)
            except RequestError as error:
                raise of_scoring(error, place) from None


def _check_count(features: Mapping[str, Any], scorer: Scorer, place: str) -> None:
    """Refuse a flood of unknown names before each is compared with every known one."""
    needed = len(scorer.spec.features)
    if len(features) > needed + MOST_STRANGE:
        detail = f"{place} holds {len(features)} entries, the model has {needed} features. Send exactly these."
        raise RefusedError(422, "unknown_feature", detail, place)
