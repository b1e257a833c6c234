"""Bands between windows, against looking at every row for every window."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.bands import MICROSECOND, Bands, Cells, Chosen, Values

windows = st.lists(st.none() | st.integers(1, 9).map(lambda n: n * MICROSECOND), min_size=1, max_size=6)
rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 12), st.none() | st.integers(-5, 5), st.booleans()), max_size=20
)


def sighted(rows, windows):
    """Return the cells of rows, each with one application four times over, which were handed in at time 100."""
    bands = Bands.between(windows)
    pairs, places = np.arange(len(rows), dtype=np.int32), np.array([row[0] for row in rows], dtype=np.int32)
    happened = np.array([100 - row[1] for row in rows], dtype=np.int64)
    band = bands.of_pairs(pairs, places, happened, np.full(4, 100, dtype=np.int64))
    return bands, Cells.of(4, bands, band, places)


@given(windows=windows, rows=rows, by_row=st.booleans(), chosen_by_row=st.booleans(), told=st.booleans())
def test_bands_add_up_to_what_lies_in_each_window(windows, rows, by_row, chosen_by_row, told):
    rows = rows if told else [(place, age, value or 0, counts) for place, age, value, counts in rows]
    bands, cells = sighted(rows, windows)
    backwards, nowhere = np.arange(len(rows), dtype=np.int32)[::-1].copy(), np.empty(0, dtype=np.int32)
    flags = np.array([row[3] for row in (rows[::-1] if chosen_by_row else rows)], dtype=np.uint8)
    chosen = Chosen(flags, backwards if chosen_by_row else nowhere)
    at = backwards if by_row else nowhere
    order = rows[::-1] if by_row else rows
    present = np.array([row[2] is not None for row in order if told], dtype=np.uint8)
    whole = Values(np.array([row[2] or 0 for row in order], dtype=np.int64), present, at)
    real = Values(np.array([np.nan if row[2] is None else row[2] for row in order], dtype=float), present, at)
    (sums, counts), largest = cells.sums(chosen, whole), cells.largest(chosen, real)

    for window in windows:
        last = bands.last(window)
        for application in range(4):
            mine = [row for row in rows if row[0] == application and row[3]]
            inside = [row for row in mine if window is None or row[1] * MICROSECOND <= window]
            values = [value for _, _, value, _ in inside if value is not None]
            assert cells.counts(chosen)[last, application] == len(inside)
            assert (sums[last, application], counts[last, application]) == (sum(values), len(values))
            np.testing.assert_equal(largest[last, application], float(max(values, default=np.nan)))


def test_windows_as_many_as_days_of_a_year_keep_their_bands():
    days = range(1, 400)
    rows = [(0, day * 86_400_000_000, None, True) for day in days]

    bands, cells = sighted(rows, [timedelta(days=day) for day in days])

    assert (cells.cell // 4).tolist() == list(range(399))
    assert len(bands) == 400
