"""CONTRIBUTING's map names every file of every room, once, and no file that is gone."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("features", "scoring", "modelling", "review", "reports", "service", "synthetic", "pipelines", "benchmarks")
MAP = re.findall(
    r"^\| `([a-z_/]+\.py)` \| .+ \|$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.MULTILINE
)


@pytest.mark.parametrize("room", ROOMS)
def test_the_map_names_every_file_once(room):
    there = sorted(
        path.relative_to(ROOT).as_posix() for path in (ROOT / room).rglob("*.py") if path.name != "__init__.py"
    )

    assert sorted(name for name in MAP if name.startswith(f"{room}/")) == there
