"""Promotion gates: a good model passes all, and each fault is stopped by the gate that is named for it."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import special

from modelling.calibration_metrics import calibration_report
from modelling.compare import Scores, compare
from modelling.gates import GateLimits, promotion_gates
from modelling.sweep import FeatureSweep
from scoring.spec import Calibration

KEPT = FeatureSweep(feature="debt", direction=1, cases=100, values=20, broken=0, worst=0.0)
TRUTH = Calibration(slope=1.0, intercept=0.0)


def failed(evaluation, **arguments):
    gates = promotion_gates(evaluation, **({"sweeps": [KEPT]} | arguments))
    assert all(gate.found and gate.needed and gate.why for gate in gates)
    return {gate.name: gate.found for gate in gates if not gate.passed}


def contest(lender, champion, challenger):
    """Compare two margins that are calibrated log-odds."""
    sides = [
        Scores(name=name, margin=m, calibration=TRUTH) for name, m in zip("ab", (champion, challenger), strict=True)
    ]
    return compare(lender.frame, *sides, resamples=200)


def test_a_good_first_model_passes_every_gate(evaluation):
    gates = promotion_gates(evaluation, sweeps=[KEPT])

    assert [gate.name for gate in gates if not gate.passed] == []
    assert [gate.name for gate in gates] == [
        "enough_cases",
        "better_than_chance",
        "calibration_level",
        "calibration_slope",
        "calibration_error",
        "tiers_in_order",
        "monotone",
        "no_leak_suspected",
        "known_in_time",
    ]


def test_a_clearly_better_challenger_passes(lender, evaluation):
    comparison = contest(lender, lender.margin + 2 * np.random.default_rng(0).normal(size=9000), lender.logit)

    assert failed(evaluation, comparison=comparison) == {}


def test_a_challenger_that_is_better_by_noise_is_stopped(lender, evaluation):
    """The same knowledge with a trace of other noise: some such pair always looks better, none should pass."""
    random = np.random.default_rng(0)
    pairs = [
        (lender.logit + 0.3 * random.normal(size=9000), lender.logit + 0.3 * random.normal(size=9000)) for _ in range(5)
    ]
    comparisons = [contest(lender, *pair) for pair in pairs]
    better = [
        one for one in comparisons if 0 < one.delong.difference < 1.5 * (one.delong.difference - one.delong.lower) / 2
    ]

    assert better
    for comparison in better:
        assert "better_than_champion" in failed(evaluation, comparison=comparison)


def test_the_champion_itself_is_stopped(lender, evaluation):
    found = failed(evaluation, comparison=contest(lender, lender.logit, lender.logit))

    assert "+0.0000" in found["better_than_champion"]


def test_both_tests_must_agree(lender, evaluation):
    """A difference that only DeLong finds, which takes repeat applicants as independent, is not enough."""
    comparison = contest(lender, lender.margin + 2 * np.random.default_rng(0).normal(size=9000), lender.logit)
    doubtful = replace(comparison, bootstrap=replace(comparison.bootstrap, p_better=0.2))

    assert list(failed(evaluation, comparison=doubtful)) == ["better_than_champion"]


def test_a_model_that_knows_nothing_is_stopped(lender):
    noise = np.random.default_rng(1).normal(size=9000)

    assert "better_than_chance" in failed(lender.evaluate(noise))


def test_pds_that_are_too_low_are_stopped(lender):
    low = Calibration(slope=lender.calibration.slope, intercept=lender.calibration.intercept - 1)

    found = failed(lender.evaluate(calibration=low))

    assert {"calibration_level", "calibration_error"} <= set(found)
    assert "calibration_slope" not in found


def test_pds_that_are_too_extreme_are_stopped(lender):
    steep = Calibration(slope=2 * lender.calibration.slope, intercept=lender.calibration.intercept - 1)

    assert "calibration_slope" in failed(lender.evaluate(calibration=steep))


def test_a_constant_model_has_no_slope_and_is_stopped(lender):
    assert failed(lender.evaluate(np.full(9000, -2.0)))["calibration_slope"] == "no finite slope fits"


def test_many_cases_do_not_condemn_a_trifle(evaluation):
    """PDs 3 % too high in odds, on 200,000 cases, fail Spiegelhalter's test and are good PDs all the same."""
    random = np.random.default_rng(0)
    logit = random.normal(size=200_000) - 2
    report = calibration_report(random.random(logit.size) < special.expit(logit - 0.03), special.expit(logit))
    splits = (*evaluation.splits[:2], replace(evaluation.splits[2], calibration=report))

    assert report.spiegelhalter_p < 0.01
    assert failed(replace(evaluation, splits=splits)) == {}


