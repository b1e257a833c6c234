import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import click
import polars as pl
import pytest
import typer

import pipelines.cli
import pipelines.cli_app
import pipelines.recipes
from pipelines.cli import main
from pipelines.cli_decisions import print_verified
from pipelines.console import print_json
from pipelines.system_errors import words_of
from pipelines.verify import VerifyResult

BAMBOO = [sys.executable, "-P", "-c", "from pipelines.cli import main; main()"]


def _commands(command, path=()):
    if isinstance(command, click.Group) or hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from _commands(child, (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(_commands(typer.main.get_command(pipelines.cli_app.app)))


@pytest.fixture
def bamboo(monkeypatch, capsys):
    """Run the command in this process; return its status, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["bamboo", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return end.value.code or 0, printed.out, printed.err

    return run


def job_that(monkeypatch, error):
    """Let the first thing that `bamboo synthesise` does raise an error."""

    def read_recipe(_recipe):
        raise error

    monkeypatch.setattr("pipelines.synthesise.read_recipe", read_recipe)


def test_every_command_stands_in_the_readme():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

    assert len(COMMANDS) > 20
    assert [name for name in COMMANDS if f"bamboo {name}" not in readme] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_every_option_says_what_it_is(name):
    command = COMMANDS[name]
    silent = [parameter.name for parameter in command.params if not getattr(parameter, "help", None)]

    assert re.match(r"[A-Z].+\.", command.help or "")
    assert silent == []


def test_without_its_packages_the_command_says_what_brings_them(tmp_path):
    absent = "import sys; sys.modules.update(dict.fromkeys(('typer', 'rich'))); sys.argv = ['bamboo', 'score']\n"
    command = [sys.executable, "-c", f"{absent}from pipelines.cli import main; main()"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: the package 'typer' is not installed.")
    assert "pip install 'bamboo-credit[platform]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_version_is_that_of_the_distribution(bamboo):
    assert bamboo("--version") == (0, f"bamboo {version('bamboo-credit')}\n", "")


@pytest.mark.parametrize("name", [(), *(tuple(name.split()) for name in COMMANDS)])
def test_help_is_printed_on_stdout(bamboo, name):
    status, out, err = bamboo(*name, "--help")

    assert (status, err) == (0, "")
    assert out.startswith(f"Usage: {' '.join(('bamboo', *name))}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scroe"], "No such command 'scroe'. Did you mean 'score'"),
        (["features", "t", "--out", "o", "--worker-memory", "4GB"], "give --workers above 1 with it"),
        (["features", "tables"], "give a folder of raw tables and --out to build features, or --list"),
        (["features", "--list", "--out", "o"], "--list prints the catalogue and builds nothing"),
        (["features", "tables", "--out", "o", "--group", "network"], "--group and --search choose what --list prints"),
        (
            ["synthesise", "tiny", "--out", "o", "--seed", "x"],
            "Invalid value for '--seed': 'x' was given. Input should be",
        ),
        (
            ["promote", "--bundle", "b", "--capacity", "10"],
            "'--capacity': '10' was given. Input should be less than or",
        ),
        (["train", ".", "--seed", "-4"], "'--seed': '-4' was given. Input should be greater than or equal to 0"),
        (["bundle", "diff", "a", "b", "--sample", "0"], "Invalid value for '--sample': '0' was given. Input should be"),
        (["verify", "a.csv", "--called-at", "2024-01-01"], "'2024-01-01' does not match the format"),
        (["train", "."], "a feature table needs --tables, the raw tables that hold the outcomes"),
        (["train", __file__], "a table of one row per case needs --contract, which names its target"),
        (["promote", "--bundle", "b", "--tables", "t"], "--tables and --features go together"),
    ],
)
def test_a_wrong_command_line_has_status_2(bamboo, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = bamboo(*arguments)

    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


BUNDLE = ["--bundle", "nowhere"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["synthesise", "tinny", "--out", "o"], "recipe == 'tinny' is neither a file nor a known recipe"),
        (["synthesise", "tiny", "--out", "o", "--workers", "0"], "workers == 0, must be at least 1"),
        (["synthesise", "tiny", "--out", "a_file"], "out == 'a_file' is a file"),
        (["demo", "tiny", "--out", "a_file", "--mlruns", "m"], "a_file"),
        (["validate", "nowhere", "--out", "o"], "path == 'nowhere' does not exist"),
        (["validate", "a_file", "--out", "o"], "path == 'a_file' is a file. Name a folder"),
        (["features", "nowhere", "--out", "o"], "path == 'nowhere' does not exist"),
        (["features", "nowhere", "--out", "o", "--contract", "c.yaml"], "path == 'c.yaml' does not exist"),
        (["features", "--list", "--group", "netwrk"], "group == 'netwrk', must be one of"),
        (["validate-features", "nowhere", "--out", "o"], "path == 'nowhere' does not exist"),
        (["report", "features", "nowhere", "--out", "o.html"], "path == 'nowhere' does not exist"),
        (["train", "nowhere.csv", "--contract", "c.yaml"], "path == 'nowhere.csv' does not exist"),
        (["train", "nowhere", "--tables", "t"], "path == 'nowhere' does not exist"),
        (["score", "nowhere", *BUNDLE, "--out", "o.txt"], "out == 'o.txt', must end in .parquet or .jsonl"),
        (["report", "features", "nowhere", "--out", "o.pdf"], "out == 'o.pdf', must end in .html"),
        (
            ["promote", *BUNDLE, "--accept", "a: b"],
            "accept == 'a: b' is answered for by nobody; name who accepts the gate",
        ),
        (["export", "card", "--out", "o.xlsx"], "out == 'o.xlsx', must end in .csv"),
        (["features", "nowhere", "--out", "a_file"], "path == 'nowhere' does not exist"),
        (["compare", "--mlruns", "nowhere"], "path == 'nowhere' does not exist"),
        (["promote", "--bundle", "b", "--mlruns", "nowhere"], "path == 'nowhere' does not exist"),
        (["score", "nowhere", *BUNDLE, "--out", "o.parquet"], "nowhere cannot be read as a bundle's folder"),
        (["route", "nowhere", "--capacity", "1", *BUNDLE, "--out", "o"], "nowhere"),
        (["report", "model", *BUNDLE, "--out", "o.html", "--mlruns", "nowhere"], "nowhere"),
        (["report", "case", "A1", "--decisions", "nowhere", *BUNDLE, "--out", "o.html"], "nowhere"),
        (["report", "policy", "--decisions", "nowhere", *BUNDLE, "--out", "o.html"], "nowhere"),
    ],
)
def test_what_cannot_be_done_has_status_1_and_leaves_nothing(bamboo, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("a_file").write_text("mine", encoding="utf-8")
    status, out, err = bamboo(*arguments)

    assert (status, out) == (1, "")
    assert err.strip().startswith("error: ")
    assert message in err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["a_file"]
    assert Path("a_file").read_text(encoding="utf-8") == "mine"


def test_what_nobody_foresaw_has_status_70_and_no_stack_trace(bamboo, monkeypatch):
    job_that(monkeypatch, ZeroDivisionError("division by [bold]zero"))
    status, out, err = bamboo("synthesise", "tiny", "--out", "o")

    assert (status, out) == (70, "")
    assert "error: ZeroDivisionError: division by [bold]zero\nBamboo did not foresee this." in err
    assert "Traceback" not in err


def test_the_stack_trace_is_there_for_who_asks(bamboo, monkeypatch):
    job_that(monkeypatch, ZeroDivisionError("division by zero"))

    assert "Traceback (most recent call last)" in bamboo("--traceback", "synthesise", "tiny", "--out", "o")[2]


def test_ctrl_c_says_so_and_has_status_130(bamboo, monkeypatch):
    job_that(monkeypatch, KeyboardInterrupt())
    status, out, err = bamboo("synthesise", "tiny", "--out", "o")

    assert (status, out) == (130, "")
    assert err.endswith("stopped. Nothing half-written bears its final name; run the command again.\n")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOENT, "path == 'x/y': no such file or directory. Name a path that exists."),
        (errno.ENOTDIR, "A file stands where a folder is needed: name another path."),
        (errno.ENOSPC, "The disk is full: free space or name another place, and run the command again."),
        (errno.EIO, "Mend this and run the command again."),
    ],
)
def test_errors_of_the_system_name_path_and_way_out(bamboo, monkeypatch, code, message):
    job_that(monkeypatch, OSError(code, os.strerror(code), "x/y"))
    status, _, err = bamboo("synthesise", "tiny", "--out", "o")

    assert status == 1
    assert "error: path == 'x/y': " in err
    assert message in err


def test_a_full_disk_that_polars_tells_of_is_told_as_one(bamboo, monkeypatch):
    job_that(monkeypatch, pl.exceptions.ComputeError("parquet: No space left on device (os error 28)"))
    status, _, err = bamboo("synthesise", "tiny", "--out", "o")

    assert status == 1
    assert "error: no space left on device. The disk is full: free space" in err


def test_an_error_of_the_system_without_words_is_still_named():
    assert words_of(OSError("the line went dead")) == "the line went dead"
    assert words_of(TimeoutError()) == "TimeoutError"


def test_json_is_one_object_on_stdout_and_progress_is_elsewhere(bamboo, tmp_path):
    status, out, err = bamboo(
        "synthesise", "tiny", "--applicants", 40, "--workers", 1, "--out", tmp_path / "数", "--json"
    )

    assert status == 0
    assert json.loads(out)["out"] == (tmp_path / "数").as_posix()
    assert "{" not in err


def test_json_stays_json_where_the_encoding_lacks_a_character(capsysbinary, monkeypatch):
    with open(os.dup(1), "w", encoding="ascii", errors="backslashreplace") as stdout:  # noqa: PTH123 - a descriptor
        monkeypatch.setattr(sys, "stdout", stdout)
        written = []
        monkeypatch.setattr(stdout, "write", written.append, raising=False)
        print_json({"name": "竹 🎋"})

    assert json.loads("".join(written)) == {"name": "竹 🎋"}
    assert "".join(written).isascii()


def test_a_closed_stdout_is_no_error_and_nothing_is_printed_elsewhere(monkeypatch, capfd):
    monkeypatch.setattr(sys, "stdout", None)

    print_json({"a": 1})

    assert capfd.readouterr() == ("", "")


def shell(command, folder):
    words = " ".join(f"'{word}'" for word in BAMBOO)
    return subprocess.run(
        ["bash", "-c", command.replace("BAMBOO", words)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(pipelines.cli.__file__).parents[1])},
    )


SMALL = "BAMBOO synthesise tiny --applicants 30 --workers 1 --out o"


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    "command",
    [f"{SMALL} | head -1", f"{SMALL} --json | true", f"{SMALL} --json >&-", f"LC_ALL=C {SMALL}"],
)
def test_closed_pipes_and_plain_locales_leave_no_stack_trace(tmp_path, command):
    ended = shell(command, tmp_path)

    assert "Traceback" not in ended.stderr
    assert "error" not in ended.stderr
    assert (tmp_path / "o" / "synthesis.json").is_file()


@pytest.mark.skipif(os.name != "posix", reason="sends signals to a group of processes")
def test_ctrl_c_while_workers_work_stops_them_all_in_silence(tmp_path):
    command = [*BAMBOO, "synthesise", "tiny", "--applicants", "40000", "--workers", "2", "--out", "o"]
    parts = tmp_path / "o" / ".synthesis.part" / "truth"
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True) as job:
        try:
            end = time.monotonic() + 60
            while not (parts.is_dir() and any(parts.iterdir())):
                assert time.monotonic() < end, "no block was written"
                time.sleep(0.02)
            os.killpg(job.pid, signal.SIGINT)
            err = job.communicate(timeout=60)[1]
        finally:
            with suppress(ProcessLookupError):  # a job that hangs must not hang the tests, too
                os.killpg(job.pid, signal.SIGKILL)

    assert job.returncode == 130
    assert "Traceback" not in err
    assert err.endswith("stopped. Nothing half-written bears its final name; run the command again.\n")
    assert list((tmp_path / "o").glob("*.parquet")) == []


def test_tables_that_no_synthesis_wrote_are_not_overwritten(bamboo, tmp_path):
    mine = tmp_path / "applications.parquet"
    mine.write_bytes(b"a lender's own table")
    status, _, err = bamboo("synthesise", "tiny", "--applicants", 30, "--out", tmp_path)

    assert status == 1
    assert "holds 'applications.parquet', which no synthesis wrote" in err
    assert mine.read_bytes() == b"a lender's own table"


def test_features_are_not_written_among_raw_tables(bamboo, tmp_path):
    (tmp_path / "loans.parquet").write_bytes(b"a raw table")
    status, _, err = bamboo("features", tmp_path, "--out", tmp_path)

    assert status == 1
    assert "holds the raw table 'loans.parquet'" in err
    assert [path.name for path in tmp_path.iterdir()] == ["loans.parquet"]


def test_answers_that_nobody_filled_in_are_said_to_be_empty(tmp_path, capsys):
    result = VerifyResult(out=tmp_path, bundle="ab" * 32, cases=(), reached=0, changed=0, repeated=0, blank=3)

    print_verified(result)

    said = capsys.readouterr().out
    assert "none: no row of the answers is filled in yet" in said
    assert re.search(r"rows left empty\s+3$", said, re.MULTILINE)
    assert "Verified" not in said
