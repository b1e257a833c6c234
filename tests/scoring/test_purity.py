"""The scorer reads no clock, chance or environment and logs nothing: neither in its source nor while it runs."""

from __future__ import annotations

import ast
import logging
import os
import random
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import scoring

SOURCES = sorted(Path(scoring.__file__).parent.glob("*.py"))
IMPURE = {"time", "datetime", "random", "secrets", "uuid", "os", "logging", "warnings", "locale", "platform", "socket"}
WRITES_FOLDERS = {"folder.py"}  # names temporary files at random, and flushes them to disk


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_some_sources_are_looked_at():
    assert {"scorer.py", "model.py", "kernel.py", "folder.py"} <= {path.name for path in SOURCES}


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name not in WRITES_FOLDERS], ids=lambda p: p.name)
def test_nothing_impure_is_imported_or_called(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not set(imported(tree)) & IMPURE
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in {"np.random", "sys.stdout", "sys.stderr", "sys.argv"}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"print", "input", "open", "eval", "exec", "id"}


def test_decisions_are_made_where_every_impure_thing_fails(scorer, columns, cases, monkeypatch):
    before = [decision.to_json() for decision in scorer.decide_many(columns, case_ids=[str(n) for n in range(400)])]

    here = threading.get_ident()  # a server that another test keeps running in a thread may look at its clock

    def refused(original):
        def call(*args, **more):
            if threading.get_ident() == here:
                raise AssertionError("the scorer read something impure")
            return original(*args, **more)

        return call

    with monkeypatch.context() as patched:
        for module, names in (
            (time, ("time", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime")),
            (random, ("random", "randint", "choice", "getrandbits")),
            (os, ("getenv", "urandom", "getpid")),
            (np.random, ("default_rng", "random", "rand")),
            (logging.Logger, ("_log", "handle")),
            (warnings, ("warn",)),
        ):
            for name in names:
                patched.setattr(module, name, refused(getattr(module, name)))
        patched.setattr(os, "environ", {})
        alone = [scorer.decide(case, case_id=str(place)).to_json() for place, case in enumerate(cases)]
    assert alone == before
