"""Small bundles, and servers that answer on real sockets."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest

from features.build import build
from features.catalogue import CATALOGUE
from features.tables import TABLES
from modelling.export_trees import trees_from_booster
from pipelines.recipes import read_recipe
from scoring import Scorer, golden_of, reference_from, write_bundle
from scoring.bundle import Bundle
from scoring.call_value import group_numbers
from scoring.encode import Encoder
from scoring.kernel import prepare
from scoring.points import PointsMap
from scoring.spec import (
    Calibration,
    ConcentrationLimit,
    Economics,
    FeatureSpec,
    HardRule,
    ModelSpec,
    Policy,
    Provenance,
    ReasonText,
    Tier,
)
from service import Service, load_serving
from service.server import Server
from synthetic.writer import write

REGIONS = ("north", "east", "south")


def feature(name, kind="number", group="facts", **more):
    facts = {"source": "declared", "direction": 0, "null_means": "not stated", "en": name, "zh": name}
    return FeatureSpec(name=name, kind=kind, reason_group=group, **{**facts, **more})


FLAT = (
    feature("income", lower=0.0, upper=1e6),
    feature("lenders", group="debts", lower=0.0),
    feature("late", "flag", group="debts"),
    feature("region", "category", vocabulary=REGIONS),
    feature("age", lower=0.0, upper=120.0),
)


def make_spec(features, **more):
    groups = dict.fromkeys(each.reason_group for each in features)
    policy = Policy(approved_tiers=("A", "B"), economics=Economics(amount_feature=None), **more)
    return ModelSpec(
        name="tested",
        version="1",
        features=features,
        reasons=tuple(ReasonText(id=group, en=f"{group} cost points", zh=f"{group} 扣分") for group in groups),
        questions=(),
        calibration=Calibration(slope=0.9, intercept=-0.05),
        tiers=(Tier(name="A", upper_pd=0.1), Tier(name="B", upper_pd=0.3), Tier(name="C", upper_pd=1.0)),
        policy=policy,
        provenance=Provenance(created_at="2026-01-01T00:00:00Z", code_version="0", bad_definition="60+ in 180 days"),
    )


def make_bundle(spec, columns, bad):
    matrix = Encoder(spec.features).columns(columns)
    codes = [place for place, each in enumerate(spec.features) if each.kind == "category"]
    settings = {"objective": "binary", "num_leaves": 8, "verbose": -1, "num_threads": 1, "seed": 1}
    settings |= {"deterministic": True, "force_row_wise": True, "min_data_in_leaf": 10}
    trees = trees_from_booster(lgb.train(settings, lgb.Dataset(matrix, bad, categorical_feature=codes), 30))
    margins, contributions = prepare(trees).explain_many(matrix)
    pds = PointsMap.of(spec.calibration, spec.scale).pds(margins)
    reference = reference_from(
        contributions,
        pds,
        cutoff_pd=float(np.median(pds)),
        group_of=group_numbers(spec),
        groups=len(spec.reasons),
    )
    return Bundle(
        spec=spec,
        trees=trees,
        reference=reference,
        call_value=None,
        golden=golden_of(spec, trees, reference, [case_of(columns, row) for row in range(8)]),
    )


def case_of(columns, row):
    values = {name: column[row] for name, column in columns.items()}
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}


def flat_columns(rows, seed):
    random = np.random.default_rng(seed)
    income = np.round(random.lognormal(9, 0.5, rows).clip(0, 1e6), 2)
    return {
        "income": [None if random.random() < 0.1 else each for each in income.tolist()],
        "lenders": random.poisson(1.5, rows).astype(float),
        "late": random.random(rows) < 0.2,
        "region": random.choice([*REGIONS, "overseas"], rows, p=[0.5, 0.3, 0.17, 0.03]).tolist(),
        "age": random.integers(17, 70, rows).astype(float),
    }


@pytest.fixture(scope="session")
def flat_bundle():
    columns = flat_columns(1500, seed=1)
    known = np.array([8000.0 if each is None else each for each in columns["income"]])
    risk = 0.6 * columns["lenders"] + 1.2 * columns["late"] - (np.log(known) - 9) - 2.5
    bad = (np.random.default_rng(2).random(1500) < 1 / (1 + np.exp(-risk))).astype(float)
    rule = HardRule(id="under_age", feature="age", operator="<", bound=18.0, outcome="decline", en="u", zh="未")
    limit = ConcentrationLimit(feature="region", limit=0.4)
    return make_bundle(
        make_spec(FLAT, hard_rules=(rule,), concentration_limits=(limit,), thin_file_features=("lenders",)),
        columns,
        bad,
    )


@pytest.fixture(scope="session")
def folder(flat_bundle, tmp_path_factory):
    """The folder of a bundle whose features come as they are."""
    path = tmp_path_factory.mktemp("flat") / "bundle"
    write_bundle(path, flat_bundle)
    return path


@pytest.fixture(scope="session")
def other_folder(flat_bundle, tmp_path_factory):
    """The folder of a bundle that decides otherwise."""
    spec = replace(flat_bundle.spec, calibration=Calibration(slope=0.7, intercept=0.1), version="2")
    golden = golden_of(
        spec, flat_bundle.trees, flat_bundle.reference, [case.features for case in flat_bundle.golden.cases]
    )
    path = tmp_path_factory.mktemp("other") / "bundle"
    write_bundle(path, replace(flat_bundle, spec=spec, golden=golden))
    return path


@pytest.fixture(scope="session")
def cases():
    columns = flat_columns(200, seed=3)
    return [case_of(columns, row) for row in range(200)]


@pytest.fixture(scope="session")
def case(cases):
    return cases[0]


@pytest.fixture(scope="session")
def scorer(folder):
    return Scorer.load(folder)


@dataclass(frozen=True)
class Lender:
    """A synthetic lender: its tables, its batch-built features, and a bundle of these."""

    tables: dict[str, pl.DataFrame]
    features: pl.DataFrame
    folder: Path


@pytest.fixture(scope="session")
def lender(tmp_path_factory):
    root = tmp_path_factory.mktemp("lender")
    clean = "conflict: 0, future: 0, known_before_happened: 0, broken_reference: 0, impossible: 0, duplicate: 0"
    (root / "clean.yaml").write_text(f"based_on: tiny\nname: clean\ndirt: {{{clean}}}\n", encoding="utf-8")
    write(read_recipe(root / "clean.yaml"), 5, root / "tables", applicants=260)
    tables = {
        name: pl.read_parquet(path).unique(TABLES[name].key, maintain_order=True)
        for name in TABLES
        if (path := root / "tables" / f"{name}.parquet").exists() and name not in {"truth", "calls"}
    }
    frame = build(tables)
    names = sorted({*list(CATALOGUE)[::3], "application_age_years", "inquiries_count_30d"})
    columns = {name: frame[name].to_list() for name in names}
    specs = tuple(_spec_of(CATALOGUE[name], columns[name]) for name in names)
    amount = frame["application_amount"].to_numpy()
    bundle = make_bundle(make_spec(specs), columns, (amount > np.median(amount)).astype(float))
    write_bundle(root / "bundle", bundle)
    return Lender(tables=tables, features=frame.select("application_id", *names), folder=root / "bundle")


def _spec_of(declared, column):
    words = sorted({each for each in column if isinstance(each, str)})[:-1] if declared.kind == "category" else []
    return feature(
        declared.name,
        declared.kind,
        declared.meaning.group.id,
        vocabulary=tuple(words),
        lower=declared.lower,
        upper=declared.upper,
    )


class Client:
    """Asks over one kept connection."""

    def __init__(self, address):
        self.host, _, port = address.removeprefix("http://").partition(":")
        self.port = int(port)
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, method, path, body=None, **headers):
        """Return status, body and headers."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read(), answer.headers

    def post(self, path, content):
        """Send JSON, or bytes as they are; return status and body."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.ask("POST", path, body, content_type="application/json")[:2]

    def get(self, path):
        return self.ask("GET", path)[:2]

    def problem(self, path, content):
        """Return the problem document that a request gets."""
        status, body = self.post(path, content)
        found = json.loads(body)
        assert status == found["status"], found
        return found

    def counted(self, name):
        """Return the numbers of one metric, by its labels as written."""
        lines = self.get("/metrics")[1].decode().splitlines()
        found = [
            line.removeprefix(name).rpartition(" ") for line in lines if line.startswith((f"{name}{{", f"{name} "))
        ]
        return {labels.strip(): float(number) for labels, _, number in found}


@contextmanager
def served(service):
    """Serve in a thread on a free port, and give a client."""
    told = []
    server = Server(service, None, drain_seconds=0.0, started=told.append)
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 20
    while not told and time.monotonic() < until:
        time.sleep(0.01)
    client = Client(told[0])
    try:
        yield client
    finally:
        client.connection.close()
        server.should_exit = True
        thread.join(20)
        service.close()


@pytest.fixture(scope="session")
def start_served():
    return served


@pytest.fixture(scope="session")
def new_client():
    return Client


@pytest.fixture(scope="module")
def client(folder):
    with served(Service(load_serving(folder))) as client:
        yield client


@pytest.fixture(scope="session")
def lender_client(lender):
    with served(Service(load_serving(lender.folder))) as client:
        yield client


@pytest.fixture
def bamboo_serve():
    """Return a function that runs `bamboo serve` in a process of its own and gives process and client."""
    running = []

    def start(*words):
        command = [str(Path(sys.executable).with_name("bamboo")), "serve", "--port", "0", "--json", *map(str, words)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        told = ""
        while not told.endswith("}\n"):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            told += line
        facts = json.loads(told)
        client = Client(facts["address"])
        client.facts = facts
        running.append((process, client))
        return process, client

    yield start
    for process, client in running:
        client.connection.close()
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
