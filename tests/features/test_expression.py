"""Expressions: the two engines give the same bits, and what cannot be meant is refused in words."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE
from features.errors import DeclarationError
from features.expression import between, column, days_between, how_many, largest, of, ratio, smallest, when
from features.expression_type import Type, type_of
from features.history import View
from features.in_polars import finite, in_polars
from features.in_python import Source
from features.python_runtime import runtime
from features.tables import LOANS

ZONE = "Asia/Shanghai"
TYPES = {
    "x": Type("number"),
    "y": Type("number"),
    "sure": Type("number", nullable=False),
    "text": Type("text"),
    "flag": Type("flag"),
    "other": Type("flag"),
    "time": Type("time"),
    "later": Type("time", nullable=False),
    "date": Type("date"),
    "born": Type("date"),
}
DTYPES = {
    "number": pl.Float64(),
    "text": pl.String(),
    "flag": pl.Boolean(),
    "time": pl.Datetime("us", "UTC"),
    "date": pl.Date(),
}
SCHEMA = {name: DTYPES[found.kind] for name, found in TYPES.items()}

EDGES = (0.0, -0.0, 1.0, -1.0, 2.5, -3.7, 0.1, 1e-300, 1e300, -1e308, 1000.0, 30.4375, 7.0)
numbers = st.sampled_from(EDGES) | st.floats(-1e4, 1e4, allow_nan=False).map(lambda number: round(number, 3))
times = st.integers(0, 60 * 24 * 3600 * 10**6).map(
    lambda n: datetime(2023, 12, 30, tzinfo=UTC) + timedelta(microseconds=n)
)
values = {
    "number": numbers,
    "text": st.sampled_from(["a", "b", ""]),
    "flag": st.booleans(),
    "time": times | st.sampled_from([datetime(2024, 1, 1, tzinfo=UTC), datetime(2023, 12, 31, 16, tzinfo=UTC)]),
    "date": st.dates(date(1990, 1, 1), date(1996, 12, 31)),
}
rows = st.fixed_dictionaries(
    {name: st.none() | values[t.kind] if t.nullable else values[t.kind] for name, t in TYPES.items()}
)


NUMBERS = (
    *(column(name) for name in ("x", "y", "sure")),
    days_between("time", "later"),
    days_between("later", "time"),
    days_between("born", "date"),
    days_between("born", column("later").local_date()),
    *(between("time", "later", unit) for unit in ("hours", "minutes", "seconds")),
    column("time").local_hour(),
    column("later").local_weekday(),
    column("date").year() + column("date").month() * column("date").day(),
)
FLAGS = (
    column("flag"),
    column("other"),
    column("text") == "a",
    column("text") != "a",
    column("text").is_in("a", ""),
    column("text") < "b",
    column("time") < column("later"),
    column("time") >= column("later"),
    column("date") == column("born"),
    column("time").is_null(),
    column("flag") == column("other"),
    column("sure").is_in(0, 1, 2.5),
    column("x").is_in(0, 1, 2.5),
)
OF_TWO = (
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b: a / b,
    lambda a, b: a % b,
    ratio,
    smallest,
    largest,
    lambda a, b: a.fill_null(b),
)
OF_ONE = (
    lambda a: -a,
    lambda a: a.abs(),
    lambda a: a.floor(),
    lambda a: a.log(),
    lambda a: a.clip(0, 1),
    lambda a: a.clip(lower=-2),
    lambda a: a.clip(upper=0),
)
COMPARED = (
    lambda a, b: a < b,
    lambda a, b: a <= b,
    lambda a, b: a > b,
    lambda a, b: a >= b,
    lambda a, b: a == b,
    lambda a, b: a != b,
    lambda a, b: b <= a,
    lambda a, _: a.is_not_null(),
)
COMBINED = (lambda a, b: a & b, lambda a, b: a | b, lambda a, b: ~a & b, lambda a, b: a.fill_null(b))


@st.composite
def numeric(draw, depth=3):
    kind = draw(st.integers(0, 5)) if depth else 0
    deeper = numeric(depth=depth - 1)
    if kind <= 1:
        return draw(st.sampled_from(NUMBERS))
    if kind == 2:
        return draw(st.sampled_from(OF_ONE))(draw(deeper))
    if kind == 3:
        condition = draw(flags(depth=depth - 1))
        other = draw(st.sampled_from([when(condition).then(draw(deeper)), how_many(condition), condition.as_number()]))
        return other.otherwise(draw(deeper)) if other.op == "when" and draw(st.booleans()) else other
    left, right = draw(deeper), draw(deeper | numbers)
    return draw(st.sampled_from(OF_TWO))(left, right)


@st.composite
def flags(draw, depth=3):
    kind = draw(st.integers(0, 3)) if depth else 0
    if kind == 0:
        return draw(st.sampled_from(FLAGS))
    if kind == 1:
        deeper = flags(depth=depth - 1)
        return draw(st.sampled_from(COMBINED))(draw(deeper), draw(deeper))
    deeper = numeric(depth=depth - 1)
    return draw(st.sampled_from(COMPARED))(draw(deeper), draw(deeper | numbers))


dates = st.sampled_from([column("time").local_date(), largest(column("date"), column("born"))])
expressions = st.one_of(numeric(), flags(), dates)


def with_python(expression, row):
    source = Source(TYPES, {name: name for name in TYPES})
    code = source.value(expression)
    text = "\n".join([f"def compute({', '.join(TYPES)}):", *source.lines, f"    return {code}"])
    names = runtime(ZONE)
    exec(text, names)  # noqa: S102 -- what is tested
    return names["compute"](**row)


def bits(value):
    """Return what tells values apart: every bit of a number, but any NaN as one, and zero without its sign."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value + 0.0)
    return value


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(expression=expressions, rows=st.lists(rows, min_size=1, max_size=4), told=st.sets(st.sampled_from([*TYPES])))
def test_python_gives_the_bits_of_polars(expression, rows, told):
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    spread = frame.select(pl.lit(0).alias("zero"), in_polars(expression, ZONE).alias("value"))["value"].to_list()
    alone = frame[:1].select(in_polars(expression, ZONE).alias("value"))["value"].to_list()
    # A row picked twice, of which Polars knows that both are one, but for the columns that it was told anew.
    twice = frame[:1][pl.Series([0, 0])].with_columns(pl.Series(name, frame[name][[0, 0]]) for name in sorted(told))
    same = twice.select(pl.lit(0).alias("zero"), in_polars(expression, ZONE).alias("value"))["value"].to_list()

    expected = [bits(with_python(expression, row)) for row in rows]

    assert [bits(value) for value in spread] == expected
    assert [bits(value) for value in alone] == expected[:1]
    assert [bits(value) for value in same] == expected[:1] * 2


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(
    expression=expressions | st.sampled_from([column("later").local_hour(), column("time").local_weekday()]),
    rows=st.lists(rows, min_size=2, max_size=8),
    by=st.sampled_from([*TYPES]),
)
def test_a_column_that_polars_knows_to_be_sorted_gives_the_same_bits(expression, rows, by):
    """It keeps the mark of being sorted where it masks rows for `when`: what trusts it would err, see `local_hours`."""
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row").sort(by)
    value = in_polars(expression, ZONE)
    number = type_of(expression, TYPES).kind == "number"
    found = frame.select((finite(value) if number else value).alias("value"))["value"].to_list()
    wanted = [with_python(expression, row) for row in frame.to_dicts()]
    wanted = [None if isinstance(each, float) and not math.isfinite(each) else each for each in wanted]

    assert [bits(each) for each in found] == [bits(each) for each in wanted]


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(expression=expressions, row=rows)
def test_a_type_that_is_never_null_is_never_null_and_a_finite_one_finite(expression, row):
    found, value = type_of(expression, TYPES), with_python(expression, row)

    assert value is not None or found.nullable
    assert not isinstance(value, float) or math.isfinite(value) or not found.finite
    kinds = {"number": float, "flag": bool, "text": str, "time": datetime, "date": date}
    assert value is None or isinstance(value, kinds[found.kind])


