"""The model report says in words what its figures show."""

from dataclasses import replace

import numpy as np
import pytest

from reports import formats
from reports.explained import charts_of, drivers_of
from reports.model import model_report
from reports.model_inputs import Driver
from reports.page import render
from reports.pictures import embedded
from reports.provenance import Origin
from scoring.points import PointsMap
from scoring.spec import Gate

PASSED = Gate(name="better_than_champion", passed=True, found="0.03", needed="0", why="w")
FAILED = Gate(name="calibration", passed=False, found="p 0.001", needed="p 0.01", why="w")


@pytest.fixture(scope="module")
def report(parse, spec):
    def made(evaluation, **more):
        return parse(render(model_report(evaluation, Origin.of_bundle(spec, "9f" * 32), **more))).text()

    return made


def test_the_lead_gives_the_gini_with_its_interval(report, evaluation):
    auc = evaluation.on("out_of_time").auc
    shown = formats.with_interval(auc.gini, auc.gini_lower, auc.gini_upper)

    assert f"{auc.value * 100:.0f} of 100 pairs (Gini {shown})" in report(evaluation)


def test_points_and_pd_are_explained(report, evaluation):
    scale = evaluation.scale
    shown = f"{scale.base_points:.0f} points are odds of {scale.base_odds:.0f} good to 1 bad, and {scale.pdo:.0f} more"

    assert f"points say the same on a scale: {shown} double them" in report(evaluation)


def test_every_split_month_and_tier_is_shown(report, evaluation):
    text = report(evaluation)

    for month in evaluation.months:
        assert month.name in text
    for split in ("development", "calibration", "out of time"):
        assert f"Tiers: {split}" in text


def test_months_too_small_to_be_asked_show_whether_tiers_rise_all_the_same(report, evaluation):
    months = {month.name for month in evaluation.months}

    def asked(*, asked):
        def one(table):
            pairs = tuple(replace(pair, asked=asked, rises=True) for pair in table.pairs)
            return replace(table, pairs=pairs, rising=True) if table.sample in months else table

        return report(replace(evaluation, tier_tables=tuple(one(table) for table in evaluation.tier_tables)))

    assert "No pair of neighbours had enough cases for that to be demanded." in asked(asked=False)
    assert "of these kept the order." in asked(asked=True)


def test_early_labels_of_periods_not_yet_mature_are_counted(report, evaluation):
    told = sum(part.bads for part in evaluation.split.parts)
    early = replace(evaluation, labels=replace(evaluation.labels, bad=told + 7))

    assert "7 of them bad: before a period is mature" in report(early)


def test_rejects_are_counted_in_the_limits(report, evaluation):
    labels = evaluation.labels

    assert f"{labels.unknown:,} of {labels.total:,} applications were not" in report(evaluation)


def test_gates_are_told_with_the_failed_ones_named(report, evaluation):
    assert "1 of 2 failed: calibration." in report(evaluation, gates_found=(PASSED, FAILED))
    assert "All 1 passed." in report(evaluation, gates_found=(PASSED,))
    assert "No gates were given" in report(evaluation)


def test_without_time_nothing_is_said_of_time(report, evaluation_without_time):
    text = report(evaluation_without_time)

    assert "out of time" not in text.lower()
    assert "later cases" not in text
    assert "Gini held out" in text
    assert "The cases carry no time" in text


@pytest.mark.parametrize("p", [0.0001, 0.5, None])
@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ((-0.1, 0.2), "The difference is no larger than chance explains (shift of log-odds 0.05, -0.10 to 0.20)."),
        (
            (0.1, 0.3),
            "That is more than chance: on the whole its PDs are too low (shift of log-odds 0.20, 0.10 to 0.30).",
        ),
        (
            (-0.3, -0.1),
            "more than chance: on the whole its PDs are too high (shift of log-odds -0.20, -0.30 to -0.10).",
        ),
    ],
)
def test_the_level_of_probabilities_is_judged_by_their_shift_and_single_ones_by_their_own_test(
    report, evaluation, bounds, words, p
):
    late = evaluation.on("out_of_time")
    shift = replace(late.calibration.shift, value=sum(bounds) / 2, lower=bounds[0], upper=bounds[1])
    judged = replace(late, calibration=replace(late.calibration, shift=shift, spiegelhalter_p=p))
    other = tuple(part for part in evaluation.splits if part is not late)
    text = report(replace(evaluation, splits=(*other, judged))).replace("−", "-")

    assert words in text
    assert ("Single PDs are off by more than chance (Spiegelhalter p < 0.001)" in text) == (p == 0.0001)


def test_tiers_out_of_order_are_told(report, evaluation):
    table = evaluation.tier_table("out_of_time")
    others = tuple(one for one in evaluation.tier_tables if one is not table)
    fallen = replace(evaluation, tier_tables=(replace(table, rising=False), *others))

    assert "do not rise from tier to tier" in report(fallen)
    assert "do not rise from tier to tier" not in report(
        replace(evaluation, tier_tables=(replace(table, rising=True), *others))
    )


def test_the_lowest_approval_ratio_is_named(report, evaluation):
    low = min(evaluation.fairness, key=lambda row: row.approval_ratio or 9)

    assert f"({low.attribute}: {low.group})" in report(evaluation)


def test_without_protected_columns_fairness_says_so(report, evaluation):
    assert "no protected characteristic" in report(replace(evaluation, fairness=()))


def test_drivers_are_shown_strongest_first(report, evaluation):
    found = (Driver(feature="loans_open_count", mean_points=1.0), Driver(feature="identity_failed", mean_points=7.5))

    assert "Most points move with: what identity_failed counts; what loans_open_count counts" in report(
        evaluation, found=found
    )


def test_contributions_are_turned_into_points(spec):
    contributions = np.array([[0.5, 0.0, 0.0, 0.0, -1.0], [-0.5, 0.0, 0.0, 0.0, -3.0]])
    found = drivers_of(spec.features, contributions, spec.calibration, spec.scale)
    straight = PointsMap.of(spec.calibration, spec.scale)

    assert found[0].feature == "identity_failed"
    assert found[0].mean_points == pytest.approx(straight.points(-1.0) - straight.points(1.0))
    assert found[1].mean_points == pytest.approx(straight.points(-0.5) - straight.points(0.0))


def test_pictures_are_embedded_and_others_passed_over():
    png = b"\x89PNG\r\n\x1a\n rest"
    found = charts_of({"roc.png": png, "shap_beeswarm.png": png, "shap_dependence_x.png": png}, {"x": "what x is"})

    assert len(found) == 2
    assert "what x is" in found[1].caption
    assert all('src="data:image/png;base64,' in chart.svg for chart in found)


def test_bytes_that_are_no_png_are_refused():
    with pytest.raises(ValueError, match=r"must begin as a PNG does"):
        embedded(b"<svg onload=x>", "x")
