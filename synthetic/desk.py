"""The phone desk of the time: whom it called, what it found, and how that moved the decision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthetic.case import Case
from synthetic.draws import Flags, Floats, Ints, as_floats, share_logit
from synthetic.policy import Verdict
from synthetic.recipe import CHANNELS, Desk

DISPOSITIONS = ("confirmed", "corrected", "refused_to_answer", "suspicious", "not_reached")
CONFIRMED, CORRECTED, REFUSED, SUSPICIOUS, NOT_REACHED = range(5)
FACTS = ("income", "job_months", "other_lenders", "monthly_debt")


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The four facts that a call can verify, as they are.

    Attributes:
        values: Array of persons × ``FACTS``.
        declared: The same as declared; NaN when not stated.
    """

    values: Floats
    declared: Floats


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Who is called, by whom and when; one entry per person.

    Attributes:
        made: Whether a call is made.
        control: Whether chosen at random.
        by_person: Whether a person calls; a bot otherwise.
        at: When.
    """

    made: Flags
    control: Flags
    by_person: Flags
    at: Floats


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """What makes an applicant hard to reach or to believe.

    Attributes:
        bent: Whether a declared fact is a misreport.
        in_ring: Whether in a fraud ring.
    """

    bent: Flags
    in_ring: Flags


@dataclass(frozen=True, kw_only=True)
class Calls:
    """One call per person at most; rows of persons who were not called mean nothing.

    Attributes:
        made: Whether the call was made.
        by_person: Whether a person made it; a bot otherwise.
        control: Whether chosen at random.
        reached: Whether the applicant answered.
        found: What was found, persons × ``FACTS``; NaN when not verified.
        contact_confirmed: 1 yes, 0 no, NaN not asked.
        disposition: Position in ``DISPOSITIONS``.
        minutes: Length.
        at: When it began.
    """

    made: Flags
    by_person: Flags
    control: Flags
    reached: Flags
    found: Floats
    contact_confirmed: Floats
    disposition: Ints
    minutes: Floats
    at: Floats


def truth_of(income: Floats, case: Case) -> Truth:
    """Put the four facts side by side."""
    declared, facts = case.declared, case.facts
    said = np.stack([declared.income, declared.job_months, declared.other_lenders, declared.monthly_debt], axis=1)
    return Truth(
        values=np.stack([income, case.job_months, facts.lenders, facts.debt], axis=1).astype(np.float64),
        declared=np.where(said < 0, np.nan, said),
    )


def rule_of_thumb(verdict: Verdict, case: Case) -> Floats:
    """Return how strongly the desk's rules of thumb ask for a call: large, near the cut-off, agent, new in the job."""
    near = np.exp(-np.abs(verdict.points))
    thumb = 1.2 * np.log(case.asked.amount / 5000.0) + 2.0 * near
    thumb = thumb + 1.0 * (case.channel == CHANNELS.index("agent")) + 0.8 * (case.declared.job_months < 6)
    thumb = thumb + 0.15 * np.minimum(case.facts.seen_inquiries_90d, 8.0)
    return np.where(verdict.hard, -20.0, 1.5 * thumb)


def choose_calls(desk: Desk, rng: np.random.Generator, thumb: Floats, present: Flags) -> tuple[Flags, Flags]:
    """Draw who is called by rules of thumb, and who at random; returns (called, at random)."""
    by_rules = np.zeros(len(thumb), dtype=bool)
    by_rules[present] = share_logit(rng, thumb[present], desk.by_rules)
    control = present & (rng.random(len(thumb)) < desk.at_random)
    return by_rules | control, control


def call(desk: Desk, rng: np.random.Generator, truth: Truth, chosen: Chosen, applicant: Applicant) -> Calls:
    """Draw what calls find.

    A fact asked about is found with the caller's probability; otherwise the caller hears the declaration again. A bot
    asks about income and other lenders alone.
    """
    size, bent, ring = len(chosen.made), applicant.bent, applicant.in_ring
    reached = rng.random(size) < desk.reached - 0.08 * bent - 0.20 * ring
    refuses = rng.random(size) < np.where(bent, desk.refuses, 0.02)
    found = _found(desk, rng, truth, chosen.by_person)
    found = np.where((reached & ~refuses)[:, None], found, np.nan)
    odd = discrepancy(truth.declared, found)
    suspicious = (odd > 1.2) & (rng.random(size) < 0.6) | (ring & chosen.by_person & (rng.random(size) < 0.35))
    disposition = np.where(suspicious, SUSPICIOUS, np.where(odd > 0.1, CORRECTED, CONFIRMED))
    disposition = np.where(~reached, NOT_REACHED, np.where(refuses, REFUSED, disposition))
    knows = rng.random(size) < np.where(ring, 0.5, 0.95)
    asks = reached & ~refuses & chosen.by_person & (rng.random(size) < 0.8)
    return Calls(
        made=chosen.made,
        by_person=chosen.by_person,
        control=chosen.control,
        reached=reached,
        found=found,
        contact_confirmed=np.where(asks, knows, np.nan),
        disposition=disposition.astype(np.int64),
        minutes=_minutes(rng, chosen.by_person, reached),
        at=chosen.at,
    )


