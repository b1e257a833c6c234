"""The description of the API holds: its examples are decided, and what it says of requests and answers is so."""

from __future__ import annotations

import json

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from pipelines.served import load_served
from service import Limits, Service, create_app, load_serving

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture(scope="module", params=["flat", "lender"])
def described(request, folder, lender, start_served):
    path = folder if request.param == "flat" else lender.folder
    with start_served(Service(load_serving(path))) as client:
        yield client, json.loads(client.get("/openapi.json")[1])


def questions(document):
    return {path: each["post"] for path, each in document["paths"].items() if "post" in each}


def fits(document, schema, value):
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def test_examples_are_answered_as_they_show(described):
    client, document = described
    for path, question in questions(document).items():
        asked = question["requestBody"]["content"]["application/json"]
        answered = question["responses"]["200"]["content"]["application/json"]
        assert asked["examples"]
        for name, example in asked["examples"].items():
            status, body = client.post(path, example["value"])
            found = json.loads(body)
            assert (status, found) == (200, answered["examples"][name]["value"])
            fits(document, asked["schema"], example["value"])
            fits(document, answered["schema"], found)


@pytest.mark.parametrize(
    ("limits", "contract"),
    [(Limits(cases=2), ""), (Limits(rows=2), ""), (Limits(), "categories: {behaviour_events: {kind: [tap]}}")],
)
def test_examples_stay_within_the_limits_and_the_contract(lender, start_served, tmp_path, limits, contract):
    path = tmp_path / "contract.yaml"
    path.write_text(f"kind: tables\nname: us\n{contract}\n", encoding="utf-8")
    with start_served(Service(load_served(lender.folder, contract=path), limits=limits)) as client:
        status, body = client.get("/openapi.json")
        assert status == 200
        for place, question in questions(json.loads(body)).items():
            examples = question["requestBody"]["content"]["application/json"]["examples"]
            if place == "/v1/applications/decisions":
                assert len(examples) == (limits.rows > 2)
            for example in examples.values():
                assert client.post(place, example["value"])[0] == 200
                assert len(example["value"].get("cases", [])) in {0, min(limits.cases, 3)}


def test_raw_rows_are_described_only_where_they_can_be_decided(described):
    client, document = described
    offered = "/v1/applications/decisions" in document["paths"]
    assert offered == (client.post("/v1/applications/decisions", {})[0] != 404)


@pytest.mark.parametrize(
    "change",
    [{"age": "5"}, {"age": True}, {"age": 150}, {"late": 1}, {"region": 2}, {"more": 1}, {"region": "x" * 1001}],
)
def test_what_is_refused_by_name_or_type_is_forbidden_by_the_description(client, case, change):
    document = json.loads(client.get("/openapi.json")[1])
    features = document["components"]["schemas"]["Features"]
    fits(document, features, case)
    assert client.post("/v1/decisions", {"features": {**case, **change}})[0] == 422
    with pytest.raises(
        jsonschema.ValidationError, match=r"is not of type|greater than the maximum|Additional properties|is too long"
    ):
        fits(document, features, {**case, **change})


def test_refusals_fit_their_schema(described):
    client, document = described
    problem = document["components"]["schemas"]["Problem"]
    for content in (b"{", {}, {"features": {}}, {"cases": [1]}):
        fits(document, problem, json.loads(client.post("/v1/decisions", content)[1]))


def test_every_feature_is_described_with_its_bounds(described, flat_bundle):
    properties = described[1]["components"]["schemas"]["Features"]["properties"]
    if "lenders" in properties:
        assert list(properties) == [feature.name for feature in flat_bundle.spec.features]
        assert (properties["age"]["minimum"], properties["age"]["maximum"]) == (0.0, 120.0)
        assert properties["region"]["examples"] == ["north", "east", "south"]
        assert "null: not stated" in properties["income"]["description"]


@pytest.mark.parametrize("path", ["/v1/decisions", "/v1/explain", "/v1/applications/decisions", "/ready", "/metrics"])
def test_what_is_generated_from_the_description_is_answered_as_described(lender_schema, path):
    method = "POST" if path.startswith("/v1/") else "GET"

    @settings(max_examples=15, suppress_health_check=list(HealthCheck), database=None)
    @given(case=lender_schema[path][method].as_strategy())
    def check(case):
        case.call_and_validate(checks=CHECKS)

    check()


@pytest.mark.parametrize("path", ["/v1/decisions", "/v1/explain"])
def test_what_the_description_forbids_is_refused(flat_schema, path):
    @settings(max_examples=40, suppress_health_check=list(HealthCheck), database=None)
    @given(case=flat_schema[path]["POST"].as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))
    def check(case):
        case.call_and_validate(checks=(*CHECKS, negative_data_rejection))

    check()


def schema_of(folder):
    # No JSON is 400, and too many cases, which the description forbids, too, are 413.
    refused = {"checks": {"negative_data_rejection": {"expected-statuses": ["400", "413", "422"]}}}
    app = create_app(Service(load_serving(folder)))
    return schemathesis.openapi.from_asgi("/openapi.json", app, config=SchemathesisConfig.from_dict(refused))


@pytest.fixture(scope="module")
def lender_schema(lender):
    return schema_of(lender.folder)


@pytest.fixture(scope="module")
def flat_schema(folder):
    return schema_of(folder)
