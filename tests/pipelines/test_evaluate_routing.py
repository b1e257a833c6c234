"""From a synthetic lender to what its calls are worth, and what may never be looked at on the way."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
import pytest

from features.build import build
from features.tables import VERIFIABLE
from modelling.after_call import decisions_on, rebuilt
from modelling.call_evaluation import evaluate_calls
from modelling.errors import MetricError
from modelling.export import export_bundle
from modelling.export_trees import trees_from_booster
from modelling.from_features import dataset_from_features
from modelling.gradient_boosting import BoostingSettings, GradientBoosting
from modelling.labels import BadDefinition
from modelling.out_of_time import out_of_time_start
from modelling.past_calls import past_calls
from modelling.routed_bundle import with_call_value
from modelling.training import train
from pipelines.decisions import read_decisions
from pipelines.evaluate_routing import evaluate_routing
from pipelines.policy import starting_policy
from pipelines.promote import PastCallSources, past_call_hashes
from pipelines.recipes import read_recipe
from pipelines.route import route
from pipelines.score import score
from pipelines.verify import VerifyError, verify
from scoring.bundle import Bundle, write_bundle
from scoring.call_value import CallValue, input_names
from scoring.scorer import Scorer
from scoring.spec import Economics
from synthetic.lender import synthesise


@dataclass(frozen=True)
class Lender:
    """A small synthetic lender with a model, in memory and in folders."""

    tables: dict[str, pl.DataFrame]
    features: pl.DataFrame
    bundle: Bundle
    start: datetime
    folder: Path


def _valued(bundle):
    """The bundle with some value of calls; whether it is a good one does not matter here."""
    random = np.random.default_rng(0)
    inputs = random.normal(0, 20, (500, len(input_names(bundle.spec))))
    inputs[:, -1] = random.normal(9, 1, 500)
    gain = 80 * np.exp(-np.abs(inputs[:, -3]) / 10)
    parameters = {"objective": "regression", "num_leaves": 6, "verbose": -1, "num_threads": 1, "seed": 1}
    trees = trees_from_booster(lightgbm.train(parameters, lightgbm.Dataset(inputs, gain), 20))
    policy = replace(bundle.spec.policy, call_value_threshold=10.0)
    return replace(bundle, call_value=CallValue(trees=trees, calls=500), spec=replace(bundle.spec, policy=policy))


@pytest.fixture(scope="module")
def lender(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lender")
    recipe = read_recipe("tiny")
    clean = replace(recipe, dirt=replace(recipe.dirt, **dict.fromkeys(vars(recipe.dirt), 0)))
    tables = dict(synthesise(clean, 5, applicants=1400).tables)
    features = build({name: table for name, table in tables.items() if name != "truth"})
    dataset = dataset_from_features(features, tables["outcomes"], tables["applications"], BadDefinition())
    settings = BoostingSettings(trees=60)
    model = train(dataset, GradientBoosting(settings=settings), seed=1, resamples=100)
    policy = starting_policy(
        dataset.features,
        model.approved_tiers,
        name="t",
        seed=1,
        economics=Economics(amount_feature=dataset.amount_feature),
    )
    bundle = _valued(
        export_bundle(model, dataset, policy, name="t", version="1", created_at="2026-01-01T00:00:00Z", code={})
    )
    for name, table in tables.items():
        (folder / "tables").mkdir(exist_ok=True)
        table.write_parquet(folder / "tables" / f"{name}.parquet")
    (folder / "features").mkdir()
    features.write_parquet(folder / "features" / "features.parquet")
    write_bundle(folder / "bundle", bundle)
    score(folder / "features", folder / "bundle", folder / "decisions.parquet")
    return Lender(tables, features, bundle, out_of_time_start(dataset.frame), folder)


@pytest.fixture(scope="module")
def past(lender):
    return past_calls(lender.tables, lender.features, lender.bundle, until=lender.start)


@pytest.fixture(scope="module")
def evaluation(lender):
    return judged(lender)


def judged(lender, **changes):
    arguments = {"start": lender.start, "capacity_share": 0.1, "seed": 3, "replicates": 20} | changes
    return evaluate_calls(arguments.pop("tables", lender.tables), lender.features, lender.bundle, **arguments)


def test_a_bundle_can_name_all_that_the_value_of_a_call_was_learned_from(lender, tmp_path):
    shutil.copytree(lender.folder / "tables", tmp_path / "tables")
    sources = PastCallSources(tables=tmp_path / "tables", features=lender.folder / "features")
    before = past_call_hashes(sources, lender.tables, {})
    lender.tables["calls"].head(-1).write_parquet(tmp_path / "tables" / "calls.parquet")
    after = past_call_hashes(sources, lender.tables, {})

    assert set(before) == {f"past_calls.{name}" for name in (*lender.tables, "features")} - {"past_calls.truth"}
    assert {name for name in before if before[name] != after[name]} == {"past_calls.calls"}

    trained_on = {
        name.removeprefix("past_calls."): digest for name, digest in before.items() if "calls.calls" not in name
    }
    assert past_call_hashes(sources, lender.tables, trained_on) == {"past_calls.calls": after["past_calls.calls"]}


def test_a_call_that_was_not_reached_moves_and_gains_nothing(past):
    assert len(past.gain) > 50
    assert not past.reached.all()
    assert not past.shift[~past.reached].any()
    assert not past.gain[~past.reached].any()


def test_only_calls_that_change_the_decision_gain(past):
    assert ((past.gain != 0) <= past.changed).all()
    assert ((past.shift != 0) >= past.changed).all()


def test_shifts_are_what_the_same_scorer_says_of_the_verified_facts(lender, past):
    moved = np.flatnonzero(past.shift)[:5]
    ids = [past.case_ids[place] for place in moved]
    calls = lender.tables["calls"].filter(pl.col("application_id").is_in(ids), pl.col("stage") == "person")
    verified = calls.sort("happened_at").group_by("application_id", maintain_order=True).first()
    verified = verified.select("application_id", *VERIFIABLE.values()).sort("application_id")
    scorer = Scorer(lender.bundle)
    after = decisions_on(
        scorer, rebuilt(lender.tables, verified, lender.bundle.spec.features, time_zone="Asia/Shanghai")
    )

    assert [decision.points for decision in after] == pytest.approx(past.points[moved] + past.shift[moved])


def test_nothing_from_out_of_time_on_teaches(lender, past):
    """Calls known from then on are changed beyond recognition, and nothing that is learned moves."""
    late = pl.col("known_at") >= lender.start
    calls = lender.tables["calls"].with_columns(
        verified_income=pl.when(late).then(1.0).otherwise("verified_income"), reached=late | pl.col("reached")
    )
    again = past_calls({**lender.tables, "calls": calls}, lender.features, lender.bundle, until=lender.start)

    assert calls.filter(late)["verified_income"].len() > 0
    assert again.case_ids == past.case_ids
    assert (again.gain == past.gain).all()
    assert (again.propensity == past.propensity).all()


def test_a_call_that_a_bots_call_led_to_does_not_count(lender, past):
    bots = lender.tables["calls"].filter(pl.col("stage") == "bot")["application_id"]

    assert len(bots)
    assert not set(past.case_ids) & set(bots)


def test_a_lender_without_calls_learns_nothing_and_says_why(lender):
    tables = {name: table for name, table in lender.tables.items() if name != "calls"}

    found = with_call_value(lender.bundle, tables, lender.features, until=lender.start, capacity_share=0.1, seed=0)

    assert found.bundle.call_value is None
    assert found.bundle.spec.policy.call_value_threshold is None
    assert "0 past calls" in found.fit.why


def test_a_feature_table_of_another_model_is_refused_by_what_it_lacks(lender):
    first = lender.bundle.spec.features[0].name

    with pytest.raises(MetricError, match=rf"lacks 1 feature\(s\) of the model: {first}\. Give the table"):
        with_call_value(
            lender.bundle,
            lender.tables,
            lender.features.drop(first),
            until=lender.start,
            capacity_share=0.1,
            seed=3,
        )


def test_a_desk_no_larger_than_the_control_arm_is_refused(lender):
    with pytest.raises(MetricError, match=r"capacity_share == 0\.02, must be above the control arm's share"):
        with_call_value(lender.bundle, lender.tables, lender.features, until=lender.start, capacity_share=0.02, seed=0)


def test_the_clairvoyant_is_the_best_rule(evaluation):
    added = {rule.name: rule.added_per_100.value for rule in evaluation.comparison.rules}

    assert len(added) == 7
    assert max(added, key=added.get) == "clairvoyant"


def test_all_rules_make_the_same_number_of_calls(evaluation):
    assert {rule.calls for rule in evaluation.comparison.rules} == {evaluation.comparison.calls}
    assert evaluation.comparison.calls == round(0.1 * evaluation.comparison.cases)


def test_calls_that_find_nothing_add_nothing_but_their_cost(lender):
    found = judged(lender, finds=0.0)

    assert {rule.added_per_100.value for rule in found.comparison.rules} == {-1500.0}


def test_the_truth_moves_gains_and_never_a_decision(lender, evaluation):
    """Another truth: volumes before the call and the ranking by value stay; what calls add does not."""
    truth = lender.tables["truth"].with_columns(would_be_bad=~pl.col("would_be_bad"))

    found = judged(lender, tables={**lender.tables, "truth": truth})

    assert found.outcomes == evaluation.outcomes
    assert found.triggers == evaluation.triggers
    assert [each.expected_per_100 for each in found.by_value] == [each.expected_per_100 for each in evaluation.by_value]
    assert found.comparison != evaluation.comparison


def test_volumes_add_up(lender, evaluation):
    cases = len(lender.features.filter(pl.col("applied_at") >= lender.start))

    assert evaluation.cases == cases == sum(evaluation.outcomes.values()) == sum(evaluation.routed_by.values())
    assert sum(each.cases for each in evaluation.by_value) == evaluation.comparison.cases
    assert evaluation.control.cases == evaluation.control_above.cases + evaluation.control_below.cases


def test_without_truth_nothing_can_be_evaluated(lender):
    tables = {name: table for name, table in lender.tables.items() if name != "truth"}

    with pytest.raises(MetricError, match="tables lack truth"):
        judged(lender, tables=tables)


def test_a_start_after_the_last_case_is_refused(lender):
    with pytest.raises(MetricError, match="nothing is out of time"):
        judged(lender, start=lender.start + timedelta(days=3650))


def test_the_job_writes_what_it_returns(lender, tmp_path):
    found = evaluate_routing(
        lender.folder / "tables", lender.folder / "features", lender.folder / "bundle", tmp_path / "r.json", seed=3
    )
    written = json.loads((tmp_path / "r.json").read_text())

    assert found.first >= lender.start.isoformat()
    assert [rule["name"] for rule in written["comparison"]["rules"]] == [rule.name for rule in found.comparison.rules]


def declared_of(lender, case):
    row = lender.tables["applications"].filter(application_id=case).to_dicts()[0]
    return {name: row[name] for name in VERIFIABLE if row[name] is not None}


def answers(path, case, values):
    rows = [
        {"application_id": case, "question": name, "status": "answered", "answer": value}
        for name, value in values.items()
    ]
    path.write_text(json.dumps(rows))
    return path


def verified(lender, path, out, **more):
    return verify(
        path,
        lender.folder / "decisions.parquet",
        out,
        bundle_folder=lender.folder / "bundle",
        caller="Li",
        now=datetime(2026, 1, 1, tzinfo=UTC),
        **{"tables_folder": lender.folder / "tables", **more},
    )


def test_a_routed_case_confirmed_as_stated_keeps_its_decision_bit_for_bit(lender, tmp_path):
    folder = lender.folder
    called = route(
        folder / "decisions.parquet",
        10,
        tmp_path / "calls",
        bundle_folder=folder / "bundle",
        tables_folder=folder / "tables",
    )
    sheet = json.loads((called.out / "sheets" / "0001.json").read_text())
    values = declared_of(lender, sheet["case_id"])
    assert {ask["question"]: ask["stated"] for ask in sheet["asks"] if ask["stated"] is not None} == values

    verified(lender, answers(tmp_path / "a.json", sheet["case_id"], values), tmp_path / "out")

    after = read_decisions(tmp_path / "out" / "decisions_after.parquet")
    assert after == read_decisions(folder / "decisions.parquet", case_ids=[sheet["case_id"]])


def test_a_corrected_fact_moves_every_feature_that_rests_on_it(lender, tmp_path):
    case = next(name for name in lender.features["application_id"] if len(declared_of(lender, name)) == len(VERIFIABLE))

    found = verified(lender, answers(tmp_path / "a.json", case, {"declared_income": 900.0}), tmp_path / "out")

    asked = {f.name for f in lender.bundle.spec.features if f.question == "declared_income"}
    changed = {each.feature for each in found.cases[0].moved if each.before != each.after}
    assert "application_declared_income" in changed
    assert changed & asked == changed


def test_without_tables_an_answer_that_several_features_rest_on_is_refused(lender, tmp_path):
    case = lender.features["application_id"][-1]
    given = answers(tmp_path / "a.json", case, {"declared_income": 900.0})

    with pytest.raises(VerifyError, match=r"features rest on what 'declared_income' asks .*\(--tables\)"):
        verified(lender, given, tmp_path / "out", tables_folder=None)
    assert not (tmp_path / "out").exists()


def test_tables_that_no_longer_give_the_decision_are_refused(lender, tmp_path):
    """Otherwise a change of the tables would be told as an effect of the call."""
    case = lender.features["application_id"][-1]
    other = tmp_path / "tables"
    other.mkdir()
    for name, table in lender.tables.items():
        table.write_parquet(other / f"{name}.parquet")
    lender.tables["applications"].with_columns(declared_income=pl.lit(321.0), amount=pl.lit(999.0)).write_parquet(
        other / "applications.parquet"
    )

    with pytest.raises(VerifyError, match=f"no longer give the decision on file for 1 case.*{case}"):
        verified(
            lender,
            answers(tmp_path / "a.json", case, {"declared_income": 900.0}),
            tmp_path / "out",
            tables_folder=other,
        )
    assert not (tmp_path / "out").exists()