def row_of(**given):
    return {**dict.fromkeys(TYPES), "sure": 1.0, "later": datetime(2024, 1, 1, tzinfo=UTC), **given}


@pytest.mark.parametrize(
    ("expression", "given", "value"),
    [
        (column("x") + column("y"), {"x": 1.0}, None),
        (column("x") / column("y"), {"x": 1.0, "y": 0.0}, None),
        (column("x") % column("y"), {"x": 1.0, "y": 0.0}, None),
        (column("x") % 3, {"x": -1.0}, 2.0),
        (column("x").log(), {"x": 0.0}, None),
        (column("flag") & column("other"), {"flag": False}, False),
        (column("flag") & column("other"), {"flag": True}, None),
        (column("flag") | column("other"), {"flag": True}, True),
        (~column("flag"), {}, None),
        (when(column("flag")).then(1).otherwise(2), {}, 2.0),
        (when(column("flag")).then(1), {}, None),
        (how_many(column("flag"), column("other"), column("sure") == 1), {"flag": True}, 2.0),
        (column("text").is_in("a", "b"), {}, None),
        (largest(column("x"), column("y")), {"y": 3.0}, 3.0),
        (days_between("time", "later"), {"time": datetime(2023, 12, 30, 1, tzinfo=UTC)}, 1.0),
        (days_between("later", "time"), {"time": datetime(2023, 12, 30, 1, tzinfo=UTC)}, -1.0),
        (column("time").local_hour(), {"time": datetime(2023, 12, 31, 16, tzinfo=UTC)}, 0.0),
        (column("time").local_date(), {"time": datetime(2023, 12, 31, 16, tzinfo=UTC)}, date(2024, 1, 1)),
        (column("time").local_weekday(), {"time": datetime(2023, 12, 31, 16, tzinfo=UTC)}, 1.0),
    ],
    ids=repr,
)
def test_the_laws_of_null_and_time(expression, given, value):
    row = row_of(**given)

    assert with_python(expression, row) == value
    assert pl.DataFrame([row], schema=SCHEMA, orient="row").select(in_polars(expression, ZONE)).item() == value


