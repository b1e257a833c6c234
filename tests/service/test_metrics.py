"""What is counted is what happened, and nothing that a client chooses becomes a label."""

from __future__ import annotations

from collections import Counter

import pytest

from service import Service, load_serving


@pytest.fixture
def fresh(folder, start_served):
    with start_served(Service(load_serving(folder))) as client:
        yield client


def test_requests_and_decisions_are_counted_as_they_ended(fresh, scorer, cases):
    decisions = [scorer.decide(case) for case in cases]
    for case in cases[:20]:
        fresh.post("/v1/decisions", {"features": case})
    fresh.post("/v1/decisions", {"cases": [{"features": case} for case in cases[20:]]})
    fresh.post("/v1/decisions", {"features": {}})
    fresh.post("/v1/explain", b"{")
    fresh.get("/secret-4711")

    requests = fresh.counted("bamboo_requests_total")
    assert requests == {
        '{route="/v1/decisions",status="200"}': 21,
        '{route="/v1/decisions",status="422"}': 1,
        '{route="/v1/explain",status="400"}': 1,
        '{route="other",status="404"}': 1,
    }
    wanted = Counter(
        f'{{outcome="{each.outcome}",routed_by="{each.routed_by}",tier="{each.tier}"}}' for each in decisions
    )
    assert fresh.counted("bamboo_decisions_total") == wanted
    unseen = sum("region" in each.unseen for each in decisions)
    assert unseen
    assert fresh.counted("bamboo_unseen_categories_total") == {'{feature="region"}': unseen}
    assert fresh.counted("bamboo_request_seconds_count")['{route="/v1/decisions"}'] == 22
    assert fresh.counted("bamboo_requests_in_flight") == {"": 1}


def test_the_bundle_in_use_is_told(fresh, scorer):
    told = fresh.counted("bamboo_bundle_info")
    assert told == {f'{{model="tested",sha256="{scorer.sha256}",version="1"}}': 1}


def test_two_services_in_one_process_count_apart(fresh, folder, start_served, case):
    with start_served(Service(load_serving(folder))) as other:
        other.post("/v1/decisions", {"features": case})
        assert fresh.counted("bamboo_requests_total").get('{route="/v1/decisions",status="200"}') is None
