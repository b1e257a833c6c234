"""The `bamboo` command: every job by its name, and no stack trace for the person who typed it."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated, Final

import typer

import pipelines.cli_data
import pipelines.cli_decisions
import pipelines.cli_demo
import pipelines.cli_models
import pipelines.cli_reports
from pipelines.console import ERR

ROOMS: Final = ("features", "scoring", "modelling", "review", "reports", "synthetic", "pipelines")
"""Packages whose exceptions are written for people: what was found, what was expected, the way out."""

app = typer.Typer(
    name="bamboo",
    help="Credit scoring whose explanations decide whom a person phones before the lender decides.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _options(
    traceback_wanted: Annotated[
        bool, typer.Option("--traceback", help="Show where in the code an error arose, for a report to the developers.")
    ] = False,
) -> None:
    pass


for group in (
    pipelines.cli_demo,
    pipelines.cli_data,
    pipelines.cli_models,
    pipelines.cli_decisions,
    pipelines.cli_reports,
):
    group.register(app)


def main() -> None:
    """Run the command and turn an error into one message on stderr and a non-zero status.

    Status 1: the job could not be done, and the message says why. Status 2: the command line is wrong. Status 70: an
    error nobody foresaw.
    """
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the last stop before the person: nobody is shown a stack trace
        if "--traceback" in sys.argv:
            traceback.print_exc()
        foreseen = type(error).__module__.split(".")[0] in ROOMS or isinstance(error, OSError)
        ERR.print(f"error: {error}" if foreseen else _unforeseen(error), markup=False, soft_wrap=True)
        sys.exit(1 if foreseen else 70)


def _unforeseen(error: Exception) -> str:
    return (
        f"error: {type(error).__name__}: {error}\n"
        "Bamboo did not foresee this. Run `bamboo --traceback …` again and report what it prints."
    )
