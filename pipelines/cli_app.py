"""The commands of `bamboo`, by their names."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import pipelines.cli_bundle
import pipelines.cli_data
import pipelines.cli_decisions
import pipelines.cli_demo
import pipelines.cli_export
import pipelines.cli_features
import pipelines.cli_models
import pipelines.cli_proof
import pipelines.cli_reports
import pipelines.cli_service


class Commands(TyperGroup):
    """The commands, which repeat a value that cannot be read: the parser tells only what it must be."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's class of contexts is its own affair
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            from pydantic import ValidationError

            if isinstance(error.__cause__, ValidationError):
                given = error.__cause__.errors()[0]["input"]
                error.message = f"{given!r} was given. {error.message}"
            raise


app = typer.Typer(
    name="bamboo",
    cls=Commands,
    help="Credit scoring whose explanations decide whom a person phones before the lender decides.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"bamboo {version('bamboo-credit')}")
        raise typer.Exit


@app.callback()
def _options(
    version_wanted: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)
    ] = False,
    traceback_wanted: Annotated[
        bool, typer.Option("--traceback", help="Show where in the code an error arose, for a report to the developers.")
    ] = False,
) -> None:
    pass


for group in (
    pipelines.cli_demo,
    pipelines.cli_data,
    pipelines.cli_proof,
    pipelines.cli_features,
    pipelines.cli_models,
    pipelines.cli_decisions,
    pipelines.cli_reports,
    pipelines.cli_export,
    pipelines.cli_bundle,
    pipelines.cli_service,
):
    group.register(app)
