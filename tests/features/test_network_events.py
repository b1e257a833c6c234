"""When an event of another applicant was known: the same for one row and for a column of them."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.network_events import EVENTS
from features.tables import OUTCOMES, TIME


@pytest.mark.parametrize("name", EVENTS)
@settings(max_examples=60)
@given(data=st.data())
def test_a_row_and_a_column_agree(name, world, data):
    times = st.integers(0, 200).map(lambda days: world.applied_at - timedelta(days=days))
    columns = [c for c in OUTCOMES.columns if c.dtype == TIME]
    drawn = {c.name: data.draw(st.none() | times) for c in columns}
    row = {
        **drawn,
        "applied_at": data.draw(times),
        "decision": data.draw(st.sampled_from([None, "declined", "approved"])),
    }
    frame = pl.DataFrame([row], schema={name: TIME if name != "decision" else pl.String() for name in row})

    assert frame.select(EVENTS[name].known()).item() == EVENTS[name].known_at(row)


@pytest.mark.parametrize(
    ("event", "columns"),
    [
        ("applicants", set()),
        ("declined", {"decided_at", "decision"}),
        ("bad_60dpd", {"decided_at", "first_60dpd_at"}),
        ("seasoned", {"decided_at", "disbursed_at", "first_60dpd_at"}),
    ],
)
def test_an_event_names_what_it_reads(event, columns):
    assert EVENTS[event].columns == columns


def test_an_outcome_is_not_known_before_its_decision(world):
    late = {"first_60dpd_at": world.applied_at - timedelta(days=9), "decided_at": world.applied_at}

    assert (
        EVENTS["bad_60dpd"].known_at({**late, "applied_at": world.applied_at - timedelta(days=1)}) == world.applied_at
    )
