"""A champion in SQL scores as the scorer does: on DuckDB and on a real PostgreSQL, over trees of every kind."""

import contextlib
import itertools
import math
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import duckdb
import lightgbm as lgb
import numpy as np
import psycopg
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelling.errors import SqlExportError
from modelling.export_sql import sql_of
from modelling.export_trees import trees_from_booster
from scoring.encode import Encoder
from scoring.kernel import prepare
from scoring.points import PointsMap
from scoring.spec import (
    Calibration,
    Economics,
    FeatureSpec,
    ModelSpec,
    Policy,
    Provenance,
    ReasonText,
    Tier,
)
from scoring.tiers import tier_of

REGIONS = ("north", "east's", 'so"uth', "west")
KINDS = {"income": "number", "inquiries": "number", "balance": "number", 'a "flag"': "flag", "region": "category"}
SQL_TYPES = {"number": "DOUBLE PRECISION", "flag": "BOOLEAN", "category": "VARCHAR(20)"}
FEATURES = tuple(
    FeatureSpec(
        name=name,
        kind=kind,
        vocabulary=REGIONS if kind == "category" else (),
        source="declared",
        direction=0,
        reason_group="all",
        null_means="not stated",
        en=name,
        zh=name,
    )
    for name, kind in KINDS.items()
)
SPEC = ModelSpec(
    name="tested",
    version="1",
    features=FEATURES,
    reasons=(ReasonText(id="all", en="all", zh="全部"),),
    questions=(),
    calibration=Calibration(slope=0.93, intercept=-0.07),
    tiers=(Tier(name="A", upper_pd=0.2), Tier(name="B", upper_pd=0.4), Tier(name="it's", upper_pd=1.0)),
    policy=Policy(
        approved_tiers=("A", "B"),
        economics=Economics(amount_feature=None),
        multi_lender_groups=(),
        network_groups=(),
        control_key="5eed",
    ),
    provenance=Provenance(created_at="2026-01-01T00:00:00Z", code_version="0", bad_definition="60+ in 180 days"),
)


def make_cases(rows, seed):
    """Return columns with missing values, zeros, values next to zero, negative ones, quotes and unseen words."""
    rng = np.random.default_rng(seed)
    numbers = (
        rng.lognormal(9, 0.5, rows),
        rng.poisson(2, rows).astype(float),
        rng.choice([0.0, -0.0, 1e-36, -1e-36, 1e-300, -2.5, 3.25, 1e9], rows),
    )
    holes = [np.where(rng.random(rows) < 0.15, np.nan, column) for column in numbers]
    words = np.array([*REGIONS, "overseas", None], dtype=object)
    region = words[rng.choice(len(words), rows, p=[0.3, 0.2, 0.2, 0.15, 0.05, 0.1])]
    flag = np.array([True, False, None], dtype=object)[rng.choice(3, rows)]
    plain = [[None if math.isnan(value) else value for value in column.tolist()] for column in holes]
    return dict(zip(KINDS, [*plain, flag.tolist(), region.tolist()], strict=True))


def make_trees(*, rounds=60, rows=3000, seed=1, **more):
    columns = make_cases(rows, seed)
    matrix = Encoder(FEATURES).columns(columns)
    rng = np.random.default_rng(seed)
    logit = np.nan_to_num(np.log(matrix[:, 0]), nan=9) - 9 + 0.5 * (matrix[:, 4] == 3) + 0.4 * (matrix[:, 3] == 1)
    logit += 0.3 * np.nan_to_num(matrix[:, 1]) - 1 + 0.2 * (matrix[:, 2] < 0)
    bad = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(float)
    given = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 1, "min_data_in_leaf": 20} | more
    return trees_from_booster(lgb.train(given, lgb.Dataset(matrix, bad, categorical_feature=[4]), rounds))


def expected(trees, cases, spec=SPEC):
    """Return margin, PD, points and tier of each case as the scorer has them."""
    margins = prepare(trees).margins(Encoder(spec.features).columns(cases))
    line = PointsMap.of(spec.calibration, spec.scale)
    pds = line.pds(margins)
    points = [line.points(margin) for margin in margins.tolist()]
    return margins.tolist(), pds.tolist(), points, [tier_of(pd, spec.tiers) for pd in pds.tolist()]


def check(rows, trees, cases, spec=SPEC):
    """Compare rows of (case_id, margin, pd, points, tier, provisional) in the order of the cases."""
    margins, pds, points, tiers = expected(trees, cases, spec)

    assert [row[0] for row in rows] == list(range(len(margins)))
    assert [row[1] for row in rows] == margins
    assert [row[3] for row in rows] == points
    np.testing.assert_allclose([row[2] for row in rows], pds, rtol=1e-15 * 8)
    assert [row[4] for row in rows] == tiers
    assert [row[5] for row in rows] == ["approve" if t in spec.policy.approved_tiers else "decline" for t in tiers]


def in_order(sql):
    return f"SELECT * FROM ({sql}) AS scored ORDER BY case_id"  # noqa: S608 - the statement under test


