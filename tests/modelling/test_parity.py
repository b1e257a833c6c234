"""Ways that agree are told to, and a way that differs by one bit anywhere is found and named."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelling.export import bundle_from
from modelling.parity import Answers, ParityError, answers_of, first_difference, held_together, scorer_agrees
from modelling.parity_cases import edge_cases, parity_cases, real_cases
from modelling.parity_ways import (
    COMPILED,
    LIGHTGBM,
    ONE_BY_ONE,
    InProcess,
    by_lightgbm,
    in_a_batch,
    in_process,
    one_by_one,
    scores_in_batches,
)
from modelling.stored_runs import load_run
from scoring import fast
from scoring.bundle import golden_of
from scoring.scorer import Scorer
from scoring.spec import Economics, Policy


@pytest.fixture(scope="module")
def run(small_store, small_run):
    return load_run(small_store, small_run)


@pytest.fixture(scope="module")
def bundle(run, small_dataset):
    policy = Policy(
        approved_tiers=("A", "B"),
        economics=Economics(amount_feature="asked"),
        multi_lender_groups=(),
        network_groups=(),
        control_share=0.2,
        control_key="5ec2e7",
    )
    return bundle_from(
        run.record,
        run.fitted,
        small_dataset,
        policy,
        name="small",
        version="1",
        created_at="2024-06-01T00:00:00+00:00",
        run_id=run.run_id,
    )


@pytest.fixture(scope="module")
def cases(bundle, small_dataset):
    """Return all cases and the edges, and a sample and the edges."""
    return parity_cases(small_dataset.frame, bundle, sample=60, seed=1)


@pytest.fixture(scope="module")
def sides(run, bundle):
    return in_process(run, partial(Scorer, bundle))


def with_trees(bundle, **arrays):
    """Return the bundle with other arrays in its trees, and with the golden scores that these give."""
    trees = replace(bundle.trees, **arrays)
    requests = [case.features for case in bundle.golden.cases]
    return replace(bundle, trees=trees, golden=golden_of(bundle.spec, trees, bundle.reference, requests))


@pytest.fixture(scope="module")
def altered(bundle):
    """Return a scorer in whose first tree one leaf is greater by a thousandth."""
    leaves = bundle.trees.leaf_value.copy()
    leaves[0] += 0.001
    return Scorer(with_trees(bundle, leaf_value=leaves))


def only_broken(ways):
    """Return the one way that does not hold."""
    (broken,) = [way for way in ways if not way.holds]
    return broken


def test_all_ways_in_one_process_give_the_same_bits(sides, cases):
    every, some = cases
    scores = held_together([way(every) for way in sides.score_ways()])
    decisions = held_together([way(some) for way in sides.decision_ways()])

    assert [way.way for way in decisions] == [LIGHTGBM, "decide", "decide_many", COMPILED][: 3 + fast.installed()]
    assert all(way.holds and way.first is None and way.worst == 0 for way in (*scores, *decisions))
    assert {way.cases for way in scores} == {len(every.ids)}
    assert scorer_agrees([*scores, *decisions]).passed
    assert set(decisions[2].against) == set(one_by_one(sides.scorer, some).columns)
    assert decisions[1].against == dict.fromkeys(("case_id", "margin", "pd", "points", "tier"), LIGHTGBM)


@pytest.mark.parametrize("way", [one_by_one, in_a_batch, scores_in_batches])
def test_one_leaf_in_one_way_is_found_and_named(run, sides, altered, cases, way):
    some = cases[1]
    trained = by_lightgbm(run.fitted, run.record, sides.scorer.spec.scale, some)
    wrong = way(altered, some)
    margins = zip(trained.columns["margin"], wrong.columns["margin"], strict=True)
    moved = [place for place, (before, after) in enumerate(margins) if before != after]

    ways = held_together([trained, replace(one_by_one(sides.scorer, some), way="right"), wrong])
    broken = only_broken(ways)

    assert broken.way == wrong.way
    assert broken.cases - broken.equal >= len(moved) > 0
    assert broken.worst == pytest.approx(0.001 * abs(sides.scorer.spec.calibration.slope) * 20 / np.log(2))
    gate = scorer_agrees(ways)
    assert not gate.passed
    assert f"{wrong.way} gives {broken.cases - broken.equal} of {broken.cases} cases other bits: case " in gate.found
    assert f"gets {broken.first.field} {broken.first.found}, where " in gate.found


def test_the_first_case_that_a_changed_leaf_reaches_is_named_with_both_margins(run, sides, altered, cases):
    some = cases[1]
    trained = by_lightgbm(run.fitted, run.record, sides.scorer.spec.scale, some)
    wrong = scores_in_batches(altered, some)
    place = next(i for i, one in enumerate(trained.columns["margin"]) if one != wrong.columns["margin"][i])

    first = held_together([trained, wrong])[1].first

    assert (first.case_id, first.field, first.against) == (some.ids[place], "margin", LIGHTGBM)
    assert float(first.expected) == trained.columns["margin"][place]
    assert float(first.found) == wrong.columns["margin"][place]


def test_a_changed_leaf_of_the_compiled_scorer_alone_is_told_of_that(run, sides, altered, cases):
    mixed = InProcess(fitted=run.fitted, record=run.record, scorer=sides.scorer, compiled=altered)

    for ways, some in ((mixed.score_ways(), cases[0]), (mixed.decision_ways(), cases[1])):
        assert only_broken(held_together([way(some) for way in ways])).way == COMPILED


def test_a_changed_leaf_in_training_puts_all_others_out(run, bundle, cases):
    """The leaf is changed in LightGBM's own text of the model."""
    text = re.sub(
        r"leaf_value=(\S+)", lambda found: f"leaf_value={float(found[1]) + 0.01!r}", run.fitted.model_text, count=1
    )
    sides = in_process(replace(run, fitted=replace(run.fitted, model_text=text)), partial(Scorer, bundle))

    ways = held_together([way(cases[1]) for way in sides.decision_ways()])

    assert [way.way for way in ways if way.holds] == [LIGHTGBM]


