"""A request is encoded as it is meant or refused: nothing is converted on the quiet."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.encode import Encoder
from scoring.errors import (
    ExtraFeatureError,
    FeatureKindError,
    FeatureRangeError,
    FeatureTextError,
    MissingFeatureError,
    RequestError,
    ShapeError,
)
from scoring.spec import FeatureSpec


def feature(name, kind, **more):
    return FeatureSpec(
        name=name, kind=kind, source="s", direction=0, reason_group="g", null_means="", en="", zh="", **more
    )


ENCODER = Encoder(
    (
        feature("age", "number", lower=0.0, upper=120.0),
        feature("balance", "number"),
        feature("employed", "flag"),
        feature("region", "category", vocabulary=("north", "south", "东")),
    )
)
GOOD = {"age": 30, "balance": -5.5, "employed": True, "region": "south"}


def row(**changed):
    return ENCODER.row({**GOOD, **changed}).tolist()


def test_a_row_stands_in_the_models_order_whatever_the_order_given():
    assert row() == [30.0, -5.5, 1.0, 1.0]
    assert ENCODER.row(dict(reversed(GOOD.items()))).tolist() == row()


@pytest.mark.parametrize("missing", [None, math.nan, np.nan, np.float32("nan")], ids=repr)
@pytest.mark.parametrize("name", GOOD)
def test_none_and_nan_are_missing(name, missing):
    found = ENCODER.row({**GOOD, name: missing})
    assert np.flatnonzero(np.isnan(found)).tolist() == [list(GOOD).index(name)]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("age", np.int8(5), 5.0),
        ("age", np.float32(0.5), 0.5),
        ("employed", np.True_, 1.0),
        ("employed", np.False_, 0.0),
        ("region", np.str_("north"), 0.0),
        ("region", "东", 2.0),
        ("region", "mars", 3.0),
        ("region", "", 3.0),
        ("age", 0, 0.0),
        ("age", 120, 120.0),
    ],
)
def test_legal_values(name, value, code):
    assert ENCODER.row({**GOOD, name: value})[list(GOOD).index(name)] == code


@pytest.mark.parametrize(
    ("name", "value", "error", "says"),
    [
        ("age", "30", FeatureKindError, r"age == '30', must be a number"),
        ("age", "1_000", FeatureKindError, r"age == '1_000', must be a number"),
        ("age", " 5 ", FeatureKindError, "must be a number"),
        ("age", "５", FeatureKindError, r"age == '\\uff15', must be a number"),
        ("age", True, FeatureKindError, "age == True, must be a number"),
        ("age", np.True_, FeatureKindError, "age == True, must be a number"),
        ("age", [30], FeatureKindError, "age == <list>"),
        ("age", 3 + 0j, FeatureKindError, "age == <complex>"),
        ("age", np.datetime64("2026-01-01"), FeatureKindError, "age == <date>"),
        ("balance", math.inf, FeatureRangeError, "balance == inf, must be a finite number"),
        ("balance", -math.inf, FeatureRangeError, "must be a finite number"),
        ("balance", 1e999, FeatureRangeError, "must be a finite number"),
        ("balance", 10**5000, FeatureRangeError, "an integer of 16610 bits"),
        ("age", -1, FeatureRangeError, r"age == -1, must be from 0\.0 to 120\.0"),
        ("age", 150.0, FeatureRangeError, r"age == 150\.0, must be from 0\.0 to 120\.0"),
        ("employed", 1, FeatureKindError, "employed == 1, must be True or False"),
        ("employed", 0.0, FeatureKindError, "must be True or False"),
        ("employed", "true", FeatureKindError, "must be True or False"),
        ("region", 3, FeatureKindError, "region == 3, must be a string"),
        ("region", False, FeatureKindError, "must be a string"),
        ("region", b"north", FeatureKindError, "region == <bytes>"),
        ("region", "a\0b", FeatureTextError, r"region == 'a\\x00b'.*U\+0000"),
        ("region", "north\u202e", FeatureTextError, r"'north\\u202e'.*U\+202E"),
        ("region", "\ud800", FeatureTextError, r"'\\ud800'.*U\+D800"),
        ("region", "two\nlines", FeatureTextError, r"U\+000A"),
        ("region", "x" * 1_000_000, FeatureTextError, r"1000000 characters\), must be at most 1000"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_refused_alone_is_refused_in_a_column(name, value, error, says):
    with pytest.raises(error, match=says):
        ENCODER.row({**GOOD, name: value})
    columns = {each: [good, good, good] for each, good in GOOD.items()}
    columns[name][1] = value
    with pytest.raises(error, match="in row 1, must be"):
        ENCODER.columns(columns)


def test_no_message_repeats_a_long_or_unprintable_value():
    with pytest.raises(FeatureTextError, match="characters") as found:
        ENCODER.row({**GOOD, "region": "\u202e" * 1_000_000})
    assert len(str(found.value)) < 600
    assert "\u202e" not in str(found.value)


def test_names_are_checked_and_the_nearest_is_named():
    with pytest.raises(
        MissingFeatureError, match=r"1 feature\(s\) that were not given: 'region'\..*'regoin' was given"
    ):
        ENCODER.row({**{name: GOOD[name] for name in ("age", "balance", "employed")}, "regoin": "north"})
    with pytest.raises(MissingFeatureError, match="Pass None"):
        ENCODER.row({})
    with pytest.raises(ExtraFeatureError, match=r"'emploied'.*Did you mean 'employed'"):
        ENCODER.row({**GOOD, "emploied": True})
    with pytest.raises(ExtraFeatureError, match="Feature names are strings"):
        ENCODER.row({**GOOD, 7: True})
    with pytest.raises(ShapeError, match="is a list, must be a mapping"):
        ENCODER.row([1, 2])


def test_unseen_categories_are_named_and_missing_ones_are_not():
    assert ENCODER.unseen(ENCODER.row({**GOOD, "region": "mars"})) == ("region",)
    assert ENCODER.unseen(ENCODER.row({**GOOD, "region": None})) == ()
    assert ENCODER.unseen(ENCODER.row({**GOOD, "balance": 3})) == ()


def test_columns_must_have_one_length_and_one_dimension():
    columns = {name: [value] * 3 for name, value in GOOD.items()}
    with pytest.raises(ShapeError, match="'region' has 2 rows and column 'age' has 3"):
        ENCODER.columns({**columns, "region": ["north"] * 2})
    with pytest.raises(ShapeError, match="one-dimensional"):
        ENCODER.columns({**columns, "age": np.zeros((3, 1))})
    with pytest.raises(ShapeError, match="'region' is a str"):
        ENCODER.columns({**columns, "region": "abc"})


@pytest.mark.parametrize(
    "column",
    [{30, 40, 50}, frozenset({30, 40, 50}), {30: 1, 40: 1, 50: 1}, {30: 1, 40: 1, 50: 1}.keys()],
    ids=lambda column: type(column).__name__,
)
def test_a_column_must_say_which_value_is_of_which_case(column):
    columns = {name: [value] * 3 for name, value in GOOD.items()}
    with pytest.raises(
        ShapeError, match=rf"'age' is a {type(column).__name__}, must be a one-dimensional array or a l"
    ):
        ENCODER.columns({**columns, "age": column})


@pytest.mark.parametrize(
    ("name", "column", "says"),
    [
        ("age", np.array([True, False, True]), "age == True in row 0"),
        ("age", np.array(["1", "2", "3"]), "age == '1' in row 0"),
        ("age", np.array([1.0, np.inf, 2.0]), "age == inf in row 1"),
        ("age", np.array([1, 2, 121]), "age == 121 in row 2"),
        ("age", np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False]), "in row 1, must be a number"),
        ("employed", np.array([0, 1, 1]), "employed == 0 in row 0"),
        ("region", np.array([0, 1, 2]), "region == 0 in row 0"),
    ],
)
def test_columns_of_another_kind_are_refused(name, column, says):
    columns = {each: [value] * 3 for each, value in GOOD.items()}
    with pytest.raises(RequestError, match=says):
        ENCODER.columns({**columns, name: column})


values = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(0, 120) | st.integers(0, 120),
        "balance": st.none() | st.floats(allow_infinity=False) | st.integers(-(2**60), 2**60),
        "employed": st.none() | st.booleans(),
        "region": st.none() | st.sampled_from(["north", "south", "东"]) | st.text("abc西 ", max_size=5),
    }
)


@given(st.lists(values, min_size=1, max_size=8))
def test_a_column_is_its_rows(requests):
    columns = {name: [request[name] for request in requests] for name in GOOD}
    rows = np.array([ENCODER.row(request) for request in requests])
    np.testing.assert_array_equal(ENCODER.columns(columns), rows)
    arrays = {name: np.array(column, dtype=object) for name, column in columns.items()}
    np.testing.assert_array_equal(ENCODER.columns(arrays), rows)
