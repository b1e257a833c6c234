"""The reference is as short as can be and holds at least half."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelling.errors import SplitError
from modelling.reference_period import reference_months


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30))
def test_it_is_the_shortest_start_with_half_of_the_cases(counts):
    months = [f"{2000 + place // 12}-{place % 12 + 1:02d}" for place in range(len(counts))]

    found = len(reference_months(months, counts))

    assert reference_months(months, counts) == tuple(months[:found])
    assert 2 * sum(counts[:found]) >= sum(counts) > 2 * sum(counts[: found - 1])


def test_no_month_is_refused():
    with pytest.raises(SplitError, match="0 months and 0 counts, must be at least one month"):
        reference_months([], [])
