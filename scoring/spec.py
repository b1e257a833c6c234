"""What a bundle declares: features, reasons, questions, the points scale, tiers and the routing policy.

Plain frozen records, written to ``bundle.json`` and read from it. Nothing here computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["number", "category", "flag"]
Direction = Literal[-1, 0, 1]
Outcome = Literal["approve", "decline", "phone_review"]


@dataclass(frozen=True, kw_only=True)
class FeatureSpec:
    """One input of the model.

    Attributes:
        name: Name under which a request gives the value.
        kind: ``number`` (int or float), ``category`` (str) or ``flag`` (bool).
        source: Where the fact comes from, such as ``declared`` or ``bureau``.
        direction: How the default probability may move when the value rises: 1 up only, -1 down only, 0 either way.
        reason_group: Id of the reason it is told under.
        null_means: What None says.
        en: Description in English.
        zh: Description in Chinese.
        unit: Unit of the value; empty where there is none.
        vocabulary: Categories seen in development, in the order of their codes; empty unless a category. A category
            that is not among them has the code ``len(vocabulary)``, the unknown bucket.
        lower: Smallest legal number, inclusive; None means no bound.
        upper: Largest legal number, inclusive; None means no bound.
        question: Id of the question with which a call verifies it; None when a call cannot.
        changeable: Whether the applicant can change it.
    """

    name: str
    kind: Kind
    source: str
    direction: Direction
    reason_group: str
    null_means: str
    en: str
    zh: str
    unit: str = ""
    vocabulary: tuple[str, ...] = ()
    lower: float | None = None
    upper: float | None = None
    question: str | None = None
    changeable: bool = False


@dataclass(frozen=True, kw_only=True)
class ReasonText:
    """The words of a reason group, as told to an applicant whom it cost points."""

    id: str
    en: str
    zh: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a phone review asks to check one declared fact.

    Attributes:
        id: The declared fact it checks, such as ``declared_income``.
        answer: Kind of answer: ``money``, ``whole``, ``flag`` or ``text``.
        unit: Unit of the answer; empty where there is none.
        en: The words in English.
        zh: The words in Chinese.
        check_en: What the answer is checked against, in English.
        check_zh: The same in Chinese.
    """

    id: str
    answer: Literal["money", "whole", "flag", "text"]
    unit: str
    en: str
    zh: str
    check_en: str
    check_zh: str


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Platt calibration: ``logit(PD) = intercept + slope · margin``; slope is positive.

    Attributes:
        slope: Factor on the margin (log-odds of bad).
        intercept: Added after it.
    """

    slope: float
    intercept: float


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Points: ``offset + factor · ln(good_to_bad_odds)``.

    Attributes:
        base_points: Points at the base odds.
        base_odds: Good-to-bad odds that give the base points.
        pdo: Points that double the odds.
    """

    base_points: float = 600.0
    base_odds: float = 30.0
    pdo: float = 20.0


@dataclass(frozen=True, kw_only=True)
class Tier:
    """A risk tier: cases whose PD is at most ``upper_pd`` and above the upper PD of the tier before it.

    Attributes:
        name: ``A`` (safest) to ``E``.
        upper_pd: Largest PD in the tier, inclusive; 1.0 in the last.
        development_pd: Observed bad rate in development; None when not measured.
        share: Share of development cases in the tier; None when not measured.
    """

    name: str
    upper_pd: float
    development_pd: float | None = None
    share: float | None = None


@dataclass(frozen=True, kw_only=True)
class HardRule:
    """A rule on one feature that stands above the score.

    Attributes:
        id: Short name, such as ``under_age``.
        feature: Feature it reads; a None value never fires.
        operator: How value and bound compare for the rule to fire.
        bound: What the value is compared with; flags count as 0 and 1.
        outcome: What follows: ``decline``, or ``phone_review`` when a person must look.
        en: The rule in English.
        zh: The rule in Chinese.
    """

    id: str
    feature: str
    operator: Literal["<", "<=", ">", ">=", "=="]
    bound: float
    outcome: Literal["decline", "phone_review"]
    en: str
    zh: str