def test_a_tier_bound_that_export_lost_is_found(run, sides, cases):
    safest, *others = run.record.tiers
    record = replace(run.record, tiers=(replace(safest, upper_pd=safest.upper_pd * 0.9), *others))

    trained = by_lightgbm(run.fitted, record, sides.scorer.spec.scale, cases[0])
    broken = only_broken(held_together([trained, scores_in_batches(sides.scorer, cases[0])]))

    assert (broken.first.field, broken.worst) == ("tier", 0)
    assert broken.first.found == repr(safest.name)


def test_thresholds_that_are_one_bit_off_are_seen_at_the_edges_alone(run, bundle, small_dataset):
    """Real values hardly ever lie on a threshold; a scorer that asks < for <= would go unnoticed without the edges."""
    thresholds = bundle.trees.threshold.copy()
    income = [spec.name for spec in bundle.spec.features].index("income")
    here = bundle.trees.feature == income
    thresholds[here] = np.nextafter(thresholds[here], -np.inf)
    off = Scorer(with_trees(bundle, threshold=thresholds))
    real, edges = real_cases(small_dataset.frame, bundle.spec.features), edge_cases(bundle, seed=3)

    for some, holds in ((real, True), (edges, False)):
        trained = by_lightgbm(run.fitted, run.record, bundle.spec.scale, some)
        way = held_together([trained, scores_in_batches(off, some)])[1]
        assert way.holds == holds
    assert way.first.case_id.startswith("edge: on thresholds")


def test_edges_reach_what_can_be_asked_and_no_further(bundle):
    bounded = tuple(
        replace(spec, lower=0.0, upper=50.0) if spec.name == "inquiries" else spec for spec in bundle.spec.features
    )
    edges = edge_cases(replace(bundle, spec=replace(bundle.spec, features=bounded)), seed=0)
    inquiries, income = edges.frame["inquiries"].drop_nulls(), edges.frame["income"].drop_nulls()

    assert len(set(edges.ids)) == len(edges.ids)
    assert (inquiries.min(), inquiries.max()) == (0.0, 50.0)
    assert (income.min(), income.max()) == (-np.finfo(np.float64).max, np.finfo(np.float64).max)
    assert any(number == 0 and np.signbit(number) for number in income)
    assert set(bundle.trees.threshold[bundle.trees.feature == 0]) & set(income)
    assert set(edges.frame["channel"]) - {None, *bundle.spec.features[2].vocabulary}
    assert any(all(value is None for value in request.values()) for request in edges.requests())
    Scorer(bundle).decide_many(edges.columns())


