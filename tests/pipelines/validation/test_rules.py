"""Rules against a slow obvious loop, against one planted row each, and Polars against Great Expectations."""

from __future__ import annotations

import sys
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.tables import TABLES, WATCHLIST
from pipelines.business_rules import business_rules
from pipelines.checked import check_rules
from pipelines.contract_rules import PLAIN_TEXT, contract_rules, with_flags
from pipelines.errors import ExpectationRaisedError, ExpectationsDisagreeError
from pipelines.expectations import agree
from pipelines.quarantine import broken_rules
from pipelines.rules import Between, Holds, InSet, NotBefore, NotNull, Rule, Unique
from scoring.encode import text_problem

LATER = timedelta(days=1)
END = datetime(2024, 7, 1, tzinfo=UTC)


def rule(check):
    return Rule(id="it", says="it holds", check=check)


numbers = st.one_of(st.none(), st.integers(-3, 3).map(float), st.just(float("inf")))
times = st.one_of(st.none(), st.integers(0, 5).map(lambda days: END + timedelta(days=days)))
words = st.one_of(st.none(), st.sampled_from(["a", "b", "A", "", "ä"]))
rows = st.lists(st.tuples(numbers, times, times, words), min_size=1, max_size=12)

LOOPS = {
    "not null": (NotNull("number"), lambda row, _: row["number"] is None),
    "in set": (InSet("word", ("a", "b")), lambda row, _: row["word"] is not None and row["word"] not in ("a", "b")),
    "between": (Between("number", -1, 2), lambda row, _: row["number"] is not None and not -1 <= row["number"] <= 2),
    "upper only": (Between("number", upper=2), lambda row, _: row["number"] is not None and row["number"] > 2),
    "not after": (
        Between("one", upper=END + LATER),
        lambda row, _: row["one"] is not None and row["one"] > END + LATER,
    ),
    "not before": (
        NotBefore("one", "two"),
        lambda row, _: None not in (row["one"], row["two"]) and row["one"] < row["two"],
    ),
    "unique": (
        Unique("word"),
        lambda row, all_rows: row["word"] is not None and sum(other["word"] == row["word"] for other in all_rows) > 1,
    ),
}


def frame_of(drawn):
    time = pl.Datetime("us", "UTC")
    schema = {"number": pl.Float64, "one": time, "two": time, "word": pl.String}
    return pl.DataFrame(drawn, schema=schema, orient="row")


@pytest.mark.parametrize("name", LOOPS)
@given(drawn=rows)
@settings(max_examples=40)
def test_a_rule_finds_what_a_loop_finds(name, drawn):
    check, loop = LOOPS[name]
    frame = frame_of(drawn)
    expected = [bool(loop(row, frame.to_dicts())) for row in frame.to_dicts()]

    assert broken_rules(frame, [rule(check)])["it"].to_list() == expected


@given(drawn=rows)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_great_expectations_finds_as_many_rows_as_polars(suites, drawn):
    frame = frame_of(drawn).with_columns(flag=pl.col("word").fill_null("") != "A")
    named = {**{name: check for name, (check, _) in LOOPS.items()}, "holds": Holds("flag", ("word",))}
    rules = [Rule(id=name, says=name, check=check) for name, check in named.items()]
    broken = broken_rules(frame, rules)

    outcomes = suites.run_rules("watchlist", frame, rules)

    assert {outcome.rule: outcome.unexpected for outcome in outcomes} == {name: broken[name].sum() for name in named}
    agree(TABLES["watchlist"], outcomes, broken)


def test_counts_that_differ_are_not_believed(suites):
    frame = frame_of([(1.0, END, END, "a"), (None, END, END, "b")])
    outcomes = suites.run_rules("watchlist", frame, [rule(NotNull("number"))])

    with pytest.raises(ExpectationsDisagreeError, match=r"watchlist: .* it: 1 against 0"):
        agree(TABLES["watchlist"], outcomes, pl.DataFrame({"it": [False, False]}))


