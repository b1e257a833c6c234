"""Groups of linked applicants: a slow walk over the whole graph finds the same, strictly before, however they grow."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.build import build
from features.catalogue import CATALOGUE
from features.components import Components, applicant_node, key_nodes
from features.linked_groups import LinkedGroup
from features.linked_groups_one import linked_group
from features.network_batch import needs_everyone

KEYS = {"device_id": "device", "phone_hash": "phone", "id_hash": "id", "contact_hash": "phone"}
GROUP = [name for name in CATALOGUE if name.startswith("network_group")]
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


def keys(row):
    return {(kind, row[name]) for name, kind in KEYS.items() if row[name] is not None}


def reached(start, links):
    """Return all nodes that a walk from ``start`` meets."""
    met, ahead = set(), [start]
    while ahead:
        node = ahead.pop()
        if node not in met:
            met.add(node)
            ahead += links[node]
    return met


def met_by(world, at):
    """Return who is known before ``at`` to have met each event, and the outcomes that say so."""
    known = defaultdict(set)
    applications = {row["application_id"]: row for row in world["applications"].iter_rows(named=True)}
    for row in world["outcomes"].iter_rows(named=True):
        about = applications.get(row["application_id"])
        if about is None or row["decided_at"] >= at or about["applied_at"] >= at:
            continue
        who = about["applicant_id"]
        bad = row["first_60dpd_at"] is not None and row["first_60dpd_at"] < at
        old = row["disbursed_at"] is not None and row["disbursed_at"] + 90 * DAY < at
        for event, holds in {
            "declined": row["decision"] == "declined",
            "bad_60dpd": bad,
            "seasoned": bad or old,
        }.items():
            if holds:
                known[event].add(who)
    return known


def walked(world, application):
    """Return the features of one application's group, from a walk over everything before it."""
    at, me = application["applied_at"], ("applicant", application["applicant_id"])
    if not keys(application):
        return dict.fromkeys(GROUP)
    links, since = defaultdict(set), {}
    for row in sorted(world["applications"].iter_rows(named=True), key=lambda row: row["applied_at"]):
        if row["applied_at"] < at:
            who = ("applicant", row["applicant_id"])
            since.setdefault(who, row["applied_at"])
            for key in keys(row):
                links[who].add(key)
                links[key].add(who)
    groups = {frozenset(reached(node, links)) for node in {me, *keys(application)}}
    groups = [group for group in groups if any(node in since and node != me for node in group)]
    nodes = set().union(*groups)
    others = {node for node in nodes if node in since and node != me}
    known = met_by(world, at)
    counted = {
        event: sum((node[1] in known[event]) for node in others) for event in ("declined", "bad_60dpd", "seasoned")
    }
    joined = sorted(since[node] for node in others)
    new = {days: sum(time >= at - days * DAY for time in joined) for days in (7, 30, 90)}
    return {
        "network_group_applicants": len(others),
        **{f"network_group_new_applicants_{days}d": count for days, count in new.items()},
        "network_group_new_applicants_share_30d": new[30] / len(others) if others else None,
        "network_group_groups_joined": len(groups),
        "network_group_devices": sum(node[0] == "device" for node in nodes),
        "network_group_keys": sum(node[0] != "applicant" for node in nodes),
        "network_group_declined": counted["declined"],
        "network_group_declined_share": counted["declined"] / len(others) if others else None,
        "network_group_bad_60dpd": counted["bad_60dpd"],
        "network_group_bad_60dpd_share": counted["bad_60dpd"] / counted["seasoned"] if counted["seasoned"] else None,
        "network_group_first_days_ago": (at - joined[0]) // DAY if joined else None,
        "network_group_last_days_ago": (at - joined[-1]) // DAY if joined else None,
    }


@st.composite
def crowds(draw, world):
    """Draw applications of a few people over few keys and times, so that groups form, meet and tie."""
    day = st.integers(0, 40).map(lambda n: world.applied_at - timedelta(days=5 * n))
    key = st.sampled_from([None, None, *"klmnop"])
    who = st.sampled_from("PQRSTU")
    rows = [
        {"application_id": f"a{i}", "applicant_id": draw(who), "applied_at": draw(day), **{k: draw(key) for k in KEYS}}
        for i in range(draw(st.integers(1, 14)))
    ]
    decided = [
        {
            "application_id": row["application_id"],
            "decided_at": draw(day),
            "decision": draw(st.sampled_from(["approved", "declined"])),
            "disbursed_at": draw(st.none() | day),
            "first_60dpd_at": draw(st.none() | day),
        }
        for row in rows
        if draw(st.booleans())
    ]
    return {"applications": world.frame("applications", *rows), "outcomes": world.frame("outcomes", *decided)}


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_walk_over_the_whole_graph_gives_the_same(world, data):
    tables = data.draw(crowds(world))

    built = build(tables, features=GROUP)

    rows = {row["application_id"]: row for row in tables["applications"].iter_rows(named=True)}
    for found in built.iter_rows(named=True):
        expected = walked(tables, rows[found["application_id"]])
        assert {name: found[name] for name in GROUP} == expected


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_one_application_gives_what_the_batch_gives(world, data):
    tables = data.draw(crowds(world))
    parts = [feature for name in GROUP if isinstance(feature := CATALOGUE[name], LinkedGroup)]
    everyone = tables["applications"].join(tables["outcomes"], on="application_id", how="left").rows(named=True)

    built = {row["application_id"]: row for row in build(tables, features=parts).iter_rows(named=True)}

    for row in everyone:
        expected = {part.name: built[row["application_id"]][part.name] for part in parts}
        assert linked_group(row, everyone, parts) == expected


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_nothing_that_comes_at_the_time_or_later_matters(world, data):
    tables = data.draw(crowds(world))
    at = data.draw(st.sampled_from(tables["applications"]["applied_at"].to_list()))
    known = [pl.when(pl.col(name) < at).then(pl.col(name)).alias(name) for name in ("disbursed_at", "first_60dpd_at")]
    earlier = {
        "applications": tables["applications"].filter(pl.col("applied_at") <= at),
        "outcomes": tables["outcomes"].filter(pl.col("decided_at") < at).with_columns(known),
    }

    def seen(given):
        return build(given, features=GROUP).filter(pl.col("applied_at") == at).rows()

    assert seen(earlier) == seen(tables)


