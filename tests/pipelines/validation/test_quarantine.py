"""Rows kept, repeated and set aside."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from features.tables import TABLES
from pipelines.quarantine import PARENT, REASON, orphans, split, without_exact_duplicates

CHECKS = TABLES["identity_checks"]


def checks(*rows):
    """Identity checks of (key, application, passed)."""
    filled = [{"check_id": key, "application_id": parent, "passed": passed} for key, parent, passed in rows]
    empty = dict.fromkeys(CHECKS.schema)
    return pl.DataFrame([empty | row for row in filled], schema=CHECKS.schema)


drawn_rows = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from(["x", "y"]), st.booleans()), max_size=12
)


@given(rows=drawn_rows)
@settings(max_examples=100)
def test_equal_rows_leave_the_first_and_keep_the_order(rows):
    expected = list(dict.fromkeys(rows))

    kept = without_exact_duplicates(CHECKS, checks(*rows))

    assert kept.select("check_id", "application_id", "passed").rows() == expected


@given(rows=drawn_rows, lost=st.lists(st.sampled_from(["x", "y"])), faults=st.lists(st.booleans(), min_size=24))
@settings(max_examples=100)
def test_every_row_is_kept_or_set_aside_with_its_reasons(rows, lost, faults):
    frame = checks(*rows)
    one, two = faults[: len(rows)], faults[12 : 12 + len(rows)]
    broken = pl.DataFrame({"one": one, "two": two}, schema={"one": pl.Boolean, "two": pl.Boolean})
    orphaned = orphans(CHECKS, frame, {"applications": pl.Series(lost, dtype=pl.String)})

    parts = split(frame, broken, orphaned)

    expected = [
        ";".join(name for name, fault in (("one", first), ("two", second)) if fault)
        or (PARENT if row[1] in lost else "")
        for row, first, second in zip(rows, one, two, strict=True)
    ]
    assert parts.quarantined[REASON].to_list() == [reason for reason in expected if reason]
    assert len(parts.kept) == expected.count("")
    assert parts.own == sum(first or second for first, second in zip(one, two, strict=True))
    assert parts.by_reason == {
        name: count for name, count in (("one", sum(one)), ("two", sum(two)), (PARENT, expected.count(PARENT))) if count
    }


def test_a_row_that_refers_to_nothing_has_lost_nothing():
    loans = TABLES["loans"]
    frame = pl.DataFrame([dict.fromkeys(loans.schema)], schema=loans.schema)

    assert orphans(loans, frame, {"applications": pl.Series(["A1"])}).to_list() == [False]
