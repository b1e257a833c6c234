"""Puts the rounds of a block together into the tables that have a row, or some rows, per application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from synthetic import world
from synthetic.asking import PRODUCTS
from synthetic.desk import DISPOSITIONS
from synthetic.draws import Flags, Floats, Ints
from synthetic.frames import Context, application_ids, maybe, table, words
from synthetic.identity import FACTORS, TRIES
from synthetic.keys import hashes, mix, numbered, running
from synthetic.population import Population
from synthetic.recipe import CHANNELS
from synthetic.rounds import Round
from synthetic.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Which application of which person each row is, in order of person and round.

    Attributes:
        person: Position of the person.
        round: Number of the round.
        row: Row of each application, rounds × persons; −1 where there is none.
        rounds: The rounds.
    """

    person: Ints
    round: Ints
    row: Ints
    rounds: Sequence[Round]

    def draw(self, rng: np.random.Generator, *shape: int) -> Floats:
        """Return uniform numbers for every application, the same whoever else applies.

        They are drawn for every person and round, so who comes back moves nothing for the others.
        """
        drawn = rng.random((*self.row.shape, *shape))
        return np.asarray(drawn[self.round, self.person])

    def take(self, column: Callable[[Round], np.ndarray]) -> np.ndarray:
        """Return one column of the rounds, one entry per application."""
        return np.asarray(np.stack([column(played) for played in self.rounds])[self.round, self.person])


def rows_of(rounds: Sequence[Round]) -> Rows:
    """Number the applications of a block."""
    present = np.stack([played.case.present for played in rounds])
    person, number = np.nonzero(present.T)
    row = np.full(present.shape, -1, dtype=np.int64)
    row[number, person] = np.arange(len(person))
    return Rows(person=person.astype(np.int64), round=number.astype(np.int64), row=row, rounds=rounds)


def applications_frame(context: Context, scene: Scene, population: Population, rows: Rows) -> pl.DataFrame:
    """Return the applications."""
    rng = scene.stream("application blanks")
    who, people, size = rows.person, population.people, len(rows.person)
    employer = words(people.employer[who], world.employer_names(scene.recipe.people.employers))
    lenders, months = (
        rows.take(lambda r: r.case.declared.other_lenders),
        rows.take(lambda r: r.case.declared.job_months),
    )
    return table(
        "applications",
        {
            "application_id": application_ids(context.block, np.arange(size)),
            "applicant_id": context.persons(who),
            "applied_at": context.clock.times(rows.take(lambda r: r.case.at)),
            "product": words(rows.take(lambda r: r.case.asked.product), PRODUCTS),
            "amount": rows.take(lambda r: r.case.asked.amount),
            "term_months": rows.take(lambda r: r.case.asked.term),
            "purpose": words(rows.take(lambda r: r.case.asked.purpose), world.PURPOSES),
            "channel": words(rows.take(lambda r: r.case.channel), CHANNELS),
            "device_id": hashes(rows.take(lambda r: r.device), rows.draw(rng) > 0.008),
            "phone_hash": hashes(rows.take(lambda r: r.phone)),
            "id_hash": hashes(population.contacts.identity[who]),
            "contact_hash": hashes(population.contacts.contact[who], rows.draw(rng) > 0.02),
            "birth_date": _birth_dates(context, people.born[who]),
            "region": words(people.region[who], [name for name, _, _ in world.PROVINCES]),
            "declared_income": maybe(rows.take(lambda r: r.case.declared.income)),
            "declared_job_months": maybe(months, months < 0),
            "declared_employer": _blank(rows, rng, employer, 0.06),
            "declared_occupation": _blank(
                rows, rng, words(people.occupation[who], [o[0] for o in world.OCCUPATIONS]), 0.02
            ),
            "declared_education": _blank(rows, rng, words(people.education[who], world.EDUCATION), 0.03),
            "declared_housing": _blank(rows, rng, words(people.housing[who], world.HOUSING), 0.03),
            "declared_other_lenders": maybe(lenders, lenders < 0),
            "declared_monthly_debt": maybe(rows.take(lambda r: r.case.declared.monthly_debt)),
            "gender": _blank(rows, rng, words(people.male[who].astype(np.int64), ("female", "male")), 0.004),
        },
    )


def _blank(rows: Rows, rng: np.random.Generator, column: pl.Series, share: float) -> pl.Series:
    return column.set(pl.Series(rows.draw(rng) < share), None)


def _birth_dates(context: Context, born: Floats) -> pl.Series:
    origin = (np.datetime64(context.clock.start, "D") - np.datetime64("1970-01-01", "D")).astype(np.int64)
    return pl.Series("birth_date", (np.floor(born).astype(np.int64) + origin).astype(np.int32)).cast(pl.Date)


