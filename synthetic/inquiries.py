"""Inquiries at other lenders: the sum of a quiet, a shopping and a spiral Poisson process."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.arrivals import ROUNDS, Arrivals
from synthetic.draws import Flags, Floats, Ints, choose, choose_by_row, owners
from synthetic.people import People
from synthetic.recipe import TYPES, Borrowing, Lenders
from synthetic.scene import Scene
from synthetic.spirals import Spirals

PURPOSES = ("loan_approval", "credit_card", "guarantee", "post_loan")
_BANK = TYPES.index("bank")


@dataclass(frozen=True, kw_only=True)
class Inquiries:
    """Inquiries of a block's persons, ordered by person and time, seen by the bureau or not.

    Attributes:
        person: Position of the person in the block.
        at: When it took place.
        known: When this lender learned of it.
        kind: Position of the lender's kind in ``TYPES``.
        lender: Number of the lender inside its kind.
        purpose: Position in ``PURPOSES``.
        reported: Whether the bureau ever learns of it.
    """

    person: Ints
    at: Floats
    known: Floats
    kind: Ints
    lender: Ints
    purpose: Ints
    reported: Flags


def history_start(borrowing: Borrowing, rng: np.random.Generator, people: People, arrivals: Arrivals) -> Floats:
    """Draw since when each person borrows: within the history kept, and not before the 18th birthday."""
    reach = borrowing.history_days * np.minimum(1.0, rng.uniform(0.35, 1.5, len(people)))
    start: Floats = np.maximum(arrivals.first - reach, people.born + 18.0 * 365.25)
    return start


def make_inquiries(scene: Scene, people: People, arrivals: Arrivals, spirals: Spirals) -> Inquiries:
    """Draw the inquiries of a block's persons."""
    rng, borrowing = scene.stream("inquiries"), scene.recipe.borrowing
    start = history_start(borrowing, rng, people, arrivals)
    end = np.minimum(arrivals.last + borrowing.after_days, scene.extract)
    thin = rng.random(len(people)) < borrowing.thin_file
    quiet = _quiet(borrowing, rng, people, (start, end), thin)
    parts = [quiet, _shopping(borrowing, rng, people, arrivals, thin), _spiral(borrowing, rng, spirals)]
    person, at = (np.concatenate(column) for column in zip(*parts, strict=True))
    inside = (at > start[person]) & (at < end[person])
    person, at = person[inside], at[inside]
    order = np.lexsort((at, person))
    return _marked(scene.recipe.lenders, rng, people, spirals, (person[order], at[order]))


def _quiet(
    borrowing: Borrowing, rng: np.random.Generator, people: People, span: tuple[Floats, Floats], thin: Flags
) -> tuple[Ints, Floats]:
    start, end = span
    months = np.maximum(end - start, 0.0) / 30.4
    rate = borrowing.inquiries_per_month * np.exp(borrowing.need * people.need + 0.15 * people.digital)
    counts = rng.poisson(np.where(thin, 0.04, 1.0) * rate * months)
    person = owners(counts)
    return person, start[person] + (end - start)[person] * rng.random(len(person))


def _shopping(
    borrowing: Borrowing, rng: np.random.Generator, people: People, arrivals: Arrivals, thin: Flags
) -> tuple[Ints, Floats]:
    persons, times = [], []
    for k in range(ROUNDS):
        mean = borrowing.shopping * np.exp(0.35 * people.need) * np.where(thin, 0.3, 1.0)
        person = owners(rng.poisson(np.where(np.isnan(arrivals.at[k]), 0.0, mean)))
        persons.append(person)
        times.append(arrivals.at[k][person] - rng.exponential(6.0, len(person)))
    return np.concatenate(persons), np.concatenate(times)


def _spiral(borrowing: Borrowing, rng: np.random.Generator, spirals: Spirals) -> tuple[Ints, Floats]:
    """Draw inquiries of spirals: their density grows with ``exp(3u)`` along the spiral, u from 0 to 1."""
    severity = rng.gamma(2.5, borrowing.spiral_inquiries / 2.5, len(spirals.onset))
    person = owners(rng.poisson(np.where(np.isnan(spirals.onset), 0.0, severity)))
    along = np.log1p(rng.random(len(person)) * np.expm1(3.0)) / 3.0
    return person, spirals.onset[person] + along * spirals.length[person]


def _marked(
    lenders: Lenders, rng: np.random.Generator, people: People, spirals: Spirals, asked: tuple[Ints, Floats]
) -> Inquiries:
    person, at = asked
    need = people.need[person] + 1.5 * spirals.heat(person, at)
    weight = np.log(lenders.column("share")) + need[:, None] * np.asarray(lenders.column("need"))
    weight = weight + people.ability[person][:, None] * np.asarray(lenders.column("ability"))
    kind = choose_by_row(rng, weight)
    purpose = choose(rng, (0.86, 0.0, 0.02, 0.12), len(person))
    card = (kind == _BANK) & (rng.random(len(person)) < 0.30)
    lag = rng.exponential(np.asarray(lenders.column("inquiry_lag_days"))[kind])
    return Inquiries(
        person=person,
        at=at,
        known=at + 1e-3 + lag,
        kind=kind,
        lender=_lender(lenders, rng, kind),
        purpose=np.where(card, PURPOSES.index("credit_card"), purpose),
        reported=rng.random(len(person)) < np.asarray(lenders.column("inquiry_coverage"))[kind],
    )


def _lender(lenders: Lenders, rng: np.random.Generator, kind: Ints) -> Ints:
    """Draw a lender of each kind; the ``u²`` gives large lenders more than small ones."""
    count = np.asarray(lenders.column("lenders"))[kind]
    return np.floor(count * rng.random(len(kind)) ** 2).astype(np.int64)
