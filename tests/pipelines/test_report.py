"""Report jobs: from files to pages, whole or not at all, and never with another model's bundle."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from modelling.mlflow_store import Store
from modelling.routing_evaluation import Cases, compare_rules
from modelling.routing_records import Gains, RoutingEvaluation
from pipelines.compare import compare_runs
from pipelines.decisions import read_decisions, write_decisions
from pipelines.errors import CaseNotFoundError, DamagedFileError, MissingFileError
from pipelines.promote import promote
from pipelines.report import report_case, report_comparison, report_model, report_policy
from pipelines.report_errors import NoRunError, NotReplayedError, OtherBundleError
from pipelines.store import write_json
from pipelines.train import train_on_table
from pipelines.verify import verify
from scoring.scorer import Scorer

NOW = datetime(2024, 6, 2, tzinfo=UTC)

CONTRACT = """
kind: flat
name: small
table: small.csv
currency: yuan
target:
  column: status
  bad: bad
  good: good
  definition: status is bad
id: case
sources: {income: declared, debt: bureau, home: declared}
directions: {income: down, debt: up}
questions:
  income:
    answer: money
    unit: yuan
    en: What do you earn?
    zh: 您的收入是多少?
    check_en: pay slips
    check_zh: 与工资单核对
"""


def table(rows=1500):
    random = np.random.default_rng(4)
    income, debt = random.normal(size=rows), random.normal(size=rows)
    bad = random.random(rows) < 1 / (1 + np.exp(1.2 + 1.3 * income - 0.9 * debt))
    return pl.DataFrame(
        {
            "case": [f"k{place}" for place in range(rows)],
            "income": income.round(3),
            "debt": debt.round(3),
            "home": random.choice(["rent", "own"], rows).tolist(),
            "status": np.where(bad, "bad", "good").tolist(),
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A small table, two candidates trained on it, and the bundle of one."""
    folder = tmp_path_factory.mktemp("report")
    table().write_csv(folder / "small.csv")
    (folder / "contract.yaml").write_text(CONTRACT, encoding="utf-8")
    made = train_on_table(
        folder / "small.csv",
        folder / "contract.yaml",
        mlruns=folder / "mlruns",
        now=NOW,
        candidates=("lightgbm", "logistic"),
    )
    promoted = promote(mlruns=folder / "mlruns", experiment="small", bundle=folder / "bundle", now=NOW)
    scorer = Scorer.load(folder / "bundle")
    columns = {
        "income": table()["income"].to_numpy(),
        "debt": table()["debt"].to_numpy(),
        "home": table()["home"].to_list(),
    }
    decisions = scorer.decide_many(columns, case_ids=table()["case"].to_list())
    write_decisions(folder / "decisions.parquet", decisions)
    rows = "application_id,question,status,answer\nk7,income,answered,0.5\nk9,,not_reached,\n"
    (folder / "answers.csv").write_text(rows, encoding="utf-8")
    verify(
        folder / "answers.csv",
        folder / "decisions.parquet",
        folder / "verified",
        bundle_folder=folder / "bundle",
        caller="Li Wei",
        now=NOW,
    )
    return folder, {run.candidate: run.run_id for run in made.runs}, promoted


def test_a_bundle_is_reported_with_its_gates_and_shap_pictures(trained, tmp_path):
    folder, _, promoted = trained
    done = report_model(
        Store(folder / "mlruns"), tmp_path / "m.html", bundle=folder / "bundle", gates=promoted.gates, made_at=NOW
    )
    html = done.path.read_text(encoding="utf-8")

    assert done.size == len(html.encode()) < 3_000_000
    assert promoted.bundle_sha256 in html
    assert f"All {len(promoted.gates)} passed." in html
    assert html.count('<img src="data:image/png;base64,') >= 2


def test_the_same_run_gives_the_same_bytes(trained, tmp_path):
    folder, runs, _ = trained
    for name in ("a.html", "b.html"):
        report_model(Store(folder / "mlruns"), tmp_path / name, run_id=runs["lightgbm"], made_at=NOW)

    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_run_without_trees_is_reported_without_pictures(trained, tmp_path):
    folder, runs, _ = trained
    done = report_model(Store(folder / "mlruns"), tmp_path / "l.html", run_id=runs["logistic"], made_at=NOW)
    html = done.path.read_text(encoding="utf-8")

    assert done.title == "Model report: logistic"
    assert "<img" not in html
    assert "Contributions were not given" in html


def test_a_bundle_of_another_run_is_refused(trained, tmp_path):
    folder, runs, _ = trained

    with pytest.raises(OtherBundleError, match=r"give the bundle that made it"):
        report_model(
            Store(folder / "mlruns"),
            tmp_path / "x.html",
            run_id=runs["logistic"],
            bundle=folder / "bundle",
            made_at=NOW,
        )
    assert not (tmp_path / "x.html").exists()