def checks_frame(context: Context, scene: Scene, rows: Rows) -> pl.DataFrame:
    """Return the identity checks; each try takes place some seconds after the one before, all before ``applied_at``."""
    tried = rows.take(lambda r: r.checks.tried)
    application, factor, attempt = np.nonzero(tried)
    passed = rows.take(lambda r: r.checks.passed)[application, factor, attempt]
    score = rows.take(lambda r: r.checks.score)[application, factor, attempt]
    rng, shape = scene.stream("check times"), (len(FACTORS), TRIES)
    early = 2.0 + 10.0 * rows.draw(rng, *shape)[application, factor, attempt]
    report = 0.3 + 2.7 * rows.draw(rng, *shape)[application, factor, attempt]
    left = len(FACTORS) * TRIES - factor * TRIES - attempt
    at = rows.take(lambda r: r.case.at)[application] - (left * 14.0 + early) / 86_400.0
    return table(
        "identity_checks",
        {
            "check_id": running("K", context.block, len(application)),
            "applicant_id": context.persons(rows.person[application]),
            "happened_at": context.clock.times(at),
            "known_at": context.clock.times(at + report / 86_400.0),
            "application_id": application_ids(context.block, application),
            "factor": words(factor, FACTORS),
            "passed": passed,
            "match_score": maybe(score),
        },
    )


def calls_frame(context: Context, rows: Rows) -> pl.DataFrame:
    """Return the calls, first ones and those of a person after a bot's, in order of application and time."""
    first, second = rows.take(lambda r: r.first_call.made), rows.take(lambda r: r.second_call.made)
    application, which = np.nonzero(np.stack([first, second], axis=1))

    def take(name: str) -> np.ndarray:
        one = rows.take(lambda r: getattr(r.first_call, name))
        two = rows.take(lambda r: getattr(r.second_call, name))
        return np.asarray(np.stack([one, two])[which, application])

    at, minutes, found = take("at"), take("minutes"), take("found")
    confirmed = take("contact_confirmed")
    return table(
        "calls",
        {
            "call_id": running("C", context.block, len(application)),
            "applicant_id": context.persons(rows.person[application]),
            "happened_at": context.clock.times(at),
            "known_at": context.clock.times(at + minutes / 1440.0),
            "application_id": application_ids(context.block, application),
            "stage": words(take("by_person").astype(np.int64), ("bot", "person")),
            "arm": words(take("control").astype(np.int64), ("policy", "control")),
            "reached": take("reached"),
            "verified_income": maybe(found[:, 0]),
            "verified_job_months": maybe(found[:, 1]),
            "verified_other_lenders": maybe(found[:, 2]),
            "verified_monthly_debt": maybe(found[:, 3]),
            "contact_confirmed": maybe(confirmed).cast(pl.Boolean),
            "disposition": words(take("disposition"), DISPOSITIONS),
            "minutes": minutes,
        },
    )


def outcomes_frame(context: Context, rows: Rows) -> pl.DataFrame:
    """Return the decisions, and what is known of the loans at the extract."""
    clock = context.clock
    disbursed = rows.take(lambda r: r.course.disbursed)
    amount = np.where(np.isnan(disbursed), np.nan, rows.take(lambda r: r.course.amount))
    return table(
        "outcomes",
        {
            "application_id": application_ids(context.block, np.arange(len(rows.person))),
            "decided_at": clock.times(rows.take(lambda r: r.decided)),
            "decision": words(rows.take(lambda r: r.approved).astype(np.int64), ("declined", "approved")),
            "decided_by": words(_decided_by(rows), ("rules", "random", "person")),
            "disbursed_at": clock.times(disbursed),
            "amount_disbursed": maybe(amount),
            "first_30dpd_at": clock.times(_seen(clock.extract, rows.take(lambda r: r.course.first_30))),
            "first_60dpd_at": clock.times(_seen(clock.extract, rows.take(lambda r: r.course.first_60))),
            "observed_until": clock.times(np.where(np.isnan(disbursed), np.nan, clock.extract)),
        },
    )


def _decided_by(rows: Rows) -> Ints:
    at_random, person = rows.take(lambda r: r.verdict.at_random), rows.take(lambda r: r.by_person)
    return np.where(at_random, 1, np.where(person, 2, 0)).astype(np.int64)


def _seen(extract: float, days: Floats) -> Floats:
    return np.where(days < extract, days, np.nan)


def truth_frame(context: Context, scene: Scene, population: Population, rows: Rows) -> pl.DataFrame:
    """Return what only a synthetic lender can know."""
    ring = scene.ring[rows.person]
    flags: dict[str, Flags] = {
        "misreported_income": rows.take(lambda r: r.case.declared.income_bent),
        "misreported_job_months": rows.take(lambda r: r.case.declared.job_months_bent),
        "misreported_other_lenders": rows.take(lambda r: r.case.declared.other_lenders_bent),
        "misreported_monthly_debt": rows.take(lambda r: r.case.declared.monthly_debt_bent),
    }
    code = (mix(context.seed, "ring name", np.maximum(ring, 0)) % np.uint64(10**9)).astype(np.int64)
    return table(
        "truth",
        {
            "application_id": application_ids(context.block, np.arange(len(rows.person))),
            "default_probability": rows.take(lambda r: r.fate.probability),
            "would_be_bad": rows.take(lambda r: r.fate.bad),
            "true_income": population.people.income[rows.person],
            "true_job_months": rows.take(lambda r: r.case.job_months),
            "true_other_lenders": rows.take(lambda r: r.case.facts.lenders),
            "true_monthly_debt": rows.take(lambda r: r.case.facts.debt),
            "fraud_ring": numbered("R", code).set(pl.Series(ring < 0), None),
            **flags,
        },
    )
