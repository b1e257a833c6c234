"""What a request may bring: the lines of the request section of what must not break a service, over real sockets."""

from __future__ import annotations

import inspect
import json
import re
import socket
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from pipelines.cli_service import serve
from scoring import errors
from scoring.errors import RequestError
from service import Limits, Service, load_serving
from service.errors import RefusedError
from service.strict_json import inside, parse

DECISIONS = "/v1/decisions"


def raw(case, **values):
    """Return a request as text, with some features written as given."""
    written = {name: json.dumps(value) for name, value in case.items()} | values
    features = ", ".join(f'"{name}": {value}' for name, value in written.items())
    return f'{{"features": {{{features}}}}}'.encode()


def test_a_decision_is_exactly_that_of_the_scorer(client, scorer, cases):
    for place, case in enumerate(cases[:50]):
        status, body = client.post(DECISIONS, {"case_id": f"c-{place}", "features": case})
        assert (status, body.decode()) == (200, scorer.decide(case, case_id=f"c-{place}").to_json())


def test_a_batch_has_the_bits_of_its_cases_alone(client, scorer, cases):
    asked = [{"case_id": f"c-{place}", "features": case} for place, case in enumerate(cases)]
    status, body = client.post(DECISIONS, {"cases": asked})
    alone = ", ".join(scorer.decide(each["features"], case_id=each["case_id"]).to_json() for each in asked)
    assert (status, body.decode()) == (200, f'{{"decisions": [{alone}]}}')


def test_the_portfolio_is_an_argument(client, scorer, case):
    portfolio = {"region": {case["region"]: 0.5}}
    status, body = client.post(DECISIONS, {"features": case, "portfolio": portfolio})
    assert (status, body.decode()) == (200, scorer.decide(case, portfolio=portfolio).to_json())
    assert "concentration_region" in body.decode()


@pytest.mark.parametrize(
    ("field", "written", "why"),
    [
        ("income", "NaN", "NaN is not a JSON number"),
        ("income", "Infinity", "Infinity is not a JSON number"),
        ("income", "-Infinity", "-Infinity is not a JSON number"),
        ("income", "1e999", "'1e999' is not a finite number"),
        ("income", "-1e999", "'-1e999' is not a finite number"),
        ("income", "1" * 400, "too long for a whole number"),
        ("income", '"5"', "must be a number"),
        ("income", '"1_000"', "must be a number"),
        ("income", '" 5 "', "must be a number"),
        ("income", '"\uff15"', "must be a number"),
        ("income", "true", "must be a number"),
        ("income", "[1]", "must be a number"),
        ("income", "-1", "must be from 0.0 to 1000000.0"),
        ("age", "150", "must be from 0.0 to 120.0"),
        ("income", '"5"', "^features.income == '5', must be a number, or null when unknown\\.$"),
        ("late", "1", "must be true or false, or null when unknown"),
        ("late", '"true"', "must be true or false"),
        ("region", "3.5", "must be a string"),
        ("region", '"a\\u0000b"', "U\\+0000"),
        ("region", '"a\\u202eb"', "U\\+202E"),
        ("region", '"\\ud800"', "U\\+D800"),
        ("region", f'"{"x" * 1_000_000}"', "at most 1000 characters"),
    ],
)
def test_a_value_that_is_none_is_refused_with_its_field(client, case, field, written, why):
    status, body = client.post(DECISIONS, raw(case, **{field: written}))
    found = json.loads(body)
    assert (status, found["field"]) == (422, f"features.{field}")
    assert re.search(why, found["detail"])
    assert len(found["detail"]) < 400
    assert body.isascii()
    assert found["detail"].isprintable()


