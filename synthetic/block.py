"""Makes one block of applicants: all their tables, and what was planted in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from synthetic.applications import (
    Rows,
    applications_frame,
    calls_frame,
    checks_frame,
    outcomes_frame,
    rows_of,
    truth_frame,
)
from synthetic.arrivals import ROUNDS
from synthetic.behaviour import Events, Sessions, make_events, make_sessions
from synthetic.dirt import soil
from synthetic.draws import Floats, Ints
from synthetic.frames import Context, events_frame, inquiries_frame, loans_frames, watchlist_frame
from synthetic.keys import hashes, mix
from synthetic.loans import Loans
from synthetic.outcomes import own_loans
from synthetic.plan import Plan
from synthetic.population import Population, make_population
from synthetic.repayment import Schedule
from synthetic.rounds import Round, afterwards, beginning, play
from synthetic.scene import Scene
from synthetic.watching import Entries, own_entries, ring_entries, strangers

Frames = dict[str, pl.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block of a synthetic lender.

    Attributes:
        frames: Every table by name.
        dirt: Planted bad rows: table, then kind, then how many.
        mechanisms: How often each planted mechanism is at work.
    """

    frames: Frames
    dirt: Mapping[str, Mapping[str, int]]
    mechanisms: Mapping[str, int]


def make_block(plan: Plan, number: int) -> Block:
    """Make a block; ``number`` counts from 1."""
    scene = Scene.of(plan, number)
    population = make_population(scene)
    rows = rows_of(_rounds(scene, population))
    first_60 = np.fmin.reduce([played.course.first_60 for played in rows.rounds])
    entries = [
        *population.listed,
        strangers(scene),
        ring_entries(scene),
        own_entries(scene, population.contacts, first_60),
    ]
    soiled, planted = soil(plan, scene.streams, _frames(scene, population, rows, entries))
    return Block(frames=soiled, dirt=planted, mechanisms=_mechanisms(scene, population, rows, entries))


def _rounds(scene: Scene, population: Population) -> Sequence[Round]:
    past = beginning(len(scene))
    rounds = []
    for k in range(ROUNDS):
        played = play(scene, population, past, k)
        past = afterwards(scene, played, past)
        rounds.append(played)
    return rounds


def _frames(scene: Scene, population: Population, rows: Rows, entries: Sequence[Entries]) -> Frames:
    context = Context(scene.clock, scene.seed, scene.streams.block, hashes(mix(scene.seed, "applicant", scene.number)))
    loans, instalments = loans_frames(context, _loans(scene, population, rows))
    return {
        "applications": applications_frame(context, scene, population, rows),
        "identity_checks": checks_frame(context, scene, rows),
        "behaviour_events": events_frame(context, _behaviour(scene, population, rows)),
        "bureau_inquiries": inquiries_frame(context, population.history, rows.person, rows.take(lambda r: r.case.at)),
        "loans": loans,
        "instalments": instalments,
        "watchlist": watchlist_frame(context, entries),
        "calls": calls_frame(context, rows),
        "outcomes": outcomes_frame(context, rows),
        "truth": truth_frame(context, scene, population, rows),
    }


def _loans(scene: Scene, population: Population, rows: Rows) -> list[tuple[Loans, Schedule, Ints]]:
    """Return loans elsewhere, and the loans here of each round with the application each came from."""
    history = population.history
    parts = [(history.loans, history.schedule, np.full(len(history.loans), -1, dtype=np.int64))]
    for k, played in enumerate(rows.rounds):
        loans, schedule = own_loans(played.course, played.case.asked, scene.clock)
        parts.append((loans, schedule, rows.row[k][loans.person]))
    return parts


def _behaviour(scene: Scene, population: Population, rows: Rows) -> list[tuple[Sessions, Events, Floats]]:
    """Return the sessions and events of each round, and after how many seconds each event reaches the lender's log."""
    parts = []
    for k, played in enumerate(rows.rounds):
        sessions = make_sessions(scene, population, played)
        events = make_events(scene, population.people, sessions, k)
        delay = scene.stream(f"event delays {k}").uniform(0.02, 0.3, len(events.at))
        parts.append((sessions, events, delay))
    return parts


def _mechanisms(scene: Scene, population: Population, rows: Rows, entries: Sequence[Entries]) -> Mapping[str, int]:
    def count(flags: np.ndarray) -> int:
        return int(np.count_nonzero(flags))

    found = Counter(
        applications=len(rows.person),
        misreports=count(rows.take(lambda r: r.case.declared.bent)),
        ring_applications=count(scene.ring[rows.person] >= 0),
        stolen_identities=count(population.contacts.stolen[rows.person]),
        identity_failed=count(rows.take(lambda r: r.checks.failed)),
        spirals=count(~np.isnan(population.spirals.onset)),
        approved=count(rows.take(lambda r: r.approved)),
        approved_at_random=count(rows.take(lambda r: r.verdict.at_random)),
        called=count(rows.take(lambda r: r.first_call.made)),
        called_at_random=count(rows.take(lambda r: r.first_call.control)),
    )
    for part in entries:
        found[f"watchlist_{part.mechanism}"] += count(part.known < scene.extract)
    return dict(found)
