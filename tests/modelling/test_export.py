from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from modelling.errors import ExportError
from modelling.export import UNFAMILIAR_QUANTILE, export_bundle
from modelling.golden_requests import golden_requests, unseen_word
from modelling.logistic import Logistic
from scoring.bundle import files_of, write_bundle
from scoring.call_value import group_numbers
from scoring.reference import distances
from scoring.scorer import Scorer
from scoring.spec import Economics, FeatureSpec, Policy

POLICY = Policy(
    approved_tiers=("A", "B"),
    economics=Economics(amount_feature="asked"),
    multi_lender_groups=(),
    network_groups=(),
)


def exported(trained, dataset, policy=POLICY):
    return export_bundle(
        trained,
        dataset,
        policy,
        name="small",
        version="1",
        created_at="2024-06-01T00:00:00+00:00",
        code={"version": "1.2.3", "package.lightgbm": "4.7"},
        run_id="r1",
    )


@pytest.fixture(scope="module")
def bundle(small_trained, small_dataset):
    return exported(small_trained, small_dataset)


def test_scorer_gives_the_margins_and_pds_of_training(bundle, small_trained, small_dataset):
    scorer = Scorer(bundle)
    margins = scorer.margins(small_dataset.matrix(small_dataset.frame))

    np.testing.assert_array_equal(margins, small_trained.predictions["margin"])
    np.testing.assert_allclose(scorer.pd(margins), small_trained.predictions["pd"], rtol=1e-13)


def test_equal_models_export_equal_bytes(bundle, small_trained, small_dataset):
    assert files_of(exported(small_trained, small_dataset)) == files_of(bundle)


def test_a_written_bundle_loads_and_decides(bundle, small_dataset, tmp_path):
    sha256 = write_bundle(tmp_path / "b", bundle)
    case = small_dataset.frame.select(spec.name for spec in small_dataset.features).row(0, named=True)

    assert Scorer.load(tmp_path / "b").decide(case).bundle == sha256


def test_unfamiliar_distance_leaves_the_set_share_of_development_within(bundle, small_dataset):
    contributions = Scorer(bundle).contributions(small_dataset.matrix(small_dataset.part("development")))
    apart = distances(bundle.reference, contributions, group_numbers(bundle.spec))

    assert np.mean(apart <= bundle.spec.policy.unfamiliar_distance) == pytest.approx(UNFAMILIAR_QUANTILE, abs=0.002)


def test_a_distance_that_the_policy_sets_stays(small_trained, small_dataset):
    set_by_hand = replace(POLICY, unfamiliar_distance=3.5)

    assert exported(small_trained, small_dataset, set_by_hand).spec.policy == set_by_hand


def test_reference_is_the_mean_of_approved_cases_nearest_to_the_cutoff(bundle, small_trained, small_dataset):
    development = small_dataset.part("development")
    scorer = Scorer(bundle)
    matrix = small_dataset.matrix(development)
    pds = scorer.pd(scorer.margins(matrix))
    cutoff = small_trained.tiers[1].upper_pd
    approved = np.flatnonzero(pds <= cutoff)
    near = approved[np.argsort(pds[approved], kind="stable")[-bundle.reference.cases :]]

    np.testing.assert_allclose(bundle.reference.contributions, scorer.contributions(matrix)[near].mean(axis=0))


def test_provenance_names_data_packages_seed_and_run(bundle, small_dataset):
    origin = bundle.spec.provenance

    assert origin.data == {"table": "ab" * 32, "dataset": small_dataset.sha256()}
    assert origin.packages == {"lightgbm": "4.7"}
    assert origin.seeds == {"training": 3}
    assert (origin.mlflow_run, origin.code_version) == ("r1", "version 1.2.3")
    assert origin.bad_definition == "bad within a year"


def test_golden_cases_cover_missing_and_unseen_values(bundle):
    cases = [case.features for case in bundle.golden.cases]

    assert len(cases) >= 32
    assert any(all(value is None for value in case.values()) for case in cases)
    assert any(case["channel"] not in (None, *bundle.spec.features[2].vocabulary) for case in cases)
    for spec in bundle.spec.features:
        assert any(case[spec.name] is None for case in cases)
        assert any(case[spec.name] is not None for case in cases)


def test_requests_reach_the_ends_of_every_number(small_dataset):
    cases = small_dataset.part("development")
    incomes = [request["income"] for request in golden_requests(cases, small_dataset.features)]

    assert cases["income"].min() in incomes
    assert cases["income"].max() in incomes


def test_no_case_gives_no_request(small_dataset):
    with pytest.raises(ExportError, match="no development case to prove a bundle by"):
        golden_requests(small_dataset.frame[:0], small_dataset.features)


def test_the_unseen_word_is_not_in_the_vocabulary():
    spec = FeatureSpec(
        name="x",
        kind="category",
        source="s",
        direction=0,
        reason_group="g",
        null_means="",
        en="",
        zh="",
        vocabulary=("never seen", "never seen?"),
    )

    assert unseen_word(spec) == "never seen??"


def test_a_linear_candidate_is_refused(small_trained, small_dataset):
    linear = replace(small_trained, candidate="logistic", fitted=Logistic().fit(small_dataset, 1))

    with pytest.raises(ExportError, match="candidate 'logistic' cannot become a bundle"):
        exported(linear, small_dataset)


def test_a_policy_that_approves_nobody_is_refused(small_trained, small_dataset):
    with pytest.raises(ExportError, match=r"no reference can be made: 0 of .* Check the policy's approved tiers"):
        exported(small_trained, small_dataset, replace(POLICY, approved_tiers=()))


def test_labels_are_not_part_of_a_request(small_dataset):
    names = {spec.name for spec in small_dataset.features}
    requests = golden_requests(small_dataset.frame.with_columns(pl.lit(1).alias("extra")), small_dataset.features)

    assert all(set(request) == names for request in requests)
