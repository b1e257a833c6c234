from dataclasses import replace

import polars as pl
import pytest
from typer.testing import CliRunner

from modelling.gradient_boosting import GradientBoosting
from modelling.logistic import Logistic
from modelling.registry import register, set_alias
from modelling.scorecard import Scorecard
from modelling.stored_runs import load_run
from modelling.tracking import log_run
from modelling.training import train
from pipelines.cli_app import app
from pipelines.compare import compare_runs
from pipelines.contest import IncomparableError, contest


def logged(store, experiment, candidate, dataset, *, seed=3, now=1):
    return log_run(store, experiment, train(dataset, candidate, seed=seed, resamples=120), dataset, now=now, code={})


@pytest.fixture(scope="module")
def runs(small_store, small_dataset):
    """Return a run of trees and a logistic one in the experiment ``pair``."""
    return {
        name: logged(small_store, "pair", candidate, small_dataset)
        for name, candidate in (("lightgbm", GradientBoosting()), ("logistic", Logistic()))
    }


def test_without_a_champion_the_first_candidate_is_held_against_the_others(runs, small_store):
    found = compare_runs(mlruns=small_store.folder, experiment="pair", name="unregistered", resamples=120)

    assert found.champion.run_id == runs["lightgbm"]
    assert [run.run_id for run in found.challengers] == [runs["logistic"]]
    assert found.registered is None


def test_the_comparison_is_paired_on_out_of_time_cases(runs, small_store, small_dataset):
    found = compare_runs(mlruns=small_store.folder, experiment="pair", name="unregistered", resamples=120)
    only = found.comparisons[0]

    assert only.split == "out_of_time"
    assert only.n == len(small_dataset.part("out_of_time"))
    assert only.delong.a == found.champion.evaluation.on("out_of_time").auc.value
    assert only.delong.b == found.challengers[0].evaluation.on("out_of_time").auc.value
    assert sum(cell.n for cell in only.swap_set.cells) == only.n
    assert [cell.amount is not None for cell in only.swap_set.cells] == [True] * 4


def test_the_registered_champion_is_taken(runs, small_store):
    version = register(small_store, "linear", runs["logistic"], version=1, bundle_sha256="aa")
    set_alias(small_store, version, "champion")
    found = compare_runs(mlruns=small_store.folder, experiment="pair", name="linear", resamples=120)

    assert (found.champion.run_id, found.registered) == (runs["logistic"], 1)
    assert [run.run_id for run in found.challengers] == [runs["lightgbm"]]


def test_a_named_run_is_the_registered_champion_only_where_it_is_that(runs, small_store):
    version = register(small_store, "named", runs["logistic"], version=1, bundle_sha256="aa")
    set_alias(small_store, version, "champion")
    found = [
        compare_runs(
            mlruns=small_store.folder, experiment="pair", name="named", champion=runs[candidate], resamples=120
        ).registered
        for candidate in ("logistic", "lightgbm")
    ]

    assert found == [1, None]


def test_named_runs_are_taken(runs, small_store):
    found = compare_runs(
        mlruns=small_store.folder,
        experiment="pair",
        champion=runs["logistic"],
        challengers=[runs["lightgbm"]],
        resamples=120,
    )

    assert (found.champion.record.candidate, found.challengers[0].record.candidate) == ("logistic", "lightgbm")


def test_a_challenger_that_lacks_features_is_left_out_and_told(small_store, small_dataset):
    """Only where nobody named it: an old run must not keep the others from being compared."""
    narrow = replace(small_dataset, features=tuple(spec for spec in small_dataset.features if spec.name != "income"))
    narrow = replace(narrow, frame=narrow.frame.drop("income"))
    runs = [
        logged(small_store, "mixed", candidate, dataset)
        for candidate, dataset in (
            (GradientBoosting(), small_dataset),
            (Scorecard(), small_dataset),
            (Logistic(), narrow),
        )
    ]
    asked = {"mlruns": small_store.folder, "experiment": "mixed", "name": "unregistered", "resamples": 120}
    found = compare_runs(**asked)

    assert [run.run_id for run in found.challengers] == [runs[1]]
    assert len(found.comparisons) == len(found.left_out) == 1
    assert f"run {runs[2]} (" in found.left_out[0]
    assert "was trained without 1 feature(s)" in found.left_out[0]
    with pytest.raises(IncomparableError, match=r"without 1 feature\(s\) .* name another \(--challenger\)"):
        compare_runs(**asked, challengers=[runs[2]])


def test_the_command_prints_a_line_per_challenger_and_what_was_not_compared(runs, small_store):
    words = ["compare", "--mlruns", str(small_store.folder), "--experiment"]
    pair, mixed = (CliRunner().invoke(app, [*words, name]).stdout for name in ("pair", "mixed"))

    assert f"logistic {runs['logistic'][:8]}" in pair
    assert "not compared" not in pair
    assert "not compared: run " in mixed


def test_a_champion_alone_is_refused(small_store, small_dataset):
    logged(small_store, "alone", Logistic(), small_dataset)

    with pytest.raises(IncomparableError, match="experiment 'alone' holds no run besides"):
        compare_runs(mlruns=small_store.folder, experiment="alone", name="unregistered")


def test_a_champion_of_another_dataset_scores_the_cases_anew_and_those_it_knows_are_left_out(
    runs, small_store, small_dataset
):
    late = small_dataset.part("out_of_time")["case_id"]
    seen = late[: len(late) // 2]
    earlier = replace(
        small_dataset,
        frame=small_dataset.frame.with_columns(
            pl.when(pl.col("case_id").is_in(seen.implode()))
            .then(pl.lit("development"))
            .otherwise("split")
            .alias("split")
        ),
    )
    champion = logged(small_store, "earlier", Logistic(), earlier)
    found = contest(
        small_store, load_run(small_store, champion), load_run(small_store, runs["lightgbm"]), resamples=120
    )

    assert found.n == len(late) - len(seen)


def test_a_champion_that_knows_every_case_is_refused(runs, small_store, small_dataset):
    swapped = replace(
        small_dataset,
        frame=small_dataset.frame.with_columns(
            pl.col("split").replace({"out_of_time": "development", "development": "out_of_time"})
        ),
    )
    champion = logged(small_store, "knowing", Logistic(), swapped)

    with pytest.raises(IncomparableError, match="was trained on every case that run"):
        contest(small_store, load_run(small_store, champion), load_run(small_store, runs["lightgbm"]))


def test_a_champion_whose_features_are_not_there_is_refused(runs, small_store, small_dataset):
    fewer = replace(
        small_dataset,
        frame=small_dataset.frame.drop("noise"),
        features=tuple(spec for spec in small_dataset.features if spec.name != "noise"),
    )
    challenger = logged(small_store, "fewer", Logistic(), fewer)

    with pytest.raises(IncomparableError, match=r"was trained without 1 feature.* noise"):
        contest(small_store, load_run(small_store, runs["lightgbm"]), load_run(small_store, challenger))
