"""The answer to one case: score, tier, outcome, and everything it rests on."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, Protocol

from scoring import codec
from scoring.frozen import maker
from scoring.spec import Outcome

Value = float | int | str | bool | None
"""What a feature may hold in a request; None means unknown."""

RoutedBy = Literal["hard_rule", "explanation_failed", "control", "call_value", "trigger", "tier"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Contribution:
    """What one feature did to the score.

    Attributes:
        feature: Feature name.
        value: Value scored: a number is a float, None is unknown, a category never seen keeps its own word.
        points: SHAP value in points; positive is safer.
        points_lost: Points short of the average just-approved applicant (the reference); negative when better than it.
    """

    feature: str
    value: Value
    points: float
    points_lost: float

    @classmethod
    def all_of(
        cls,
        features: Sequence[str],
        values: Sequence[Value],
        points: Sequence[float],
        points_lost: Sequence[float],
    ) -> tuple[Contribution, ...]:
        """Return one contribution per feature.

        A case has one for every feature, and a frozen record's own constructor would be most of the time of a decision.
        So they are filled slot by slot, one slot of all of them at once.

        Args:
            features: Names, as many as there are numbers in each of the others.
            values: Values scored.
            points: SHAP values in points.
            points_lost: Points short of the reference.
        """
        made = [cls.__new__(cls) for _ in features]
        for put, column in zip(_PUT, (features, values, points, points_lost), strict=True):
            deque(map(put, made, column), maxlen=0)
        return tuple(made)


_PUT: Final = tuple(getattr(Contribution, each.name).__set__ for each in fields(Contribution))
"""What fills each slot."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """A reason group that cost points against the average just-approved applicant.

    Attributes:
        group: Id of the reason group.
        points_lost: Points lost in the whole group; positive.
        features: The group's features that lost points, worst first.
        en: Words in English.
        zh: Words in Chinese.
    """

    group: str
    points_lost: float
    features: tuple[str, ...]
    en: str
    zh: str


make_reason: Final = maker(Reason)
"""Makes a reason of the values of its fields in their order, sooner than its constructor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """Something that speaks for a phone review, or a hard rule that stands above the score.

    Attributes:
        id: ``hinges_on_unverified``, ``conflict``, ``unfamiliar``, ``multi_lender_pressure``, ``network_alert``,
            ``explanation_failed``, or the id of a hard rule or concentration limit.
        kind: ``hard_rule`` or ``trigger``.
        evidence: Names to numbers or words that show why it fired, such as ``{"points": 571.2, "without": 588.0}``.
        en: What it says, in English.
        zh: The same in Chinese.
    """

    id: str
    kind: Literal["hard_rule", "trigger"]
    evidence: Mapping[str, Value] = field(hash=False)  # a dict has none
    en: str
    zh: str


make_trigger: Final = maker(Trigger)
"""Makes a trigger of the values of its fields in their order, sooner than its constructor."""


class Rest(Protocol):
    """Makes what a decision says when it is first asked; always the same."""

    def contributions(self) -> tuple[Contribution, ...]:
        """Return one contribution per feature."""

    def questions(self) -> tuple[str, ...]:
        """Return the ids of the questions."""

    def thin_file(self) -> bool:
        """Return whether nothing is known that the policy names as history."""


_LATER: Final = ("contributions", "questions", "thin_file")


class _Later:
    """Lets a record fill in what is not needed to decide when it is first asked for.

    A case has one contribution per feature; making them takes longer than deciding, and many callers never look. Filled
    in from equal parts they are equal, so threads that ask at once need no lock.
    """

    __slots__ = ("_rest",)
    _rest: Rest

    def __getattr__(self, name: str) -> object:
        """Return and keep what a record does not have yet; Python calls this for no other field."""
        if name not in _LATER:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        made: object = getattr(self._rest, name)()
        object.__setattr__(self, name, made)
        return made


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision(_Later):
    """What is decided about one case, and why.

    Attributes:
        case_id: Id that the caller gave; None when none was given.
        bundle: SHA-256 of the bundle's manifest: the exact model and policy that decided.
        margin: Raw log-odds of bad from the trees.
        pd: Calibrated probability that the label is bad.
        points: Score in points; higher is safer.
        tier: Risk tier.
        provisional: What the tier alone decides.
        outcome: What follows.
        routed_by: What settled the outcome.
        start_points: Points before any feature: ``start_points`` and all contributions add up to ``points``.
        contributions: One per feature, in the model's order.
        reasons: At most four, worst first; empty when the explanation does not add up.
        triggers: All that fired, with evidence.
        questions: Ids of the questions a call should ask, most points first; empty when there is none.
        call_value: Expected gain of a call in yuan, its cost taken off; None when the bundle has learned none.
        control: Whether the random control arm picked the case; a case that a hard rule declines is never in it.
        thin_file: Whether all features that the policy names as history are None, 0 or False.
        unseen: Category features whose value was never seen in development.
    """

    case_id: str | None
    bundle: str
    margin: float
    pd: float
    points: float
    tier: str
    provisional: Literal["approve", "decline"]
    outcome: Outcome
    routed_by: RoutedBy
    start_points: float
    contributions: tuple[Contribution, ...]
    reasons: tuple[Reason, ...]
    triggers: tuple[Trigger, ...]
    questions: tuple[str, ...]
    call_value: float | None
    control: bool
    thin_file: bool
    unseen: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as dicts, lists and scalars, in the order of the fields."""
        plain: dict[str, Any] = codec.to_plain(self)
        return plain

    def to_json(self) -> str:
        """Return the decision as JSON: one line, keys in the order of the fields, every number finite."""
        return codec.to_json(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Decision:
        """Return the decision that `to_dict` gave, also after a way through JSON.

        Raises:
            CodecError: A field is unknown, missing or of another type.
        """
        return codec.from_plain(cls, dict(plain), "decision")

    @classmethod
    def from_json(cls, text: str | bytes) -> Decision:
        """Return the decision that `to_json` gave.

        Raises:
            CodecError: Not JSON, a number that is not finite, or as for `from_dict`.
        """
        return codec.from_plain(cls, codec.parse_json(text), "decision")


decision_with_rest: Final = maker(Decision, first=("_rest",), without=_LATER)
"""Makes a decision that is told the rest when it is first asked for it; it equals one that has it."""
