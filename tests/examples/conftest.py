from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path

import pytest

from pipelines.cli import main

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"


def run(*arguments):
    """Run a command of ``bamboo`` as a person would, and return what it says on stdout."""
    said, complained = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
    ):
        patch.setattr(sys, "argv", ["bamboo", *(str(argument) for argument in arguments)])
        with pytest.raises(SystemExit) as end:
            main()
    if end.value.code:
        pytest.fail(f"bamboo {' '.join(map(str, arguments))} ends with {end.value.code}: {complained.getvalue()}")
    return said.getvalue()


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def bamboo():
    return run


@pytest.fixture(scope="session")
def bamboo_json():
    return lambda *arguments: json.loads(run(*arguments, "--json"))


@pytest.fixture(scope="session")
def shared_data():
    """Return the folder of a data set that is no part of this project, or skip where it is not at hand."""

    def folder(name):
        if not (SHARED / name).is_dir():
            pytest.skip(f"{name} is not part of this project and not in ../shared/data beside it")
        return SHARED / name

    return folder


@pytest.fixture(scope="session")
def held_out():
    """Return candidate to the metrics on the cases held out, from what ``bamboo train --json`` says."""
    return lambda trained: {
        one["candidate"]: next(part for part in one["evaluation"]["splits"] if part["split"] == "out_of_time")
        for one in trained["runs"]
    }
