"""Turns arrays of a block into tables that fit the contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from features.tables import EVENT_KINDS, LENDER_TYPES, TABLES
from synthetic.behaviour import Events, Sessions
from synthetic.clock import Clock
from synthetic.draws import Flags, Floats, Ints
from synthetic.facts import History
from synthetic.inquiries import PURPOSES as INQUIRY_PURPOSES
from synthetic.keys import hashes, mix, numbered, running
from synthetic.loans import Loans
from synthetic.recipe import TYPES
from synthetic.repayment import Schedule
from synthetic.watching import KEY_TYPES, REASONS, SOURCES, Entries

STATUSES = ("repaid", "repaid_early", "charged_off")
OWN = len(TYPES)


@dataclass(frozen=True)
class Context:
    """What every table of a block needs.

    Attributes:
        clock: The lender's clock.
        seed: Its seed.
        block: Number of the block.
        applicant_id: Identifier of each person of the block.
    """

    clock: Clock
    seed: int
    block: int
    applicant_id: pl.Series

    def persons(self, person: Ints) -> pl.Series:
        """Return the identifiers of persons."""
        return self.applicant_id.gather(person)


def table(name: str, columns: Mapping[str, pl.Series | np.ndarray]) -> pl.DataFrame:
    """Put columns into the order and the types of a contract."""
    schema = TABLES[name].schema
    frame = pl.DataFrame({column: columns[column] for column in schema})
    return frame.cast(dict(schema))  # type: ignore[arg-type]


def words(codes: Ints, names: Sequence[str]) -> pl.Series:
    """Return the name of each code; a negative code becomes null."""
    lookup = pl.Series("word", list(names))
    found = lookup.gather(np.maximum(codes, 0))
    return found.set(pl.Series(codes < 0), None) if (codes < 0).any() else found


def maybe(values: Floats | Ints, missing: Flags | None = None) -> pl.Series:
    """Return numbers with null where they are NaN, or where ``missing`` says so."""
    gone = np.isnan(values) if missing is None else missing
    series = pl.Series("number", np.where(gone, 0, values))
    return series.set(pl.Series(gone), None) if gone.any() else series


def lender_ids(seed: int, kind: Ints, lender: Ints) -> pl.Series:
    """Return codes of lenders that do not tell their kind; this lender is ``LENDER0000``."""
    code = (mix(seed, "lender", kind * 10_000 + lender) % np.uint64(9_000_000)).astype(np.int64) + 1_000_000
    return numbered("ORG", np.where(kind == OWN, 0, code))


def inquiries_frame(context: Context, history: History, own_person: Ints, own_at: Floats) -> pl.DataFrame:
    """Return reported inquiries, and those that this lender made itself when people applied."""
    asked, clock = history.inquiries, context.clock
    keep = asked.reported & (asked.known < clock.extract)
    size = len(own_person)
    person = np.concatenate([asked.person[keep], own_person])
    at = np.concatenate([asked.at[keep], own_at])
    # Our own inquiry goes out when the application is in: it is known only after it.
    known = np.concatenate([asked.known[keep], own_at + 2.0 / 86_400.0])
    kind = np.concatenate([asked.kind[keep], np.full(size, OWN)])
    lender = np.concatenate([asked.lender[keep], np.zeros(size, dtype=np.int64)])
    purpose = np.concatenate([asked.purpose[keep], np.zeros(size, dtype=np.int64)])
    order = np.lexsort((at, person))
    return table(
        "bureau_inquiries",
        {
            "inquiry_id": running("Q", context.block, len(order)),
            "applicant_id": context.persons(person[order]),
            "happened_at": clock.times(at[order]),
            "known_at": clock.times(known[order]),
            "lender_id": lender_ids(context.seed, kind[order], lender[order]),
            "lender_type": words(kind[order], LENDER_TYPES),
            "purpose": words(purpose[order], INQUIRY_PURPOSES),
        },
    )


def loans_frames(context: Context, parts: Sequence[tuple[Loans, Schedule, Ints]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return loans and instalments known at the extract.

    Args:
        context: The block.
        parts: Loans, their schedule, and the application row each loan came from (−1 for another lender's).
    """
    loans, instalments, start = [], [], 0
    for held, schedule, application in parts:
        keep = held.reported & (held.known < context.clock.extract)
        number = np.cumsum(keep) - 1 + start
        loans.append(_loans(context, held, schedule, np.where(keep, number, -1), application))
        instalments.append(_instalments(context, held, schedule, np.where(keep, number, -1)))
        start += int(keep.sum())
    frame = pl.concat(instalments)
    key = running("I", context.block, frame.height)
    return pl.concat(loans), table("instalments", frame.with_columns(instalment_id=key).to_dict())


