from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

import pipelines.promote
from modelling.errors import ExportError, TrackingError
from modelling.gates import GateLimits
from modelling.gradient_boosting import BoostingSettings, GradientBoosting
from modelling.logistic import Logistic
from modelling.registry import aliased
from modelling.tracking import log_run
from modelling.training import train
from pipelines.errors import PipelineError
from pipelines.promote import AlreadyChampionError, PromotionRefusedError, promote
from scoring.bundle import golden_of
from scoring.scorer import Scorer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = BoostingSettings(trees=60)


def logged(store, experiment, dataset, candidate=None, *, seed=3, record=None):
    trained = train(dataset, candidate or GradientBoosting(settings=SMALL), seed=seed, resamples=100)
    return log_run(store, experiment, trained, record or dataset, now=1, code={"version": "1"})


def without(dataset, name):
    return replace(dataset, features=tuple(spec for spec in dataset.features if spec.name != name))


@pytest.fixture(scope="module")
def weak(small_store, small_dataset):
    """Return a run that does not see the income, in the experiment ``weak``."""
    return logged(small_store, "weak", without(small_dataset, "income"))


@pytest.fixture(scope="module")
def strong(small_store, small_dataset):
    """Return a run that sees everything, in the experiment ``strong``."""
    return logged(small_store, "strong", small_dataset)


def promoted(store, experiment, bundle, name, **changes):
    arguments = {"mlruns": store.folder, "experiment": experiment, "bundle": bundle, "now": NOW, "name": name}
    return promote(**(arguments | {"resamples": 200} | changes))


def refused(store, experiment, tmp_path, name, **changes):
    """Return the names of the gates that failed, after checking that nothing was written."""
    with pytest.raises(PromotionRefusedError, match="is not promoted") as caught:
        promoted(store, experiment, tmp_path / "bundle", name, **changes)
    assert not (tmp_path / "bundle").exists()
    assert aliased(store, name, "champion") is None
    failed = [gate.name for gate in caught.value.gates if not gate.passed]
    assert all(f"\n- {one}: found " in str(caught.value) for one in failed)
    return failed


def test_a_model_that_passes_becomes_champion_with_its_bundle(small_store, strong, small_dataset, tmp_path):
    told = []
    found = promoted(small_store, "strong", tmp_path / "b", "passing", progress=lambda _, share: told.append(share))
    scorer = Scorer.load(tmp_path / "b")

    assert all(gate.passed for gate in found.gates)
    assert aliased(small_store, "passing", "champion") == found.registered
    assert (found.registered.version, found.registered.run_id) == (1, strong)
    assert scorer.sha256 == found.bundle_sha256 == found.registered.bundle_sha256
    assert (scorer.spec.version, scorer.spec.provenance.mlflow_run) == ("1", strong)
    assert scorer.spec.policy.approved_tiers
    assert told == sorted(told)
    assert (found.comparison, found.replaced) == (None, None)


def test_the_champion_itself_is_not_promoted_again(small_store, strong, tmp_path):
    promoted(small_store, "strong", tmp_path / "b", "twice")

    with pytest.raises(AlreadyChampionError, match=r"is the champion of 'twice' already \(version 1\)"):
        promoted(small_store, "strong", tmp_path / "b", "twice")


def test_a_second_model_must_be_better_and_the_first_stays_when_it_is_not(small_store, strong, small_dataset, tmp_path):
    first = promoted(small_store, "strong", tmp_path / "b", "held")
    same = logged(small_store, "same", small_dataset, seed=4)

    with pytest.raises(PromotionRefusedError, match="better_than_champion: found AUC") as caught:
        promoted(small_store, "same", tmp_path / "b", "held", run_id=same)

    assert caught.value.comparison.champion.name == f"lightgbm {strong[:8]}"
    assert aliased(small_store, "held", "champion") == first.registered
    assert Scorer.load(tmp_path / "b").sha256 == first.bundle_sha256


def test_a_better_model_replaces_the_champion(small_store, weak, strong, tmp_path):
    first = promoted(small_store, "weak", tmp_path / "b", "replaced")
    second = promoted(small_store, "strong", tmp_path / "b", "replaced")

    assert second.replaced == first.registered
    assert aliased(small_store, "replaced", "champion") == second.registered
    assert aliased(small_store, "replaced", "challenger") == first.registered
    assert second.comparison.delong.difference > 0
    assert Scorer.load(tmp_path / "b").spec.version == "2"


