"""A decision is one frozen record, whether all of it has been read or not, and its schema says what it is."""

from __future__ import annotations

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, asdict, fields, replace
from pathlib import Path

import jsonschema
import pytest

import scoring
from scoring import Contribution, Decision, decision_schema


@pytest.fixture
def fresh(scorer, cases):
    """A decision that nobody has read."""
    return scorer.decide(cases[0], case_id="x")


@pytest.fixture
def read(scorer, cases):
    """The same decision, read."""
    decision = scorer.decide(cases[0], case_id="x")
    assert decision.contributions
    assert decision.questions
    assert decision.thin_file
    return decision


LATER = ("contributions", "questions", "thin_file")


def unread(decision):
    return not any(_slot_is_full(decision, name) for name in LATER)


def _slot_is_full(decision, name):
    try:
        object.__getattribute__(decision, name)
    except AttributeError:
        return False
    return True


@pytest.mark.parametrize("name", LATER)
def test_what_deciding_does_not_need_is_made_when_it_is_read_and_then_kept(fresh, read, name):
    assert unread(fresh)
    assert getattr(fresh, name) == getattr(read, name)
    assert [each for each in LATER if _slot_is_full(fresh, each)] == [name]
    assert getattr(fresh, name) is getattr(fresh, name)


def test_contributions_are_records(fresh):
    assert isinstance(fresh.contributions, tuple)
    assert {type(each) for each in fresh.contributions} == {Contribution}


@pytest.mark.parametrize(
    "way",
    [
        copy.copy,
        copy.deepcopy,
        lambda decision: pickle.loads(pickle.dumps(decision)),  # noqa: S301 - made here
        lambda decision: replace(decision, case_id="x"),
        lambda decision: Decision(**{each.name: getattr(decision, each.name) for each in fields(decision)}),
        lambda decision: Decision.from_json(decision.to_json()),
    ],
    ids=["copy", "deepcopy", "pickle", "replace", "fields", "json"],
)
def test_every_way_keeps_all_of_a_decision_never_read(fresh, read, way):
    assert unread(fresh)
    assert way(fresh) == read
    assert read == way(fresh)
    assert repr(way(fresh)) == repr(read)


def test_unread_decisions_compare_by_their_contributions_too(scorer, cases, read):
    other = scorer.decide(cases[0], case_id="x")
    assert unread(other)
    assert other == read
    changed = replace(read.contributions[0], points=0.125)
    assert replace(read, contributions=(changed, *read.contributions[1:])) != scorer.decide(cases[0], case_id="x")


def test_threads_that_read_at_once_read_the_same(scorer, cases, read):
    decision = scorer.decide(cases[0], case_id="x")
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: decision.contributions, range(64)))
    assert all(each == read.contributions for each in found)


def test_a_decision_is_frozen_and_has_no_other_name(fresh):
    with pytest.raises(FrozenInstanceError, match="contributions"):
        fresh.contributions = ()
    with pytest.raises(AttributeError, match="'Decision' object has no attribute 'contribution'"):
        _ = fresh.contribution
    assert asdict(fresh)["contributions"][0]["feature"] == "income"


def test_decisions_that_are_equal_have_one_hash_whatever_fired(with_policy, columns):
    once, again = (with_policy(unfamiliar_distance=2.5).decide_many(columns) for _ in range(2))
    assert any(decision.triggers for decision in once)
    assert len({*once, *again}) == len(set(once))
    assert [hash(decision) for decision in once] == [hash(decision) for decision in again]


def test_the_schema_shipped_is_that_of_the_records():
    shipped = Path(scoring.__file__).with_name("decision.schema.json")
    assert json.loads(shipped.read_text(encoding="utf-8")) == decision_schema()
    jsonschema.Draft202012Validator.check_schema(decision_schema())


def test_every_decision_fits_the_schema(with_policy, columns):
    validator = jsonschema.Draft202012Validator(decision_schema())
    scorer = with_policy(unfamiliar_distance=2.5, control_share=0.2)
    ids = [None if place % 7 == 0 else f"case-{place}" for place in range(400)]
    seen = set()
    for decision in scorer.decide_many(columns, case_ids=ids, portfolio={"region": {"west": 0.5}}):
        validator.validate(decision.to_dict())
        validator.validate(json.loads(decision.to_json()))
        seen |= {each.id for each in decision.triggers}
    assert {"under_age", "unfamiliar", "concentration_region"} <= seen


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"points": "600"}, "is not of type 'number'"),
        ({"outcome": "maybe"}, "is not one of"),
        ({"extra": 1}, "Additional properties"),
        ({"contributions": [{"feature": "a"}]}, "required property"),
    ],
)
def test_the_schema_refuses_what_is_no_decision(fresh, change, says):
    with pytest.raises(jsonschema.ValidationError, match=says):
        jsonschema.validate({**fresh.to_dict(), **change}, decision_schema())


def test_every_field_is_described():
    def walk(schema):
        for each in schema.get("properties", {}).values():
            assert len(each["description"]) > 3
            walk(each)
            walk(each.get("items", {}))

    walk(decision_schema())