@pytest.mark.parametrize("op", ["/", "%"])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_columns_that_are_the_same_in_every_row_divide_as_others_do(op, count):
    months = column("term_months") * 30.4375
    divided = in_polars(column("amount") / months if op == "/" else column("amount") % months, "UTC")
    amounts = [25.0 + place for place in range(count)]
    exact = [amount / 30.4375 if op == "/" else amount - math.floor(amount / 30.4375) * 30.4375 for amount in amounts]
    frame = pl.DataFrame({"amount": amounts})

    picked = pl.DataFrame({"term_months": [1.0]})[pl.Series([0] * count)]
    for each in (
        frame.with_columns(term_months=pl.Series([1.0] * count)),
        frame.with_columns(term_months=pl.lit(1.0)),
        pl.concat([frame, picked], how="horizontal"),
    ):
        assert each.select(divided).to_series().to_list() == exact


def test_an_expression_reads_as_it_is_written_and_tells_what_it_reads():
    share = of(CATALOGUE["loans_open_count"]) / (column("amount") + 1)

    assert repr(share) == "loans_open_count / (amount + 1)"
    assert share.reads == {"amount"}
    assert [feature.name for feature in share.features] == ["loans_open_count"]


def test_definitions_are_plain_data_and_differ_where_expressions_do():
    assert (column("amount") * 2).definition == ["*", ["column", "amount"], ["constant", 2.0]]
    different = [column("a") < 1, column("a") <= 1, column("b") < 1, column("a").clip(0, 1), column("a").clip(0, 2)]
    assert len({str(expression.definition) for expression in different}) == len(different)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda: column("x") + pl.col("y"), r"col\(\"y\"\) \(polars.*Expr\) cannot stand in a definition, must be"),
        (lambda: replace(CATALOGUE["application_amount"], expression=pl.col("x")), "of 'application_amount' is given"),
        (lambda: View(table=LOANS, columns={"late": pl.col("x") > 1}), "column 'late' of a view of 'loans' is given"),
        (lambda: when(pl.col("x") > 1), "when is given"),
        (lambda: column("x") * math.nan, "nan .* cannot stand in a definition, must be a finite number"),
        (lambda: column("x") > timedelta(1), "cannot stand in a definition"),
        (lambda: column("x") > 1 and column("y") > 1, "x > 1 has no truth value yet: combine conditions with &"),
        (lambda: type_of(column("tex"), TYPES), "column 'tex' cannot be read here. Did you mean 'text'?"),
        (lambda: type_of(column("text") + 1, TYPES), r"text \+ 1 .* '\+' does not take text and number"),
        (lambda: type_of(column("text") == 1, TYPES), "'==' does not take text and number"),
        (lambda: type_of(column("x") & column("flag"), TYPES), "'&' does not take number and flag"),
        (lambda: type_of(days_between("time", "date"), TYPES), "'between' does not take time and date"),
        (lambda: type_of(column("x").is_in("a"), TYPES), "'is_in' does not take number"),
        (lambda: type_of(when(column("x")).then(1), TYPES), "'when' does not take number and number and null"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_words(write, message):
    with pytest.raises(DeclarationError, match=message):
        write()
