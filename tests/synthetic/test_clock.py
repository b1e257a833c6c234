from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synthetic.clock import Clock

CLOCK = Clock(start=date(2024, 1, 1), days=731, extract=790.0 - 8 / 24)
LOCAL = timezone(timedelta(hours=8))
MIDNIGHT = datetime(2024, 1, 1, tzinfo=UTC)


def test_the_extract_is_drawn_at_local_midnight(plan, recipe):
    end = date(2026, 1, 1) + timedelta(days=recipe.calendar.extract_after_days)

    assert plan.clock.days == 731
    assert plan.clock.extract_at == datetime(end.year, end.month, end.day, tzinfo=LOCAL)


def test_times_are_cut_to_whole_seconds_and_null_where_unknown():
    times = CLOCK.times(np.asarray([0.5, 1.0 + 1.9 / 86_400, np.nan, -1.0]))

    assert times.to_list() == [
        MIDNIGHT + timedelta(hours=12),
        MIDNIGHT + timedelta(days=1, seconds=1),
        None,
        MIDNIGHT - timedelta(days=1),
    ]


def test_times_may_be_cut_to_milliseconds():
    assert CLOCK.times(np.asarray([1.2346 / 86_400]), per_second=1000).to_list() == [
        MIDNIGHT + timedelta(milliseconds=1234)
    ]


@given(st.floats(-600, 800), st.integers(1, 36))
def test_the_same_day_of_a_later_month_agrees_with_the_calendar(day, months):
    local = (MIDNIGHT + timedelta(days=day)).astimezone(LOCAL)
    month = local.year * 12 + local.month - 1 + months
    expected = datetime(month // 12, month % 12 + 1, min(local.day, 28), tzinfo=LOCAL)

    found = CLOCK.same_day_later(np.asarray([day]), np.asarray([months]))

    assert CLOCK.times(found + 1e-9).to_list() == [expected.astimezone(UTC)]
