"""Labels: which status an outcome gets, in words of the contract and against a slow loop."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features.tables import OUTCOMES
from modelling.errors import LabelError
from modelling.labels import BadDefinition, label, label_counts

PAID_OUT = datetime(2024, 1, 10, 9, tzinfo=UTC)
WINDOW_END = PAID_OUT + timedelta(days=180)


def outcomes(*rows):
    """Return an outcomes table; each row gives days after disbursement, or None."""
    filled = []
    for number, row in enumerate(rows):
        at = {name: None if day is None else PAID_OUT + timedelta(days=day) for name, day in row.items()}
        filled.append(
            {
                "application_id": f"a{number}",
                "decided_at": PAID_OUT,
                "decision": "approved",
                "decided_by": "rules",
                "disbursed_at": at.get("paid_out", PAID_OUT),
                "amount_disbursed": 1000.0,
                "first_30dpd_at": at.get("dpd30"),
                "first_60dpd_at": at.get("dpd60"),
                "observed_until": at.get("until"),
            }
        )
    return pl.DataFrame(filled, schema=OUTCOMES.schema)


def status(definition=None, **row):
    return label(outcomes(row), definition)["label_status"][0]


@pytest.mark.parametrize(
    ("expected", "row"),
    [
        ("good", {"until": 180}),
        ("good", {"until": 400, "dpd30": 181, "dpd60": 211}),
        ("indeterminate", {"until": 180, "dpd30": 180}),
        ("indeterminate", {"until": 400, "dpd30": 150, "dpd60": 181}),
        ("bad", {"until": 180, "dpd30": 100, "dpd60": 130}),
        ("bad", {"until": 400, "dpd30": 150, "dpd60": 180}),
        ("bad", {"until": 131, "dpd30": 100, "dpd60": 130}),  # before its window ended
        ("pending", {"until": 179}),
        ("pending", {"until": 179, "dpd30": 100}),
        ("pending", {}),
        ("unknown", {"paid_out": None}),
    ],
)
def test_each_history_has_its_status(expected, row):
    assert status(**row) == expected


def test_label_is_one_for_bad_zero_for_good_and_null_otherwise():
    table = outcomes({"until": 180}, {"dpd60": 90, "until": 100}, {"dpd30": 90, "until": 180}, {}, {"paid_out": None})

    found = label(table)

    assert found["label"].to_list() == [0, 1, None, None, None]
    assert found.schema == {"application_id": pl.String, "label_status": pl.String, "label": pl.Int8}
    assert found["application_id"].to_list() == table["application_id"].to_list()


def test_sixty_days_late_counts_as_thirty_even_where_the_earlier_day_is_missing():
    definition = BadDefinition(dpd=30, good_dpd=30)

    assert status(definition, dpd60=100, until=180) == "bad"


def test_bad_from_thirty_days_leaves_nothing_in_between():
    definition = BadDefinition(dpd=30, good_dpd=30, window_days=90)

    assert [status(definition, dpd30=day, until=200) for day in (90, 91)] == ["bad", "good"]


days = st.one_of(st.none(), st.integers(1, 400))


@given(st.lists(st.fixed_dictionaries({"dpd30": days, "dpd60": days, "until": days}), min_size=1, max_size=30))
def test_statuses_equal_a_slow_loop(rows):
    definition = BadDefinition()

    def slowly(row):
        late60 = row["dpd60"] is not None and row["dpd60"] <= 180
        late30 = late60 or (row["dpd30"] is not None and row["dpd30"] <= 180)
        if late60:
            return "bad"
        if row["until"] is None or row["until"] < 180:
            return "pending"
        return "indeterminate" if late30 else "good"

    assert label(outcomes(*rows), definition)["label_status"].to_list() == [slowly(row) for row in rows]


@given(st.fixed_dictionaries({"dpd30": days, "dpd60": days}), st.integers(1, 400), st.integers(0, 300))
def test_watching_longer_settles_a_case_and_never_changes_a_settled_one(row, until, longer):
    """What is known later arrives later: a first watch sees only the lateness that had happened by then."""
    seen = {name: day if day is not None and day <= until else None for name, day in row.items()}
    later = {name: day if day is not None and day <= until + longer else None for name, day in row.items()}

    first, second = status(**seen, until=until), status(**later, until=until + longer)

    assert first in {"pending", second}


def test_counts_add_up():
    counts = label_counts(["good", "bad", "good", "unknown", "pending", "indeterminate", "unknown"])

    assert (counts.good, counts.bad, counts.indeterminate, counts.pending, counts.unknown) == (2, 1, 1, 1, 2)
    assert (counts.total, counts.labelled) == (7, 3)


def test_an_unknown_status_is_refused():
    with pytest.raises(LabelError, match="label_status == 'fine', must be one of good, bad"):
        label_counts(["good", "fine"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dpd": 90}, "dpd == 90, must be one of 30, 60"),
        ({"good_dpd": 0}, "good_dpd == 0, must be one of 30, 60"),
        ({"dpd": 30, "good_dpd": 60}, "good_dpd == 60, must be at most dpd == 30"),
        ({"window_days": 59}, "window_days == 59, must be at least dpd == 60"),
    ],
)
def test_definitions_that_outcomes_cannot_tell_are_refused(arguments, message):
    with pytest.raises(LabelError, match=message):
        BadDefinition(**arguments)


def test_two_outcomes_of_one_application_are_refused():
    table = outcomes({"until": 180}, {"until": 10})
    table = table.with_columns(application_id=pl.lit("a0"))

    with pytest.raises(LabelError, match="application 'a0' has more than one outcome"):
        label(table)


def test_a_missing_column_is_named():
    with pytest.raises(LabelError, match="outcomes lack first_60dpd_at"):
        label(outcomes({"until": 180}).drop("first_60dpd_at"))


def test_the_definition_in_words_names_all_three_numbers():
    words = BadDefinition(dpd=60, window_days=120, good_dpd=30).describe()

    assert "60+" in words
    assert "120 days" in words
    assert "30+" in words


def test_an_empty_table_gives_an_empty_one():
    assert_frame_equal(
        label(OUTCOMES.empty()),
        pl.DataFrame(schema={"application_id": pl.String, "label_status": pl.String, "label": pl.Int8}),
    )