def test_a_wide_body_is_searched_level_by_level():
    wide = b"[" * 300 + b"0," * 200_000 + b"NaN" + b"]" * 300
    tracemalloc.start()
    with pytest.raises(RefusedError) as refused:
        parse(wide)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.field == "[0]" * 67
    assert "NaN is not a JSON number" in refused.value.detail
    assert most < 20 * len(wide)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"NaN", "body"),
        (b'{"": NaN}', "['']"),
        (b'{"a": [[], {"b": 1}, {"c": [0, 1e999]}], "d": NaN}', "a[2].c[1]"),
        (b'{"a": {"b": {}}, "c": [[[]], NaN]}', "c[1]"),
        (b'{"a": [{"b": 1, "b": NaN}]}', "a[0].b"),
    ],
)
def test_the_first_wrong_value_is_named_by_its_place(body, place):
    with pytest.raises(RefusedError) as refused:
        parse(body)
    assert (refused.value.status, refused.value.field) == (422, place)


def test_a_flood_of_names_is_not_compared_with_each_other(client, case, monkeypatch):
    compared, real = [], errors.get_close_matches

    def told(name, known, n):
        compared.append(len(known))
        return real(name, known, n=n)

    monkeypatch.setattr(errors, "get_close_matches", told)
    flood = {f"regin{place}": {} for place in range(20_000)}
    found = client.problem(DECISIONS, {"features": case, "portfolio": flood})
    assert (found["status"], found["field"]) == (422, "portfolio")
    assert "It holds 'regin" in found["detail"]
    assert compared == [errors.MOST_COMPARED]


def test_a_key_that_stands_twice_is_named(client, case):
    body = raw(case).replace(b'"features": {', b'"features": {"age": 20, ')
    found = client.problem(DECISIONS, body)
    assert (found["status"], found["code"], found["field"]) == (422, "invalid_json", "features.age")
    assert "twice" in found["detail"]


def test_one_under_age_is_declined_by_rule_and_not_by_score(client, case):
    status, body = client.post(DECISIONS, {"features": {**case, "age": 17}})
    assert (status, json.loads(body)["routed_by"], json.loads(body)["outcome"]) == (200, "hard_rule", "decline")


def test_a_thin_file_is_scored_and_flagged(client, case):
    status, body = client.post(DECISIONS, {"features": {**case, "lenders": None}})
    assert (status, json.loads(body)["thin_file"]) == (200, True)


def test_null_is_unknown_and_scored(client, scorer, case):
    status, body = client.post(DECISIONS, {"features": {**case, "income": None}})
    assert (status, body.decode()) == (200, scorer.decide({**case, "income": None}).to_json())


def test_a_missing_feature_is_named_with_the_nearest_that_was_given(client, case):
    found = client.problem(DECISIONS, {"features": {("incom" if k == "income" else k): v for k, v in case.items()}})
    assert (found["code"], found["field"]) == ("missing_feature", "features.income")
    assert "'incom' was given instead?" in found["detail"]


def test_an_unknown_feature_is_named_with_the_nearest_known(client, case):
    found = client.problem(DECISIONS, {"features": {**case, "lendrs": 1}})
    assert (found["code"], found["field"]) == ("unknown_feature", "features.lendrs")
    assert "Did you mean 'lenders'?" in found["detail"]


@pytest.mark.parametrize(
    ("name", "field"), [("", "features['']"), ("a.b", "features['a.b']"), ("收入", "features['\\u6536\\u5165']")]
)
def test_a_feature_whose_name_is_no_word_is_named_in_brackets(client, case, name, field):
    found = client.problem(DECISIONS, {"features": {**case, name: 1}})
    assert (found["code"], found["field"]) == ("unknown_feature", field)


def test_a_flood_of_unknown_names_costs_nothing(client, case):
    found = client.problem(DECISIONS, {"features": {**case, **{f"lender{n}": 1 for n in range(100_000)}}})
    assert (found["status"], found["code"]) == (422, "unknown_feature")
    assert "holds 100005 entries, the model has 5 features" in found["detail"]