def _loans(context: Context, loans: Loans, schedule: Schedule, number: Ints, application: Ints) -> pl.DataFrame:
    """Return the loans that have a number; those with −1 are not shown."""
    clock, keep = context.clock, number >= 0
    ended_known = schedule.ended + loans.lag + 0.02
    told = np.where(ended_known < clock.extract, ended_known, np.nan)[keep]
    ended = np.where(np.isnan(told), np.nan, schedule.ended[keep])
    return table(
        "loans",
        {
            "loan_id": numbered("L", number[keep] + context.block * 100_000_000),
            "applicant_id": context.persons(loans.person[keep]),
            "happened_at": clock.times(loans.opened[keep]),
            "known_at": clock.times(loans.known[keep]),
            "application_id": application_ids(context.block, application[keep]),
            "lender_id": lender_ids(context.seed, loans.kind[keep], loans.lender[keep]),
            "lender_type": words(loans.kind[keep], LENDER_TYPES),
            "amount": loans.amount[keep],
            "term_months": loans.term[keep],
            "amount_repayable": np.round(loans.instalment[keep] * loans.term[keep], 2),
            "status_known_at": clock.times(told),
            "closed_at": clock.times(ended),
            "status": words(np.where(np.isnan(told), -1, schedule.status[keep]), STATUSES),
        },
    )


def _instalments(context: Context, loans: Loans, schedule: Schedule, number: Ints) -> pl.DataFrame:
    """Return the instalments of loans that have a number, as far as they are known at the extract."""
    clock, loan = context.clock, schedule.loan
    known = np.maximum(schedule.due + loans.lag[loan], loans.known[loan])
    shown = (number[loan] >= 0) & (known < clock.extract) & (schedule.due < clock.extract)
    loan, known = loan[shown], known[shown]
    paid = schedule.paid[shown]
    paid_known = np.maximum(np.maximum(paid + loans.lag[loan], loans.known[loan]), known) + 0.01
    paid_known = np.where(paid_known < clock.extract, paid_known, np.nan)
    paid = np.where(np.isnan(paid_known), np.nan, paid)
    due = loans.instalment[loan]
    return pl.DataFrame(
        {
            "applicant_id": context.persons(loans.person[loan]),
            "happened_at": clock.times(schedule.due[shown]),
            "known_at": clock.times(known),
            "loan_id": numbered("L", number[loan] + context.block * 100_000_000),
            "number": schedule.number[shown],
            "amount_due": due,
            "payment_known_at": clock.times(paid_known),
            "paid_at": clock.times(paid),
            "amount_paid": maybe(np.where(np.isnan(paid), np.nan, np.round(due * schedule.part[shown], 2))),
        }
    )


def application_ids(block: int, row: Ints) -> pl.Series:
    """Return identifiers of applications by their row in the block; null where the row is negative."""
    ids = numbered("A", np.maximum(row, 0) + block * 100_000_000)
    return ids.set(pl.Series(row < 0), None) if (row < 0).any() else ids


def watchlist_frame(context: Context, parts: Sequence[Entries]) -> pl.DataFrame:
    """Return the entries known at the extract."""
    frames = [_entries(context, part) for part in parts]
    frame = pl.concat(frames).sort("known_at", "key_hash", "key_type", "happened_at")
    return table("watchlist", frame.with_columns(entry_id=running("W", context.block, frame.height)).to_dict())


def _entries(context: Context, part: Entries) -> pl.DataFrame:
    keep = part.known < context.clock.extract
    return pl.DataFrame(
        {
            "happened_at": context.clock.times(part.happened[keep]),
            "known_at": context.clock.times(part.known[keep]),
            "key_type": words(part.key_type[keep], KEY_TYPES),
            "key_hash": hashes(part.key[keep]),
            "source": words(part.source[keep], SOURCES),
            "reason": words(part.reason[keep], REASONS),
            "expires_at": context.clock.times(part.expires[keep]),
        }
    )


def events_frame(context: Context, parts: Sequence[tuple[Sessions, Events, Floats]]) -> pl.DataFrame:
    """Return events up to the extract; each part's last array is the delay of every event's reporting, in seconds."""
    frames, start = [], 0
    for sessions, events, delay in parts:
        shown = events.at + 2.0 / 86_400.0 < context.clock.extract
        session = events.session[shown]
        frames.append(
            pl.DataFrame(
                {
                    "applicant_id": context.persons(sessions.person[session]),
                    "happened_at": context.clock.times(events.at[shown], per_second=1000),
                    "known_at": context.clock.times((events.at + delay / 86_400.0)[shown], per_second=1000),
                    "session_id": numbered("S", session + start + context.block * 100_000_000),
                    "device_id": hashes(sessions.device).gather(session),
                    "kind": words(events.kind[shown], EVENT_KINDS),
                    "seconds": maybe(events.seconds[shown]),
                }
            )
        )
        start += len(sessions.person)
    frame = pl.concat(frames)
    return table("behaviour_events", frame.with_columns(event_id=running("E", context.block, frame.height)).to_dict())
