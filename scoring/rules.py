"""Rules that stand above the score: hard rules on one feature, and limits on the portfolio's concentration."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Literal

from scoring.decision import Trigger, Value
from scoring.errors import PortfolioError, near_name, shown
from scoring.spec import ConcentrationLimit, HardRule

Portfolio = Mapping[str, Mapping[str, float]]
"""Category feature to category to its share of the outstanding amount, from 0 to 1."""

CONCENTRATION: Final = "concentration_"
"""What the id of a concentration limit's trigger begins with, before its feature."""

Fired = tuple[Trigger, Literal["decline", "phone_review"]]

_FROM_THE_BOUND: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.gt,
    "<=": operator.ge,
    ">": operator.lt,
    ">=": operator.le,
    "==": operator.eq,
}
"""What the bound must be to a value for which an operator holds."""


def holds(rule: HardRule) -> Callable[[float], bool]:
    """Return whether a rule fires on the encoded value of its feature; NaN, which is None, fires none."""
    return partial(_FROM_THE_BOUND[rule.operator], rule.bound)


def fired_rule(rule: HardRule, value: Value) -> Fired:
    """Return a rule that fires on a value, with its outcome."""
    return _rule_trigger(rule, value), rule.outcome


def _rule_trigger(rule: HardRule, value: Value) -> Trigger:
    evidence: dict[str, Value] = {
        "feature": rule.feature,
        "value": value,
        "operator": rule.operator,
        "bound": rule.bound,
    }
    return Trigger(id=rule.id, kind="hard_rule", evidence=evidence, en=rule.en, zh=rule.zh)


def fired_limits(
    limits: Sequence[ConcentrationLimit], values: Mapping[str, Value], portfolio: Portfolio
) -> list[Fired]:
    """Return the concentration limits that the portfolio has reached in the case's own category.

    Args:
        limits: The policy's limits.
        values: The case; a category of None reaches none.
        portfolio: State of the portfolio; a category that it does not name holds nothing.
    """
    fired: list[Fired] = []
    for limit in limits:
        category = values[limit.feature]
        share = portfolio[limit.feature].get(category, 0.0) if isinstance(category, str) else 0.0
        if isinstance(category, str) and share >= limit.limit:
            fired.append((_limit_trigger(limit, category, float(share)), limit.outcome))
    return fired


def limit_words(limit: ConcentrationLimit) -> tuple[str, str, str]:
    """Return the id under which a concentration limit fires, and what it says in English and Chinese."""
    en = f"Too much of the portfolio already stands in this category of {limit.feature}"
    return f"{CONCENTRATION}{limit.feature}", en, "该类别在贷款组合中的占比已达上限"


def _limit_trigger(limit: ConcentrationLimit, category: str, share: float) -> Trigger:
    name, en, zh = limit_words(limit)
    evidence: dict[str, Value] = {
        "feature": limit.feature,
        "category": category,
        "share": share,
        "limit": limit.limit,
    }
    return Trigger(id=name, kind="hard_rule", evidence=evidence, en=en, zh=zh)


def check_portfolio(limits: Sequence[ConcentrationLimit], portfolio: Portfolio) -> None:
    """Refuse a portfolio's state that is none, lacks a limited feature or holds shares that are none.

    Raises:
        PortfolioError: Names the feature, the category and the share.
    """
    _check_mappings(portfolio)
    for limit in limits:
        if limit.feature not in portfolio:
            near = near_name(limit.feature, portfolio)
            other = "" if near is None else f" It holds {shown(near)}, which limits nothing."
            raise PortfolioError(
                f"The policy limits {limit.feature!r}, which the portfolio's state lacks.{other} Give its shares by "
                "category."
            )
        for category, share in portfolio[limit.feature].items():
            if not isinstance(share, (int, float)) or isinstance(share, bool) or not 0 <= share <= 1:
                raise PortfolioError(
                    f"portfolio[{limit.feature!r}][{shown(category)}] == {shown(share)}, must be a number from 0 to 1."
                )


def _check_mappings(portfolio: object) -> None:
    if not isinstance(portfolio, Mapping):
        raise PortfolioError(
            f"portfolio == {shown(portfolio)}, must be a mapping of category features to their shares by category."
        )
    for feature, shares in portfolio.items():
        if not isinstance(feature, str):
            raise PortfolioError(f"portfolio has the feature {shown(feature)}, must be text.")
        if not isinstance(shares, Mapping):
            raise PortfolioError(
                f"portfolio[{shown(feature)}] == {shown(shares)}, must be a mapping of categories to their shares."
            )
        for category in shares:
            if not isinstance(category, str):
                raise PortfolioError(f"portfolio[{shown(feature)}] has the category {shown(category)}, must be text.")
