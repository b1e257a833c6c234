"""The lender's rules of the time: points from what it saw, with noise, hard rules, and a share approved at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.case import Case
from synthetic.draws import Flags, Floats
from synthetic.people import People
from synthetic.population import Population
from synthetic.recipe import CHANNELS
from synthetic.scene import Scene
from synthetic.world import HOUSING


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the rules say of one application per person.

    Attributes:
        points: Points above the cut-off; positive is approved.
        hard: Whether a hard rule declines.
        at_random: Whether it is approved at random.
        approved: Whether it is approved before any call.
    """

    points: Floats
    hard: Flags
    at_random: Flags
    approved: Flags


def judge(scene: Scene, population: Population, case: Case, own: Floats, hard: Flags) -> Verdict:
    """Draw the verdict of the rules.

    Args:
        scene: The block.
        population: Its persons.
        case: Their applications.
        own: Points for earlier loans here.
        hard: Whether identity failed or a watched key is active.
    """
    policy, rng = scene.recipe.policy, scene.stream(f"policy {case.round}")
    points = _points(population.people, case) + own + 0.40 - policy.cutoff + policy.noise * rng.normal(size=len(scene))
    at_random = rng.random(len(scene)) < policy.at_random
    return Verdict(points=points, hard=hard, at_random=at_random, approved=((points > 0) & ~hard) | at_random)


def _points(people: People, case: Case) -> Floats:
    """Return the points of what the rules look at: declared facts, and what the bureau shows of the rest."""
    facts, declared = case.facts, case.declared
    age = (np.nan_to_num(case.at) - people.born) / 365.25
    income = np.nan_to_num(declared.income, nan=3500.0)
    points = 0.80 * np.log(np.maximum(income, 500.0) / 5500.0) + 0.14 * (people.education - 1.5)
    points += 0.16 * np.log1p(np.maximum(declared.job_months, 0) / 12.0)
    points += 0.35 * np.clip((age - 27.0) / 10.0, -1.0, 1.0) + 0.20 * (people.housing <= HOUSING.index("mortgage"))
    points -= 0.16 * np.minimum(facts.seen_inquiries_90d, 12.0) + 0.35 * np.minimum(facts.seen_late_180d, 5.0)
    points -= 0.22 * (facts.seen_loans == 0) + 0.25 * (case.channel == CHANNELS.index("agent"))
    points -= 0.30 * (np.log(case.asked.amount / np.maximum(income, 500.0)) - 0.2)
    return points
