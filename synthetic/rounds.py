"""One round of applications: each person's k-th, from wish to decision to the course of the loan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic import desk
from synthetic.case import Case, make_case
from synthetic.draws import Flags, Floats, Keys
from synthetic.hazard import Fate, fate
from synthetic.identity import Checks, check
from synthetic.keys import mix
from synthetic.outcomes import Course, price, run
from synthetic.policy import Verdict, judge
from synthetic.population import Population
from synthetic.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Past:
    """What a person's earlier rounds mean for the next.

    Attributes:
        goes_on: Whether the person would come back.
        points: Points of the rules for earlier loans here.
    """

    goes_on: Flags
    points: Floats


@dataclass(frozen=True, kw_only=True)
class Round:
    """One application per person, where there is one; every array has one entry per person.

    Attributes:
        case: The application as it was handed in.
        device: Device it was handed in on.
        phone: Phone number given.
        checks: Identity checks.
        fate: What a loan would come to.
        verdict: What the rules said.
        first_call: First call.
        second_call: Call of a person after a bot's.
        decided: When it was decided.
        by_person: Whether a person decided after a call.
        approved: Whether it was approved.
        course: The course of the loan.
    """

    case: Case
    device: Keys
    phone: Keys
    checks: Checks
    fate: Fate
    verdict: Verdict
    first_call: desk.Calls
    second_call: desk.Calls
    decided: Floats
    by_person: Flags
    approved: Flags
    course: Course


def beginning(size: int) -> Past:
    """Return the past of persons who never applied."""
    return Past(goes_on=np.ones(size, dtype=bool), points=np.zeros(size))


def play(scene: Scene, population: Population, past: Past, k: int) -> Round:
    """Play one round of applications."""
    people = population.people
    case = make_case(scene, population, past.goes_on, k)
    checks = check(scene.recipe.identity, scene.stream(f"identity {k}"), population.contacts.stolen)
    verdict = judge(scene, population, case, past.points, checks.failed | population.watched(case.at))
    future = fate(scene, population, case, price(case.asked))
    truth = desk.truth_of(people.income, case)
    first, second = _calls(scene, case, verdict, truth)
    decided = _decided(scene, case, first, second)
    by_person, approved = _decision(verdict, first, second, truth)
    approved &= case.present
    device, phone = _keys(scene, population, k)
    return Round(
        case=case,
        device=device,
        phone=phone,
        checks=checks,
        fate=future,
        verdict=verdict,
        first_call=first,
        second_call=second,
        decided=decided,
        by_person=by_person,
        approved=approved,
        course=run(scene, people, case, future, (approved, decided)),
    )


def _calls(scene: Scene, case: Case, verdict: Verdict, truth: desk.Truth) -> tuple[desk.Calls, desk.Calls]:
    """Make the first calls, and those of a person after a bot's that found something odd."""
    rng, rules = scene.stream(f"calls {case.round}"), scene.recipe.desk
    made, control = desk.choose_calls(rules, rng, desk.rule_of_thumb(verdict, case), case.present)
    applicant = desk.Applicant(bent=case.declared.bent, in_ring=scene.ring >= 0)
    by_person = rng.random(len(scene)) < rules.person_first
    begins = desk.first_time(rng, case.at)
    chosen = desk.Chosen(made=made, control=control, by_person=by_person, at=begins)
    first = desk.call(rules, rng, truth, chosen, applicant)
    again = desk.Chosen(
        made=desk.escalated(rng, first),
        control=control,
        by_person=np.ones(len(scene), dtype=bool),
        at=desk.first_time(rng, begins + first.minutes / 1440.0),
    )
    return first, desk.call(rules, rng, truth, again, applicant)


def _decided(scene: Scene, case: Case, first: desk.Calls, second: desk.Calls) -> Floats:
    """Return when each application was decided: minutes after it came in, or after its last call."""
    ends = np.where(first.made, first.at + first.minutes / 1440.0, case.at)
    ends = np.where(second.made, second.at + second.minutes / 1440.0, ends)
    decided: Floats = ends + scene.stream(f"decided {case.round}").uniform(0.5, 6.0, len(scene)) / 1440.0
    return decided


def _decision(verdict: Verdict, first: desk.Calls, second: desk.Calls, truth: desk.Truth) -> tuple[Flags, Flags]:
    """Return whether a person decided, and whether it was approved; the last call of a person counts."""
    early, approved_early = desk.after_call(verdict, first, truth)
    late, approved_late = desk.after_call(verdict, second, truth)
    approved = np.where(late, approved_late, np.where(early, approved_early, verdict.approved))
    return early | late, approved.astype(bool)


def _keys(scene: Scene, population: Population, k: int) -> tuple[Keys, Keys]:
    """Return device and phone of a round: who comes back has now and then a new one."""
    contacts = population.contacts
    if k == 0:
        return contacts.device, contacts.phone
    rng = scene.stream(f"keys {k}")
    new = mix(scene.seed, "device", scene.number, k)
    other = mix(scene.seed, "new phone", scene.number, k)
    return (
        np.where(rng.random(len(scene)) < 0.16, new, contacts.device),
        np.where(rng.random(len(scene)) < 0.05, other, contacts.phone),
    )


def afterwards(scene: Scene, played: Round, past: Past) -> Past:
    """Return what a round means for the next one: good payers come back more often than declined persons."""
    drawn = scene.stream(f"afterwards {played.case.round}").random(len(scene))
    disbursed = ~np.isnan(played.course.disbursed)
    late = ~np.isnan(played.course.first_30)
    applying = scene.recipe.applying
    share = np.where(disbursed, np.where(late, 0.0, applying.repeat_after_good), applying.repeat_after_decline)
    return Past(
        goes_on=played.case.present & (drawn < share),
        points=past.points + np.where(disbursed & ~late, 0.7, -0.1),
    )
