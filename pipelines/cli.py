"""The start of the `bamboo` command: no stack trace for the person who typed it.

What is slow to import is imported under the same guard as the work, so that Ctrl-C is answered from the start.
"""

from __future__ import annotations

import sys
from typing import Final

ROOMS: Final = ("features", "scoring", "modelling", "review", "reports", "service", "synthetic", "pipelines")
"""Packages whose exceptions are written for people: what was found, what was expected, the way out."""

STOPPED: Final = 130
"""Status of a command that was stopped by Ctrl-C, as shells give it."""

UNFORESEEN: Final = 70
"""Status of a command that met an error nobody foresaw."""


def main() -> None:
    """Run the command and turn an error into one message on stderr and a non-zero status.

    Status 1: the job could not be done, and the message says why. Status 2: the command line is wrong. Status 70: an
    error nobody foresaw. Status 130: stopped by Ctrl-C.
    """
    try:
        from pipelines.cli_app import app

        for stream in (sys.stdout, sys.stderr):
            _show_what_cannot_be_encoded(stream)
        app(prog_name="bamboo")
    except KeyboardInterrupt:
        _say_stopped()
        sys.exit(STOPPED)
    except SystemExit as end:
        if end.code == STOPPED:
            _say_stopped()
        raise
    except Exception as error:  # noqa: BLE001 - the last stop before the person: nobody is shown a stack trace
        sys.exit(_tell(error))


def _show_what_cannot_be_encoded(stream: object) -> None:
    """Let a stream whose encoding lacks a character write it as an escape, instead of failing."""
    import io

    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def _say_stopped() -> None:
    if sys.stderr is not None:
        sys.stderr.write("stopped. Nothing half-written bears its final name; run the command again.\n")


def _tell(error: Exception) -> int:
    """Print an error for a person and return the status of the command."""
    import traceback

    if "--traceback" in sys.argv:
        traceback.print_exc()
    if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] not in ROOMS:
        return _tell_absent(error)
    from pipelines.console import ERR
    from pipelines.system_errors import system_error_in, words_of

    foreseen = type(error).__module__.split(".")[0] in ROOMS
    system = None if foreseen else system_error_in(error)
    if system is not None:
        message, foreseen = words_of(system), True
    else:
        message = str(error) if foreseen else _unforeseen(error)
    ERR.print(f"error: {message}", markup=False, soft_wrap=True)
    return 1 if foreseen else UNFORESEEN


def _tell_absent(error: ModuleNotFoundError) -> int:
    """Print what is not installed, without anything that may itself be what is not installed."""
    sys.stderr.write(
        f"error: the package {error.name!r} is not installed. The scorer needs numpy alone, this command needs more: "
        "pip install 'bamboo-credit[platform]' brings it, and [service] what `bamboo serve` needs beside.\n"
    )
    return 1


def _unforeseen(error: Exception) -> str:
    return (
        f"{type(error).__name__}: {error}\n"
        "Bamboo did not foresee this. Run `bamboo --traceback …` again and report what it prints."
    )
