"""JSON of records is what the standard library would write of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import codec


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    value: float | int | str | bool | None


@dataclass(frozen=True)
class Single:
    leaf: Leaf


@dataclass(frozen=True)
class Tree:
    leaves: tuple[Leaf, ...]
    evidence: Mapping[str, float]
    inner: Single | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class Nothing:
    pass


scalars = st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text() | st.booleans() | st.none()
leaves = st.builds(Leaf, st.text(), scalars)
numbers = st.builds(Leaf, st.text(), st.floats(allow_nan=False, allow_infinity=False))
trees = st.builds(
    Tree,
    st.lists(leaves).map(tuple) | st.lists(numbers).map(tuple),
    st.dictionaries(st.text(), st.floats(-1, 1)).map(MappingProxyType),
    st.none() | st.builds(Single, leaves),
    st.lists(st.text()).map(tuple),
)


def by_the_library(value):
    return json.dumps(codec.to_plain(value), ensure_ascii=False, allow_nan=False)


@given(value=trees | leaves | scalars | st.lists(trees, max_size=2) | st.lists(leaves | scalars))
def test_records_are_written_as_the_standard_library_writes_their_dicts(value):
    assert codec.to_json(value) == by_the_library(value)
    assert codec.to_json(value, indent=1) == json.dumps(codec.to_plain(value), ensure_ascii=False, indent=1)


@pytest.mark.parametrize("value", [(), [], {}, Nothing(), (Nothing(), Nothing()), {"a": {"b": ()}}, np.float64(1.5)])
def test_the_small_and_the_odd_are_written_alike_too(value):
    assert codec.to_json(value) == by_the_library(value)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize(
    "around",
    [
        lambda number: number,
        lambda number: Leaf("a", number),
        lambda number: (Leaf("a", 1.0), Leaf("b", number)),
        lambda number: [1.0, number],
        lambda number: Tree((), {"a": number}, None, ()),
    ],
    ids=["alone", "field", "among records", "list", "mapping"],
)
def test_no_number_that_is_not_finite_is_written(around, number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        codec.to_json(around(number))


def test_every_decision_is_written_alike(scorer, cases):
    for case in cases:
        decision = scorer.decide(case, case_id="申请 1")
        assert decision.to_json() == by_the_library(decision)
