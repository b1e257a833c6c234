"""How the command speaks: progress on stderr, results on stdout, errors without a stack trace."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, JustifyMethod
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from pipelines.plain import to_json
from pipelines.progress import Progress as Told

WIDTH_OF_A_FILE = 140
"""Characters in a line when the output goes to a file or a pipe, which have no width of their own."""

OUT = Console(highlight=False, width=None if sys.stdout and sys.stdout.isatty() else WIDTH_OF_A_FILE)
ERR = Console(stderr=True, highlight=False)


@contextmanager
def progress(title: str) -> Iterator[Told]:
    """Show a bar with the step and the time on stderr while a job runs, and one line when it is done."""
    columns = (
        SpinnerColumn(),
        TextColumn("[bold]{task.fields[title]}"),
        BarColumn(bar_width=24),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=ERR, transient=not ERR.is_terminal) as bar:
        task = bar.add_task("", total=1.0, title=title)

        def report(message: str, share: float) -> None:
            bar.update(task, description=message, completed=min(max(share, 0.0), 1.0))

        yield report
        bar.update(task, description="done", completed=1.0)


@contextmanager
def rows_progress(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar with the step, rows a second and the time left; it is told the step, the rows done and all rows."""
    columns = (
        SpinnerColumn(),
        TextColumn("[bold]{task.fields[title]}"),
        BarColumn(bar_width=24),
        TextColumn("{task.description}", markup=False),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=ERR, transient=not ERR.is_terminal) as bar:
        task = bar.add_task("", total=None, title=title)

        def report(message: str, rows: int, of: int) -> None:
            bar.update(task, description=message, completed=rows, total=of or None)

        yield report


class _Rate(ProgressColumn):
    """Rows a second, over the last half minute."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} rows/s")


def print_json(value: object) -> None:
    """Print a record or mapping as one JSON object on stdout, which is nothing where stdout was closed.

    Where the encoding of stdout lacks a character, all but ASCII is written as JSON's own escapes.
    """
    if sys.stdout is None:
        return
    text = to_json(value)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text), indent=2) + "\n"
    sys.stdout.write(text)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[int] = (),
    whole: Sequence[int] = (),
) -> None:
    """Print a table on stdout.

    Args:
        title: Title above it.
        columns: Names of the columns.
        rows: Cells; None is written as nothing.
        right: Columns, by index, that are aligned right.
        whole: Columns, by index, whose cells are never broken nor cut, such as names that a person will copy.
    """
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for index, column in enumerate(columns):
        justify: JustifyMethod = "right" if index in right else "left"
        table.add_column(column, justify=justify, no_wrap=index in whole, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    OUT.print(table)


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Print names and values under each other on stdout."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        OUT.print(f"{name:<{width}}  {value}", markup=False, soft_wrap=True)
