"""Bands between windows, against looking at every row for every window."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.bands import MICROSECOND, Bands, Cells

windows = st.lists(st.none() | st.integers(1, 9).map(lambda n: n * MICROSECOND), min_size=1, max_size=6)
rows = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 12), st.integers(-5, 5)), max_size=20)


@settings(deadline=None)
@given(windows=windows, rows=rows)
def test_bands_add_up_to_what_lies_in_each_window(windows, rows):
    bands = Bands.between(windows)
    place = np.array([row[0] for row in rows], dtype=np.int64)
    ages = np.array([row[1] for row in rows], dtype=np.int64)
    values = np.array([row[2] for row in rows], dtype=np.int64)
    cells = Cells(4, bands, place * len(bands) + bands.of(ages))

    for window in windows:
        column = bands.last(window)
        for application in range(4):
            inside = [v for a, age, v in rows if a == application and (window is None or age * MICROSECOND <= window)]
            assert cells.counts[application, column] == len(inside)
            assert cells.sums(values)[application, column] == sum(inside)
            assert cells.largest(values.astype(float))[application, column] == max(inside, default=-np.inf)


def test_more_windows_than_a_byte_can_tell_apart_keep_their_bands():
    bands = Bands.between(timedelta(days=day) for day in range(1, 400))

    assert bands.of(np.array([day * 86_400_000_000 for day in range(1, 400)])).tolist() == list(range(399))