def test_without_run_and_bundle_the_way_out_is_named(trained, tmp_path):
    with pytest.raises(NoRunError, match=r"neither a run nor a bundle is given; give the id of the run"):
        report_model(Store(trained[0] / "mlruns"), tmp_path / "x.html", made_at=NOW)


def test_a_comparison_is_written(trained, tmp_path):
    found = compare_runs(mlruns=trained[0] / "mlruns", experiment="small", resamples=120)
    done = report_comparison(found.comparisons[0], tmp_path / "c.html", registered=found.registered, made_at=NOW)

    assert "Swap set at equal approval rate" in done.path.read_text(encoding="utf-8")


def called_case(folder, tmp_path, verified):
    """Write the page of a case that was called, with a folder of what calls found."""
    out = tmp_path / "k7.html"
    return report_case(folder / "decisions.parquet", "k7", folder / "bundle", out, verified=verified, made_at=NOW)


def test_a_case_is_reported_with_what_the_call_changed(trained, tmp_path):
    folder = trained[0]
    done = called_case(folder, tmp_path, folder / "verified")
    html = done.path.read_text(encoding="utf-8")

    assert "The points add up." in html
    assert "What the answers changed" in html
    assert "Called on 2024-06-02 00:00 UTC by Li Wei." in html
    assert "What do you earn?" in html


def test_a_case_that_was_not_reached_says_so(trained, tmp_path):
    folder, out = trained[0], tmp_path / "k9.html"
    report_case(folder / "decisions.parquet", "k9", folder / "bundle", out, verified=folder / "verified", made_at=NOW)

    text = out.read_text(encoding="utf-8")
    assert "Nobody was reached, so the score stands." in text
    assert "Before and after" not in text


def test_a_case_that_had_no_call_shows_none(trained, tmp_path):
    folder, out = trained[0], tmp_path / "k8.html"
    report_case(folder / "decisions.parquet", "k8", folder / "bundle", out, verified=folder / "verified", made_at=NOW)

    assert "Before and after" not in out.read_text(encoding="utf-8")


def test_a_record_that_its_bundle_does_not_make_again_is_not_told_in_words(trained, tmp_path):
    folder, out = trained[0], tmp_path / "k8.html"
    kept = read_decisions(folder / "decisions.parquet", case_ids=["k8"])[0]
    other = {"approve": "decline", "decline": "approve", "phone_review": "approve"}[kept.outcome]
    write_decisions(tmp_path / "d.parquet", [replace(kept, outcome=other)])

    with pytest.raises(NotReplayedError, match=f"case 'k8' that does not come out again: outcome is '{other}' on file"):
        report_case(tmp_path / "d.parquet", "k8", folder / "bundle", out, made_at=NOW)
    assert not out.exists()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"bundle": "0" * 64}, OtherBundleError, "give the bundle that made it"),
        ({"tier": "none"}, NotReplayedError, "decisions_after.* case 'k7' .* tier is 'none' on file"),
    ],
)
def test_a_decision_after_the_call_is_that_of_the_bundle_too(trained, tmp_path, change, error, message):
    folder = trained[0]
    verified = shutil.copytree(folder / "verified", tmp_path / "verified")
    after = read_decisions(verified / "decisions_after.parquet")
    write_decisions(verified / "decisions_after.parquet", [replace(each, **change) for each in after])

    with pytest.raises(error, match=message):
        called_case(folder, tmp_path, verified)


def test_a_folder_of_something_else_is_told_with_who_writes_it(trained, tmp_path):
    folder, out = trained[0], tmp_path / "x.html"
    with pytest.raises(MissingFileError, match=r"verified\.json.* Name the folder that `bamboo verify` wrote"):
        called_case(folder, tmp_path, tmp_path)
    with pytest.raises(
        MissingFileError, match=r"feature_checks\.json.* Name the folder that `bamboo validate-features`"
    ):
        report_model(Store(folder / "mlruns"), out, bundle=folder / "bundle", checks=tmp_path, made_at=NOW)
    with pytest.raises(DamagedFileError, match=r"is a folder\. Name a Parquet file"):
        report_policy(folder / "bundle", folder / "bundle", out, made_at=NOW)


@pytest.mark.parametrize("content", ["[]", "{}", '{"cases": [{"case_id": "k7"}], "caller": "x", "called_at": "x"}'])
def test_a_record_of_calls_that_is_none_is_refused(trained, tmp_path, content):
    folder = trained[0]
    (tmp_path / "verified.json").write_text(content, encoding="utf-8")
    write_decisions(tmp_path / "decisions_after.parquet", read_decisions(folder / "decisions.parquet", case_ids=["k7"]))

    with pytest.raises(DamagedFileError, match=r"is not a record of calls .* Run `bamboo verify` again"):
        called_case(folder, tmp_path, tmp_path)


