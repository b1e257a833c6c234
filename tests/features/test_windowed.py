"""Windows, null laws and names of windowed features, over every one of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from features.aggregates import COUNT, MAX
from features.build import build
from features.catalogue import CATALOGUE
from features.history import History
from features.loan_views import INQUIRIES, INSTALMENT_VIEW
from features.tables import TABLES
from features.windowed import Windowed, span, windows

WINDOWED = {name: feature for name, feature in CATALOGUE.items() if isinstance(feature, Windowed)}
LIMITED = {name: feature for name, feature in WINDOWED.items() if feature.window is not None}
NOTHING_EARLIER = timedelta(days=3000)
TICK = timedelta(microseconds=1)


def empty_of(feature):
    return 0.0 if feature.aggregate.counts else None


@pytest.fixture(scope="module")
def seen(world):
    """Build with rows of every kind at one age only."""
    built = {}

    def at(age):
        if age not in built:
            known = world.applied_at - age
            built[age] = build(world.together(world.me(), world.everything(age, known)), only=["A"])
        return built[age]

    return at


@pytest.mark.parametrize("name", LIMITED)
def test_a_row_at_the_very_start_of_the_window_counts(name, seen):
    value = seen(LIMITED[name].window)[name][0]

    assert value is not None
    assert not LIMITED[name].aggregate.counts or value > 0


@pytest.mark.parametrize("name", LIMITED)
def test_a_row_a_microsecond_before_the_window_does_not(name, seen):
    feature = LIMITED[name]

    assert seen(feature.window + TICK)[name][0] == empty_of(feature)


@pytest.mark.parametrize("name", LIMITED)
def test_without_a_row_in_the_window_a_count_is_0_and_the_rest_null(name, seen):
    assert seen(NOTHING_EARLIER)[name][0] == empty_of(LIMITED[name])


@pytest.mark.parametrize("name", WINDOWED)
def test_without_any_known_history_every_number_is_null(name, world, seen_without_history):
    by_key = WINDOWED[name].history.view.matched == "key"
    nobody_listed = 0.0 if WINDOWED[name].aggregate.counts else None

    assert seen_without_history[name][0] == (nobody_listed if by_key else None)


@pytest.fixture(scope="module")
def seen_without_history(world):
    return build(world.me())


def test_another_applicants_history_is_not_ones_own(world, history):
    others = history(bureau_inquiries=[{"applicant_id": "Q", "happened_at": world.applied_at - timedelta(days=1)}])

    assert build(others)["inquiries_count_365d"][0] is None


def test_own_loans_and_others_are_told_apart_and_known_by_the_same_table(world, history):
    lent = {"happened_at": world.applied_at - timedelta(days=9)}
    own, other = (build(history(loans=[{**lent, "lender_type": kind}])) for kind in ("own", "bank"))

    columns = ["loans_count_365d", "own_loans_count", "loans_amount_max", "own_loans_amount_max"]
    assert own.select(columns).row(0) == (0, 1, None, 1000)
    assert other.select(columns).row(0) == (1, 0, 1000, None)


def says_that_nothing_is_known(words):
    """Say whether a null law is ruled out where any loan and any instalment is known, and everything is stated."""
    parts = words.split(", or ")
    none = [part.startswith(("no loan", "no open loan", "no instalment")) for part in parts]
    narrower = any(word in part for part in parts for word in ("elsewhere ", "with us is", "of a bank"))
    return any(none) and not narrower and all(no or "not stated" in part for no, part in zip(none, parts, strict=True))


ABOUT_LOANS = [name for name, one in CATALOGUE.items() if says_that_nothing_is_known(one.meaning.null_means)]


@pytest.fixture(scope="module", params=["own", "bank"])
def with_one_loan(request, world, history):
    """Build with a single loan of one lender, of which one instalment fell due."""
    lent, due = ({"loan_id": "L", "happened_at": world.applied_at - timedelta(days=days)} for days in (60, 30))
    return build(history(loans=[{**lent, "lender_type": request.param}], instalments=[due]), features=ABOUT_LOANS)


@pytest.mark.parametrize("name", ABOUT_LOANS)
def test_null_does_not_say_that_nothing_is_known_where_a_loan_of_any_lender_is(name, with_one_loan):
    assert with_one_loan[name][0] is not None


def test_reviews_of_running_loans_and_own_inquiries_are_not_inquiries_elsewhere(world, history):
    row = {"happened_at": world.applied_at - timedelta(days=9)}
    rows = [{**row, "purpose": "post_loan"}, {**row, "lender_type": "own"}, row]

    assert build(history(bureau_inquiries=rows))["inquiries_count_365d"][0] == 1


def test_every_windowed_feature_reads_a_table_with_both_times():
    for feature in WINDOWED.values():
        assert feature.history.view.happened in TABLES[feature.history.view.table.name].schema


def test_names_are_derived():
    history = History(stem="instalments", source="bureau", group="delinquency", view=INSTALMENT_VIEW)

    def named(aggregate, *days, **more):
        return [feature.name for feature in windows(history, aggregate, "", "", *days, **more)]

    assert named(MAX, column="days_past_due") == ["instalments_days_past_due_max"]
    assert named(MAX, 30, 90, column="days_past_due") == [
        "instalments_days_past_due_max_30d",
        "instalments_days_past_due_max_90d",
    ]
    assert named(COUNT, where=("late", "first")) == ["instalments_late_first_count"]


def test_texts_name_the_window():
    (within,) = windows(INQUIRIES, COUNT, "{days} days", "{days}天", 30)

    assert (within.meaning.en, within.meaning.zh) == ("30 days", "30天")


def test_the_null_law_follows_from_the_aggregate_and_the_history():
    (count,), (worst,), (own,) = (
        windows(INQUIRIES, COUNT, "", "", 30),
        windows(INQUIRIES, MAX, "", "", 30, column="days_ago"),
        windows(INQUIRIES, MAX, "", "", 30, column="days_ago", null="own law"),
    )

    assert count.meaning.null_means == "no inquiry about the applicant is known"
    assert worst.meaning.null_means == "no such row in the window, or no inquiry about the applicant is known"
    assert own.meaning.null_means == "own law"


@pytest.mark.parametrize(
    ("window", "text"),
    [(None, ""), (timedelta(days=30), "30d"), (timedelta(hours=6), "6h"), (timedelta(hours=36), "36h")],
)
def test_a_window_is_written_in_days_or_hours(window, text):
    assert span(window) == text
