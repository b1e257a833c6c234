"""Records are read by their contract: what does not fit is refused with table, row, column, value, and the way out."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from features.build import build
from features.catalogue import CATALOGUE
from features.errors import SchemaError, UnknownTableError
from features.online import OnlineBuilder
from features.online_records import RecordReader
from features.schema_check import LARGEST, UNREAD
from features.tables import APPLICATIONS, BEHAVIOUR_EVENTS, LOANS, TABLES

AT = datetime(2024, 6, 14, 18, 30, tzinfo=UTC)
OUTSIDE = (
    datetime.min.replace(tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=8))),
    datetime(1899, 12, 31, 23, 59, 59, 999_999, UTC),
    datetime(2200, 1, 1, tzinfo=UTC),
    datetime(2199, 12, 31, 23, tzinfo=timezone(-timedelta(hours=8))),
    datetime.max.replace(tzinfo=timezone(-timedelta(hours=8))),
)


@pytest.fixture
def loan(world):
    (row,) = world.frame("loans", {"happened_at": AT, "amount": 900.0}).to_dicts()
    return row


@pytest.fixture
def application(world):
    (row,) = world.me()["applications"].to_dicts()
    return row


def read(table, *rows):
    return [
        dict(zip((c.name for c in table.columns if not c.protected), row, strict=True))
        for row in RecordReader(table)(rows)
    ]


@pytest.mark.parametrize("name", [name for name in TABLES if name not in {"truth", "calls"}])
def test_a_row_of_every_table_is_read_as_it_is(world, name):
    frame = world.seeded_tables(1)[name]
    plain = frame.select(c.name for c in TABLES[name].columns if not c.protected)

    assert read(TABLES[name], *frame.to_dicts()) == plain.to_dicts()


def test_columns_may_come_in_any_order_and_protected_ones_may_be_left_out(application):
    turned = dict(reversed(application.items()))
    without = {name: value for name, value in application.items() if name != "gender"}

    assert read(APPLICATIONS, turned) == read(APPLICATIONS, without) == read(APPLICATIONS, application)
    assert "gender" not in read(APPLICATIONS, application)[0]


@pytest.mark.parametrize(
    ("column", "value", "becomes"),
    [
        ("amount", 900, 900.0),
        ("amount", np.float64(900.5), 900.5),
        ("term_months", np.int64(6), 6.0),
        ("lender_id", np.str_("L"), "L"),
        ("happened_at", AT.astimezone(ZoneInfo("Asia/Shanghai")), AT),
        ("happened_at", datetime(2024, 6, 15, 2, 30, tzinfo=timezone(timedelta(hours=8))), AT),
        ("closed_at", AT.astimezone(ZoneInfo("UTC")), AT),
        ("status", None, None),
    ],
)
def test_values_of_kindred_types_become_what_features_read(loan, column, value, becomes):
    (row,) = read(LOANS, {**loan, column: value})

    assert row[column] == becomes
    assert type(row[column]) is type(becomes)
    assert not isinstance(becomes, datetime) or row[column].tzinfo is UTC


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("loan_id", 17.0, r"column 'loan_id' is 17.0 \(float\), must be text \(str\)$"),
        ("loan_id", 17, r"column 'loan_id' is 17 \(int\), must be text \(str\)$"),
        ("application_id", 17.0, r"column 'application_id' is 17.0 \(float\), must be text \(str\) or None$"),
        ("loan_id", None, r"column 'loan_id' is None \(NoneType\), must be text"),
        ("loan_id", b"L", r"column 'loan_id' is b'L' \(bytes\), must be text"),
        ("happened_at", AT.replace(tzinfo=None), r"column 'happened_at' is datetime.*, must be a time with its zone"),
        ("happened_at", "2024-06-14T18:30:00Z", r"column 'happened_at' is '2024-06-14T18:30:00Z' \(str\), must be"),
        ("happened_at", date(2024, 6, 14), r"column 'happened_at' is datetime.date\(2024, 6, 14\)"),
        ("amount", "900", r"column 'amount' is '900' \(str\), must be a finite number below 1e\+12 \(float or int\)$"),
        ("amount", True, r"column 'amount' is True \(bool\), must be a finite number"),
        ("amount", Decimal(900), r"column 'amount' is Decimal\('900'\) \(Decimal\)"),
        ("amount", math.nan, r"column 'amount' is nan \(float\)"),
        ("amount", -math.inf, r"column 'amount' is -inf \(float\)"),
        ("amount", LARGEST, r"column 'amount' is 1000000000000.0 \(float\)"),
        ("amount", 10**400, r"column 'amount' is 1000.* \(int\)"),
        ("term_months", 6.0, r"column 'term_months' is 6.0 \(float\), must be a whole number \(int\)$"),
        ("term_months", True, r"column 'term_months' is True \(bool\)"),
        ("term_months", 2**63, r"column 'term_months' is 9223372036854775808 \(int\)"),
        ("status", "x" * 10**6 + "\ud800", r"column 'statu' is in no contract"),
        *(
            (column, at, rf"column '{column}' is datetime.*, must be a time with its zone, in the years 1900 to 2199")
            for column in ("happened_at", "known_at", "closed_at", "status_known_at")
            for at in OUTSIDE
        ),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_by_name(loan, column, value, message):
    wrong = {**loan, column: value}
    if column == "status":
        wrong = {**loan, "statu": value}
    with pytest.raises(SchemaError, match="table 'loans' does not fit its contract: row 1: " + message) as refused:
        read(LOANS, {**loan, "loan_id": "other"}, wrong)

    assert len(str(refused.value)) < 300
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("birth_date", datetime(1990, 1, 1, tzinfo=UTC), r"column 'birth_date' is .* must be a date \(date\) or None"),
        ("birth_date", "1990-01-01", r"row 0: column 'birth_date' is '1990-01-01' \(str\), must be a date"),
        ("declared_income", "1_000", r"row 0: column 'declared_income' is '1_000' \(str\)"),
    ],
)  # fmt: skip
def test_an_application_is_checked_in_the_same_way(world, application, column, value, message):
    with pytest.raises(SchemaError, match=message):
        OnlineBuilder(["application_amount"]).build("A", {"applications": [{**application, column: value}]})


def test_a_flag_is_no_number(world):
    (check,) = world.frame("identity_checks", {"happened_at": AT}).to_dicts()

    with pytest.raises(SchemaError, match=r"column 'passed' is 1 \(int\), must be a flag \(bool\)$"):
        read(TABLES["identity_checks"], {**check, "passed": 1})


def test_a_missing_and_an_unknown_column_are_named_with_the_nearest(loan):
    renamed = {("amout" if name == "amount" else name): value for name, value in loan.items()}

    with pytest.raises(SchemaError) as refused:
        read(LOANS, renamed)

    assert refused.value.problems == (
        "row 0: column 'amout' is in no contract. Did you mean 'amount'?",
        "row 0: column 'amount' is missing, pass None for what is unknown. Did you mean 'amout'?",
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"loan_id": "L"}, "the rows are a dict, must be a sequence of records"),
        ("loans", "the rows are a str, must be a sequence of records"),
        (None, "the rows are a NoneType, must be a sequence of records"),
        ([("L", "P")], "row 0 is a tuple, must be a mapping of column to value"),
    ],
)
def test_what_is_no_sequence_of_records_is_refused(rows, message):
    with pytest.raises(SchemaError, match=message):
        RecordReader(LOANS)(rows)


def test_only_some_of_many_problems_are_told(loan):
    with pytest.raises(SchemaError) as refused:
        read(LOANS, *({**loan, "loan_id": i} for i in range(1000)))

    assert len(refused.value.problems) == 5


def test_the_same_row_sent_twice_is_one_row(loan):
    assert len(read(LOANS, loan, {**loan, "amount": 900})) == 1


def test_one_key_for_rows_that_differ_is_refused(loan):
    with pytest.raises(SchemaError, match=r"key 'loan_id' == '.*' stands for rows that differ"):
        read(LOANS, loan, {**loan, "amount": 901.0})


def test_the_first_of_the_keys_that_stand_for_rows_that_differ_is_named(loan):
    with pytest.raises(SchemaError, match=r"key 'loan_id' == 'b' stands for rows that differ"):
        read(LOANS, *({**loan, "loan_id": key, "amount": amount} for amount in (900.0, 901.0) for key in "dcb"))


class Counted(str):
    """Text that counts how often it is compared."""

    compared = 0

    def __eq__(self, other):
        Counted.compared += 1
        return super().__eq__(other)

    __hash__ = str.__hash__


def test_finding_a_key_that_stands_twice_takes_one_pass():
    rows = [(Counted(f"L{i}"), 1.0) for i in range(2000)]
    reader = RecordReader(LOANS)

    with pytest.raises(SchemaError, match="key 'loan_id' == 'L7' stands for rows that differ"):
        reader._once([*rows, (Counted("L7"), 2.0)])

    assert Counted.compared < 10 * len(rows)


def test_a_frame_must_have_the_types_of_its_contract(loan):
    frame = pl.DataFrame([loan], schema=LOANS.schema)

    assert RecordReader(LOANS)(frame) == RecordReader(LOANS)([loan])
    with pytest.raises(SchemaError, match="column 'amount' is Int64, must be Float64"):
        RecordReader(LOANS)(frame.with_columns(pl.col("amount").cast(pl.Int64)))
    with pytest.raises(SchemaError, match=r"column 'happened_at' is Datetime.*, must be Datetime"):
        RecordReader(LOANS)(frame.with_columns(pl.col("happened_at").dt.replace_time_zone(None)))


def test_every_table_is_checked_whichever_features_are_asked_for(application, loan):
    builder = OnlineBuilder(["application_amount"])

    with pytest.raises(SchemaError, match="table 'loans' does not fit its contract: row 0: column 'amount' is '9'"):
        builder.build("A", {"applications": [application], "loans": [{**loan, "amount": "9"}]})


def test_an_unknown_table_is_named_with_the_nearest(application):
    with pytest.raises(UnknownTableError, match=r"table == 'loan', must be one of .*Did you mean 'loans'"):
        OnlineBuilder(["application_amount"]).build("A", {"applications": [application], "loan": []})


def test_without_applications_nothing_can_be_built():
    with pytest.raises(UnknownTableError, match=r"Did you mean 'applications'\?"):
        OnlineBuilder(["application_amount"]).build("A", {"aplications": []})
    with pytest.raises(SchemaError, match="'applications' does not fit its contract: the table is absent"):
        OnlineBuilder(["application_amount"]).build("A", {"loans": []})


def test_what_only_a_simulation_or_a_call_can_know_is_never_read(application):
    built = OnlineBuilder(["application_amount"]).build(
        "A", {"applications": [application], "truth": [{"x": object()}]}
    )

    assert built == {"application_amount": 6000.0}


def test_the_longest_window_may_reach_beyond_the_first_of_all_times(application):
    longest = replace(CATALOGUE["loans_count_365d"], window=timedelta(days=800_000))
    early = {**application, "applied_at": datetime(1900, 1, 1, tzinfo=UTC), "birth_date": None}

    assert OnlineBuilder([longest]).build("A", {"applications": [early], "loans": []})


@pytest.mark.parametrize("at", [datetime(1900, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, 999_999, UTC)])
def test_an_application_at_the_edge_of_all_times_is_built_as_the_batch_builds_it(application, world, at):
    tables = {name: TABLES[name].empty() for name in TABLES if name not in UNREAD}
    tables["applications"] = pl.DataFrame(
        [{**application, "applied_at": at, "birth_date": None}], schema=APPLICATIONS.schema
    )
    online = OnlineBuilder()
    (batch,) = build(tables).select(online.names).to_dicts()

    assert online.build(application["application_id"], tables) == batch


@pytest.mark.parametrize("at", [-(2**62), -(2**63) + 5, 2**62, 2**63 - 1])
def test_a_frame_with_a_time_that_no_calendar_has_is_refused(loan, at):
    frame = pl.DataFrame([loan], schema=LOANS.schema)
    wrong = frame.with_columns(known_at=pl.lit(at).cast(pl.Datetime("us", "UTC")))

    with pytest.raises(
        SchemaError, match=rf"column 'known_at' holds 1 time\(s\) such as .*{at}.*, must lie in the years"
    ):
        RecordReader(LOANS)(wrong)


def test_every_time_column_refuses_a_naive_time(world):
    (event,) = world.frame("behaviour_events", {"happened_at": AT}).to_dicts()

    for column in ("happened_at", "known_at"):
        with pytest.raises(SchemaError, match=f"column '{column}' is .* a time with its zone"):
            read(BEHAVIOUR_EVENTS, {**event, column: AT.replace(tzinfo=None)})
