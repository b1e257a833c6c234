"""What differs between two bundles is found, named and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from modelling.bundle_diff import Change, changes, moved
from modelling.export import export_bundle
from scoring.bundle import golden_of
from scoring.scorer import Scorer
from scoring.spec import Calibration, Economics, HardRule, Policy


@pytest.fixture(scope="module")
def bundle(small_trained, small_dataset):
    return export_bundle(
        small_trained,
        small_dataset,
        Policy(
            approved_tiers=("A", "B"),
            economics=Economics(amount_feature="asked"),
            multi_lender_groups=(),
            network_groups=(),
        ),
        name="small",
        version="1",
        created_at="2024-06-01T00:00:00+00:00",
        code={"version": "1.2.3"},
        run_id="r1",
    )


def with_spec(bundle, **fields):
    return replace(bundle, spec=replace(bundle.spec, **fields))


def test_a_bundle_does_not_differ_from_itself(bundle):
    assert changes(bundle, replace(bundle)) == ()


def test_a_number_is_named_by_its_path(bundle):
    safest, *others = bundle.spec.tiers
    changed = with_spec(
        bundle,
        tiers=(replace(safest, upper_pd=0.0123), *others),
        calibration=Calibration(slope=2.0, intercept=bundle.spec.calibration.intercept),
    )

    assert changes(bundle, changed) == (
        Change(part="points", what="calibration.slope", before=repr(bundle.spec.calibration.slope), after="2.0"),
        Change(part="tiers", what=f"tiers.{safest.name}.upper_pd", before=repr(safest.upper_pd), after="0.0123"),
    )


def test_a_feature_is_compared_with_its_namesake(bundle):
    """One feature gone from the front must not make all that follow differ."""
    first, *others = bundle.spec.features

    (found,) = changes(bundle, with_spec(bundle, features=tuple(others)))

    assert (found.part, found.what, found.after) == ("features", f"features.{first.name}", None)
    assert f'"name": "{first.name}"' in found.before


def test_another_order_alone_is_told_as_such(bundle):
    one, other, *rest = bundle.spec.features

    (found,) = changes(bundle, with_spec(bundle, features=(other, one, *rest)))

    assert found.what == "features (order)"


def test_words_of_a_vocabulary_that_came_and_went(bundle):
    features = [
        replace(one, vocabulary=(*one.vocabulary[1:], "new")) if one.kind == "category" else one
        for one in bundle.spec.features
    ]
    gone = next(one for one in bundle.spec.features if one.kind == "category")

    (found,) = changes(bundle, with_spec(bundle, features=tuple(features)))

    assert (found.what, found.before, found.after) == (
        f"features.{gone.name}.vocabulary (only here)",
        f'["{gone.vocabulary[0]}"]',
        '["new"]',
    )


def test_a_rule_more_is_a_change_of_policy(bundle):
    rule = HardRule(id="poor", feature="income", operator="<", bound=1.0, outcome="decline", en="poor", zh="低")

    (found,) = changes(bundle, with_spec(bundle, policy=replace(bundle.spec.policy, hard_rules=(rule,))))

    assert (found.part, found.what) == ("policy", "policy.hard_rules.poor")
    assert found.before is None


def test_other_trees_are_told_by_their_size(bundle):
    leaves = bundle.trees.leaf_value.copy()
    leaves[0] += 0.25

    found = changes(bundle, replace(bundle, trees=replace(bundle.trees, leaf_value=leaves)))

    assert [change.part for change in found] == ["trees"]


def with_golden(bundle):
    """Return the bundle with the scores that it gives its golden requests itself."""
    requests = [case.features for case in bundle.golden.cases]
    return replace(bundle, golden=golden_of(bundle.spec, bundle.trees, bundle.reference, requests))


def test_moves_are_those_of_the_points(bundle, small_dataset):
    """A calibration shifted by a constant moves every case by the same points."""
    shifted = with_spec(
        bundle, calibration=replace(bundle.spec.calibration, intercept=bundle.spec.calibration.intercept + 0.5)
    )
    columns = {spec.name: small_dataset.frame[spec.name].to_list() for spec in small_dataset.features}
    before, after = (Scorer(with_golden(one)).decide_many(columns) for one in (bundle, shifted))

    found = moved(before, after)

    expected = [b.points - a.points for a, b in zip(before, after, strict=True)]
    assert found.cases == len(expected)
    assert found.mean == pytest.approx(np.mean(expected))
    assert found.absolute["1"] == max(map(abs, expected))
    assert found.mean == pytest.approx(-0.5 * 20 / np.log(2))
    assert sum(count for *_, count in found.tiers) == found.cases
    assert {(one, other) for one, other, _ in found.tiers} == {
        (a.tier, b.tier) for a, b in zip(before, after, strict=True)
    }
    assert moved(before, before).unmoved == 1


def test_outcomes_that_the_control_arm_changes_are_told_apart(bundle, small_dataset):
    policy = bundle.spec.policy
    shares = [replace(policy, control_share=share, control_key="ab" * 16) for share in (0.0, 0.5)]
    columns = {spec.name: small_dataset.frame[spec.name].to_list() for spec in small_dataset.features}
    ids = [f"case {n}" for n in range(len(small_dataset.frame))]
    before, after = (Scorer(with_spec(bundle, policy=one)).decide_many(columns, case_ids=ids) for one in shares)

    found = moved(before, after)

    changed = sum(count for one, other, count in found.outcomes if one != other)
    assert 0 < found.by_chance == changed
    assert moved(before, before).by_chance == 0


def test_cases_must_be_the_same(bundle):
    with pytest.raises(ValueError, match="there are 0 and 0 decisions"):
        moved([], [])
