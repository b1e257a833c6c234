"""The currency of a model's amounts, as its own features tell it."""

from __future__ import annotations

from typing import Final

from scoring.spec import ModelSpec

YUAN: Final = "yuan"
"""Currency in the units of the raw tables' contracts."""


def currency_of(spec: ModelSpec) -> str:
    """Return the unit of the feature that holds the amount asked for; yuan where the model has none, or no unit."""
    amount = spec.policy.economics.amount_feature
    return next((feature.unit for feature in spec.features if feature.name == amount and feature.unit), YUAN)


def in_currency(unit: str, currency: str) -> str:
    """Return a unit of the raw tables with the lender's currency in the place of yuan.

    >>> in_currency("yuan a month", "koruna")
    'koruna a month'
    """
    return unit.replace(YUAN, currency)
