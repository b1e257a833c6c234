"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer


def ends_in(*endings: str) -> Callable[[Path], Path]:
    """Return what looks at an option's file before any work is done: its name must say what it will hold."""

    def looked_at(out: Path) -> Path:
        from pipelines.store import require_ending

        return require_ending(out, *endings)

    return looked_at


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Out = Annotated[Path, typer.Option("--out", help="Folder to write to; made when it is not there.")]
Contract = Annotated[
    Path | None,
    typer.Option("--contract", help="contract.yaml that says what the tables mean; not needed for synthetic tables."),
]
Bundle = Annotated[Path, typer.Option("--bundle", help="Folder of the model bundle.")]
Tables = Annotated[Path, typer.Option("--tables", help="Folder of the validated raw tables.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of everything that is drawn.")]
MlRuns = Annotated[Path, typer.Option("--mlruns", help="Folder of MLflow's store.")]
Experiment = Annotated[str, typer.Option("--experiment", help="MLflow experiment, and name of the registered model.")]
Portfolio = Annotated[
    Path | None,
    typer.Option(
        "--portfolio",
        help="JSON of the portfolio's state: feature to category to share of the outstanding amount. Where cases are "
        "decided again, that of when they were scored.",
    ),
]
PublicKey = Annotated[
    Path | None,
    typer.Option("--public-key", help="Ed25519 public key (32 raw bytes, or PEM) that the bundle must be signed by."),
]