def test_an_expectation_that_breaks_is_an_error_and_not_a_failed_check(suites):
    frame = frame_of([(1.0, END, END, "a")])

    with pytest.raises(
        ExpectationRaisedError, match=r"loans: 1 expectation\(s\) could not be evaluated: it: .* of the same type"
    ):
        suites.run_rules("loans", frame, [rule(Between("word", 0, 1))])


LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)


def _contract_plants(table):
    plants = {"known_before_happened": {"known_at": LONG_AGO}}
    for column in table.columns:
        wrong = {"null": None, "not_allowed": "no such value"}
        if column.upper is not None or column.lower is not None:
            wrong["out_of_bounds"] = column.lower - 1 if column.lower is not None else column.upper + 1
        for fault, value in wrong.items():
            plants[f"{column.name}_{fault}"] = {column.name: value}
        if column.dtype == pl.Datetime("us", "UTC"):
            plants[f"{column.name}_in_future"] = {column.name: END + LATER}
            plants["impossible_time"] = {column.name: datetime(1, 1, 1, tzinfo=UTC)}
    return plants


PLANTS = {
    "applications": {
        "not_finite": {"declared_income": float("nan")},
        "unreadable_text": {"region": "guang\u202edong"},
        "impossible_age": {"birth_date": date(1890, 1, 1)},
    },
    "identity_checks": {
        "not_finite": {"match_score": float("-inf")},
        "unreadable_text": {"applicant_id": ""},
        "unknown_application_id": {"application_id": "nobody's"},
        "applicant_differs_from_applications": {"applicant_id": "somebody else"},
    },
    "behaviour_events": {"not_finite": {"seconds": float("nan")}, "unreadable_text": {"session_id": "s" * 201}},
    "bureau_inquiries": {"unreadable_text": {"lender_id": "a\0b"}},
    "watchlist": {
        "unreadable_text": {"key_hash": "\n"},
        "expires_at_before_happened_at": {"expires_at": LONG_AGO},
    },
    "loans": {
        "not_finite": {"amount": float("nan")},
        "unreadable_text": {"lender_id": "\u2066"},
        "closed_at_before_happened_at": {"closed_at": LONG_AGO},
        "status_known_at_before_closed_at": {"status_known_at": LONG_AGO},
        "happened_at_before_applications_applied_at": {"happened_at": LONG_AGO},
        "ending_half_known": {"status": None},
        "application_of_other_lender": {"lender_type": "bank"},
        "instalments_exceed_loan": {"amount_repayable": 5.0},
        "instalments_fall_short": {"amount_repayable": 9_000.0},
        "unknown_application_id": {"application_id": "nobody's"},
        "applicant_differs_from_applications": {"applicant_id": "somebody else"},
    },
    "instalments": {
        "not_finite": {"amount_paid": float("inf")},
        "unreadable_text": {"applicant_id": "\x7f"},
        "payment_known_at_before_paid_at": {"payment_known_at": LONG_AGO},
        "happened_at_before_loans_happened_at": {"happened_at": LONG_AGO},
        "payment_half_known": {"paid_at": None},
        "number_beyond_term": {"number": 4},
        "number_given_twice": {"number": 1},
        "unknown_loan_id": {"loan_id": "nobody's"},
        "applicant_differs_from_loans": {"applicant_id": "somebody else"},
    },
    "calls": {
        "not_finite": {"minutes": float("nan")},
        "unreadable_text": {"call_id": "a\x1bb"},
        "happened_at_before_applications_applied_at": {"happened_at": LONG_AGO},
        "verified_without_answer": {"reached": False, "verified_income": 1.0, "disposition": "not_reached"},
        "reached_contradicts_disposition": {"reached": True, "disposition": "not_reached"},
        "unknown_application_id": {"application_id": "nobody's"},
        "applicant_differs_from_applications": {"applicant_id": "somebody else"},
    },
    "outcomes": {
        "not_finite": {"amount_disbursed": float("nan")},
        "unreadable_text": {"application_id": "\u200f"},
        "decided_at_before_applications_applied_at": {"decided_at": LONG_AGO},
        "disbursed_at_before_decided_at": {"disbursed_at": LONG_AGO},
        "first_30dpd_at_before_disbursed_at": {"first_30dpd_at": LONG_AGO},
        "first_60dpd_at_before_first_30dpd_at": {"first_30dpd_at": END, "first_60dpd_at": LONG_AGO},
        "observed_until_before_disbursed_at": {"observed_until": LONG_AGO},
        "observed_until_before_first_30dpd_at": {"first_30dpd_at": END, "observed_until": LONG_AGO},
        "observed_until_before_first_60dpd_at": {"first_60dpd_at": END, "observed_until": LONG_AGO},
        "disbursed_without_approval": {"decision": "declined"},
        "disbursement_half_known": {"amount_disbursed": None},
        "past_due_without_loan": {"disbursed_at": None, "first_30dpd_at": END},
        "60_days_without_30": {"first_30dpd_at": None, "first_60dpd_at": END},
        "unknown_application_id": {"application_id": "nobody's"},
    },
}


