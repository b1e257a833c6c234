"""The job behind ``bamboo prove-parity``, with a real server and real commands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection

import pytest
from typer.testing import CliRunner

import pipelines.prove_parity
from modelling.parity import SCORE, ParityError, held_together
from modelling.parity_cases import parity_cases
from modelling.parity_ways import one_by_one
from pipelines.bundle import make_key
from pipelines.cli_app import app
from pipelines.keys import read_key
from pipelines.parity_processes import Processes, Server, _new_name
from pipelines.promote import promote
from pipelines.prove_parity import prove_parity
from scoring import fast
from scoring.bundle import golden_of, read_bundle, write_bundle
from scoring.scorer import Scorer

IN_PROCESS = ["LightGBM", "decide", "decide_many", "decide_many, compiled"][: 3 + fast.installed()]
PROCESSES = ["HTTP, one case", "HTTP, batch", "bamboo score, .parquet", "bamboo score, .jsonl"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    private, public = make_key(tmp_path_factory.mktemp("keys"))
    return read_key(private, "private"), public


@pytest.fixture(scope="module")
def promoted(small_store, small_run, keys, tmp_path_factory):
    """Return the folder of a signed bundle that was promoted from the small run."""
    folder = tmp_path_factory.mktemp("promoted") / "bundle"
    promote(
        mlruns=small_store.folder,
        experiment="small",
        run_id=small_run,
        bundle=folder,
        now=datetime(2026, 1, 1, tzinfo=UTC),
        name="parity",
        private_key=keys[0],
        resamples=100,
    )
    return folder


def write_with(folder, bundle, **fields):
    """Write a bundle with other fields in its description, and another value in a leaf of its first tree."""
    leaves = bundle.trees.leaf_value.copy()
    leaves[0] += 0.001
    trees, spec = replace(bundle.trees, leaf_value=leaves), replace(bundle.spec, **fields)
    golden = golden_of(spec, trees, bundle.reference, [case.features for case in bundle.golden.cases])
    write_bundle(folder, replace(bundle, spec=spec, trees=trees, golden=golden))
    return folder


@pytest.fixture(scope="module")
def altered(promoted, tmp_path_factory):
    """Return the folder of the bundle with one leaf that is greater by a thousandth."""
    return write_with(tmp_path_factory.mktemp("altered") / "bundle", read_bundle(promoted))


@pytest.fixture(scope="module")
def some(promoted, small_dataset):
    """Return some cases, and those at the edges."""
    return parity_cases(small_dataset.frame, read_bundle(promoted), sample=25, seed=4)[1]


@pytest.fixture(scope="module")
def server(altered, tmp_path_factory):
    """Return a service of the altered bundle."""
    with Processes(bundle=altered, folder=tmp_path_factory.mktemp("served")).serve() as server:
        yield server


@pytest.fixture(scope="module")
def of_altered(altered, server, some, tmp_path_factory):
    """Return what the ways through processes answer with the altered bundle, by way."""
    processes = Processes(bundle=altered, folder=tmp_path_factory.mktemp("scored"))
    return {each.way: each for each in (way(some) for way in (*server.ways(), *processes.ways()))}


def test_a_promoted_bundle_scores_the_same_in_every_way(promoted, small_store, small_run, small_dataset, keys):
    told = []
    ticks = iter(range(100))

    report = prove_parity(
        promoted,
        mlruns=small_store.folder,
        sample=30,
        public_key=read_key(keys[1]),
        clock=lambda: next(ticks),
        progress=lambda _, share: told.append(share),
    )

    assert report.holds
    assert [way.way for way in report.decisions] == [*IN_PROCESS, *PROCESSES]
    assert [way.way for way in report.scores] == [way for way in IN_PROCESS if way != "decide"]
    assert (report.run_id, report.sha256) == (small_run, read_bundle(promoted).manifest_sha256)
    assert (report.cases, report.sample, report.left_out) == (len(small_dataset.frame), 30, {})
    for ways, cases in ((report.scores, report.cases), (report.decisions, report.sample)):
        assert all((way.cases, way.equal) == (cases + report.edges,) * 2 for way in ways)
        assert {way.seconds for way in ways} == {1}
    assert all(set(way.against) == set(report.decisions[-1].against) for way in report.decisions[2:])
    assert told == sorted(told)


@pytest.mark.parametrize("way", PROCESSES)
def test_one_leaf_of_a_process_is_found_and_named(promoted, some, of_altered, way):
    right, wrong = one_by_one(Scorer.load(promoted), some), of_altered[way]
    # All else differs in every case: the hash of the bundle, and the points before any feature.
    right, wrong = (replace(one, columns={name: one.columns[name] for name in SCORE}) for one in (right, wrong))
    moved = [place for place, one in enumerate(right.columns["margin"]) if one != wrong.columns["margin"][place]]

    found = held_together([right, wrong])[1]

    assert 0 < len(moved) == found.cases - found.equal < len(some.ids)
    assert found.worst > 0
    assert (found.first.case_id, found.first.field, found.first.against) == (some.ids[moved[0]], "margin", "decide")
    assert float(found.first.found) == wrong.columns["margin"][moved[0]]
    assert float(found.first.expected) == right.columns["margin"][moved[0]]


def test_a_bundle_that_is_not_what_was_trained_ends_with_status_1_and_both_values(altered, small_store, monkeypatch):
    """Without service and numba, which the report says."""
    monkeypatch.setattr(pipelines.prove_parity, "find_spec", lambda _: None)
    monkeypatch.setattr(fast, "installed", lambda: False)
    report = prove_parity(altered, mlruns=small_store.folder, sample=5)
    monkeypatch.setattr(pipelines.prove_parity, "prove_parity", lambda *_, **__: report)
    asked = ["prove-parity", "--bundle", str(altered), "--mlruns", str(small_store.folder)]

    done, as_json = CliRunner().invoke(app, asked), CliRunner().invoke(app, [*asked, "--json"])

    assert (done.exit_code, as_json.exit_code) == (1, 1)
    shown = " ".join(done.stdout.split())
    assert [way.way for way in report.decisions if not way.holds] == ["decide", "decide_many", *PROCESSES[2:]]
    for way in report.decisions[1:]:
        first = way.first
        assert f"DIFFERS: {way.way} case '{first.case_id}' gets margin {first.found}, where LightGBM gives " in shown
        assert f"{way.way} gives {way.cases - way.equal} of {way.cases} cases other bits" in shown
    assert "left out: HTTP, one case no service is installed: pip install 'bamboo-credit[service]'" in shown
    assert "left out: decide_many, compiled numba is not installed" in shown
    told = json.loads(as_json.stdout)
    assert not told["gate"]["passed"]
    assert told["decisions"][1]["first"]["expected"] == report.decisions[1].first.expected


def test_a_bundle_that_names_no_run_cannot_be_proven(promoted, small_store, tmp_path):
    bundle = read_bundle(promoted)
    folder = write_with(tmp_path / "b", bundle, provenance=replace(bundle.spec.provenance, mlflow_run=""))

    with pytest.raises(ParityError, match="names no MLflow run, so there is no training to hold it against"):
        prove_parity(folder, mlruns=small_store.folder)


def test_a_process_that_cannot_answer_is_told_of_with_its_own_words(promoted, some, tmp_path):
    (promoted.parent / "damaged").mkdir()
    damaged = Processes(bundle=promoted.parent / "damaged", folder=tmp_path)

    with pytest.raises(ParityError, match=r"bamboo score, \.jsonl ended with status 1: error: .*manifest"):
        damaged.score(".jsonl", some)
    with pytest.raises(ParityError, match=r"(?s)bamboo serve did not start: .*manifest"), damaged.serve():
        pass


def test_a_request_that_is_refused_is_told_of_with_its_case(server, some):
    short = replace(some, frame=some.frame.drop("income"))

    with pytest.raises(ParityError, match=r"HTTP, one case, '.*': status 422: .*income"):
        server.one_by_one(short)
    with pytest.raises(ParityError, match=r"HTTP, batch, from '.*': status 422: .*income"):
        server.in_batches(short)


def test_a_server_that_is_gone_is_told_of(some):
    with pytest.raises(ParityError, match=r"HTTP, one case, '.*': no answer \(ConnectionRefusedError"):
        Server(connection=HTTPConnection("127.0.0.1:1")).one_by_one(some)


def test_a_column_of_ids_takes_no_features_name():
    assert _new_name(["noise", "case_id", "case_id_"]) == "case_id__"
