"""What was known of an application, and nothing learned since."""

from datetime import timedelta

import polars as pl
import pytest

from reports.known import SHOWN, UnknownApplicationError, known_facts


def rows(tables, name):
    return next(known for known in known_facts(tables, "a-17").history if known.table.name == name)


def test_rows_learned_at_or_after_the_application_are_not_shown(tables):
    assert rows(tables, "bureau_inquiries").rows["inquiry_id"].to_list() == ["i-past"]


def test_a_column_learned_later_than_its_row_is_empty_until_then(tables):
    loan = rows(tables, "loans").rows.row(0, named=True)

    assert loan["loan_id"] == "n-1"
    assert [loan[name] for name in ("status", "closed_at", "status_known_at")] == [None, None, None]


def test_a_column_learned_before_the_application_is_shown(tables):
    early = tables["loans"].with_columns(status_known_at=pl.col("happened_at") + timedelta(days=60))

    assert rows({**tables, "loans": early}, "loans").rows["status"].to_list() == ["charged_off"]


def test_watchlist_entries_are_those_of_the_same_kind_of_key(tables):
    assert rows(tables, "watchlist").rows["entry_id"].to_list() == ["w-mine"]


def test_neither_truth_nor_outcomes_nor_protected_columns_are_read(tables):
    facts = known_facts(tables, "a-17")

    assert {known.table.name for known in facts.history} == {"bureau_inquiries", "loans", "watchlist", "calls"}
    assert "gender" not in facts.application


def test_only_the_latest_rows_are_shown_and_all_are_counted(tables):
    one = tables["bureau_inquiries"].filter(inquiry_id="i-past")
    many = pl.concat(
        one.with_columns(pl.col("happened_at") - timedelta(days=day), inquiry_id=pl.lit(f"i-{day}"))
        for day in range(SHOWN + 5)
    )
    known = rows({**tables, "bureau_inquiries": many}, "bureau_inquiries")

    assert (known.total, known.rows.height, known.rows["inquiry_id"][-1]) == (SHOWN + 5, SHOWN, "i-0")


def test_absent_tables_are_legal(tables):
    facts = known_facts({"applications": tables["applications"]}, "a-17")

    assert facts.history == ()


def test_an_application_that_is_not_there_is_named(tables):
    with pytest.raises(UnknownApplicationError, match=r"application_id == 'a-99' is not among the 2 applications"):
        known_facts(tables, "a-99")
