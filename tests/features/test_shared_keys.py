"""Counts of others under one key: strictly before, each other applicant once, popular keys at no extra cost."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from features.build import build

COUNT = "network_device_applicants"
TICK = timedelta(microseconds=1)


def others(world, *rows):
    """Return the tables with further applications on the same device."""
    tables = world.me()
    given = [{"application_id": f"o{i}", "device_id": "d", **row} for i, row in enumerate(rows)]
    tables["applications"] = pl.concat([tables["applications"], world.frame("applications", *given)])
    return tables


@pytest.mark.parametrize(("later", "counted"), [(-TICK, 1), (timedelta(0), 0), (TICK, 0)], ids=str)
def test_only_applications_strictly_before_count(world, later, counted):
    tables = others(world, {"applicant_id": "Q", "applied_at": world.applied_at + later})

    assert build(tables, features=[COUNT], only=["A"])[COUNT][0] == counted


def test_each_other_applicant_counts_once_and_oneself_never(world):
    earlier = world.applied_at - timedelta(days=1)
    tables = others(world, *({"applicant_id": person, "applied_at": earlier} for person in "QQRPP"))

    built = build(tables, features=[COUNT, "network_device_applications_7d"], only=["A"])

    assert built.row(0)[3:] == (2, 3)


@pytest.mark.parametrize(("older", "counted"), [(timedelta(0), 1), (TICK, 0)], ids=str)
def test_the_start_of_the_window_counts(world, older, counted):
    start = world.applied_at - timedelta(days=7)
    tables = others(world, {"applicant_id": "Q", "applied_at": start - older})

    assert build(tables, only=["A"])["network_device_applications_7d"][0] == counted


def test_without_the_key_nothing_is_known(world):
    assert build(world.me(device_id=None))[COUNT][0] is None


@pytest.mark.parametrize(
    ("decided", "first_30dpd", "counted"),
    [(-2, None, 0), (-2, 0, 0), (-2, -1, 1), (0, -1, 0), (-1, -2, 1)],
)
def test_bad_outcomes_count_from_when_they_and_the_decision_were_known(world, decided, first_30dpd, counted):
    tables = others(world, {"applicant_id": "Q", "applied_at": world.applied_at - timedelta(days=1)})
    late = None if first_30dpd is None else world.applied_at + first_30dpd * TICK
    row = {"application_id": "o0", "decided_at": world.applied_at + decided * TICK, "first_30dpd_at": late}

    built = build({**tables, "outcomes": world.frame("outcomes", row)}, only=["A"])

    assert built["network_device_bad_30dpd"][0] == counted


def test_a_device_shared_by_thousands_is_counted_in_order(world):
    people = 20_000
    contract = world.frame("applications", {"device_id": "d"})
    crowd = contract.select(pl.all().repeat_by(people).explode()).with_columns(
        application_id=pl.format("o{}", pl.int_range(people)),
        applicant_id=pl.format("o{}", pl.int_range(people)),
        applied_at=pl.lit(world.applied_at) + pl.duration(seconds=pl.int_range(people)),
    )

    built = build({"applications": crowd}, features=[COUNT])

    assert built[COUNT].to_list() == list(range(people))
