"""The explanation tells the scorer's own numbers, by group, in the words of the bundle."""

from __future__ import annotations

import json
import math

import pytest


@pytest.mark.parametrize("place", range(0, 200, 40))
def test_the_points_of_all_groups_add_up_and_are_those_of_the_decision(client, scorer, cases, place):
    status, body = client.post("/v1/explain", {"features": cases[place], "case_id": "c"})
    told, decision = json.loads(body), scorer.decide(cases[place], case_id="c").to_dict()
    members = [feature for group in told["groups"] for feature in group["features"]]

    assert status == 200
    assert abs(math.fsum([told["start_points"], *(each["points"] for each in told["groups"])]) - told["points"]) < 1e-9
    assert {each["feature"]: (each["value"], each["points"], each["points_lost"]) for each in members} == {
        each["feature"]: (each["value"], each["points"], each["points_lost"]) for each in decision["contributions"]
    }
    shared = ("case_id", "bundle", "outcome", "routed_by", "tier", "pd", "points", "reasons", "triggers")
    assert {name: told[name] for name in shared} == {name: decision[name] for name in shared}
    lost = [group["points_lost"] for group in told["groups"]]
    assert lost == sorted(lost, reverse=True)


def test_a_batch_is_not_explained(client, case):
    found = client.problem("/v1/explain", {"cases": [{"features": case}]})
    assert (found["status"], found["field"]) == (422, "cases")