@pytest.mark.parametrize(
    ("content", "field", "why"),
    [
        ([], "body", "must be an object"),
        ({}, "features", "is missing"),
        ({"features": []}, "features", "must be an object"),
        ({"features": None}, "features", "features == null"),
        ({"feature": {}}, "feature", "Did you mean 'features'"),
        ({"features": {}, "case_id": 1.5}, "case_id", "identifiers are never numbers"),
        ({"features": {}, "case_id": ""}, "case_id", "from 1 to 1000 characters"),
        ({"features": {}, "case_id": "a\u0000"}, "case_id", "U+0000"),
        ({"features": {}, "portfolio": {"region": [1]}}, "portfolio.region", "must be an object"),
        ({"features": {}, "portfolio": {"region": {"north": "1"}}}, "portfolio.region.north", "must be a number"),
        ({"features": {}, "portfolio": {"region": {"north": True}}}, "portfolio.region.north", "== true"),
        ({"cases": []}, "cases", "cases == an empty list, must be a list of at least one case"),
        ({"cases": [{"features": {}, "portfolio": {}}]}, "cases[0].portfolio", "no known field"),
        ({"cases": [7]}, "cases[0]", "must be an object"),
        ({"cases": [{"features": {}}], "features": {}}, "features", "Give features for one case, or cases for several"),
        ({"x\u202e\ud800": 1}, "['x\\u202e\\ud800']", "no known field"),
    ],
)
def test_a_request_of_another_shape_is_refused_with_its_field(client, content, field, why):
    found = client.problem(DECISIONS, content)
    assert (found["status"], found["field"]) == (422, field)
    assert why in found["detail"]


def test_the_portfolio_must_name_what_is_limited(client, case):
    found = client.problem(DECISIONS, {"features": case, "portfolio": {"regin": {}}})
    assert (found["status"], found["field"]) == (422, "portfolio")
    assert "'region'" in found["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"features": {"age": "x"}}, "cases[7].features.age"),
        ({"features": {"agee": 1}}, "cases[7].features.agee"),
        ({"case_id": 4}, "cases[7].case_id"),
    ],
)
def test_a_wrong_case_of_a_batch_is_named(client, cases, change, field):
    asked = [{"features": dict(case)} for case in cases[:20]]
    asked[7] = {**asked[7], **change, "features": {**asked[7]["features"], **change.get("features", {})}}
    assert client.problem(DECISIONS, {"cases": asked})["field"] == field


def test_a_missing_feature_in_a_batch_is_named(client, cases):
    asked = [{"features": case} for case in cases[:3]]
    asked[2] = {"features": {name: value for name, value in cases[2].items() if name != "late"}}
    assert client.problem(DECISIONS, {"cases": asked})["field"] == "cases[2].features.late"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nul", b'{"features": }', b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":' * 5000],
)
def test_what_is_not_json_is_told_so(client, body):
    found = client.problem(DECISIONS, body)
    assert (found["status"], found["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": "application/json; charset=gbk"},
        {"content_type": "application/json", "content_encoding": "gzip"},
        {},
    ],
)
def test_another_kind_of_body_is_refused(client, case, headers):
    status, body, _ = client.ask("POST", DECISIONS, json.dumps({"features": case}).encode(), **headers)
    assert (status, json.loads(body)["status"]) == (415, 415)


@pytest.fixture
def narrow(folder, start_served):
    with start_served(
        Service(load_serving(folder), limits=Limits(body_bytes=400_000, cases=10, seconds=0.5))
    ) as client:
        yield client


def test_too_many_cases_are_refused(narrow, case):
    assert narrow.post(DECISIONS, {"cases": [{"features": case}] * 10})[0] == 200
    found = narrow.problem(DECISIONS, {"cases": [{"features": case}] * 11})
    assert (found["status"], found["field"]) == (413, "cases")


def test_as_many_cases_as_are_read_fit_into_the_largest_body():
    """Cases of all built-in features, each a number that JSON writes with all its digits."""
    case = json.dumps({"case_id": "A" * 32, "features": dict.fromkeys(CATALOGUE, -1234.5678901234567)})

    assert len(case) * Limits().cases < Limits().body_bytes