@dataclass(frozen=True, kw_only=True)
class ConcentrationLimit:
    """A limit on the share of the portfolio that one category may hold.

    Attributes:
        feature: Category feature, such as ``application_region``.
        limit: Largest share of the outstanding amount, from 0 to 1; a case whose category stands at or above it goes to
            the outcome.
        outcome: ``decline`` or ``phone_review``.
    """

    feature: str
    limit: float
    outcome: Literal["decline", "phone_review"] = "phone_review"


@dataclass(frozen=True, kw_only=True)
class Economics:
    """What a decision earns or loses, in yuan.

    Attributes:
        amount_feature: Feature that holds the amount asked for; None when the table has none (``amount`` then).
        amount: Amount assumed when there is no such feature or it is None.
        margin_rate: Earned on a good loan per yuan lent, over its life.
        loss_rate: Lost on a bad loan per yuan lent.
        call_cost: Cost of one phone review.
    """

    amount_feature: str | None
    amount: float = 5000.0
    margin_rate: float = 0.12
    loss_rate: float = 0.60
    call_cost: float = 15.0


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How a scored case is routed.

    Attributes:
        approved_tiers: Tiers that are provisionally approved; the others are provisionally declined.
        hard_rules: Rules above the score, in the order in which they are tried.
        concentration_limits: Limits that the portfolio's state is held against.
        economics: What decisions earn and cost.
        conflict_points: A case is in conflict when it both gains and loses at least this many points against the
            reference.
        unfamiliar_distance: Mahalanobis distance of the reason-group points from development beyond which an
            explanation is unlike any seen; None switches the trigger off.
        multi_lender_groups: Reason groups that tell of multi-lender pressure.
        multi_lender_points: Points lost in these groups, against the reference, that fire the trigger.
        network_groups: Reason groups that tell of a network.
        network_points: Points lost in these groups that fire the network alert.
        thin_file_features: A case whose features named here are all None or 0 has a thin file.
        call_value_threshold: Yuan above which a call is worth making; None when too few past calls taught no value, and
            triggers alone decide.
        control_share: Share of cases called at random, from 0 to 1.
        control_key: Key (hexadecimal) of the hash that picks them.
    """

    approved_tiers: tuple[str, ...]
    economics: Economics
    hard_rules: tuple[HardRule, ...] = ()
    concentration_limits: tuple[ConcentrationLimit, ...] = ()
    conflict_points: float = 25.0
    unfamiliar_distance: float | None = None
    multi_lender_groups: tuple[str, ...] = ("multi_lender",)
    multi_lender_points: float = 15.0
    network_groups: tuple[str, ...] = ("network",)
    network_points: float = 10.0
    thin_file_features: tuple[str, ...] = ()
    call_value_threshold: float | None = None
    control_share: float = 0.02
    control_key: str = "00"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One question put to a model before promotion.

    Attributes:
        name: Short name, such as ``better_than_champion``.
        passed: Whether promotion may go on.
        found: What was found, in words and numbers.
        needed: What was needed.
        why: Why it matters.
    """

    name: str
    passed: bool
    found: str
    needed: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where the model came from, so that it can be made again.

    Attributes:
        created_at: When the bundle was made, ISO 8601, UTC.
        code_version: Version of this distribution, and the commit when known.
        data: Name of each source to the SHA-256 of its content.
        packages: Package to version.
        seeds: Name to seed.
        mlflow_run: Run that trained it; empty when none.
        bad_definition: What the PD is a probability of, with its window.
        development: Which cases the trees saw, in words (dates or share, and counts).
        gates: Gates of promotion, as they were found; empty when the model was not promoted through them.
        accepted_gates: Gate of promotion that failed, to why a person accepted that; empty when every gate passed.
    """

    created_at: str
    code_version: str
    bad_definition: str
    data: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)
    mlflow_run: str = ""
    development: str = ""
    gates: tuple[Gate, ...] = ()
    accepted_gates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """All that ``bundle.json`` holds."""

    name: str
    version: str
    features: tuple[FeatureSpec, ...]
    reasons: tuple[ReasonText, ...]
    questions: tuple[Question, ...]
    calibration: Calibration
    tiers: tuple[Tier, ...]
    policy: Policy
    provenance: Provenance
    scale: Scale = field(default_factory=Scale)
