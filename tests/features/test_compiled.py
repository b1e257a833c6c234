"""The compiled loops: what they need, what keeps them, and that one applicant does without them."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

from features import compiled as module
from features import loops
from features.compiled import Compiled, compiled
from features.errors import CompilerError


@pytest.fixture
def anew(monkeypatch):
    """Compile as if nothing in this process had been compiled."""
    monkeypatch.setattr(module, "_made", [])


def test_without_numba_the_error_says_what_to_install(anew, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)

    with pytest.raises(CompilerError, match=r"need numba.*pip install 'bamboo-credit\[features\]'.*OnlineBuilder"):
        compiled()


def test_one_applicant_is_built_without_numba():
    code = (
        "import sys\nsys.modules['numba'] = None\n"
        "from features.online import OnlineBuilder\nprint(len(OnlineBuilder().names))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 150


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("cannot cache function: no locator available"),
        OSError(28, "No space left on device"),
        EOFError("Ran out of input"),
        pickle.UnpicklingError("pickle data was truncated"),
    ],
    ids=["read-only", "full", "empty", "cut off"],
)
def test_where_nothing_can_be_kept_or_read_the_loops_are_compiled_all_the_same(anew, monkeypatch, error):
    import numba

    real = numba.njit

    def nowhere(*given, cache=False, **settings):
        if cache:
            raise error
        return real(*given, **settings)

    monkeypatch.setattr(numba, "njit", nowhere)
    counts = np.zeros(2, dtype=np.int64)

    flags, by = np.array([1, 0, 1], dtype=np.uint8), np.empty(0, dtype=np.int32)
    compiled().count_cells(np.array([0, 1, 1], dtype=np.int32), flags, by, counts)

    assert counts.tolist() == [1, 1]


def test_arrays_that_may_not_be_written_to_are_read():
    cells, chosen = np.array([0, 1, 1], dtype=np.int32), np.ones(3, dtype=np.uint8)
    cells.flags.writeable = chosen.flags.writeable = False
    counts = np.zeros(2, dtype=np.int64)

    compiled().count_cells(cells, chosen, cells[:0], counts)

    assert counts.tolist() == [1, 2]


def test_every_loop_is_compiled_under_its_name():
    names = {name for name, value in vars(loops).items() if callable(value) and value.__module__ == loops.__name__}

    assert set(Compiled.__dataclass_fields__) == names == set(module._TAKEN)
