"""Splits: by time without immature months, at random with equal rates, and refusals."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from modelling.errors import LabelError, SplitError
from modelling.split_summary import summarise_split
from modelling.splits import by_time, check_trainable, in_mature_periods, stratified

LABEL = {"good": 0, "bad": 1}


def cases(statuses, times=None, applicants=None):
    n = len(statuses)
    return pl.DataFrame(
        {
            "case_id": [f"c{number:04}" for number in range(n)],
            "applicant_id": pl.Series(applicants or [None] * n, dtype=pl.String),
            "time": pl.Series(times or [None] * n, dtype=pl.Datetime("us", "UTC")),
            "label_status": list(statuses),
            "label": pl.Series([LABEL.get(status) for status in statuses], dtype=pl.Int8),
        }
    )


def months(*per_month):
    """Return cases of consecutive months of 2024, each month given by its statuses."""
    statuses = [status for month in per_month for status in month]
    times = [
        datetime(2024, number + 1, 1, tzinfo=UTC) + timedelta(hours=place)
        for number, month in enumerate(per_month)
        for place, _ in enumerate(month)
    ]
    return cases(statuses, times)


MATURE = ["good", "good", "good", "bad"]
IMMATURE = ["bad", "bad", "pending", "pending"]


def by_month(split):
    return {
        month.strftime("%Y-%m"): set(names)
        for month, names in split.group_by(pl.col("time").dt.truncate("1mo"), maintain_order=True)
        .agg("split")
        .iter_rows()
    }


def test_development_comes_first_then_calibration_then_out_of_time():
    found = by_month(by_time(months(*[MATURE] * 8), calibration_share=0.2, out_of_time_share=0.25))

    names = [next(iter(found[month])) for month in sorted(found)]
    assert names == ["development"] * 4 + ["calibration"] * 2 + ["out_of_time"] * 2
    assert all(len(parts) == 1 for parts in found.values())


def test_an_immature_month_is_left_out_with_its_labelled_cases():
    frame = months(MATURE, MATURE, MATURE, IMMATURE)

    found = by_time(frame)

    assert by_month(found)["2024-04"] == {None}
    assert summarise_split(found).left_out == 2


def test_a_late_month_of_early_bads_alone_is_not_taken_for_mature():
    """A small lender's last month may hold one loan, gone bad at once, and no pending one."""
    found = by_time(months(MATURE, MATURE, MATURE, IMMATURE, ["bad", "unknown"]))

    assert by_month(found)["2024-05"] == {None}
    assert by_month(found)["2024-03"] == {"out_of_time"}


def test_a_case_is_split_where_it_is_labelled_and_its_month_is_mature():
    frame = months(MATURE, MATURE, MATURE, IMMATURE, ["bad", "unknown"])
    mature = in_mature_periods(frame)

    assert mature.to_list() == [time.month < 4 for time in frame["time"]]
    expected = mature & frame["label"].is_not_null()
    assert by_time(frame)["split"].is_not_null().to_list() == expected.to_list()


def test_leaving_immature_months_in_would_raise_the_bad_rate():
    """Why maturity matters: the same cases with the rule switched off show twice the bad rate."""
    frame = months(MATURE, MATURE, MATURE, IMMATURE)
    naive = frame.filter(pl.col("label").is_not_null() & (pl.col("time").dt.month() >= 3))["label"].mean()

    kept = by_time(frame).filter(pl.col("split") == "out_of_time")["label"].mean()

    assert kept == pytest.approx(0.25)
    assert naive == pytest.approx(0.5)


def test_cases_without_label_get_no_split():
    frame = months([*MATURE, "unknown", "indeterminate"], MATURE, MATURE)

    found = by_time(frame)

    assert found.filter(pl.col("label").is_null())["split"].null_count() == 2
    assert found.filter(pl.col("label").is_not_null())["split"].null_count() == 0


@settings(max_examples=50)
@given(
    sizes=st.lists(st.integers(1, 12), min_size=3, max_size=15),
    shares=st.tuples(st.floats(0.05, 0.45), st.floats(0.05, 0.45)),
    seed=st.integers(0, 10**6),
)
def test_time_never_runs_backwards_and_shares_are_reached(sizes, shares, seed):
    calibration, late = shares
    frame = months(*[MATURE * size for size in sizes[:12]]).sample(fraction=1, shuffle=True, seed=seed)

    found = by_time(frame, calibration_share=calibration, out_of_time_share=late)

    ends = [found.filter(pl.col("split") == name)["time"] for name in ("development", "calibration", "out_of_time")]
    assert ends[0].max() < ends[1].min()
    assert ends[1].max() < ends[2].min()
    assert_frame_equal(found.drop("split"), frame)
    periods = [end.dt.month().n_unique() for end in ends]
    assert len(ends[2]) >= late * len(frame) or periods[:2] == [1, 1]
    assert len(ends[1]) >= calibration * len(frame) or periods[0] == 1
    first_late_month = int((ends[2].dt.month() == ends[2].dt.month().min()).sum())
    assert len(ends[2]) - first_late_month < late * len(frame)