def test_a_draw_is_repeated_by_its_seed(cases, small_dataset, bundle):
    again, other = (parity_cases(small_dataset.frame, bundle, sample=60, seed=seed)[1] for seed in (1, 2))

    assert again.ids == cases[1].ids
    assert again.frame.equals(cases[1].frame)
    assert other.ids != again.ids
    assert len(cases[1].ids) - 60 == len(cases[0].ids) - len(small_dataset.frame)


def test_unknown_numbers_are_null_and_unusable_ids_are_rows(small_dataset):
    ids = pl.Series("case_id", [None, "", "a\x00", "b"], dtype=pl.String)
    frame = small_dataset.frame[:4].with_columns(ids, inquiries=pl.lit(float("nan")))

    found = real_cases(frame, small_dataset.features)

    assert found.ids == ("row 1", "row 2", "row 3", "b")
    assert found.frame["inquiries"].null_count() == 4
    assert json.dumps(found.requests(), allow_nan=False)


def test_a_run_of_other_features_cannot_have_made_the_bundle(run, bundle):
    other = replace(run, record=replace(run.record, features=run.record.features[1:]))

    with pytest.raises(ParityError, match=r"holds no trees of the bundle's features; it cannot have made the bundle"):
        in_process(other, partial(Scorer, bundle))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN, PLAIN)
def test_plain_values_are_equal_when_their_json_is(one, other):
    """JSON tells 1, 1.0 and true apart, 0.0 and -0.0, and the order of keys."""
    assert (first_difference(one, other, "here") is None) == (json.dumps(one) == json.dumps(other))
    assert first_difference(one, one, "here") is None


@pytest.mark.parametrize(
    ("one", "other"), [(0.0, -0.0), (1, 1.0), (1, True), (1.0, True), (None, 0), ({"a": 1, "b": 2}, {"b": 2, "a": 1})]
)
def test_what_python_calls_equal_may_differ(one, other):
    assert first_difference({"x": [one]}, {"x": [other]}, "here") is not None


def test_a_difference_deep_inside_is_told_by_names():
    one = {"contributions": [{"feature": "income", "points": 1.0}, {"feature": "age", "points": 2.0}]}
    other = {"contributions": [{"feature": "income", "points": 1.0}, {"feature": "age", "points": np.nextafter(2, 3)}]}

    found = first_difference(one["contributions"], other["contributions"], "contributions")

    assert found == ("contributions[age].points", 2.0, 2.0000000000000004)


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 1.5]), st.sampled_from([0.0, 1.0, 1.5])), min_size=1))
def test_counts_are_those_of_a_slow_loop(pairs):
    ids = tuple(f"c{place}" for place in range(len(pairs)))
    one, other = (
        Answers(way=name, ids=ids, columns={"points": list(points), "tier": ["A"] * len(ids)})
        for name, points in zip(("one", "other"), zip(*pairs, strict=True), strict=True)
    )

    first, way = held_together([one, other])

    apart = [place for place, (a, b) in enumerate(pairs) if a != b]
    assert (first.equal, first.against, first.worst) == (len(pairs), {}, 0)
    assert way.equal == len(pairs) - len(apart)
    assert way.worst == max(abs(a - b) for a, b in pairs)
    assert (way.first is None) == (not apart)
    if apart:
        a, b = pairs[apart[0]]
        assert str(way.first) == f"case 'c{apart[0]}' gets points {b}, where one gives {a}"


def test_a_way_that_leaves_cases_out_is_refused():
    with pytest.raises(ParityError, match="slow gave 1 decisions for 2 cases; it must give one for each"):
        answers_of("slow", ["a", "b"], [{"points": 1.0}])
    with pytest.raises(ParityError, match="slow gave case 'b' the fields pd, and others points"):
        answers_of("slow", ["a", "b"], [{"points": 1.0}, {"pd": 1.0}])


def test_ways_that_were_asked_about_other_cases_are_refused():
    one, other = (answers_of(name, [name], [{"points": 1.0}]) for name in ("one", "other"))

    with pytest.raises(ParityError, match="other was asked about other cases than one"):
        held_together([one, other])


def test_a_way_that_mixes_cases_up_is_found_by_their_ids(sides, cases):
    right = one_by_one(sides.scorer, cases[1])
    mixed = replace(right, way="mixed", columns={name: values[::-1] for name, values in right.columns.items()})

    way = held_together([right, mixed])[1]

    assert way.first.field == "case_id"
    assert way.first.against == ONE_BY_ONE
