"""Reasons name what cost points, worst first, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.reasons import members_of, reasons_of
from scoring.spec import ReasonText

GROUPS = [ReasonText(id=name, en=name.upper(), zh=name * 2) for name in "abcdef"]
NAMES = [f"f{place}" for place in range(8)]
GROUP_OF = [0, 0, 1, 2, 3, 4, 5, 5]


def reasons(lost, scored=range(8)):
    groups_lost = [0.0] * len(GROUPS)
    for place in scored:
        groups_lost[GROUP_OF[place]] += lost[place]
    return reasons_of(groups_lost, lost, members_of(GROUP_OF, frozenset(scored)), GROUPS, NAMES)


def test_groups_are_summed_and_ranked_and_cut_at_four():
    found = reasons([1, 2, 5, 4, 0.5, 0.25, -9, 3])
    assert [(each.group, each.points_lost) for each in found] == [("b", 5), ("c", 4), ("a", 3), ("d", 0.5)]
    assert found[2].features == ("f1", "f0")
    assert (found[0].en, found[0].zh) == ("B", "bb")


def test_a_group_that_gained_is_no_reason_and_a_gaining_feature_is_not_named():
    found = reasons([-3, 5, 0, 0, 0, 0, 2, -2])
    assert [(each.group, each.features) for each in found] == [("a", ("f1",))]


def test_what_the_model_does_not_compare_is_never_named():
    assert reasons([9, 0, 0, 0, 0, 0, 0, 0], scored=range(1, 8)) == ()
    assert reasons([9, 1, 0, 0, 0, 0, 0, 0], scored=range(1, 8))[0].features == ("f1",)


def test_rounding_is_no_reason():
    assert reasons([1e-10] * 8) == ()
    assert reasons([6e-10] * 8) == ()


@given(st.lists(st.floats(-50, 50) | st.floats(-2e-9, 2e-9), min_size=8, max_size=8))
def test_reasons_lose_points_and_fall(lost):
    found = reasons(lost)
    amounts = [each.points_lost for each in found]
    assert amounts == sorted(amounts, reverse=True)
    assert all(amount > 0 and each.features for amount, each in zip(amounts, found, strict=True))
    assert len(found) <= 4
    assert amounts == pytest.approx(
        [sum(lost[place] for place in range(8) if GROUPS[GROUP_OF[place]].id == each.group) for each in found]
    )