def test_dates_without_hours_are_split_as_well():
    frame = months(*[MATURE] * 4).with_columns(pl.col("time").dt.date())

    assert by_time(frame)["split"].to_list()[0] == "development"
    assert summarise_split(by_time(frame)).parts[0].first == date(2024, 1, 1).isoformat()


def test_too_few_mature_periods_are_refused_with_the_way_out():
    with pytest.raises(SplitError, match=r"2 mature period\(s\) of 1mo, must be at least 3.*shorter period"):
        by_time(months(MATURE, MATURE, IMMATURE))


def test_nothing_mature_is_refused():
    with pytest.raises(SplitError, match=r"0 mature period\(s\)"):
        by_time(months(["pending"], ["unknown"]))


def test_a_case_without_time_is_refused():
    frame = months(*[MATURE] * 4).with_columns(
        time=pl.when(pl.col("case_id") == "c0003").then(None).otherwise(pl.col("time"))
    )

    with pytest.raises(SplitError, match="1 cases have no time"):
        by_time(frame)


@pytest.mark.parametrize("split", [by_time, lambda f, **g: stratified(f, 0, **g)])
@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"calibration_share": 0}, "calibration_share == 0, must be strictly between 0 and 1"),
        ({"out_of_time_share": 1.5}, "out_of_time_share == 1.5"),
        ({"calibration_share": 0.6, "out_of_time_share": 0.5}, r"== 1\.1, must be below 1"),
    ],
)
def test_shares_out_of_range_are_refused(split, shares, message):
    with pytest.raises(SplitError, match=message):
        split(months(*[MATURE] * 4), **shares)


def test_a_split_of_one_class_is_refused_with_its_counts():
    with pytest.raises(LabelError, match="out_of_time holds 0 bad and 4 good cases"):
        by_time(months(MATURE, MATURE, ["good"] * 4))


@pytest.mark.parametrize("label", [None, float("nan")])
def test_a_missing_label_in_a_split_is_refused(label):
    frame = by_time(months(*[MATURE] * 4)).with_columns(
        label=pl.when(pl.col("case_id") == "c0000").then(pl.lit(label)).otherwise(pl.col("label").cast(pl.Float64))
    )

    with pytest.raises(LabelError, match="1 of 8 labels in development are missing"):
        check_trainable(frame)


def test_a_label_of_two_is_refused():
    frame = by_time(months(*[MATURE] * 4)).with_columns(label=pl.col("label") + 1)

    with pytest.raises(LabelError, match="labels in development are neither 1"):
        check_trainable(frame)


def flat(n=400, rate=0.2, persons=None, seed=0):
    random = np.random.default_rng(seed)
    statuses = np.where(random.random(n) < rate, "bad", "good").tolist()
    applicants = None if persons is None else [f"p{number}" for number in random.integers(0, persons, n)]
    return cases(statuses, applicants=applicants)


def test_stratified_keeps_bad_rates_and_shares():
    frame = flat(1000)

    found = stratified(frame, 7)

    rates = found.group_by("split").agg(pl.col("label").mean(), pl.len()).sort("split")
    assert rates["len"].to_list() == pytest.approx([200, 550, 250], abs=2)
    assert rates["label"].to_list() == pytest.approx([frame["label"].mean()] * 3, abs=0.005)


def test_stratified_keeps_all_cases_of_a_person_together():
    found = stratified(flat(400, persons=150), 1)

    assert found.group_by("applicant_id").agg(pl.col("split").n_unique())["split"].max() == 1
    assert [part.also_in_development for part in summarise_split(found).parts] == [None, 0, 0]


def test_stratified_depends_on_the_seed_and_not_on_the_order_of_rows():
    frame = flat(300)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=3)

    assert_frame_equal(stratified(shuffled, 5).sort("case_id"), stratified(frame, 5).sort("case_id"))
    assert not stratified(frame, 5)["split"].equals(stratified(frame, 6)["split"])


def test_a_case_id_that_equals_an_applicant_id_is_not_that_person():
    frame = flat(400).with_columns(
        applicant_id=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.format("c{}", pl.int_range(pl.len())))
    )

    assert stratified(frame, 0)["split"].null_count() == 0


def test_stratified_refuses_a_table_without_labels():
    with pytest.raises(LabelError, match="no case is labelled good or bad"):
        stratified(cases(["unknown", "pending"]), 0)


def test_repeat_applicants_stay_in_time_order_and_are_counted():
    frame = months(*[MATURE] * 4).with_columns(
        applicant_id=pl.Series(["x", "y", None, "z"] + [None] * 4 + ["x", "u", "x", None] + ["y", "v", "w", "z"])
    )

    parts = summarise_split(by_time(frame, calibration_share=0.25, out_of_time_share=0.25)).parts

    assert [part.name for part in parts] == ["development", "calibration", "out_of_time"]
    assert [part.also_in_development for part in parts] == [None, 2, 2]
    assert [(part.n, part.bads) for part in parts] == [(8, 2), (4, 1), (4, 1)]
    assert parts[2].first == "2024-04-01T00:00:00+00:00"
    assert parts[2].last == "2024-04-01T03:00:00+00:00"
