"""The call sheet: why this case is called, what to ask in which words, and what each answer is checked against.

A sheet never says whether the case was picked at random or for the value of the call: a caller who knew would ask the
two kinds differently, and the control arm would no longer measure what calls are worth. Every sheet therefore carries
the same opening words, and neither ``control``, ``routed_by`` nor ``call_value`` of the decision is copied into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal

from review.errors import SheetError
from scoring.decision import Contribution, Decision, Value
from scoring.spec import FeatureSpec, ModelSpec, Question

CHECKS_SHOWN: Final = 4
"""How many facts from other sources are shown beside a question: as many as a caller can hold in mind."""

OPENING_EN: Final = (
    "The score of this application rests partly on facts that nobody has checked. Calls are chosen for what they may "
    "change and, in part, at random; every sheet looks the same."
)
OPENING_ZH: Final = (
    "本申请的评分部分依据尚未核实的填报信息。致电名单一部分按核实价值选取,一部分随机抽取;所有核实单格式相同。"
)

AnswerKind = Literal["money", "whole", "flag", "text"]


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something known about the case, with its words.

    Attributes:
        id: Column or feature name.
        value: What is known; None when unknown.
        en: What it is, in English.
        zh: The same in Chinese.
        unit: Unit of the value; empty where there is none.
    """

    id: str
    value: Value
    en: str
    zh: str
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class PossibleAnswer:
    """One way in which a question may be answered, and what then holds.

    Attributes:
        id: ``as_stated``, ``lower``, ``higher``, ``different``, ``stated_now`` or ``refused``.
        en: The answer, in English.
        zh: The same in Chinese.
        check_en: What it is checked against and what follows, in English.
        check_zh: The same in Chinese.
    """

    id: str
    en: str
    zh: str
    check_en: str
    check_zh: str


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question of the sheet, with room for its answer.

    Attributes:
        question: Id of the question, such as ``declared_income``.
        answer: Kind of answer.
        unit: Unit of the answer; empty where there is none.
        en: The words in English.
        zh: The words in Chinese.
        stated: What the applicant stated; None when nothing.
        points: Points that the stated fact carries against the average just-approved applicant, summed over the
            features that rest on it; positive when it speaks for the applicant.
        features: These features.
        possible: The ways to answer.
        checked_against: Facts from other sources that speak of the same thing, the weightiest first.
    """

    question: str
    answer: AnswerKind
    unit: str
    en: str
    zh: str
    stated: Value
    points: float
    features: tuple[str, ...]
    possible: tuple[PossibleAnswer, ...]
    checked_against: tuple[Fact, ...]


@dataclass(frozen=True, kw_only=True)
class Why:
    """One line of why the case is called.

    Attributes:
        id: Trigger or hard rule that speaks; ``opening`` for the line that all sheets share.
        en: Words in English.
        zh: Words in Chinese.
        evidence: Names to the numbers or words that the trigger rests on.
    """

    id: str
    en: str
    zh: str
    evidence: Mapping[str, Value]


@dataclass(frozen=True, kw_only=True)
class CallSheet:
    """All that a caller needs for one case, and nothing that tells how the case was chosen.

    Attributes:
        case_id: The application.
        bundle: SHA-256 of the bundle that decided, so that the answers are re-scored by the same model.
        facts: Facts of the application, to open the call with.
        why: Why this case is called, the shared opening first.
        asks: What to ask, most points first; empty when the model has no fact that a call can verify.
    """

    case_id: str
    bundle: str
    facts: tuple[Fact, ...]
    why: tuple[Why, ...]
    asks: tuple[Ask, ...]

    def to_dict(self) -> dict[str, object]:
        """Return plain lists, objects, texts and numbers, ready for JSON, with an empty answer to fill in per question.

        The ``answers`` hold what ``review.answer_files.parse_json`` reads back, once ``status`` is filled in.
        """
        blank = [
            {"application_id": self.case_id, "question": ask.question, "status": None, "answer": None}
            for ask in self.asks
        ]
        return {**asdict(self), "answers": blank}


def call_sheet(
    decision: Decision, spec: ModelSpec, facts: tuple[Fact, ...] = (), *, stated: Mapping[str, Value] | None = None
) -> CallSheet:
    """Make the call sheet of one decided case.

    Args:
        decision: What was decided; it must have a case id.
        spec: Declarations of the model that decided.
        facts: Facts of the application to show first, such as amount and term.
        stated: Question id to what the applicant stated. A question that is missing here is answered by the scored
            value when exactly one number, category or flag rests on it, and else counts as not stated.

    Returns:
        The sheet. Equal for two cases that differ only in how they were chosen.

    Raises:
        SheetError: the decision has no case id, or names a question or feature that the spec does not have.
    """
    if decision.case_id is None:
        raise SheetError("decision.case_id is None, must be an id: answers could not be told apart without one.")
    questions = {question.id: question for question in spec.questions}
    features = {feature.name: feature for feature in spec.features}
    scored = _scored(decision, features)
    return CallSheet(
        case_id=decision.case_id,
        bundle=decision.bundle,
        facts=facts,
        why=_why(decision),
        asks=tuple(_ask(_known(questions, name), scored, stated or {}) for name in decision.questions),
    )


Scored = tuple[tuple[FeatureSpec, Contribution], ...]


def _scored(decision: Decision, features: Mapping[str, FeatureSpec]) -> Scored:
    unknown = [c.feature for c in decision.contributions if c.feature not in features]
    if unknown:
        raise SheetError(f"decision names feature {unknown[0]!r}, which the spec lacks: it is of another model.")
    return tuple((features[c.feature], c) for c in decision.contributions)


def _known(questions: Mapping[str, Question], name: str) -> Question:
    if name not in questions:
        raise SheetError(f"decision asks {name!r}, must be one of {', '.join(questions)}: it is of another model.")
    return questions[name]


def _why(decision: Decision) -> tuple[Why, ...]:
    opening = Why(id="opening", en=OPENING_EN, zh=OPENING_ZH, evidence={})
    return (opening, *(Why(id=t.id, en=t.en, zh=t.zh, evidence=dict(t.evidence)) for t in decision.triggers))


def _ask(question: Question, scored: Scored, stated: Mapping[str, Value]) -> Ask:
    resting = [(feature, c) for feature, c in scored if feature.question == question.id]
    value = stated[question.id] if question.id in stated else _only_value(resting)
    against = _other_sources(scored, {feature.reason_group for feature, _ in resting})
    return Ask(
        question=question.id,
        answer=question.answer,
        unit=question.unit,
        en=question.en,
        zh=question.zh,
        stated=value,
        points=-sum(c.points_lost for _, c in resting),
        features=tuple(feature.name for feature, _ in resting),
        possible=possible_answers(question, value),
        checked_against=against,
    )


def _only_value(resting: list[tuple[FeatureSpec, Contribution]]) -> Value:
    return resting[0][1].value if len(resting) == 1 else None


def _other_sources(scored: Scored, groups: set[str]) -> tuple[Fact, ...]:
    """Scored facts that are not the applicant's own word and are told under the same reasons, weightiest first."""
    speaking = [
        (feature, c)
        for feature, c in scored
        if feature.source != "declared" and feature.question is None and feature.reason_group in groups
    ]
    known = [(feature, c) for feature, c in speaking if c.value is not None]
    known.sort(key=lambda pair: (-abs(pair[1].points), pair[0].name))
    return tuple(
        Fact(id=feature.name, value=c.value, en=feature.en, zh=feature.zh, unit=feature.unit)
        for feature, c in known[:CHECKS_SHOWN]
    )


