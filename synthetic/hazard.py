"""The true probability of default: what the lender would want to know and only the truth tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.case import Case
from synthetic.draws import Flags, Floats, sigmoid
from synthetic.population import Population
from synthetic.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What would become of a loan to each person.

    Attributes:
        probability: Probability of 60+ days past due within 180 days of disbursement.
        bad: Whether it would come to that.
    """

    probability: Floats
    bad: Flags


def fate(scene: Scene, population: Population, case: Case, instalment: Floats) -> Fate:
    """Draw the fate of one loan per person, with the given instalment, from the truth and the times."""
    h, people, facts, asked = scene.recipe.hazard, population.people, case.facts, case.asked
    rng = scene.stream(f"fate {case.round}")
    burden = np.minimum((facts.debt + instalment) / people.income, 2.0)
    score = h.intercept + h.burden * 10.0 * burden
    score = score + h.overstretch * (np.log(asked.amount / people.income) - 0.2)
    score = score + h.spiral * np.log1p(facts.inquiries_60d) + h.lenders * np.log1p(facts.lenders)
    score = score + h.lateness * np.log1p(facts.late_180d)
    score = score + h.willingness * people.willingness + h.ability * people.ability
    score = score + h.tenure * np.log1p(case.job_months / 12.0)
    # Instalments fall due in the months after the application: the shock ahead counts.
    score = score + h.shock * scene.seasons.shock(np.nan_to_num(case.at) + 45.0)
    score = score + np.asarray(scene.recipe.channels.column("hazard"))[case.channel]
    score = score + h.ring * (scene.ring >= 0) + h.frailty * rng.normal(size=len(people))
    probability = sigmoid(score)
    return Fate(probability=probability, bad=rng.random(len(people)) < probability)