def test_the_command_has_the_limits_of_the_service():
    told = inspect.signature(serve).parameters

    assert (told["most_bytes"].default, told["most_cases"].default) == (Limits().body_bytes, Limits().cases)


def test_a_large_body_is_refused_also_in_chunks_that_do_not_say_its_length(narrow, case):
    fits = json.dumps({"features": case}).encode()
    body = fits + b" " * (400_000 - len(fits))
    assert narrow.post(DECISIONS, body)[0] == 200
    assert narrow.problem(DECISIONS, body + b" ")["code"] == "body_too_large"

    narrow.connection.close()
    chunks = (body[start : start + 4096] for start in range(0, len(body), 4096))
    assert narrow.ask("POST", DECISIONS, chunks, content_type="application/json")[0] == 200
    chunks = (part for start in range(0, len(body), 4096) for part in (body[start : start + 4096], b" "))
    status, found, headers = narrow.ask("POST", DECISIONS, chunks, content_type="application/json")
    assert (status, json.loads(found)["code"], headers["connection"]) == (413, "body_too_large", "close")


def test_a_body_that_does_not_come_is_not_waited_for(narrow):
    with socket.create_connection((narrow.host, narrow.port), timeout=10) as sent:
        head = f"POST {DECISIONS} HTTP/1.1\r\nHost: it\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{"
        sent.sendall(head.encode())
        answer = b"".join(iter(lambda: sent.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert narrow.get("/health")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", DECISIONS, 405), ("POST", "/health", 405), ("GET", "/x", 404), ("GET", "/docs", 404)],
)
def test_other_paths_and_methods_get_a_problem_too(client, method, path, status):
    found, body, _ = client.ask(method, path)
    assert (found, json.loads(body)["status"]) == (status, status)
    assert status == 404 or re.search(r"(GET|POST) is not for this path, (POST|GET) is", json.loads(body)["detail"])


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["north", "overseas"]),
    st.lists(st.none(), max_size=1),
)
ALL = ("income", "lenders", "late", "region", "age")
NAMES = st.one_of(st.sampled_from(ALL), st.text(max_size=3))
WHOLE = st.fixed_dictionaries(dict.fromkeys(ALL, VALUES))


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(features=st.one_of(WHOLE, st.dictionaries(NAMES, VALUES, max_size=6)))
def test_any_features_are_decided_as_by_the_scorer_or_refused_with_the_field(client, scorer, features):
    wanted, refused = decided(scorer, features)
    status, body = client.post(DECISIONS, {"features": features})
    if wanted:
        assert (status, body.decode()) == (200, wanted)
        return
    found = json.loads(body)
    assert (status, found["field"]) in {(422, inside("features", name)) for name in {*features, *ALL}}
    assert what_must_be(found["detail"]) == what_must_be(in_the_words_of_json(refused))


def what_must_be(text):
    """A refusal without the value that was found, which JSON writes in its own way."""
    return text.rpartition(", must be ")[2]


def in_the_words_of_json(text):
    for ours, theirs in (("Pass None", "Give null"), ("None", "null"), ("True or False", "true or false")):
        text = text.replace(ours, theirs)
    return text.replace(" (int or float)", "")


def decided(scorer, features):
    try:
        return scorer.decide(features).to_json(), None
    except RequestError as error:
        return None, str(error)


ASKED = ["features", "cases", "case_id", "portfolio", "age", "application_id", "tables", "applications"]
JSON = st.recursive(
    VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(ASKED), inner, max_size=3),
    ),
    max_leaves=12,
)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    content=st.one_of(JSON.map(lambda content: json.dumps(content).encode()), st.binary(max_size=40)),
    path=st.sampled_from([DECISIONS, "/v1/explain", "/v1/applications/decisions"]),
)
def test_nothing_that_is_sent_breaks_it(lender_client, content, path):
    lender_client.connection.close()  # the server may have, where it was idle while other tests ran
    status, body = lender_client.post(path, content)
    found = json.loads(body)
    assert status in {400, 413, 422}
    if status == 422:
        assert found["field"]
