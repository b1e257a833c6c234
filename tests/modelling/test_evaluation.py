"""Evaluation: each figure equals the metric on the cases it says it is from; JSON form; size; tables without time."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from modelling.bootstrap import bootstrap_auc
from modelling.calibration import calibrated_pd
from modelling.calibration_metrics import calibration_report
from modelling.discrimination import auc, ks
from modelling.errors import MetricError, RecordError
from modelling.evaluation import Evaluation
from modelling.rate_tests import jeffreys
from modelling.records import from_plain, to_plain
from modelling.splits import stratified
from modelling.stability import psi
from scoring.points import points_of_margin
from scoring.spec import Scale
from scoring.tiers import tier_of


def part(lender, **where):
    """Return label, margin and PD of the labelled cases of one split or month."""
    keep = (lender.frame["split"].is_not_null()).to_numpy()
    for column, value in where.items():
        found = lender.frame["time"].dt.strftime("%Y-%m") if column == "month" else lender.frame[column]
        keep &= (found == value).fill_null(value=False).to_numpy()
    margin = lender.margin[keep]
    return lender.frame["label"].to_numpy()[keep], margin, calibrated_pd(margin, lender.calibration)


@pytest.mark.parametrize("split", ["development", "calibration", "out_of_time"])
def test_a_split_is_measured_on_its_own_labelled_cases(lender, evaluation, split):
    y, margin, pd = part(lender, split=split)

    found = evaluation.on(split)

    assert (found.n, found.bads) == (y.size, y.sum())
    assert found.auc == auc(y, margin)
    assert found.ks == ks(y, margin)
    assert found.calibration == calibration_report(y, pd)
    assert len(found.curve.score) <= 200


def test_the_bootstrap_draws_applicants(lender, evaluation):
    y, margin, _ = part(lender, split="out_of_time")
    applicants = lender.frame.filter(pl.col("split") == "out_of_time")["applicant_id"].to_numpy()

    assert evaluation.on("out_of_time").auc_by_applicant == bootstrap_auc(y, margin, applicants, resamples=200, seed=0)


def test_every_mature_month_is_measured_by_itself(lender, evaluation):
    assert [month.name for month in evaluation.months] == [f"2023-{number:02}" for number in range(1, 13)]
    for found in evaluation.months:
        y, margin, pd = part(lender, month=found.name)
        assert (found.n, found.bads) == (y.size, y.sum())
        assert found.auc == auc(y, margin)
        assert found.mean_pd == pytest.approx(pd.mean())
        assert found.rate.observed == pytest.approx(y.mean())
    assert sum(month.n for month in evaluation.months) == sum(split.n for split in evaluation.splits)


def test_label_statuses_and_rejects_are_counted(lender, evaluation):
    statuses = lender.frame["label_status"]

    assert evaluation.labels.unknown == (statuses == "unknown").sum()
    assert evaluation.labels.pending == (statuses == "pending").sum()
    assert evaluation.labels.total == len(lender.frame)


def test_newcomers_are_the_late_cases_of_applicants_unseen_in_development(lender, evaluation):
    early = set(lender.frame.filter(pl.col("split") == "development")["applicant_id"])
    late = lender.frame.filter(pl.col("split") == "out_of_time")
    new = [person not in early for person in late["applicant_id"]]

    assert evaluation.newcomers.n == sum(new) < len(late)
    assert evaluation.newcomers.bads == late["label"].filter(pl.Series(new)).sum()


@pytest.mark.parametrize("sample", ["development", "out_of_time", "2023-11"])
def test_tier_tables_count_what_the_scorer_would_put_there(lender, evaluation, sample):
    y, _, pd = part(lender, **({"month": sample} if sample.startswith("20") else {"split": sample}))
    names = np.array([tier_of(one, lender.tiers) for one in pd])

    table = evaluation.tier_table(sample)

    for row in table.rows:
        inside = names == row.tier
        assert (row.n, row.bads) == (inside.sum(), y[inside].sum())
        assert row.share == pytest.approx(inside.mean())
        assert row.mean_pd == pytest.approx(pd[inside].mean())
        assert row.rate == jeffreys(row.n, row.bads, row.mean_pd)
    assert table.portfolio.observed == pytest.approx(y.mean())
    assert table.rising == all(np.diff([row.rate.observed for row in table.rows]) > 0)


def test_histograms_hold_every_labelled_case_at_its_points(lender, evaluation):
    for found in evaluation.histograms:
        y, margin, _ = part(lender, split=found.split)
        points = np.array([points_of_margin(one, lender.calibration, Scale()) for one in margin])
        assert found.good == tuple(np.histogram(points[y == 0], found.edges)[0])
        assert sum(found.good) + sum(found.bad) == y.size
        assert len(found.good) <= 50


def test_score_psi_is_of_all_applications_of_a_month(lender, evaluation):
    """Rejects and pending cases count, too: drift shows at the door before labels come."""
    month = lender.frame["time"].dt.strftime("%Y-%m")
    last_early = lender.frame.filter(pl.col("split") == "development")["time"].dt.strftime("%Y-%m").max()
    early, may = (month <= last_early).to_numpy(), (month == "2024-05").to_numpy()

    assert [one.month for one in evaluation.score_psi][-1] == "2024-06"
    found = next(one.psi for one in evaluation.score_psi if one.month == "2024-05")
    assert found == psi(lender.margin[early], lender.margin[may])
    assert found.n_actual == may.sum() > 0


def test_fairness_compares_approval_of_all_and_quality_of_the_labelled(lender, evaluation):
    late = lender.frame.with_columns(
        pd=pl.Series(calibrated_pd(lender.margin, lender.calibration)), month=pl.col("time").dt.strftime("%Y-%m")
    ).filter(pl.col("month").is_in(pl.col("month").filter(pl.col("split") == "out_of_time").unique().implode()))
    rows = {row.group: row for row in evaluation.fairness}

    assert set(rows) == {"female", "male"}
    for group, row in rows.items():
        cases = late.filter(pl.col("protected_gender") == group)
        approved = cases.filter(pl.col("pd") <= lender.tiers[1].upper_pd)
        labelled = cases.filter(pl.col("split").is_not_null())
        assert (row.attribute, row.n, row.approved) == ("gender", len(cases), len(approved))
        assert (row.labelled, row.bads) == (len(labelled), labelled["label"].sum())
    best = max(row.approval_rate for row in rows.values())
    assert [row.approval_ratio for row in rows.values()] == pytest.approx(
        [row.approval_rate / best for row in rows.values()]
    )


def test_json_brings_the_record_back(evaluation):
    text = json.dumps(to_plain(evaluation), allow_nan=False)

    assert from_plain(Evaluation, json.loads(text)) == evaluation


def test_an_altered_record_is_refused(evaluation):
    data = to_plain(evaluation)
    data["splits"][0]["auc"]["value"] = "0.7"

    with pytest.raises(RecordError, match=r"Evaluation.splits\[0\].auc.value == '0.7', must be float"):
        from_plain(Evaluation, data)


def test_a_model_of_150_features_fits_into_a_megabyte(lender):
    random = np.random.default_rng(0)
    names = [f"a_feature_with_a_rather_long_name_{number}" for number in range(150)]
    wide = lender.frame.with_columns(pl.Series(name, random.normal(size=len(lender.frame))) for name in names)
    features = tuple(replace(lender.features[0], name=name) for name in names)

    text = json.dumps(to_plain(replace(lender, frame=wide, features=features).evaluate(resamples=100)))

    assert len(text) < 1_000_000


def test_the_same_arguments_give_the_same_record(lender, evaluation):
    assert lender.evaluate() == evaluation


def test_a_table_without_time_has_no_months(lender):
    frame = lender.frame.with_columns(time=pl.lit(None, dtype=pl.Datetime("us", "UTC")))
    frame = stratified(frame.with_columns(applicant_id=pl.lit(None, dtype=pl.String)), 0)

    found = replace(lender, frame=frame).evaluate()

    assert found.months == ()
    assert [one.month for one in found.score_psi] == ["out_of_time"]
    assert found.newcomers is None
    assert [table.sample for table in found.tier_tables] == ["development", "calibration", "out_of_time"]
    assert sum(part.n for part in found.splits) == found.labels.labelled
    assert found.fairness[0].n == found.fairness[0].labelled


def test_a_month_of_one_class_is_measured_as_far_as_it_goes(lender):
    frame = lender.frame.with_columns(
        label=pl.when((pl.col("time").dt.strftime("%Y-%m") == "2023-12") & (pl.col("label") == 1))
        .then(0)
        .otherwise(pl.col("label"))
        .cast(pl.Int8)
    )

    month = replace(lender, frame=frame).evaluate().months[-1]

    assert (month.name, month.bads, month.auc, month.ks) == ("2023-12", 0, None, None)
    assert month.rate.p > 0.99


def test_what_is_not_there_is_named(evaluation):
    with pytest.raises(KeyError, match="split == 'test', must be one of development, calibration, out_of_time"):
        evaluation.on("test")
    with pytest.raises(KeyError, match="sample == '2030-01', must be one of development"):
        evaluation.tier_table("2030-01")


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda m: m[:-1], r"scores have shape \(8999,\), must be \(9000,\)"), (lambda m: m * np.nan, "score == nan")],
)
def test_margins_that_do_not_fit_are_refused(lender, change, message):
    with pytest.raises(MetricError, match=message):
        lender.evaluate(change(lender.margin))
