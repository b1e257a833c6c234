import operator
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from synthetic.block import make_block
from synthetic.plan import make_plan
from synthetic.workers import run_blocks
from synthetic.writer import write

WITHOUT_GUARD = """
from pathlib import Path
from pipelines.recipes import read_recipe
from synthetic.writer import write
write(read_recipe("tiny"), 11, Path("lender"), workers=2)
"""

WITH_GUARD = """
from pathlib import Path
from pipelines.recipes import read_recipe
from synthetic.writer import write
if __name__ == "__main__":
    write(read_recipe("tiny"), 12, Path("lender"), applicants=40_000, workers=2)
"""


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def wait_until(happened, what, seconds=60):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [2, 3])
def test_results_come_in_the_order_of_blocks(tiny_recipe, workers):
    plan = make_plan(tiny_recipe, 1, 1_500)
    alone = [block.frames["applications"] for block in run_blocks(plan, make_block, 1)]
    together = [block.frames["applications"] for block in run_blocks(plan, make_block, workers)]

    assert len(together) == plan.blocks > workers
    assert all(map(pl.DataFrame.equals, together, alone))


def test_a_script_without_main_guard_ends_and_says_why(tmp_path):
    (tmp_path / "script.py").write_text(WITHOUT_GUARD, encoding="utf-8")

    ended = subprocess.run(
        [sys.executable, "-P", "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 1
    assert "must have its work under `if __name__ == '__main__':`" in ended.stderr.splitlines()[-1]
    assert list(tmp_path.rglob("*.parquet")) == []


def test_an_error_in_a_worker_arrives_as_it_is(tiny_recipe):
    with pytest.raises(TypeError, match="'Plan' object is not subscriptable"):
        list(run_blocks(make_plan(tiny_recipe, 1), operator.getitem, 2))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_workers_end_with_a_killed_parent_and_running_again_gives_the_same_bytes(tiny_recipe, tmp_path):
    (tmp_path / "script.py").write_text(WITH_GUARD, encoding="utf-8")
    parts = tmp_path / "lender" / ".synthesis.part" / "truth"
    with subprocess.Popen([sys.executable, "-P", "script.py"], cwd=tmp_path) as job:
        wait_until(lambda: parts.is_dir() and any(parts.iterdir()), "the first block")
        workers = children(job.pid)
        os.kill(job.pid, signal.SIGKILL)
    assert len(workers) >= 2
    wait_until(lambda: not any(map(alive, workers)), "the end of all workers", seconds=10)
    assert list((tmp_path / "lender").glob("*.parquet")) == []

    assert write(tiny_recipe, 11, tmp_path / "lender").files == write(tiny_recipe, 11, tmp_path / "other").files
