"""What an applicant asks for: product, amount, term and purpose, in numbers as people type them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.draws import Floats, Ints, choose, choose_by_row
from synthetic.people import People
from synthetic.world import PURPOSE_WEIGHTS

PRODUCTS = ("cash_small", "cash_standard", "instalment_shopping")
YEARLY_RATE = (0.34, 0.22, 0.24)
"""This lender's yearly rate by product."""

_TERMS = ((3, 3, 6, 6, 6), (6, 12, 12, 12, 24), (3, 6, 6, 9, 12))
_LADDERS = (
    np.asarray([500, 800, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 5000, 6000, 8000], dtype=np.float64),
    np.asarray(
        [5000, 6000, 8000, 10_000, 12_000, 15_000, 18_000, 20_000, 25_000, 30_000, 40_000, 50_000], dtype=np.float64
    ),
)
_LADDER_BOUNDS = tuple(np.sqrt(ladder[1:] * ladder[:-1]) for ladder in _LADDERS)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One wish for a loan per person.

    Attributes:
        product: Position in ``PRODUCTS``.
        amount: Amount in yuan.
        term: Term in months.
        purpose: Position in ``PURPOSES``; −1 when not stated.
    """

    product: Ints
    amount: Floats
    term: Ints
    purpose: Ints


def ask(rng: np.random.Generator, people: People, heat: Floats) -> Asked:
    """Draw what each person asks for; need and a spiral under way make it more."""
    size = len(people)
    urge = people.need + 1.2 * heat
    wealth = np.log(people.income / 5500.0)
    score = np.stack([0.5 - 0.6 * wealth + 0.2 * urge, 0.3 + 0.7 * wealth + 0.2 * urge, -0.1 - 0.3 * urge], axis=1)
    product = choose_by_row(rng, score)
    spread = 0.25 * urge + 0.55 * wealth + 0.45 * rng.normal(size=size)
    amount = np.exp(np.asarray([7.75, 9.35, 7.7])[product] + spread)
    term = np.asarray(_TERMS)[product, rng.integers(0, 5, size)]
    purpose = choose(rng, PURPOSE_WEIGHTS, size)
    purpose = np.where(product == 2, np.where(rng.random(size) < 0.9, 0, purpose), purpose)
    return Asked(
        product=product,
        amount=_typed(rng, product, amount),
        term=term,
        purpose=np.where(rng.random(size) < 0.05, -1, purpose),
    )


def _typed(rng: np.random.Generator, product: Ints, amount: Floats) -> Floats:
    """Return amounts from the slider for cash, and prices that end in 9 or 0 for shopping."""
    small = _LADDERS[0][np.searchsorted(_LADDER_BOUNDS[0], amount)]
    standard = _LADDERS[1][np.searchsorted(_LADDER_BOUNDS[1], amount)]
    price = np.clip(np.round(amount, -2), 300.0, 16_000.0)
    price = price - np.where(rng.random(len(price)) < 0.7, 1.0, 0.0) * np.where(
        rng.random(len(price)) < 0.2, 100.0, 1.0
    )
    typed: Floats = np.where(product == 0, small, np.where(product == 1, standard, price))
    return typed


def human_money(rng: np.random.Generator, value: Floats) -> Floats:
    """Round money as people do: mostly to 500 or 1,000, some to 100, and nearly never to the yuan."""
    coarse = np.where(value < 2000, 100.0, np.where(value < 12_000, 500.0, np.where(value < 40_000, 1000.0, 5000.0)))
    fine = np.where(value < 2000, 50.0, 100.0)
    drawn = rng.random(len(value))
    step = np.where(drawn < 0.62, coarse, np.where(drawn < 0.95, fine, 1.0))
    rounded: Floats = np.maximum(np.round(value / step) * step, 0.0)
    return rounded
