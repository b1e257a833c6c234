"""Tables that do not fit are refused by name; what does no harm is let through."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.build import build
from features.errors import SchemaError, UnknownTableError
from features.schema_check import UNREAD, checked
from features.tables import TABLES, TIME

FIRST, LAST = -2_208_988_800_000_000, 7_258_118_400_000_000 - 1
"""First and last microsecond of 1900 to 2199, counted from 1970."""


def changed(tables, name, **columns):
    return {**tables, name: tables[name].with_columns(**columns)}


@pytest.fixture
def tables(world, history):
    return history(
        loans=[{"loan_id": "L", "happened_at": world.applied_at.replace(month=1)}],
        behaviour_events=[{"event_id": "e", "happened_at": world.applied_at.replace(month=6, day=1), "seconds": 5.0}],
    )


def test_an_unknown_table_is_named_with_the_nearest(tables):
    with pytest.raises(UnknownTableError, match=r"table == 'loan', must be one of .* Did you mean 'loans'"):
        build({**tables, "loan": tables["loans"]})


def test_nothing_is_built_without_applications(tables):
    del tables["applications"]

    with pytest.raises(SchemaError, match=r"table 'applications' .* is absent"):
        build(tables)


def test_a_missing_column_is_named(tables):
    with pytest.raises(SchemaError, match=r"table 'loans' .* column 'lender_type' \(String\) is missing"):
        build({**tables, "loans": tables["loans"].drop("lender_type")})


def test_a_renamed_column_is_named_with_what_it_may_have_become(tables):
    with pytest.raises(SchemaError, match=r"column 'lender_type' \(String\) is missing. Did you mean 'lender_typ'"):
        build({**tables, "loans": tables["loans"].rename({"lender_type": "lender_typ"})})


@pytest.mark.parametrize(
    ("column", "dtype", "message"),
    [
        ("loan_id", pl.Int64(), "column 'loan_id' is Int64, must be String"),
        ("amount", pl.Int64(), "column 'amount' is Int64, must be Float64"),
        ("term_months", pl.Float64(), "column 'term_months' is Float64, must be Int64"),
        ("known_at", pl.Datetime("us"), r"column 'known_at' is Datetime\(time_unit='us', time_zone=None\), must be"),
        ("known_at", pl.Datetime("ns", "UTC"), r"column 'known_at' is Datetime\(time_unit='ns'.*, must be"),
    ],
)
def test_a_retyped_column_is_named_with_both_types(tables, column, dtype, message):
    retyped = tables["loans"].with_columns(pl.lit(None, dtype).alias(column))

    with pytest.raises(SchemaError, match=message):
        build({**tables, "loans": retyped})


EVERY_COLUMN = [(name, column) for name in TABLES if name not in UNREAD for column in TABLES[name].columns]
OTHER_TYPES = {pl.String(): pl.Int64(), pl.Int64(): pl.String(), pl.Float64(): pl.Int64(), pl.Boolean(): pl.Int64()}
every_column = pytest.mark.parametrize(
    ("name", "column"), EVERY_COLUMN, ids=[f"{name}.{column.name}" for name, column in EVERY_COLUMN]
)


def refused(name, frame):
    with pytest.raises(SchemaError, match=rf"table '{name}' does not fit its contract: ") as caught:
        checked({"applications": TABLES["applications"].empty(), name: frame})
    return caught.value.problems


@every_column
def test_every_column_that_is_missing_or_renamed_is_named_with_its_type(name, column):
    frame = TABLES[name].empty()
    if column.protected:
        assert column.name not in checked({"applications": TABLES["applications"].empty().drop(column.name)})
        return

    (missing,) = refused(name, frame.drop(column.name))
    (renamed,) = refused(name, frame.rename({column.name: f"{column.name}s"}))

    assert missing == f"column {column.name!r} ({column.dtype}) is missing."
    assert renamed == f"{missing} Did you mean '{column.name}s'?"


@every_column
def test_every_column_of_another_type_is_named_with_both_types_and_the_way_out(name, column):
    other = OTHER_TYPES.get(column.dtype, pl.Datetime("us"))

    (problem,) = refused(name, TABLES[name].empty().with_columns(pl.lit(None, other).alias(column.name)))

    assert problem.startswith(f"column {column.name!r} is {other}, must be {column.dtype}; ")
    assert problem.endswith(("null where it is no " + str(column.dtype), "never numbers", "with microseconds"))


def test_a_column_renamed_beyond_recognition_is_told_with_what_else_there_is(tables):
    frame = tables["loans"].rename({"lender_type": "kind"}).with_columns(note=pl.lit(1))

    with pytest.raises(SchemaError, match=r"is missing. Of that type the table has 'kind', which no contract knows."):
        build({**tables, "loans": frame})


def test_all_problems_of_a_table_are_listed(tables):
    with pytest.raises(SchemaError) as caught:
        build({**tables, "loans": tables["loans"].drop("amount", "status")})

    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(("value", "told"), [(float("nan"), "nan"), (float("inf"), "inf"), (1e15, "1000000000000000")])
def test_numbers_that_no_sum_can_hold_are_refused(tables, value, told):
    with pytest.raises(SchemaError, match=rf"column 'seconds' holds 1 number\(s\) such as {told}.*, must be finite"):
        build(changed(tables, "behaviour_events", seconds=pl.lit(value)))


EVERY_TIME = [(name, column.name) for name, column in EVERY_COLUMN if column.dtype == TIME]


@pytest.mark.parametrize(("name", "column"), EVERY_TIME)
@pytest.mark.parametrize(
    ("at", "told"),
    [
        (-(2**63) + 5, "-9223372036854775803 microseconds since 1970"),
        (-(2**62), "-4611686018427387904 microseconds since 1970"),
        (FIRST - 1, "1899-12-31T23:59:59.999999+00:00"),
        (LAST + 1, "2200-01-01T00:00:00+00:00"),
        (2**63 - 1, "9223372036854775807 microseconds since 1970"),
    ],
)
def test_a_time_outside_the_years_of_any_lender_is_refused(name, column, at, told):
    frame = pl.DataFrame({column: [None, at]}, schema={column: pl.Int64}).cast(TIME)
    schema = {each: dtype for each, dtype in TABLES[name].schema.items() if each != column}
    rest = pl.DataFrame({each: [None, None] for each in schema}, schema=schema)

    found = [problem for problem in refused(name, pl.concat([rest, frame], how="horizontal")) if "time(s)" in problem]

    assert found == [f"column {column!r} holds 1 time(s) such as {told}, must lie in the years 1900 to 2199 (UTC)"]


@pytest.mark.parametrize("at", [FIRST, LAST])
def test_the_first_and_the_last_time_of_the_years_are_let_through(tables, at):
    checked(changed(tables, "loans", happened_at=pl.lit(at).cast(TIME), status_known_at=pl.lit(at).cast(TIME)))


def test_null_is_refused_where_it_is_not_legal(tables):
    with pytest.raises(SchemaError, match=r"column 'known_at' holds 1 null\(s\), none are legal"):
        build(changed(tables, "loans", known_at=pl.lit(None, pl.Datetime("us", "UTC"))))


def test_the_order_of_columns_and_further_columns_do_no_harm(tables):
    other = {
        name: frame.select(reversed(frame.columns)).with_columns(note=pl.lit("x")) for name, frame in tables.items()
    }

    assert_frame_equal(build(other), build(tables), check_exact=True)


def test_a_row_sent_twice_counts_once(tables):
    twice = {name: pl.concat([frame, frame]) for name, frame in tables.items()}

    assert_frame_equal(build(twice), build(tables), check_exact=True)


def test_rows_that_differ_under_one_key_are_refused(tables):
    other = tables["loans"].with_columns(amount=pl.lit(7.0))

    with pytest.raises(
        SchemaError, match=r"1 value\(s\) of key 'loan_id', such as 'L', stand for rows that differ; run"
    ):
        build({**tables, "loans": pl.concat([tables["loans"], other])})
