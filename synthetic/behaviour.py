"""What applicants do in the app: sessions before, during and after an application, event by event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.tables import EVENT_KINDS
from synthetic.draws import Floats, Ints, Keys, owners, sigmoid
from synthetic.keys import mix
from synthetic.people import People
from synthetic.population import Population
from synthetic.recipe import Conduct
from synthetic.rounds import Round
from synthetic.scene import Scene

BEFORE, FINAL, AFTER = range(3)
_K = {kind: i for i, kind in enumerate(EVENT_KINDS)}
_SECONDS = {
    "login": 6.0, "view_terms": 24.0, "edit_income": 11.0, "edit_contact": 13.0, "edit_employer": 12.0, "paste_id": 2.5,
    "type_id": 15.0, "upload": 21.0, "calculator": 17.0, "abandon": 1.5, "return": 3.0, "submit": 4.0,
}  # fmt: skip
_PLACE = {
    "login": -10.0, "return": -9.0, "calculator": 0.0, "view_terms": 1.5, "paste_id": 2.0, "type_id": 2.0,
    "edit_contact": 3.0, "edit_employer": 3.0, "edit_income": 3.5, "upload": 4.5, "abandon": 20.0, "submit": 20.0,
}  # fmt: skip
"""Usual order inside a session; all but the first and the last are jittered."""

_DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """Sessions of a block's persons.

    Attributes:
        person: Position of the person.
        phase: ``BEFORE``, ``FINAL`` or ``AFTER`` the application.
        end: When it ended, in days.
        device: Its device.
        bent_income: Whether the income of the application is a misreport.
        bent_tenure: Whether the tenure is.
        returns: Whether an earlier session was abandoned.
    """

    person: Ints
    phase: Ints
    end: Floats
    device: Keys
    bent_income: Floats
    bent_tenure: Floats
    returns: Floats


@dataclass(frozen=True, kw_only=True)
class Events:
    """Events, ordered by session and time.

    Attributes:
        session: Position of the session.
        kind: Position in ``EVENT_KINDS``.
        at: When it began, in days.
        seconds: Time spent on it; NaN when not measured.
    """

    session: Ints
    kind: Ints
    at: Floats
    seconds: Floats


def make_sessions(scene: Scene, population: Population, played: Round) -> Sessions:
    """Draw the sessions around the applications of one round."""
    case, conduct = played.case, scene.recipe.conduct
    rng, present = scene.stream(f"sessions {case.round}"), case.present
    hesitates = np.exp(0.20 * population.people.need - 0.10 * population.people.digital)
    before = np.where(present, rng.poisson(conduct.sessions_before * hesitates), 0)
    after = np.where(present, rng.poisson(conduct.sessions_after, len(scene)), 0)
    person = np.concatenate([owners(before), np.flatnonzero(present), owners(after)])
    phase = np.repeat([BEFORE, FINAL, AFTER], [int(before.sum()), int(present.sum()), int(after.sum())])
    wait = np.where(
        phase == BEFORE, -rng.exponential(2.5, len(person)) - 0.03, rng.exponential(9.0, len(person)) + 0.02
    )
    other = (phase != FINAL) & (rng.random(len(person)) < conduct.other_device)
    new = mix(scene.seed, "other device", scene.number[person], case.round)
    return Sessions(
        person=person,
        phase=phase,
        end=case.at[person] + np.where(phase == FINAL, -2.0 / _DAY, wait),
        device=np.where(other, new, played.device[person]),
        bent_income=case.declared.income_bent[person].astype(np.float64),
        bent_tenure=case.declared.job_months_bent[person].astype(np.float64),
        returns=(before[person] > 0).astype(np.float64),
    )


def make_events(scene: Scene, people: People, sessions: Sessions, k: int) -> Events:
    """Draw the events of sessions; the final one ends with a submit shortly before the application is handed in."""
    rng = scene.stream(f"events {k}")
    counts = _counts(scene.recipe.conduct, rng, people, sessions)
    cell = owners(counts.ravel())
    session, kind = cell // len(EVENT_KINDS), cell % len(EVENT_KINDS)
    place = np.asarray([_PLACE[name] for name in EVENT_KINDS])[kind]
    jitter = np.where(np.abs(place) < 9.0, rng.uniform(-2.5, 2.5, len(cell)), 0.0)
    order = np.lexsort((place + jitter, session))
    session, kind = session[order], kind[order]
    seconds = _seconds(rng, people, sessions, session, kind)
    gap = rng.exponential(3.5, len(cell)) + 0.3
    at = sessions.end[session] - _until_end(session, seconds + gap) / _DAY
    unmeasured = rng.random(len(cell)) < 0.01
    return Events(session=session, kind=kind, at=at, seconds=np.where(unmeasured, np.nan, np.round(seconds, 1)))


def _until_end(session: Ints, spent: Floats) -> Floats:
    """Return for each event the time from its beginning to the end of its session."""
    total = np.cumsum(spent[::-1])[::-1]
    last = np.append(session[1:] != session[:-1], True)
    behind = np.append(total[1:], 0.0)[last]
    index = np.cumsum(last) - last
    return np.asarray(total - behind[index]) if len(spent) else spent


def _counts(conduct: Conduct, rng: np.random.Generator, people: People, sessions: Sessions) -> Ints:
    who = sessions.person
    size = len(who)
    need, willing, digital = people.need[who], people.willingness[who], people.digital[who]
    final, before = sessions.phase == FINAL, sessions.phase == BEFORE
    filling = np.where(final, 1.0, np.where(before, 0.4, 0.0))
    edits = conduct.edits * np.exp(0.10 * need - 0.12 * willing) * filling
    counts = np.zeros((size, len(EVENT_KINDS)), dtype=np.int64)
    counts[:, _K["login"]] = 1
    counts[:, _K["view_terms"]] = final + rng.poisson(np.where(final, 0.35, 0.5) * np.exp(0.15 * need))
    counts[:, _K["edit_income"]] = rng.poisson(edits * np.exp(conduct.misreport_edits * sessions.bent_income))
    counts[:, _K["edit_employer"]] = rng.poisson(0.6 * edits * np.exp(conduct.misreport_edits * sessions.bent_tenure))
    counts[:, _K["edit_contact"]] = rng.poisson(0.6 * edits * np.exp(-0.15 * willing))
    paste = rng.random(size) < sigmoid(conduct.paste + 0.35 * digital - 0.35 * willing + 0.8 * sessions.bent_income)
    counts[:, _K["paste_id"]] = final & paste
    counts[:, _K["type_id"]] = final & ~paste
    counts[:, _K["upload"]] = np.where(final, 1 + rng.poisson(0.5, size), 0)
    counts[:, _K["calculator"]] = rng.poisson(np.where(sessions.phase == AFTER, 0.1, 0.7) * np.exp(0.20 * need))
    counts[:, _K["return"]] = np.where(final, sessions.returns, 0)
    counts[:, _K["abandon"]] = before
    counts[:, _K["submit"]] = final
    return counts


def _seconds(rng: np.random.Generator, people: People, sessions: Sessions, session: Ints, kind: Ints) -> Floats:
    who = sessions.person[session]
    median = np.asarray([_SECONDS[name] for name in EVENT_KINDS])[kind]
    # Whoever means to repay reads the terms longer; who is used to apps does everything faster.
    reads = (kind == _K["view_terms"]) * (0.13 * people.willingness[who] + 0.08 * people.ability[who])
    spread = np.exp(reads - 0.15 * people.digital[who] + 0.60 * rng.normal(size=len(kind)))
    seconds: Floats = np.clip(median * spread, 0.4, 1800.0)
    return seconds
