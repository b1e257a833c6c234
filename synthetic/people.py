"""Who applies: latent traits, and what follows from them for age, place, work, pay and home."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.draws import Flags, Floats, Ints, as_floats, as_ints, choose, choose_by_row
from synthetic.recipe import People as Traits
from synthetic.scene import Scene
from synthetic.world import EDUCATION_BOUNDS, OCCUPATIONS, PROVINCES


@dataclass(frozen=True, kw_only=True)
class People:
    """The applicants of one block; every array has one entry per person.

    Attributes:
        ability: Ability to repay, standard normal.
        willingness: Willingness to repay, standard normal.
        need: Need for cash, standard normal.
        digital: Digital habit, about standard normal, falling with age.
        male: Whether a man.
        born: Birthday, in days since the lender's start (negative).
        region: Position in ``PROVINCES``.
        education: Position in ``EDUCATION``.
        occupation: Position in ``OCCUPATIONS``.
        employer: Rank of the employer by size.
        housing: Position in ``HOUSING``.
        income: True monthly income after tax, in yuan.
        tenure_rate: Mean months with an employer.
    """

    ability: Floats
    willingness: Floats
    need: Floats
    digital: Floats
    male: Flags
    born: Floats
    region: Ints
    education: Ints
    occupation: Ints
    employer: Ints
    housing: Ints
    income: Floats
    tenure_rate: Floats

    def __len__(self) -> int:
        return len(self.ability)


def make_people(scene: Scene) -> People:
    """Make the persons of a block."""
    traits, size = scene.recipe.people, len(scene)
    ability, willingness, need, digital = _latent(traits, scene.stream("latent"), size)
    rng = scene.stream("people")
    age = 18.3 + np.minimum(rng.gamma(2.3, 5.0, size), 40.0) * rng.uniform(0.9, 1.05, size)
    digital = digital - 0.035 * (age - 30.0)
    region = choose(rng, [weight for _, weight, _ in PROVINCES], size)
    education = np.searchsorted(EDUCATION_BOUNDS, 0.6 * ability + 0.8 * rng.normal(size=size) + 0.004 * (32 - age))
    occupation = _occupation(rng, education, ability)
    return People(
        ability=ability,
        willingness=willingness,
        need=need,
        digital=digital,
        male=rng.random(size) < traits.male,
        born=-(age * 365.25) + rng.uniform(0, 365.0, size),
        region=region,
        education=education.astype(np.int64),
        occupation=occupation,
        employer=_employer(traits, rng, occupation),
        housing=_housing(rng, age, ability),
        income=_income(rng, ability, age, region, occupation),
        tenure_rate=np.clip(10.0 + 1.1 * (age - 18.0), 6.0, 48.0) * np.exp(0.25 * willingness + 0.10 * ability),
    )


def _latent(traits: Traits, rng: np.random.Generator, size: int) -> Floats:
    correlation = np.eye(4)
    pairs = {
        (0, 1): traits.ability_willingness,
        (0, 2): traits.ability_need,
        (1, 2): traits.willingness_need,
        (2, 3): traits.digital_need,
    }
    for (i, j), value in pairs.items():
        correlation[i, j] = correlation[j, i] = value
    root = np.linalg.cholesky(correlation)
    # A sum in fixed order instead of a matrix product: the product's order depends on the machine's library.
    normal = rng.normal(size=(4, size))
    return np.stack([sum(root[i, j] * normal[j] for j in range(i + 1)) for i in range(4)])


def _occupation(rng: np.random.Generator, education: Ints, ability: Floats) -> Ints:
    weight = np.log([occupation[1] for occupation in OCCUPATIONS])
    pull = np.asarray([occupation[4] for occupation in OCCUPATIONS])
    level = 0.75 * (education - 1.5) + 0.2 * ability
    return choose_by_row(rng, weight + level[:, None] * pull)


def _employer(traits: Traits, rng: np.random.Generator, occupation: Ints) -> Ints:
    """Draw an employer of the person's trade by Zipf's law of sizes."""
    trades = len(OCCUPATIONS)
    places = max(traits.employers // trades, 1)
    rank = choose(rng, as_floats(1.0 / np.arange(1, places + 1) ** traits.employer_exponent), len(occupation))
    return as_ints(np.minimum(rank * trades + occupation, traits.employers - 1))


def _income(rng: np.random.Generator, ability: Floats, age: Floats, region: Ints, occupation: Ints) -> Floats:
    pay = np.asarray([item[2] for item in OCCUPATIONS])[occupation]
    spread = np.asarray([item[3] for item in OCCUPATIONS])[occupation]
    place = np.asarray([index for _, _, index in PROVINCES])[region]
    career = 0.16 * np.tanh((age - 24.0) / 8.0) - 0.10 * np.clip((age - 45.0) / 10.0, 0.0, 2.0)
    noise = 0.16 * ability + spread * rng.normal(size=len(ability))
    return as_floats(np.round(np.clip(pay * place**0.8 * np.exp(career + noise), 1500.0, 90_000.0), -1))


def _housing(rng: np.random.Generator, age: Floats, ability: Floats) -> Ints:
    older = (age - 30.0) / 10.0
    return choose_by_row(
        rng,
        np.stack(
            [
                -1.2 + 0.9 * older + 0.3 * ability,
                -1.4 + 0.3 * older + 0.5 * ability - 0.5 * older**2,
                0.1 - 0.1 * older,
                0.0 - 0.2 * older,
                -1.2 - 0.8 * older - 0.2 * ability,
            ],
            axis=1,
        ),
    )