def swapped(evaluation, sample, *, asked, scale=1):
    """Turn the observed rates of the two safest tiers of one table round."""
    table = evaluation.tier_table(sample)
    first, second, *rest = table.rows
    a, b = (
        replace(row, n=row.n * scale, bads=round(row.n * scale * rate), rate=replace(row.rate, observed=rate))
        for row, rate in ((first, second.rate.observed), (second, first.rate.observed))
    )
    pair, *others = table.pairs
    pairs = (replace(pair, rises=False, asked=asked), *(replace(one, rises=True) for one in others))
    turned = replace(table, rows=(a, b, *rest), rising=False, pairs=pairs)
    tables = tuple(turned if one.sample == sample else one for one in evaluation.tier_tables)
    return replace(evaluation, tier_tables=tables)


@pytest.mark.parametrize("sample", ["development", "out_of_time"])
def test_tiers_out_of_order_in_a_split_are_stopped(evaluation, sample):
    found = failed(swapped(evaluation, sample, asked=True))

    assert list(found) == ["tiers_in_order"]
    assert found["tiers_in_order"].startswith(f"{sample}: A ")


def test_neighbours_with_enough_cases_in_a_month_must_be_in_order(evaluation):
    month = evaluation.months[-1].name

    assert "tiers_in_order" in failed(swapped(evaluation, month, asked=True))


def test_a_small_month_out_of_order_by_chance_passes_and_beyond_chance_does_not(evaluation):
    month = evaluation.months[-1].name

    assert failed(swapped(evaluation, month, asked=False)) == {}
    assert "tiers_in_order" in failed(swapped(evaluation, month, asked=False, scale=100))


def test_a_broken_promise_of_direction_is_stopped(evaluation):
    broken = FeatureSweep(feature="noise", direction=1, cases=100, values=20, broken=3, worst=0.25)

    found = failed(evaluation, sweeps=[KEPT, broken])

    assert found == {"monotone": "noise in 3 of 100 cases, by up to 0.25"}


def test_a_feature_that_gives_the_outcome_away_is_stopped(lender):
    bad = (lender.frame["label"] == 1).fill_null(value=False)
    frame = lender.frame.with_columns(after=bad.cast(pl.Float64) + pl.Series(np.linspace(0, 0.5, 9000)))
    features = (*lender.features, replace(lender.features[0], name="after"))

    found = failed(replace(lender, frame=frame, features=features).evaluate())

    assert list(found) == ["no_leak_suspected"]
    assert found["no_leak_suspected"].startswith("after with AUC 1.0000")


def test_a_model_that_is_too_good_is_stopped(lender):
    bad = (lender.frame["label"] == 1).fill_null(value=False).to_numpy()

    found = failed(lender.evaluate(lender.margin + 20 * bad))

    assert "the model itself has AUC" in found["no_leak_suspected"]


def test_a_feature_known_after_the_decision_is_stopped_and_others_do_not_matter(evaluation):
    after = {"noise": "instalments.paid_at", "not_used": "calls.minutes"}

    assert failed(evaluation, known_after=after) == {"known_in_time": "noise: instalments.paid_at"}


def test_too_few_cases_are_stopped(evaluation):
    assert "enough_cases" in failed(evaluation, limits=GateLimits(least_cases=100_000))