@pytest.mark.parametrize(
    ("gate", "changes"),
    [
        ("enough_cases", {"limits": GateLimits(least_cases=10**6)}),
        ("better_than_chance", {"limits": GateLimits(least_auc=0.999)}),
        ("calibration_level", {"limits": GateLimits(shift=-5.0)}),
        ("calibration_slope", {"limits": GateLimits(slope=50.0)}),
        ("calibration_error", {"limits": GateLimits(ece=-1.0)}),
        ("no_leak_suspected", {"limits": GateLimits(leak_auc=0.5)}),
        ("known_in_time", {"known_after": {"income": "paid out later"}}),
    ],
)
def test_one_gate_alone_refuses(small_store, strong, tmp_path, gate, changes):
    assert refused(small_store, "strong", tmp_path, "never", **changes) == [gate]


def test_a_column_written_after_the_outcome_is_refused(small_store, small_dataset, tmp_path):
    random = np.random.default_rng(0)
    leak = small_dataset.frame["label"].to_numpy() + random.normal(0, 0.4, len(small_dataset.frame))
    leaking = replace(
        small_dataset,
        frame=small_dataset.frame.with_columns(pl.Series("noise", leak)),
    )
    logged(small_store, "leaking", leaking)

    assert "no_leak_suspected" in refused(small_store, "leaking", tmp_path, "never")


def test_a_model_that_breaks_a_direction_is_refused(small_store, small_dataset, tmp_path):
    """Trained with income free to lower risk, declared as if it could only raise it."""
    declared = tuple(replace(spec, direction=1) if spec.name == "income" else spec for spec in small_dataset.features)
    logged(small_store, "crooked", small_dataset, record=replace(small_dataset, features=declared))

    assert refused(small_store, "crooked", tmp_path, "never") == ["monotone"]


def test_tiers_that_turn_round_out_of_time_are_refused(small_store, small_dataset, tmp_path):
    turned = pl.when(pl.col("split") == "out_of_time").then(1 - pl.col("label")).otherwise("label").alias("label")
    logged(small_store, "turned", replace(small_dataset, frame=small_dataset.frame.with_columns(turned)))

    assert "tiers_in_order" in refused(small_store, "turned", tmp_path, "never")


def test_a_scorer_that_disagrees_is_refused(small_store, strong, tmp_path, monkeypatch):
    """The exported trees get another value in one leaf, as a fault of the export would give it."""
    export = pipelines.promote.bundle_from

    def faulty(*arguments, **named):
        bundle = export(*arguments, **named)
        leaves = bundle.trees.leaf_value.copy()
        leaves[0] = np.nextafter(leaves[0], np.inf)
        trees = replace(bundle.trees, leaf_value=leaves)
        requests = [case.features for case in bundle.golden.cases]
        return replace(bundle, trees=trees, golden=golden_of(bundle.spec, trees, bundle.reference, requests))

    monkeypatch.setattr(pipelines.promote, "bundle_from", faulty)

    assert refused(small_store, "strong", tmp_path, "never") == ["scorer_agrees"]


def test_a_linear_run_is_refused(small_store, small_dataset, tmp_path):
    run_id = logged(small_store, "linear", small_dataset, Logistic())

    with pytest.raises(ExportError, match="candidate 'logistic' cannot become a bundle"):
        promoted(small_store, "linear", tmp_path / "b", "never", run_id=run_id)
    with pytest.raises(PipelineError, match="experiment 'linear' holds no 'lightgbm' run"):
        promoted(small_store, "linear", tmp_path / "b", "never")


def test_a_policy_that_is_given_is_the_bundles(small_store, strong, tmp_path):
    first = promoted(small_store, "strong", tmp_path / "one", "asked")
    given = replace(first.policy, control_share=0.5)
    second = promoted(small_store, "strong", tmp_path / "two", "given", policy=given)

    assert second.policy == Scorer.load(tmp_path / "two").spec.policy == given


def test_a_run_that_is_not_there_is_named_with_the_way_out(small_store, strong, tmp_path):
    with pytest.raises(
        TrackingError, match=r"run == 'nosuch' cannot be read: .* Name a run that `bamboo train` printed"
    ):
        promoted(small_store, "strong", tmp_path / "bundle", "nobody", run_id="nosuch")
