"""A space-separated table of codes goes from its file to decisions by the ordinary commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.decisions import read_decisions
from scoring.scorer import Scorer


@pytest.fixture(scope="module")
def table(shared_data):
    return shared_data("south_german") / "SouthGermanCredit.asc"


@pytest.fixture(scope="module")
def contract(root):
    return root / "examples" / "south_german" / "contract.yaml"


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("south_german")


@pytest.fixture(scope="module")
def trained(bamboo_json, table, contract, out):
    return bamboo_json(
        *("train", table, "--contract", contract, "--mlruns", out / "mlruns"),
        *("--candidate", "lightgbm", "--candidate", "scorecard"),
    )


@pytest.fixture(scope="module")
def scored(bamboo_json, promoted, table, contract, out):
    decisions = out / "decisions.parquet"
    return bamboo_json("score", table, "--contract", contract, "--bundle", promoted["bundle"], "--out", decisions)


@pytest.fixture(scope="module")
def promoted(bamboo_json, trained, out):
    return bamboo_json(
        "promote", "--mlruns", out / "mlruns", "--experiment", trained["experiment"], "--bundle", out / "bundle"
    )


def test_candidates_order_cases_as_well_as_is_known_of_this_table(trained, held_out):
    found = {name: part["auc"]["value"] for name, part in held_out(trained).items()}

    # .775 and .792 are known from cross-validation; 75 bad cases held out blur an AUC by about 0.06.
    assert found == pytest.approx(dict.fromkeys(found, 0.785), abs=0.06)
    assert (trained["labels"]["good"], trained["labels"]["bad"]) == (700, 300)


def test_sex_and_origin_train_nothing_and_codes_are_categories(promoted):
    features = {feature.name: feature for feature in Scorer.load(Path(promoted["bundle"])).spec.features}

    assert not {"personal_status_sex", "foreign_worker"} & set(features)
    assert features["status"].kind == "category"
    assert {"1", "2", "4"} <= set(features["status"].vocabulary)  # 3 is rare
    assert features["duration"].direction == 1


def test_the_file_is_scored_as_it_was_trained_on_and_reported(bamboo, bamboo_json, promoted, scored, out):
    bundle, decisions = promoted["bundle"], out / "decisions.parquet"
    routed = bamboo_json("route", decisions, "--capacity", 20, "--bundle", bundle, "--out", out / "calls")
    bamboo("report", "model", "--bundle", bundle, "--mlruns", out / "mlruns", "--out", out / "model.html")
    bamboo("report", "policy", "--decisions", decisions, "--bundle", bundle, "--out", out / "policy.html")

    assert scored["cases"] == len(read_decisions(decisions)) == 1000
    assert routed["called"] == len(list((out / "calls" / "sheets").glob("*.html"))) == 20
    assert "the contract was not complied with" in (out / "model.html").read_text()
    assert "1,000" in (out / "policy.html").read_text()
    pages = [path.read_text() for path in (*out.glob("*.html"), *(out / "calls" / "sheets").glob("*.html"))]
    assert not any("yuan" in page for page in pages)
    assert not any("out of time" in page.lower() or "out-of-time" in page.lower() for page in pages)
    assert sum("Deutsche Mark" in page for page in pages) > 10