REFUSED: Final = PossibleAnswer(
    id="refused",
    en="refuses or cannot say",
    zh="拒绝回答或无法说明",
    check_en="Nothing is checked: the stated fact stays as it is, unverified.",
    check_zh="不核对:填报信息保持原样,仍为未核实。",
)


def possible_answers(question: Question, stated: Value) -> tuple[PossibleAnswer, ...]:
    """Return the ways in which a question may be answered, given what was stated.

    A number may be as stated, lower or higher; anything else as stated or different; a fact that was not stated may be
    stated now. Every question may be refused.
    """
    if stated is None:
        return (
            _answer("stated_now", "not stated before: enter the answer", "此前未填报:请录入回答", question),
            REFUSED,
        )
    as_stated = _answer("as_stated", "as stated", "与填报一致", question)
    if question.answer in ("money", "whole"):
        lower = _answer("lower", "lower than stated: enter it", "低于填报:请录入实际数值", question)
        higher = _answer("higher", "higher than stated: enter it", "高于填报:请录入实际数值", question)
        return (as_stated, lower, higher, REFUSED)
    return (as_stated, _answer("different", "different: enter it", "与填报不同:请录入", question), REFUSED)


_FOLLOWS_EN: Final = {
    "as_stated": "The stated value then counts as verified.",
    "stated_now": "The answer is scored in place of the missing value.",
}
_FOLLOWS_ZH: Final = {"as_stated": "核对无误后视为已核实。", "stated_now": "以本次回答代替缺失值重新评分。"}


def _answer(name: str, en: str, zh: str, question: Question) -> PossibleAnswer:
    follows_en = _FOLLOWS_EN.get(name, "The answer is scored in place of the stated value.")
    follows_zh = _FOLLOWS_ZH.get(name, "以本次回答代替填报值重新评分。")
    return PossibleAnswer(
        id=name,
        en=en,
        zh=zh,
        check_en=f"Check it against {question.check_en}. {follows_en}",
        check_zh=f"{question.check_zh}。{follows_zh}",
    )