def chain(world, *people):
    """Return applications, a day apart, in which each person shares a key with the next."""
    rows = [
        {
            "applicant_id": who,
            "applied_at": world.applied_at - timedelta(days=len(people) - i),
            "device_id": left,
            "contact_hash": right,
        }
        for i, (who, left, right) in enumerate(people)
    ]
    return pl.concat([world.frame("applications", *rows), world.me()["applications"]])


def group(tables, **only):
    return build(tables, features=GROUP, only=["A"], **only).row(0, named=True)


def test_a_chain_of_links_is_one_group(world):
    tables = {"applications": chain(world, ("Q", "x", "y"), ("R", "z", "y"), ("S", "z", "c"))}

    found = group(tables)

    assert (found["network_group_applicants"], found["network_group_groups_joined"]) == (3, 1)
    assert (found["network_group_first_days_ago"], found["network_group_last_days_ago"]) == (3, 1)


def test_an_application_joins_groups_that_were_apart(world):
    tables = {"applications": chain(world, ("Q", "d", "y"), ("R", "z", "c"))}

    assert group(tables)["network_group_groups_joined"] == 2


def test_a_contact_who_applied_under_that_phone_is_linked(world):
    mine = world.me(contact_hash="theirs")["applications"]
    other = world.frame("applications", {"applicant_id": "Q", "phone_hash": "theirs"})

    assert group({"applications": pl.concat([other, mine])})["network_group_applicants"] == 1


@pytest.mark.parametrize(("later", "counted"), [(-TICK, 1), (timedelta(0), 0), (TICK, 0)], ids=str)
def test_only_strictly_earlier_applications_link(world, later, counted):
    other = world.frame("applications", {"applicant_id": "Q", "applied_at": world.applied_at + later, "device_id": "d"})

    assert (
        group({"applications": pl.concat([other, world.me()["applications"]])})["network_group_applicants"] == counted
    )


def test_without_a_key_nothing_is_known_and_without_others_counts_are_0(world):
    keyless = group(world.me(**dict.fromkeys(KEYS)))
    alone = group(world.me())

    assert set(keyless.values()) - set(build(world.me()).row(0)[:3]) == {None}
    assert alone["network_group_applicants"] == alone["network_group_bad_60dpd"] == 0
    assert alone["network_group_first_days_ago"] is alone["network_group_declined_share"] is None


def test_without_outcomes_their_measures_are_null(world):
    found = group({"applications": chain(world, ("Q", "d", "y"))})

    assert found["network_group_applicants"] == 1
    assert found["network_group_bad_60dpd"] is found["network_group_declined"] is None


def test_ratios_of_group_features_need_everyone_too():
    assert all(needs_everyone(CATALOGUE[name]) for name in GROUP)
    assert not needs_everyone(CATALOGUE["watchlist_active_hits"])


@pytest.mark.parametrize("backwards", [False, True])
def test_a_long_chain_takes_no_longer_whichever_way_it_grows(backwards):
    people = 50_000
    components = Components()
    named = [{"phone_hash": str(i), "contact_hash": str(i + 1)} for i in range(people)]
    links = [(applicant_node(str(i)), key_nodes(given_keys)) for i, given_keys in enumerate(named)]
    for at, (who, given_keys) in enumerate(reversed(links) if backwards else links):
        components.enter(who, given_keys, at)

    around = components.around(applicant_node("new"), key_nodes({"phone_hash": "0"}))

    assert (around.applicants, around.keys, around.joined_from(people - 10)) == (people, people + 1, 10)
    assert (around.first, around.last) == (0, people - 1)


def test_an_event_learned_twice_counts_once():
    components = Components()
    one, two = applicant_node("1"), applicant_node("2")
    shared = key_nodes({"device_id": "d"})
    components.enter(one, shared, 0)
    components.learn(one, "declined")
    components.learn(one, "declined")

    assert components.around(two, shared).met("declined") == 1
    assert components.around(one, shared).groups == ()
