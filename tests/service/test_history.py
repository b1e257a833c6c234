"""Raw rows in, decision out: the same bits as the batch's features scored as a batch."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from pipelines.served import load_served
from scoring import Scorer
from service import Limits, Service, load_serving
from service.example_rows import example_application

PATH = "/v1/applications/decisions"


def as_json(value):
    return value.isoformat() if isinstance(value, date | datetime) else value


def request_of(lender, application):
    """Return the request for one application: the rows of its applicant, and those of others that may share keys."""
    applicant = application["applicant_id"]
    tables = {}
    for name, frame in lender.tables.items():
        mine = frame if name in {"applications", "outcomes", "watchlist"} else frame.filter(applicant_id=applicant)
        tables[name] = [{column: as_json(value) for column, value in row.items()} for row in mine.to_dicts()]
    return {"application_id": application["application_id"], "tables": tables}


def test_raw_rows_are_decided_as_the_batch_decides_them(lender, lender_client):
    names = [name for name in lender.features.columns if name != "application_id"]
    some = lender.features[:: max(1, len(lender.features) // 12)]
    ids = some["application_id"].to_list()
    wanted = Scorer.load(lender.folder).decide_many({name: some[name].to_list() for name in names}, case_ids=ids)
    applications = {row["application_id"]: row for row in lender.tables["applications"].to_dicts()}

    for application_id, decision in zip(ids, wanted, strict=True):
        status, body = lender_client.post(PATH, request_of(lender, applications[application_id]))
        assert (status, body.decode()) == (200, decision.to_json())


def test_a_table_left_out_is_unknown(lender_client):
    example = example_application()
    without = {**example, "tables": {"applications": example["tables"]["applications"]}}
    counts = [
        {each["feature"]: each["value"] for each in json.loads(lender_client.post(PATH, asked)[1])["contributions"]}[
            "inquiries_count_30d"
        ]
        for asked in (example, without)
    ]
    assert counts == [1.0, None]


def changed(table, **columns):
    example = example_application()
    example["tables"][table][0] = {**example["tables"][table][0], **columns}
    return example


@pytest.mark.parametrize(
    ("table", "column", "value", "why"),
    [
        ("applications", "applied_at", "2026-03-02T14:05:00", "must be a time with its zone"),
        ("applications", "applied_at", "2026-02-30T14:05:00Z", "must be a time with its zone"),
        ("applications", "applied_at", "20260302T140500Z", "must be a time with its zone"),
        ("applications", "applied_at", "２０２６-03-02T14:05:00Z", "must be a time with its zone"),
        ("applications", "birth_date", "1990-13-01", "must be a date"),
        ("applications", "birth_date", "1990-05-17T00:00:00Z", "must be a date"),
        ("applications", "amount", -5, "must be from 1 to 1e+06 (yuan)"),
        ("applications", "declared_employer", "a\u0000b", "U+0000"),
        ("applications", "declared_employer", "\u202eb", "U+202E"),
        ("applications", "declared_employer", "\udc80", "U+DC80"),
        ("applications", "declared_employer", "x" * 1_000_000, "at most 1000 characters"),
        ("applications", "declared_incom", 1, "Did you mean 'declared_income'?"),
        ("applications", "x" * 1_000_000, 1, "is no column of applications"),
        ("bureau_inquiries", "known_at", "yesterday", "must be a time with its zone"),
        ("applications", "applied_at", "0001-01-01T00:00:00Z", "must be a time in the years 1900 to 2199 (UTC)"),
        ("applications", "applied_at", "0001-01-01T00:00:00+08:00", "must be a time in the years 1900 to 2199 (UTC)"),
        ("applications", "applied_at", "9999-12-31T23:59:59Z", "must be a time in the years 1900 to 2199 (UTC)"),
        ("applications", "applied_at", "9999-12-31T23:59:59-08:00", "must be a time in the years 1900 to 2199 (UTC)"),
        ("applications", "applied_at", "1899-12-31T23:59:59.999999Z", "must be a time in the years 1900 to 2199 (UTC)"),
        ("applications", "applied_at", "2199-12-31T23:59:59-01:00", "must be a time in the years 1900 to 2199 (UTC)"),
        ("behaviour_events", "happened_at", "0001-01-01T00:00:00Z", "must be a time in the years 1900 to 2199 (UTC)"),
        ("behaviour_events", "kind", "nonsense", "must be one of login, view_terms,"),
        ("behaviour_events", "kind", "logins", "Did you mean 'login'?"),
        ("behaviour_events", "kind", "", "must be one of login, view_terms,"),
        ("applications", "purpose", "bribes", "must be one of shopping, medical,"),
        ("applications", "applicant_id", "", "must be text of at least one character"),
        ("applications", "device_id", "", "must be text of at least one character, or null"),
        ("bureau_inquiries", "lender_id", "", "must be text of at least one character"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_its_column(lender_client, table, column, value, why):
    found = lender_client.problem(PATH, changed(table, **{column: value}))
    assert (found["status"], found["field"].startswith(f"tables.{table}[0]")) == (422, True)
    assert why in found["detail"]
    assert len(found["detail"]) < 600


@pytest.mark.parametrize(("kinds", "status"), [("[nonsense]", 200), ("[]", 200), ("[login]", 422)])
def test_the_categories_of_the_lenders_contract_stand_in_place_of_ours(lender, start_served, tmp_path, kinds, status):
    contract = tmp_path / "contract.yaml"
    contract.write_text(
        f"kind: tables\nname: us\ncategories: {{behaviour_events: {{kind: {kinds}}}}}\n", encoding="utf-8"
    )
    with start_served(Service(load_served(lender.folder, contract=contract))) as client:
        found, body = client.post(PATH, changed("behaviour_events", kind="nonsense"))

    assert (found, b"must be one of login." in body) == (status, status == 422)


@pytest.mark.parametrize("at", ["1900-01-01T00:00:00Z", "2199-12-31T23:59:59.999999Z", "2200-01-01T07:59:00+08:00"])
def test_the_first_and_the_last_of_all_times_are_decided(lender_client, at):
    asked = changed("applications", applied_at=at, birth_date=None)
    asked["tables"] = {"applications": asked["tables"]["applications"]}

    assert lender_client.post(PATH, asked)[0] == 200


@pytest.mark.parametrize("table", ["behaviour_events", "bureau_inquiries"])
def test_a_row_known_before_it_happened_is_refused(lender_client, table):
    asked = changed(table, happened_at="2026-02-01T10:00:00+08:00", known_at="2026-02-01T01:59:59Z")
    found = lender_client.problem(PATH, asked)

    assert (found["status"], found["field"]) == (422, f"tables.{table}[0].known_at")
    assert "2026-02-01T01:59:59+00:00 is before happened_at 2026-02-01T10:00:00+08:00" in found["detail"]
    asked = changed(table, happened_at="2026-02-01T10:00:00+08:00", known_at="2026-02-01T02:00:00Z")
    assert lender_client.post(PATH, asked)[0] == 200


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("applicant_id", 7.0, "== 7.0, must be text."),
        ("amount", "5", "== '5', must be a number below 1e+12."),
        ("amount", "", "== '', must be a number below 1e+12."),
        ("amount", True, "== true, must be a number below 1e+12."),
        ("declared_income", "5", "== '5', must be a number below 1e+12 or null."),
        ("term_months", 1.5, "== 1.5, must be a whole number."),
        ("applied_at", 1772460300, "== 1772460300, must be a time with its zone, such as 2026-03-02T14:05:00Z."),
        ("applied_at", None, "== null, must be a time with its zone, such as 2026-03-02T14:05:00Z."),
        ("device_id", [None], "== a list, must be text or null."),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_table_and_column(lender_client, column, value, why):
    found = lender_client.problem(PATH, changed("applications", **{column: value}))
    place = f"tables.applications[0].{column}"
    assert (found["status"], found["code"], found["field"]) == (422, "invalid_table", place)
    assert found["detail"] == f"{place} {why}"


@pytest.mark.parametrize(
    ("column", "way_out"),
    [
        ("declared_income", "give null for what is unknown."),
        ("applied_at", "it must be a time with its zone, such as 2026-03-02T14:05:00Z."),
    ],
)
def test_a_missing_column_is_named_with_what_to_give(lender_client, column, way_out):
    example = example_application()
    del example["tables"]["applications"][0][column]
    place = f"tables.applications[0].{column}"
    found = lender_client.problem(PATH, example)
    assert (found["field"], found["detail"]) == (place, f"{place} is missing; {way_out}")


@pytest.mark.parametrize(
    ("tables", "field", "why"),
    [
        ({"loanz": []}, "tables.loanz", "Did you mean 'loans'?"),
        ({"truth": []}, "tables.truth", "is no table here"),
        ({"loans": {}}, "tables.loans", "must be a list of rows"),
        ({"loans": [1]}, "tables.loans[0]", "must be an object"),
        ({}, "tables.applications", "the table is absent"),
        ({"applications": []}, "application_id", "not among the rows"),
    ],
)
def test_tables_that_are_none_are_refused(lender_client, tables, field, why):
    found = lender_client.problem(PATH, {"application_id": "A-1", "tables": tables})
    assert (found["status"], found["field"]) == (422, field)
    assert why in found["detail"]


@pytest.mark.parametrize(
    ("applied", "born", "status"),
    [
        ("2026-03-02T14:05:00Z", "1870-01-01", 422),
        ("2026-03-02T14:05:00Z", "1906-03-01", 422),
        ("2026-03-02T14:05:00Z", "1906-03-02", 200),
        ("2020-02-29T14:05:00Z", "1900-02-28", 200),
        ("2026-03-02T14:05:00Z", "2026-03-03", 422),
        ("2026-03-02T23:05:00-02:00", "2026-03-03", 200),
    ],
)
def test_one_born_too_long_ago_or_afterwards_is_refused(lender_client, applied, born, status):
    found, body = lender_client.post(PATH, changed("applications", applied_at=applied, birth_date=born))
    assert found == status, body
    if status == 422:
        assert json.loads(body)["field"] == "tables.applications[0].birth_date"
        assert "at most 120 years before it" in json.loads(body)["detail"]


def test_too_many_rows_are_refused(lender, start_served):
    row = example_application()["tables"]["bureau_inquiries"][0]
    asked = example_application()
    asked["tables"]["bureau_inquiries"] = [{**row, "inquiry_id": f"I-{place}"} for place in range(50)]
    with start_served(Service(load_serving(lender.folder), limits=Limits(rows=52))) as client:
        assert client.post(PATH, asked)[0] == 200
        asked["tables"]["bureau_inquiries"].append({**row, "inquiry_id": "I-50"})
        found = client.problem(PATH, asked)
    assert (found["status"], found["code"]) == (413, "too_many_rows")


def test_a_bundle_of_other_features_says_so(client):
    found = client.problem(PATH, example_application())
    assert (found["status"], found["code"]) == (404, "no_raw_tables")
    assert "5 feature(s) of the bundle are not built from raw tables: 'income', 'lenders'" in found["detail"]
