"""The comparison says who is better, and says when that cannot be told."""

from dataclasses import replace

import pytest

from reports.comparison import comparison_report
from reports.page import render


@pytest.fixture(scope="module")
def report(parse):
    return lambda comparison: parse(render(comparison_report(comparison))).text()


@pytest.mark.parametrize(
    ("lower", "upper", "words"),
    [
        (0.01, 0.05, "ranks cases better than"),
        (-0.01, 0.05, "can't be told apart from chance"),
        (-0.05, -0.01, "ranks cases worse than"),
    ],
)
def test_the_lead_follows_the_interval(report, comparison, lower, upper, words):
    test = replace(comparison.bootstrap, difference=(lower + upper) / 2, lower=lower, upper=upper)

    assert words in report(replace(comparison, bootstrap=test))


@pytest.mark.parametrize(("registered", "words"), [(3, "version 3"), (None, "in its place: not registered")])
def test_a_model_that_stands_in_for_the_champion_is_said_to(comparison, parse, registered, words):
    text = parse(render(comparison_report(comparison, registered=registered))).text()

    assert f"{comparison.champion.name}, {words}" in text


def test_the_swap_set_counts_every_application(report, comparison):
    text = report(comparison)

    for cell in comparison.swap_set.cells:
        assert f"{cell.n:,}" in text
    assert "newly approved" in text


def test_every_month_is_shown(report, comparison):
    text = report(comparison)

    for month in comparison.months:
        assert month.month in text


def test_without_time_the_months_say_so(report, comparison):
    assert "The cases carry no time" in report(replace(comparison, months=()))


@pytest.mark.parametrize(
    ("months", "words", "other"), [(True, "out of time", "held out"), (False, "held out", "out of")]
)
def test_cases_are_called_out_of_time_only_where_there_is_time(report, comparison, months, words, other):
    text = report(comparison if months else replace(comparison, months=()))

    assert f"labelled cases {words}" in text
    assert other not in text


def test_the_dataset_and_the_way_of_every_interval_are_named(report, comparison):
    text = report(replace(comparison, dataset="5e" * 32))

    for words in ("5e" * 32, "Gini (DeLong)", "Gini (bootstrap)", "DeLong p", "bootstrap p", "draws of applicants"):
        assert words in text


def test_calibration_is_drawn_on_one_scale_for_both_models(parse, comparison):
    bins = comparison.challenger.calibration.bins
    wide = replace(bins[-1], upper=0.93)
    other = replace(comparison.challenger.calibration, bins=(*bins[:-1], wide))
    page = render(comparison_report(replace(comparison, challenger=replace(comparison.challenger, calibration=other))))
    section = page[page.index("Calibration</h2>") : page.index("Who would be decided otherwise</h2>")]

    assert section.count(">100 %<") == 4  # the end of both axes, in both drawings


def test_a_swap_without_labels_is_not_compared(report, comparison):
    cells = tuple(replace(cell, bad_rate=None, lower=None, upper=None) for cell in comparison.swap_set.cells)

    unlabelled = replace(comparison, swap_set=replace(comparison.swap_set, cells=cells))

    assert "Too few of them are labelled" in report(unlabelled)