def test_a_case_that_was_not_decided_is_named(trained, tmp_path):
    folder = trained[0]

    with pytest.raises(CaseNotFoundError, match=r"case_id == 'nobody' is not among the decisions"):
        report_case(folder / "decisions.parquet", "nobody", folder / "bundle", tmp_path / "n.html", made_at=NOW)
    assert not list(tmp_path.iterdir())


def test_a_decision_of_another_bundle_is_refused(trained, tmp_path):
    folder = trained[0]
    scorer = Scorer.load(folder / "bundle")
    stranger = replace(scorer.decide({"income": 1.0, "debt": 0.0, "home": "own"}, case_id="k1"), bundle="00" * 32)
    write_decisions(tmp_path / "other.jsonl", [stranger])

    with pytest.raises(OtherBundleError, match=r"give the bundle that made it"):
        report_case(tmp_path / "other.jsonl", "k1", folder / "bundle", tmp_path / "x.html", made_at=NOW)
    with pytest.raises(OtherBundleError, match=r"give the bundle that made it"):
        report_policy(tmp_path / "other.jsonl", folder / "bundle", tmp_path / "x.html", made_at=NOW)


def test_the_policy_is_reported_with_its_volumes(trained, tmp_path):
    folder, out = trained[0], tmp_path / "p.html"
    report_policy(folder / "decisions.parquet", folder / "bundle", out, capacity=100, made_at=NOW)
    html = out.read_text(encoding="utf-8")

    assert "Of 1,500 cases" in html
    assert "Not measured" in html


def evaluation(bundle):
    """What ``bamboo evaluate-routing`` writes, with figures of no meaning."""
    ids = [f"k{place}" for place in range(200)]
    gain = np.random.default_rng(0).normal(10, 100, 200)
    compared = compare_rules(
        Cases(case_ids=ids, applicants=ids, gain=gain),
        {"bamboo": gain * 0.5, "riskiest_approved": -gain},
        capacity_share=0.1,
        call_cost=15.0,
        seed=1,
        replicates=100,
    )
    group = Gains(name="called", cases=20, changed=4, added_per_100=1.0, standard_error=1.0, expected_per_100=None)
    return RoutingEvaluation(
        bundle=bundle,
        first="2024-01-01T00:00:00+00:00",
        last="2024-02-01T00:00:00+00:00",
        cases=200,
        outcomes={"approve": 200},
        routed_by={"tier": 200},
        triggers={},
        learned=False,
        threshold=None,
        capacity_share=0.1,
        reached=0.8,
        finds=0.85,
        comparison=compared,
        comparison_expected=compared,
        control=group,
        control_above=group,
        control_below=group,
        called=group,
        by_value=(group, group),
        by_trigger=(),
        changes=(),
        seed=1,
    )


def test_the_policy_of_no_decision_is_not_told(trained, tmp_path):
    write_decisions(tmp_path / "d.parquet", [])

    with pytest.raises(DamagedFileError, match="holds no decision"):
        report_policy(tmp_path / "d.parquet", trained[0] / "bundle", tmp_path / "x.html", made_at=NOW)


def policy_with(folder, tmp_path, routing):
    """Write the page of the policy with a file of the routing's evaluation."""
    write_json(tmp_path / "routing.json", routing)
    report_policy(
        folder / "decisions.parquet",
        folder / "bundle",
        tmp_path / "p.html",
        routing=tmp_path / "routing.json",
        made_at=NOW,
    )


def test_the_policy_is_reported_with_what_its_calls_add(trained, tmp_path):
    folder, _, promoted = trained

    policy_with(folder, tmp_path, evaluation(promoted.bundle_sha256))

    assert "riskiest approved" in (tmp_path / "p.html").read_text(encoding="utf-8")


def test_a_file_that_holds_no_evaluation_is_refused_with_the_way_out(trained, tmp_path):
    folder = trained[0]

    with pytest.raises(DamagedFileError, match=r"is not what `bamboo evaluate-routing` .*Evaluate the routing again"):
        policy_with(folder, tmp_path, {"bundle": 5})
    assert not (tmp_path / "p.html").exists()


def test_the_page_of_the_policy_tells_a_capacity_only_where_there_is_one(trained, tmp_path):
    folder = trained[0]
    pages = {}
    for capacity in (None, 17):
        path = tmp_path / f"{capacity}.html"
        report_policy(folder / "decisions.parquet", folder / "bundle", path, capacity=capacity, made_at=NOW)
        pages[capacity] = path.read_text(encoding="utf-8")

    assert "Capacity of the desk" not in pages[None]
    assert "Capacity of the desk" in pages[17]


def test_an_evaluation_of_another_bundle_is_refused(trained, tmp_path):
    folder = trained[0]

    with pytest.raises(OtherBundleError, match=r"give the bundle that made it"):
        policy_with(folder, tmp_path, evaluation("00" * 32))
