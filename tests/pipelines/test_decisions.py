"""Decisions come back from disk bit for bit."""

from __future__ import annotations

import math
import struct
from dataclasses import fields

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.decisions import read_decisions, read_decisions_frame, write_decisions
from pipelines.errors import CaseNotFoundError, DamagedFileError, MissingFileError
from scoring.decision import Contribution, Decision, Reason, Trigger

NUMBER = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
VALUE = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | NUMBER | TEXT
WORDS = st.lists(TEXT, max_size=3).map(tuple)

DECISION = st.builds(
    Decision,
    case_id=st.none() | TEXT,
    bundle=TEXT,
    margin=NUMBER,
    pd=NUMBER,
    points=NUMBER,
    tier=TEXT,
    provisional=st.sampled_from(["approve", "decline"]),
    outcome=st.sampled_from(["approve", "decline", "phone_review"]),
    routed_by=st.sampled_from(["hard_rule", "control", "tier"]),
    start_points=NUMBER,
    contributions=st.lists(
        st.builds(Contribution, feature=TEXT, value=VALUE, points=NUMBER, points_lost=NUMBER), max_size=4
    ).map(tuple),
    reasons=st.lists(
        st.builds(Reason, group=TEXT, points_lost=NUMBER, features=WORDS, en=TEXT, zh=TEXT), max_size=2
    ).map(tuple),
    triggers=st.lists(
        st.builds(
            Trigger,
            id=TEXT,
            kind=st.sampled_from(["hard_rule", "trigger"]),
            evidence=st.dictionaries(TEXT, VALUE, max_size=2),
            en=TEXT,
            zh=TEXT,
        ),
        max_size=2,
    ).map(tuple),
    questions=WORDS,
    call_value=st.none() | NUMBER,
    control=st.booleans(),
    thin_file=st.booleans(),
    unseen=WORDS,
)


def bits(value):
    """The value with every float as its eight bytes and every type named, so that -0.0, 1 and True all differ."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, Decision | Contribution | Reason | Trigger):
        return [bits(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, dict):
        return {name: bits(found) for name, found in value.items()}
    if isinstance(value, tuple):
        return [bits(found) for found in value]
    return (type(value).__name__, value)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(decisions=st.lists(DECISION, max_size=4), suffix=st.sampled_from([".parquet", ".jsonl"]))
def test_every_bit_comes_back(tmp_path, decisions, suffix):
    path = tmp_path / f"decisions{suffix}"

    write_decisions(path, decisions)

    assert bits(tuple(read_decisions(path))) == bits(tuple(decisions))


def some(case_id, **changes):
    return Decision(
        **{
            "case_id": case_id,
            "bundle": "b",
            "margin": -1.0,
            "pd": 0.1,
            "points": 600.0,
            "tier": "A",
            "provisional": "approve",
            "outcome": "approve",
            "routed_by": "tier",
            "start_points": 590.0,
            "contributions": (Contribution(feature="x", value=math.pi, points=10.0, points_lost=0.0),),
            "reasons": (),
            "triggers": (),
            "questions": (),
            "call_value": None,
            "control": False,
            "thin_file": False,
            "unseen": (),
            **changes,
        }
    )


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_asked_for_cases_come_in_the_order_of_the_file(tmp_path, suffix):
    path = tmp_path / f"d{suffix}"
    write_decisions(path, [some("b"), some("a"), some("c")])

    assert [decision.case_id for decision in read_decisions(path, case_ids=["c", "b"])] == ["b", "c"]
    assert read_decisions_frame(path)["case_id"].to_list() == ["b", "a", "c"]


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_a_case_that_is_not_in_the_file_is_named(tmp_path, suffix):
    path = tmp_path / f"d{suffix}"
    write_decisions(path, [some(None), some("A-1")])

    with pytest.raises(CaseNotFoundError, match=r"case_id == 'a-1' is not among .* Did you mean 'A-1'\?"):
        read_decisions(path, case_ids=["a-1", "A-1"])


def test_a_parquet_of_something_else_is_no_file_of_decisions(tmp_path):
    pl.DataFrame({"case_id": ["a"]}).write_parquet(tmp_path / "d.parquet")

    with pytest.raises(DamagedFileError, match="does not hold decisions: column 'bundle' differs"):
        read_decisions(tmp_path / "d.parquet")


@pytest.mark.parametrize("name", ["contribution_points", "contribution_kind", "contribution_text"])
def test_lists_of_different_lengths_are_told_with_their_case(tmp_path, name):
    path = tmp_path / "d.parquet"
    write_decisions(path, [some("a"), some("b")])
    short = pl.when(case_id="b").then(pl.col(name).list.slice(1)).otherwise(pl.col(name))
    pl.read_parquet(path).with_columns(short.alias(name)).write_parquet(path)

    with pytest.raises(DamagedFileError, match="tells of the features of case 'b' in lists of different lengths"):
        read_decisions(path)


def test_a_line_that_is_no_decision_is_named(tmp_path):
    path = tmp_path / "d.jsonl"
    write_decisions(path, [some("a")])
    path.write_text(path.read_text() + '{"case_id": "b"}\n')

    with pytest.raises(DamagedFileError, match="holds no decision in line 2"):
        read_decisions(path)


@pytest.mark.parametrize("name", ["d.parquet", "d.jsonl"])
def test_an_absent_file_is_named(tmp_path, name):
    with pytest.raises(MissingFileError, match=name):
        read_decisions(tmp_path / name)
