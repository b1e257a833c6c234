"""One application per person as it is handed in: what is asked for, what is declared, and the truth beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.asking import Asked, ask
from synthetic.declared import Declared, declare, misreporters
from synthetic.draws import Flags, Floats, Ints
from synthetic.facts import Facts, facts_at
from synthetic.population import Population
from synthetic.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Case:
    """One application per person; every array has one entry per person.

    Attributes:
        round: How many applications came before, from 0.
        at: When it was handed in; NaN where there is none.
        channel: Its channel.
        asked: What was asked for.
        job_months: True months with the employer.
        facts: The true state elsewhere.
        declared: What was declared.
    """

    round: int
    at: Floats
    channel: Ints
    asked: Asked
    job_months: Ints
    facts: Facts
    declared: Declared

    @property
    def present(self) -> Flags:
        """Whether the person applied in this round."""
        return ~np.isnan(self.at)


def make_case(scene: Scene, population: Population, goes_on: Flags, k: int) -> Case:
    """Draw the k-th application of those who go on to make one."""
    at = np.where(goes_on, population.arrivals.at[k], np.nan)
    channel = population.arrivals.channel[k]
    facts = facts_at(population.history, at)
    everyone = np.arange(len(scene), dtype=np.int64)
    heat = population.spirals.heat(everyone, np.nan_to_num(at))
    months = population.job_months(at)
    rng = scene.stream(f"declared {k}")
    bent = misreporters(scene, rng, population.people, channel, ~np.isnan(at))
    return Case(
        round=k,
        at=at,
        channel=channel,
        asked=ask(scene.stream(f"asked {k}"), population.people, heat),
        job_months=months,
        facts=facts,
        declared=declare(scene.recipe.applying, rng, (population.people.income, months, facts), bent),
    )
