"""A job that is killed and run again gives what an undisturbed run gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import pipelines.cli
from features.tables import TABLES
from pipelines.features import build_features
from pipelines.score import score
from pipelines.synthesise import synthesise
from pipelines.validate import validate

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
BAMBOO = [sys.executable, "-P", "-c", "from pipelines.cli import main; main()"]
PAUSE = 0.01
"""Seconds: the writing of these small results and the end of the process take about as long."""


def files_in(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def names_in(folder):
    """Names of the files below a folder, which may be renamed while they are listed."""
    return {Path(base, name) for base, _, names in os.walk(folder) for name in names}


def kill_while_it_writes(arguments, folder, chance):
    """Start the command, wait until it writes a file below the folder, and kill it a random moment later."""
    environment = {**os.environ, "PYTHONPATH": str(Path(pipelines.cli.__file__).parents[1])}
    before = names_in(folder)
    with subprocess.Popen([*BAMBOO, *map(str, arguments)], env=environment, stderr=subprocess.DEVNULL) as job:
        end = time.monotonic() + 60
        while job.poll() is None and names_in(folder) == before:
            assert time.monotonic() < end, "nothing was written"
            time.sleep(0.0005)
        time.sleep(chance.uniform(0, PAUSE))
        job.kill()
    return job.returncode == -signal.SIGKILL


def test_scoring_that_is_killed_writes_its_file_whole_or_not_at_all(small, tmp_path):
    small.cases.write_parquet(tmp_path / "cases.parquet")
    score(tmp_path / "cases.parquet", small.folder, tmp_path / "undisturbed" / "decisions.parquet")
    expected, out, chance = files_in(tmp_path / "undisturbed"), tmp_path / "out", np.random.default_rng(7)
    command = ["score", tmp_path / "cases.parquet", "--bundle", small.folder, "--case-id", "application_id", "--out"]

    struck = 0
    for attempt in range(3):
        struck += kill_while_it_writes([*command, out / f"{attempt}.parquet"], out, chance)
        left = files_in(out)
        assert left.get(f"{attempt}.parquet") in (None, expected["decisions.parquet"])

    assert struck
    score(tmp_path / "cases.parquet", small.folder, out / "0.parquet")
    assert files_in(out)["0.parquet"] == expected["decisions.parquet"]


def test_a_validation_that_is_killed_writes_its_folder_whole_or_not_at_all(tmp_path):
    tables, out = tmp_path / "tables", tmp_path / "out"
    synthesise("tiny", tables, applicants=60)
    validate(tables, tmp_path / "undisturbed")
    expected, chance = files_in(tmp_path / "undisturbed"), np.random.default_rng(7)

    struck = kill_while_it_writes(["validate", tables, "--out", out / "clean"], out, chance)
    assert struck
    assert not (out / "clean").exists() or files_in(out / "clean") == expected

    validate(tables, out / "clean")
    assert files_in(out / "clean") == expected
    assert [path.name for path in out.iterdir()] == ["clean"]


def test_features_that_are_killed_are_whole_or_not_there_and_a_second_run_gives_the_same(tmp_path):
    raw, tables, out, chance = *(tmp_path / name for name in ("raw", "tables", "out")), np.random.default_rng(7)
    synthesise("tiny", raw, applicants=60)
    tables.mkdir()
    for file in raw.glob("*.parquet"):  # rows that stand twice are planted
        pl.read_parquet(file).unique(TABLES[file.stem].key, keep="none").write_parquet(tables / file.name)
    build_features(tables, tmp_path / "undisturbed")
    expected = files_in(tmp_path / "undisturbed")

    struck = kill_while_it_writes(["features", tables, "--out", out], tmp_path, chance)
    assert struck
    for name, content in files_in(out).items():
        assert name.startswith(".") or content == expected[name]

    build_features(tables, out)
    assert {name: content for name, content in files_in(out).items() if name in expected} == expected