def on_duckdb(sql, cases):
    kinds = {"number": pa.float64(), "flag": pa.bool_(), "category": pa.string()}
    table = pa.table(
        {"id": pa.array(range(len(cases["income"])))}
        | {name: pa.array(column, kinds[KINDS[name]]) for name, column in cases.items()}
    )
    with duckdb.connect() as connection:
        connection.register("cases", table)
        return connection.execute(in_order(sql)).fetchall()


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"num_leaves": 63, "min_data_in_leaf": 3},
        {"zero_as_missing": True},
        {"use_missing": False},
        {"max_cat_to_onehot": 1, "min_data_per_group": 1, "cat_smooth": 0.1},
    ],
)
def test_duckdb_gives_the_scorers_bits_on_ten_thousand_rows(more):
    trees, cases = make_trees(**more), make_cases(10_000, 2)

    check(on_duckdb(sql_of(SPEC, trees, table="cases", case_id="id"), cases), trees, cases)


@settings(max_examples=12)
@given(
    leaves=st.integers(2, 40),
    rounds=st.integers(1, 90),
    seed=st.integers(0, 10**6),
    zero=st.booleans(),
    missing=st.booleans(),
)
def test_any_ensemble_scores_alike(leaves, rounds, seed, zero, missing):
    trees = make_trees(
        rounds=rounds, rows=400, seed=seed, num_leaves=leaves, zero_as_missing=zero and missing, use_missing=missing
    )
    cases = make_cases(200, seed + 1)

    check(on_duckdb(sql_of(SPEC, trees, table="cases", case_id="id"), cases), trees, cases)


def test_a_name_that_no_database_takes_is_refused():
    trees = make_trees(rounds=1)

    with pytest.raises(SqlExportError, match=r"name == '', must be at least one character long"):
        sql_of(SPEC, trees, table="lender.", case_id="id")
    with pytest.raises(SqlExportError, match=r"name == 'a\\x00b', must be"):
        sql_of(SPEC, trees, table="cases", case_id="a\x00b")


def test_names_cannot_leave_their_quotes():
    """A table named like an attack is looked up as a table of that name."""
    trees = make_trees(rounds=1)
    sql = sql_of(SPEC, trees, table='cases"; DROP TABLE cases; --', case_id="id")

    with pytest.raises(duckdb.CatalogException, match="does not exist"), duckdb.connect() as connection:
        connection.execute(sql)


def _programs():
    """Return the folder of PostgreSQL's own programs, or None."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


def _as_its_user(folder):
    """Return what must stand before a command: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    return ["runuser", "-u", "postgres", "--"]


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory):
    """Return a connection to a PostgreSQL of this test's own, reached through a socket in its folder."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: no initdb on the path or under /usr/lib/postgresql")
    # A socket's path must be short, and every folder above it open to PostgreSQL's user.
    folder = Path(f"/tmp/bamboo-pg-{os.getpid()}")  # noqa: S108 - made by this test alone, see mkdir
    folder.mkdir(mode=0o755)
    try:
        user = _as_its_user(folder)
        data = folder / "data"
        run = {"capture_output": True, "cwd": "/"}
        subprocess.run(
            [*user, programs / "initdb", "-D", data, "-A", "trust", "-U", "bamboo", "-E", "UTF8"], check=True, **run
        )
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        control = [*user, programs / "pg_ctl", "-D", data, "-w"]
        log = ["-l", folder / "log", "-o", options]
        subprocess.run([*control, *log, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        try:
            with psycopg.connect(host=str(folder), user="bamboo", dbname="postgres") as connection:
                yield connection
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, **run)
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)


def on_postgresql(connection, sql, cases):
    columns = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" {SQL_TYPES[kind]}' for name, kind in KINDS.items())
    with connection.transaction(force_rollback=True):
        connection.execute(f"CREATE TEMPORARY TABLE cases (id INTEGER, {columns})")
        with connection.cursor() as cursor, cursor.copy("COPY cases FROM STDIN") as copy:
            for row in zip(itertools.count(), *cases.values(), strict=False):
                copy.write_row(row)
        return connection.execute(in_order(sql)).fetchall()


def test_postgresql_gives_the_scorers_bits_on_ten_thousand_rows(postgresql):
    trees, cases = make_trees(rounds=100), make_cases(10_000, 2)

    check(on_postgresql(postgresql, sql_of(SPEC, trees, table="cases", case_id="id"), cases), trees, cases)


def test_log_odds_beyond_the_exponential_are_certain_and_no_error(postgresql):
    """PostgreSQL reports an exponential that leaves the range of a double as an error."""
    trees, cases = make_trees(rounds=5), make_cases(300, 3)
    steep = replace(SPEC, calibration=Calibration(slope=50_000.0, intercept=0.0))
    sql = sql_of(steep, trees, table="cases", case_id="id")
    pds = expected(trees, cases, steep)[1]

    for rows in (on_duckdb(sql, cases), on_postgresql(postgresql, sql, cases)):
        np.testing.assert_allclose([row[2] for row in rows], pds, rtol=1e-12, atol=1e-300)
    assert {0.0, 1.0} <= set(pds)
