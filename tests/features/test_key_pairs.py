"""Network features of parts: what applicants linked by keys and all others give together is what everyone gives."""

import random
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features.build import build, build_network
from features.catalogue import CATALOGUE
from features.errors import UnknownApplicationError
from features.key_pairs import key_pairs, linked, repeated, shared_keys
from features.line import KEYS
from features.network_batch import is_network

NETWORK = [feature for feature in CATALOGUE.values() if is_network(feature)]


def applied(world, seed):
    """Return 14 applications of six applicants: most keys are one's own, some are not given, a few are another's."""
    chance = random.Random(seed)  # noqa: S311 -- test data, not secrets
    rows = []
    for number in range(14):
        who = chance.choice("PQRSTU")
        keys = {
            column: chance.choice([None, who, who, who, f"{who}2", chance.choice("PQRSTU")]) for column in KEYS.values()
        }
        at = world.applied_at - timedelta(hours=12 * chance.randrange(60))
        rows.append({"application_id": f"a{number}", "applicant_id": who, "applied_at": at, **keys})
    decided = [
        {"application_id": row["application_id"], "decided_at": row["applied_at"] + timedelta(days=chance.randrange(9))}
        for row in rows[::2]
    ]
    late = [{**row, "first_60dpd_at": row["decided_at"] + timedelta(days=1)} for row in decided]
    return {"applications": world.frame("applications", *rows), "outcomes": world.frame("outcomes", *late)}


def split(tables):
    """Split applications into two parts by their applicants, with their outcomes."""
    first = pl.col("applicant_id").is_in(["P", "R", "T"])
    for chosen in (first, ~first):
        mine = tables["applications"].filter(chosen)
        yield {"applications": mine, "outcomes": tables["outcomes"].join(mine, on="application_id", how="semi")}


def shared_among(parts):
    return shared_keys([key_pairs(part["applications"], number) for number, part in enumerate(parts)])


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_parts_give_the_network_features_of_everyone(world, seed):
    tables = applied(world, seed)
    parts = list(split(tables))
    shared = shared_among(parts)
    among = pl.concat([linked(part["applications"], shared) for part in parts])
    values = build_network({**tables, "applications": among})

    built = []
    for part in parts:
        mine = values.join(part["applications"], on="application_id", how="semi")
        others = part["applications"].join(mine, on="application_id", how="anti")
        network = pl.concat([mine, build_network({**part, "applications": others})])
        built.append(build(part, features=NETWORK, network=network))

    assert_frame_equal(pl.concat(built).sort("applied_at", "application_id"), build(tables, features=NETWORK))


@settings(max_examples=50)
@given(seed=st.integers(0, 10**6))
def test_linked_are_the_applications_of_those_who_share_a_key(world, seed):
    tables = applied(world, seed)
    parts = list(split(tables))
    rows = tables["applications"].to_dicts()
    used = {}
    for row in rows:
        for column in KEYS.values():
            if row[column] is not None:
                used.setdefault(row[column], set()).add(row["applicant_id"])
    sharing = {who for users in used.values() if len(users) > 1 for who in users}

    shared = shared_among(parts)

    found = {row for part in parts for row in linked(part["applications"], shared)["application_id"]}
    assert found == {row["application_id"] for row in rows if row["applicant_id"] in sharing}


def test_one_applicant_in_many_applications_shares_nothing(world):
    mine = world.together(
        world.me(),
        {"applications": world.frame("applications", {"application_id": "B", "applicant_id": "P", "device_id": "d"})},
    )

    assert shared_among([mine]).is_empty()


def test_without_applications_nothing_is_shared():
    assert shared_keys([]).is_empty()
    assert repeated([]).is_empty()


def test_repeated_ids_are_those_of_more_than_one_part():
    parts = [pl.Series(["a", "b", "b"]).hash(), pl.Series(["b", "c"]).hash()]

    assert repeated(parts).to_list() == pl.Series(["b"]).hash().to_list()


def test_an_application_without_its_network_features_is_named(world):
    with pytest.raises(UnknownApplicationError, match=r"application_id == 'A' is not among the applications"):
        build(world.me(), features=NETWORK, network=build_network(world.me()).clear())
