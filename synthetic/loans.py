"""Loans at other lenders: granted inquiries, with amounts, terms and prices of their kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.draws import Flags, Floats, Ints
from synthetic.inquiries import PURPOSES, Inquiries
from synthetic.people import People
from synthetic.recipe import Lenders
from synthetic.scene import Scene
from synthetic.spirals import Spirals

TERMS = ((12, 12, 24, 24, 36), (6, 9, 12, 12, 18), (3, 3, 6, 6, 12))
"""Usual terms in months, by kind of lender in the order of ``TYPES``."""


@dataclass(frozen=True, kw_only=True)
class Loans:
    """Loans of a block's persons, ordered by person and opening, seen by the bureau or not.

    Attributes:
        person: Position of the person in the block.
        opened: When it was paid out.
        known: When this lender learned of it.
        lag: Days by which what happens to it is reported.
        kind: Position of the lender's kind in ``TYPES``; ``len(TYPES)`` is this lender.
        lender: Number of the lender inside its kind.
        amount: Amount lent, in yuan.
        term: Number of monthly instalments.
        instalment: Amount of each, in yuan and whole fen.
        reported: Whether the bureau ever learns of it.
    """

    person: Ints
    opened: Floats
    known: Floats
    lag: Floats
    kind: Ints
    lender: Ints
    amount: Floats
    term: Ints
    instalment: Floats
    reported: Flags

    def __len__(self) -> int:
        return len(self.person)


def instalment_of(amount: Floats, yearly_rate: Floats, term: Ints) -> Floats:
    """Return the level monthly instalment of an annuity, in whole fen."""
    rate = yearly_rate / 12.0
    return np.round(amount * rate / -np.expm1(-term * np.log1p(rate)), 2)


def make_loans(scene: Scene, people: People, inquiries: Inquiries, spirals: Spirals) -> Loans:
    """Draw which inquiries end in a loan, and its terms."""
    lenders, rng = scene.recipe.lenders, scene.stream("loans")
    heat = spirals.heat(inquiries.person, inquiries.at)
    grants = np.asarray(lenders.column("grants"))[inquiries.kind] * (1.0 - 0.25 * heat)
    granted = (inquiries.purpose == PURPOSES.index("loan_approval")) & (rng.random(len(grants)) < grants)
    person, kind = inquiries.person[granted], inquiries.kind[granted]
    opened = inquiries.at[granted] + rng.exponential(0.8, len(person)) + 0.02
    amount = _amounts(lenders, rng, people, person, kind)
    term = np.asarray(TERMS)[kind, rng.integers(0, 5, len(person))]
    rate = np.asarray(lenders.column("yearly_rate"))[kind] * rng.uniform(0.75, 1.25, len(person))
    lag = rng.gamma(2.0, np.asarray(lenders.column("lag_days"))[kind] / 2.0)
    return Loans(
        person=person,
        opened=opened,
        known=opened + 0.02 + lag,
        lag=lag,
        kind=kind,
        lender=inquiries.lender[granted],
        amount=amount,
        term=term,
        instalment=instalment_of(amount, rate, term),
        reported=rng.random(len(person)) < np.asarray(lenders.column("coverage"))[kind],
    )


def _amounts(lenders: Lenders, rng: np.random.Generator, people: People, person: Ints, kind: Ints) -> Floats:
    wealth = (people.income[person] / 5500.0) ** 0.5
    drawn = np.asarray(lenders.column("amount"))[kind] * wealth * np.exp(0.65 * rng.normal(size=len(person)))
    step = np.where(drawn < 2000, 100.0, np.where(drawn < 20_000, 500.0, 5000.0))
    amounts: Floats = np.maximum(np.round(drawn / step) * step, 300.0)
    return amounts
