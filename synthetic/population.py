"""The persons of a block with everything about them that does not depend on this lender's decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthetic.arrivals import Arrivals, make_arrivals
from synthetic.contacts import Contacts, make_contacts
from synthetic.draws import Flags, Floats, Ints
from synthetic.facts import History
from synthetic.inquiries import make_inquiries
from synthetic.loans import make_loans
from synthetic.people import People, make_people
from synthetic.repayment import make_schedule
from synthetic.scene import Scene
from synthetic.spirals import Spirals, make_spirals
from synthetic.watching import Entries, listed_before


@dataclass(frozen=True, kw_only=True)
class Population:
    """The persons of a block.

    Attributes:
        people: The persons.
        arrivals: When they apply, and would apply again.
        contacts: Their keys.
        spirals: Their spirals.
        history: What happened to them at other lenders.
        tenure: Months with the employer at the first application.
        listed: Watchlist entries about them that other lenders made.
    """

    people: People
    arrivals: Arrivals
    contacts: Contacts
    spirals: Spirals
    history: History
    tenure: Floats
    listed: Sequence[Entries]

    def job_months(self, at: Floats) -> Ints:
        """Return the true whole months with the employer at a time of each person."""
        since = np.nan_to_num(at - self.arrivals.first) / 30.4375
        return np.floor(self.tenure + since).astype(np.int64)

    def watched(self, at: Floats) -> Flags:
        """Return whose phone or identity number is listed, known and not expired, at a time of each person."""
        hit = np.zeros(len(at), dtype=bool)
        for part in self.listed:
            now = at[part.person]
            hit[part.person[(part.known < now) & ~(part.expires <= now)]] = True
        return hit


def make_population(scene: Scene) -> Population:
    """Make the persons of a block."""
    people = make_people(scene)
    arrivals = make_arrivals(scene, people)
    contacts = make_contacts(scene, arrivals.channel[0])
    spirals = make_spirals(scene, people, arrivals)
    inquiries = make_inquiries(scene, people, arrivals, spirals)
    loans = make_loans(scene, people, inquiries, spirals)
    until = np.minimum(arrivals.last + scene.recipe.borrowing.after_days, scene.extract)
    history = History(inquiries=inquiries, loans=loans, schedule=make_schedule(scene, people, loans, spirals, until))
    grown = np.maximum(-people.born / 30.44 - 17.0 * 12.0, 0.0)
    return Population(
        people=people,
        arrivals=arrivals,
        contacts=contacts,
        spirals=spirals,
        history=history,
        tenure=np.minimum(scene.stream("tenure").exponential(people.tenure_rate), grown),
        listed=listed_before(scene, contacts, history, arrivals.first),
    )
