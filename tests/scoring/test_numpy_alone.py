"""The scorer imports and decides where numpy is the only package."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import scoring
from scoring import write_bundle

SCRIPT = """
import json, sys
from importlib.util import find_spec
absent = [name for name in ("polars", "pandas", "lightgbm", "scipy", "cryptography", "modelling") if find_spec(name)]
before = set(sys.modules)
from scoring import Scorer
scorer = Scorer.load(sys.argv[1])
decisions = [scorer.decide(case, case_id="a").to_dict() for case in json.loads(sys.stdin.read())]
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps({"found": absent, "decisions": decisions,
                  "imported": sorted(tops - set(sys.stdlib_module_names))}))
"""


@pytest.fixture
def bare(tmp_path):
    """A folder of packages that holds numpy and scoring alone."""
    site = Path(np.__file__).parent.parent
    packages = tmp_path / "packages"
    packages.mkdir()
    for name in ("numpy", "numpy.libs"):
        if (site / name).exists():
            (packages / name).symlink_to(site / name)
    (packages / "scoring").symlink_to(Path(scoring.__file__).parent)
    return packages


def test_scores_where_numpy_is_all_there_is(bare, bundle, scorer, cases, tmp_path):
    write_bundle(tmp_path / "b", bundle)
    start = f"import sys; sys.path.insert(0, {str(bare)!r})\n"
    command = [sys.executable, "-I", "-S", "-c", start + SCRIPT, str(tmp_path / "b")]
    done = subprocess.run(command, input=json.dumps(cases[:20]), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["found"] == []
    assert found["imported"] == ["numpy", "scoring"]
    assert found["decisions"] == [json.loads(scorer.decide(case, case_id="a").to_json()) for case in cases[:20]]
