"""The README's Python runs as written, and names every command."""

import doctest
import re
from pathlib import Path

import pytest
import typer

from pipelines.cli_app import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_in_the_readme_gives_what_it_shows(tmp_path, monkeypatch):
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"```pycon\n(.*?)```", README, flags=re.DOTALL))
    examples = doctest.DocTestParser().get_doctest(code, {}, "README.md", "README.md", 0)
    told: list[str] = []

    failed = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=told.append)

    assert failed.attempted > 15
    assert not failed.failed, "".join(told)


def commands():
    """Every command with its words, such as ``report model``, and what typer made of it."""
    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from ((f"{name} {part}", sub) for part, sub in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_the_readme_names_every_command(name):
    assert f"bamboo {name}" in README or f"`make {name}`" in README


SHOWN = [
    line.split("#")[0].split()[1:]
    for block in re.findall(r"```\n(.*?)```", README, flags=re.DOTALL)
    for line in block.splitlines()
    if line.startswith("bamboo ")
]


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_a_shown_command_line_has_only_options_that_exist(words):
    known = dict(commands())
    name = next(name for name in (" ".join(words[:2]), words[0]) if name in known)
    options = {option for parameter in known[name].params for option in parameter.opts}

    assert {word for word in words if word.startswith("--")} <= options