def _rules(name):
    return (*contract_rules(TABLES[name]), *business_rules(TABLES[name], END))


def test_validation_sets_aside_the_texts_that_the_scorer_refuses():
    """Otherwise a model could be trained on a text that no case may then bear. Of every character that Python knows."""
    known = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) not in {"Cn", "Cs"}]
    table = WATCHLIST.empty().select("key_hash").clear(len(known)).with_columns(key_hash=pl.Series(known))
    only = replace(WATCHLIST, columns=tuple(column for column in WATCHLIST.columns if column.name == "key_hash"))
    passed = with_flags(only, table)[PLAIN_TEXT].to_list()

    assert passed == [text_problem(character) is None for character in known]
    assert {"\u2028", "\u200b", "\u202e", "\x85"} <= {c for c, fine in zip(known, passed, strict=True) if not fine}


@pytest.mark.parametrize("name", PLANTS)
def test_every_rule_of_a_table_finds_the_row_planted_for_it(suites, good_tables, name):
    """One row is planted per rule; every rule must find its own, and rows without a plant must break none."""
    table, frame = TABLES[name], good_tables[name]
    known = {rule.id for rule in _rules(name)} - {"conflicting_duplicate"}
    plants = {fault: change for fault, change in (_contract_plants(table) | PLANTS[name]).items() if fault in known}
    frame = frame.filter(_paid_in_full(name)) if name in ("loans", "instalments", "outcomes") else frame
    # every third row is planted, so that no plant stands beside another of the same loan
    plan = {3 * place + (1 if name == "instalments" else 0): item for place, item in enumerate(plants.items())}
    dirty = frame.to_dicts()
    for row, (_, change) in plan.items():
        dirty[row] |= change
    tables = {**good_tables, name: pl.DataFrame(dirty, schema=table.schema)}

    found = check_rules(suites, TABLES, tables, name, END).broken

    assert known == set(plants), "a rule without a plant is not tested"
    assert {fault for row, (fault, _) in plan.items() if not found[fault][row]} == set()
    clean = [row for row in range(len(frame)) if row not in plan]
    allowed = {"number_given_twice"}  # its partner breaks it, too
    assert {fault for fault in found.columns if fault not in allowed and found[fault].gather(clean).any()} == set()


def _paid_in_full(name):
    if name == "outcomes":
        return pl.col("disbursed_at").is_not_null()
    return pl.col("status").is_not_null() if name == "loans" else pl.lit(value=True)


def test_a_sum_with_a_doubtful_part_is_not_judged(suites, good_tables):
    """A wrong instalment is set aside for its own reason; its loan is not blamed for the sum."""
    loan = good_tables["instalments"]["loan_id"][0]
    wrong = pl.when(pl.col("instalment_id") == f"{loan}-1").then(-1e6).otherwise("amount_due").alias("amount_due")
    tables = {**good_tables, "instalments": good_tables["instalments"].with_columns(wrong)}

    assert check_rules(suites, TABLES, tables, "loans", END).bad == 0
    assert check_rules(suites, TABLES, tables, "instalments", END).bad == 1
