"""What became of loans of this lender: disbursement, instalments, and days past due."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.asking import YEARLY_RATE, Asked
from synthetic.case import Case
from synthetic.clock import Clock
from synthetic.draws import Flags, Floats, sigmoid
from synthetic.hazard import Fate
from synthetic.loans import Loans, instalment_of
from synthetic.people import People
from synthetic.recipe import TYPES, Recipe
from synthetic.repayment import Schedule, assemble, due_dates
from synthetic.scene import Scene

LONGEST = 24
"""Longest term of this lender, in months."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """The course of one loan per person.

    Attributes:
        disbursed: When it was paid out; NaN when it was not.
        amount: Amount paid out.
        instalment: Amount of each instalment.
        delay: Days from due to payment, persons × numbers; NaN is never.
        closing: Number of the instalment with which it is repaid early; infinity when it is not.
        first_30: When an instalment first stood 30 days past due; NaN for never.
        first_60: The same for 60 days.
    """

    disbursed: Floats
    amount: Floats
    instalment: Floats
    delay: Floats
    closing: Floats
    first_30: Floats
    first_60: Floats


def price(asked: Asked) -> Floats:
    """Return the instalment of the loan asked for."""
    return instalment_of(asked.amount, np.asarray(YEARLY_RATE)[asked.product], asked.term)


def run(scene: Scene, people: People, case: Case, future: Fate, decision: tuple[Flags, Floats]) -> Course:
    """Draw the course of each person's loan; those not approved, or not taken up, have none.

    ``decision`` says who was approved, and when it was decided.
    """
    (approved, decided), size = decision, len(people)
    asked, rng = case.asked, scene.stream(f"course {case.round}")
    taken = approved & (rng.random(size) < np.where(scene.ring >= 0, 1.0, scene.recipe.policy.taken_up))
    disbursed = np.where(taken, decided + 0.007 + rng.exponential(0.25, size), np.nan)
    amount = _amount(scene.recipe, rng, asked)
    delay = _delays(scene, rng, people, case, future)
    early = ~future.bad & (rng.random(size) < 0.09)
    closing = np.where(early, np.ceil(asked.term * rng.uniform(0.3, 0.95, size)), np.inf)
    due = due_dates(scene.clock, np.nan_to_num(disbursed), np.full(size, LONGEST))
    numbers = np.arange(1, LONGEST + 1)
    runs = (numbers <= np.minimum(asked.term, closing)[:, None]) & taken[:, None]
    return Course(
        disbursed=disbursed,
        amount=amount,
        instalment=instalment_of(amount, np.asarray(YEARLY_RATE)[asked.product], asked.term),
        delay=delay,
        closing=closing,
        first_30=_first_past(due, delay, runs, 30.0),
        first_60=_first_past(due, delay, runs, 60.0),
    )


def _amount(recipe: Recipe, rng: np.random.Generator, asked: Asked) -> Floats:
    less = np.maximum(np.round(asked.amount * rng.uniform(0.4, 0.9, len(asked.amount)) / 100.0) * 100.0, 100.0)
    return np.where(rng.random(len(less)) < recipe.policy.reduced, np.minimum(less, asked.amount), asked.amount)


def _first_past(due: Floats, delay: Floats, runs: Flags, days: float) -> Floats:
    """Return when an instalment first stood so many days past due; NaN for never."""
    unpaid = runs & ~(delay < days)
    first = np.min(np.where(unpaid, due + days, np.inf), axis=1)
    return np.where(np.isfinite(first), first, np.nan)


def _delays(scene: Scene, rng: np.random.Generator, people: People, case: Case, future: Fate) -> Floats:
    """Draw days from due to payment for every number of every loan, in accord with each loan's fate."""
    size, asked, ring = len(people), case.asked, scene.ring
    numbers = np.arange(1, LONGEST + 1)[None, :]
    delay = _harmless(rng, people)
    missed = np.where(ring >= 0, 1, np.minimum(1 + np.floor(3.0 * rng.random(size) ** 1.2), 3)).astype(np.int64)
    cured = (rng.random(size) < 0.22) & (ring < 0)
    stops = future.bad[:, None] & (numbers >= missed[:, None])
    slow = np.where(
        numbers == missed[:, None], 61.0 + rng.exponential(25.0, delay.shape), 20.0 * rng.random(delay.shape)
    )
    delay = np.where(stops, np.where(cured[:, None], np.minimum(slow, 150.0), np.nan), delay)
    watch = ~future.bad & (rng.random(size) < np.minimum(scene.recipe.hazard.watch * future.probability, 0.9))
    turn = 1 + np.floor(rng.random(size) * np.minimum(asked.term, 4)).astype(np.int64)
    delay = np.where(watch[:, None] & (numbers == turn[:, None]), rng.uniform(31.0, 58.0, delay.shape), delay)
    late_bad = ~future.bad & ~watch & (asked.term >= 6) & (rng.random(size) < 0.5 * future.probability)
    stop = 5 + np.floor(rng.random(size) * np.maximum(asked.term - 4, 1)).astype(np.int64)
    return np.where(late_bad[:, None] & (numbers >= stop[:, None]), np.nan, delay)


def _harmless(rng: np.random.Generator, people: People) -> Floats:
    """Draw payments before, on and up to some weeks after the due day."""
    shape = (len(people), LONGEST)
    on_time = np.where(
        rng.random(shape) < 0.65, rng.uniform(0.1, 0.9, shape), -np.minimum(rng.exponential(2.0, shape), 15)
    )
    late = rng.random(shape) < sigmoid(-2.9 - 0.65 * people.willingness + 0.25 * people.need)[:, None]
    return np.where(late, np.minimum(1.0 + rng.exponential(5.0, shape), 27.0), on_time)


def own_loans(course: Course, asked: Asked, clock: Clock) -> tuple[Loans, Schedule]:
    """Return the loans paid out, and their instalments up to the extract."""
    who = np.flatnonzero(~np.isnan(course.disbursed))
    size = len(who)
    loans = Loans(
        person=who,
        opened=course.disbursed[who],
        known=course.disbursed[who],
        lag=np.zeros(size),
        kind=np.full(size, len(TYPES), dtype=np.int64),
        lender=np.zeros(size, dtype=np.int64),
        amount=course.amount[who],
        term=asked.term[who],
        instalment=course.instalment[who],
        reported=np.ones(size, dtype=bool),
    )
    due = due_dates(clock, loans.opened, loans.term)
    delay = course.delay[who, : due.shape[1]]
    schedule = assemble(due, delay, np.ones_like(due), course.closing[who], np.full(size, clock.extract))
    return loans, schedule
