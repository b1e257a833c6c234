"""How instalments are paid: on time, late, partly, or never; a Markov chain along each schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from synthetic.clock import Clock
from synthetic.draws import Flags, Floats, Ints, sigmoid
from synthetic.loans import Loans
from synthetic.people import People
from synthetic.recipe import Repayment
from synthetic.scene import Scene
from synthetic.spirals import Spirals

CHARGED_OFF_DAYS = 120.0
"""Days past due at which a loan is written off."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Every instalment that has fallen due, ordered by loan and number, and how each loan ended.

    Attributes:
        loan: Position of the loan.
        number: Position in the loan's schedule, from 1.
        due: When it fell due.
        paid: When it was paid; NaN for never.
        part: Share of the amount due that was paid.
        ended: When each loan ended, by position of the loan; infinity while it runs.
        status: How each loan ended: 0 repaid, 1 repaid early, 2 charged off.
    """

    loan: Ints
    number: Ints
    due: Floats
    paid: Floats
    part: Floats
    ended: Floats
    status: Ints


def due_dates(clock: Clock, opened: Floats, term: Ints) -> Floats:
    """Return due times, one row per loan and one column per number; NaN beyond the term."""
    longest = int(term.max()) if len(term) else 1
    numbers = np.arange(1, longest + 1)
    due = clock.same_day_later(opened[:, None], numbers[None, :])
    return np.where(numbers[None, :] <= term[:, None], due, np.nan)


def make_schedule(scene: Scene, people: People, loans: Loans, spirals: Spirals, until: Floats) -> Schedule:
    """Draw how the loans of other lenders are paid, up to a time for each person."""
    repayment, rng, i = scene.recipe.repayment, scene.stream("repayment"), loans.person
    base = repayment.late + repayment.willingness * people.willingness[i] + repayment.ability * people.ability[i]
    base = base + 0.35 * rng.normal(size=len(loans))

    def stress(at: Floats) -> Floats:
        return repayment.spiral * spirals.heat(i, at) + repayment.shock * scene.seasons.shock(at)

    due, delay = _delays(scene, rng, loans, base, stress)
    early = rng.random(len(loans)) < repayment.early_close
    closing = np.where(early, np.ceil(loans.term * rng.uniform(0.2, 0.9, len(loans))), np.inf)
    partial = (delay > 0) & (rng.random(delay.shape) < repayment.partial)
    part = np.where(partial, rng.uniform(0.2, 0.8, delay.shape), 1.0)
    return assemble(due, delay, part, closing, until[i])


def _delays(
    scene: Scene, rng: np.random.Generator, loans: Loans, base: Floats, stress: Callable[[Floats], Floats]
) -> tuple[Floats, Floats]:
    """Walk along the schedules: each step's chance of lateness depends on the step before.

    Returns due times and days from due to payment; NaN days are never paid.
    """
    due = due_dates(scene.clock, loans.opened, loans.term)
    delay = np.zeros_like(due)
    was_late = lost = np.zeros(len(loans), dtype=bool)
    for k in range(due.shape[1]):
        score = base + stress(np.nan_to_num(due[:, k], nan=0.0))
        was_late, lost, delay[:, k] = _step(scene.recipe.repayment, rng, score, was_late, lost)
    return due, delay


def _step(
    repayment: Repayment, rng: np.random.Generator, score: Floats, was_late: Flags, lost: Flags
) -> tuple[Flags, Flags, Floats]:
    size = len(score)
    late = rng.random(size) < sigmoid(score + repayment.persistence * was_late)
    rolls = late & (rng.random(size) < sigmoid(repayment.roll + 0.4 * (score - repayment.late)))
    lost = lost | (rolls & (rng.random(size) < sigmoid(repayment.lost + 0.3 * (score - repayment.late))))
    short = np.minimum(1.0 + rng.exponential(6.0, size), 29.0)
    long = 30.0 + np.minimum(rng.exponential(18.0, size), 80.0)
    # On time means some hours to some days before the due day ends; many pay by automatic debit on the day.
    on_time = np.where(rng.random(size) < 0.6, rng.uniform(0.1, 0.9, size), -rng.exponential(2.0, size))
    delay = np.where(late, np.where(rolls, long, short), np.maximum(on_time, -20.0))
    return late, lost, np.where(lost, np.nan, delay)


def assemble(due: Floats, delay: Floats, part: Floats, closing: Floats, until: Floats) -> Schedule:
    """Turn due times, delays and parts into rows, and find how each loan ended.

    Args:
        due: Due times, one row per loan, NaN beyond the term.
        delay: Days from due to payment; negative is early, NaN is never.
        part: Share of the amount due that is paid.
        closing: Number of the instalment with which the loan is repaid early; infinity when it is not.
        until: Time up to which each loan is seen.
    """
    numbers = np.arange(1, due.shape[1] + 1)
    exists = ~np.isnan(due)
    runs = exists & (numbers <= closing[:, None])
    paid = due + delay
    unpaid_since = np.min(np.where(runs & np.isnan(delay), due, np.inf), axis=1)
    charged_off = unpaid_since + CHARGED_OFF_DAYS
    lost = np.isfinite(unpaid_since)
    early = ~lost & (closing < np.sum(exists, axis=1))
    ended = np.where(lost, charged_off, np.max(np.where(runs, paid, -np.inf), axis=1))
    fallen = runs & (due <= np.minimum(until, charged_off)[:, None])
    loan, column = np.nonzero(fallen)
    return Schedule(
        loan=loan.astype(np.int64),
        number=numbers[column].astype(np.int64),
        due=due[loan, column],
        paid=paid[loan, column],
        part=part[loan, column],
        ended=ended,
        status=np.where(lost, 2, np.where(early, 1, 0)).astype(np.int64),
    )
