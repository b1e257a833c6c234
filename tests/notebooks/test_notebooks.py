"""Every notebook runs from top to bottom, is committed without outputs, and says what it promises."""

import json
import os
import re
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel of this very interpreter, whether or not one is installed under any name."""
    folder = tmp_path_factory.mktemp("jupyter")
    spec = folder / "kernels" / "under-test" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "under test", "language": "python"}), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "2"))
        yield "under-test"


@pytest.fixture(scope="module")
def run(kernel):
    """Run a notebook in its own folder and return it with its outputs; each runs once."""
    done = {}

    def executed(path):
        if path not in done:
            notebook = nbformat.read(path, as_version=4)
            NotebookClient(
                notebook, timeout=240, kernel_name=kernel, resources={"metadata": {"path": str(path.parent)}}
            ).execute()
            done[path] = notebook
        return done[path]

    return executed


def printed(notebook):
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.get("text", "") for output in outputs)


def test_there_is_a_notebook():
    assert NOTEBOOKS


@every_notebook
def test_it_is_committed_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)

    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@every_notebook
def test_its_lines_are_no_longer_than_those_of_the_code(path):
    longest = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["line-length"]

    for cell in nbformat.read(path, as_version=4).cells:
        assert max(map(len, cell.source.splitlines())) <= longest


@every_notebook
def test_it_runs_and_nothing_warns(run, path):
    notebook = run(path)
    errors = [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]

    assert errors == []


def test_the_walk_through_trains_compares_and_explains(run):
    text = printed(run(ROOT / "notebooks" / "train_compare_explain.ipynb"))
    trees, logistic = (float(re.search(rf"{name}\s+Gini (0\.\d+)", text).group(1)) for name in ("lightgbm", "logistic"))

    assert 0.55 < trees < 0.85
    assert 0.55 < logistic < 0.85
    assert re.search(r"= \d+\.\d, and the score is \d+\.\d", text)
    assert re.search(r"\d\.\d points .* / [\u4e00-\u9fff]", text)
    before, after = (float(re.search(rf"{name}:\s+(\d+\.\d) points", text).group(1)) for name in ("before", "after"))
    assert after < before
