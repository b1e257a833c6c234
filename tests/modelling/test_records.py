"""Records: what goes out as JSON comes back equal, and nothing is guessed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelling.errors import RecordError
from modelling.records import from_plain, to_plain


@dataclass(frozen=True)
class Inner:
    x: float
    name: str | None


@dataclass(frozen=True)
class Outer:
    count: int
    flag: bool
    side: Literal["left", "right"]
    inner: Inner
    maybe: Inner | None
    many: tuple[Inner, ...]
    pair: tuple[float, str]
    table: Mapping[str, Inner]


finite = st.floats(allow_nan=False, allow_infinity=False)
inner = st.builds(Inner, x=finite, name=st.none() | st.text())
outer = st.builds(
    Outer,
    count=st.integers(),
    flag=st.booleans(),
    side=st.sampled_from(["left", "right"]),
    inner=inner,
    maybe=st.none() | inner,
    many=st.lists(inner, max_size=3).map(tuple),
    pair=st.tuples(finite, st.text()),
    table=st.dictionaries(st.text(), inner, max_size=3),
)
PLAIN = to_plain(Outer(1, True, "left", Inner(0.5, None), None, (Inner(1.0, "a"),), (2.0, "b"), {"k": Inner(3.0, "c")}))


@given(outer)
def test_a_record_survives_json(record):
    assert from_plain(Outer, json.loads(json.dumps(to_plain(record), allow_nan=False))) == record


def test_a_whole_number_is_read_as_a_float_where_one_is_meant():
    made = from_plain(Inner, {"x": 2, "name": None})

    assert type(made.x) is float


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused_with_its_place(value):
    with pytest.raises(RecordError, match=f"inner: x: {value} has no JSON form; use None"):
        to_plain({"inner": Inner(value, None)})


def test_an_unknown_kind_of_value_is_refused():
    with pytest.raises(RecordError, match="of type set has no JSON form"):
        to_plain({"a": {1, 2}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": "1"}, "Outer.count == '1', must be int"),
        ({"count": True}, "Outer.count == True, must be int"),
        ({"flag": 1}, "Outer.flag == 1, must be bool"),
        ({"side": "up"}, "Outer.side == 'up', must be one of 'left', 'right'"),
        ({"inner": None}, "Outer.inner == None, must be an object"),
        ({"inner": {"x": 1.0}}, r"Outer.inner lacks \['name'\]"),
        ({"extra": 1}, r"holds unknown \['extra'\]"),
        ({"many": [{"x": "1", "name": None}]}, r"Outer.many\[0\].x == '1', must be float"),
        ({"pair": [1.0]}, "Outer.pair has 1 values, must have 2"),
        ({"many": {}}, "Outer.many == {}, must be a list"),
        ({"table": {"k": 1}}, "Outer.table.k == 1, must be an object"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(change, message):
    with pytest.raises(RecordError, match=message):
        from_plain(Outer, PLAIN | change)