def _found(desk: Desk, rng: np.random.Generator, truth: Truth, by_person: Flags) -> Floats:
    shape = truth.values.shape
    finds = rng.random(shape) < np.where(by_person, desk.person_truth, desk.bot_truth)[:, None]
    told = np.where(finds, _remembered(rng, truth.values), truth.declared)
    asks = np.ones(shape, dtype=bool)
    asks[:, 1] = asks[:, 3] = by_person
    return np.where(asks, told, np.nan)


def _minutes(rng: np.random.Generator, by_person: Flags, reached: Flags) -> Floats:
    size = len(reached)
    talk = np.where(by_person, rng.gamma(5.0, 1.3, size), rng.gamma(5.0, 0.45, size)) + 0.4
    return as_floats(np.round(np.where(reached, talk, rng.uniform(0.3, 1.2, size)), 1))


def _remembered(rng: np.random.Generator, values: Floats) -> Floats:
    """Return true values as told on the phone: money rounded to 50, the rest exact."""
    told = values.copy()
    told[:, 0] = np.maximum(np.round(values[:, 0] / 50.0) * 50.0, 50.0)
    told[:, 3] = np.where(
        rng.random(len(values)) < 0.5, np.round(values[:, 3], 0), np.round(values[:, 3] / 10.0) * 10.0
    )
    return told


def discrepancy(declared: Floats, found: Floats) -> Floats:
    """Return how far what was found is worse than what was declared, summed over the facts.

    Per fact: the logarithm of the inflation of income and tenure, 0.35 per lender left out, and the logarithm of the
    debt left out. A fact not stated or not found adds nothing.
    """
    worse = np.zeros_like(found)
    worse[:, 0] = np.log(np.maximum(declared[:, 0], 1.0) / np.maximum(found[:, 0], 1.0))
    worse[:, 1] = 0.5 * np.log((declared[:, 1] + 6.0) / (found[:, 1] + 6.0))
    worse[:, 2] = 0.35 * (found[:, 2] - declared[:, 2])
    worse[:, 3] = 0.5 * np.log((found[:, 3] + 200.0) / (declared[:, 3] + 200.0))
    total: Floats = np.maximum(np.nan_to_num(worse), 0.0).sum(axis=1)
    return total


def escalated(rng: np.random.Generator, calls: Calls) -> Flags:
    """Draw which bot calls are followed by a person's."""
    odd = np.isin(calls.disposition, (CORRECTED, REFUSED, SUSPICIOUS))
    return calls.made & ~calls.by_person & odd & (rng.random(len(odd)) < 0.7)


def first_time(rng: np.random.Generator, at: Floats) -> Floats:
    """Return when a call is made: some hours after the application, between 9 and 20 o'clock local time."""
    wanted = np.nan_to_num(at) + rng.exponential(0.12, len(at)) + 0.01
    local = wanted + 8.0 / 24.0
    hour = (local - np.floor(local)) * 24.0
    later = np.where(hour < 9.0, (9.0 - hour) / 24.0, np.where(hour > 20.0, (33.0 - hour) / 24.0, 0.0))
    return wanted + later + np.where(later > 0, rng.uniform(0, 0.2, len(at)), 0.0)


def after_call(verdict: Verdict, calls: Calls, truth: Truth) -> tuple[Flags, Flags]:
    """Return (decided by a person, approved) after a person's call; random approvals stand."""
    decides = calls.made & calls.by_person & calls.reached & ~verdict.at_random
    points = verdict.points - 1.6 * discrepancy(truth.declared, calls.found)
    points = points + 0.5 * (calls.disposition == CONFIRMED)
    refused = np.isin(calls.disposition, (REFUSED, SUSPICIOUS))
    approves = (points > 0) & ~refused & ~verdict.hard
    return decides, np.where(decides, approves, verdict.approved)
