"""The jobs behind ``bamboo export``: a champion as SQL, a scorecard as a points card."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from modelling.errors import ExportError
from modelling.export_sql import sql_of
from modelling.mlflow_store import Store
from modelling.points_card import CardRow, points_card
from modelling.scorecard import FittedScorecard
from modelling.stored_runs import latest_runs, load_run
from pipelines.store import require_folder, write_text
from review.cells import escape_cell
from scoring.bundle import read_bundle

CARD_COLUMNS = tuple(field.name for field in fields(CardRow))


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written.

    Attributes:
        path: The file.
        what: What it holds, in words.
        model: The bundle's hash, or the id of the run.
        lines: Lines written.
    """

    path: Path
    what: str
    model: str
    lines: int


def export_sql(bundle: Path, out: Path, *, table: str, case_id: str, public_key: bytes | None = None) -> Exported:
    """Write a bundle's model as one SQL statement.

    Args:
        bundle: Folder of the bundle.
        out: File to write.
        table: Table that the statement reads.
        case_id: Its column that identifies a case.
        public_key: Key that the bundle must be signed by.

    Raises:
        BundleError: the bundle is altered, unsigned or malformed.
        SqlExportError: a name is one that no database takes.
    """
    read = read_bundle(bundle, public_key=public_key)
    sql = f"-- Points of {read.spec.name} {read.spec.version}, bundle {read.manifest_sha256}.\n" + sql_of(
        read.spec, read.trees, table=table, case_id=case_id
    )
    write_text(out, sql)
    return Exported(path=out, what="SQL statement", model=read.manifest_sha256 or "", lines=sql.count("\n"))


def export_card(mlruns: Path, out: Path, *, experiment: str, run_id: str | None = None) -> Exported:
    """Write a scorecard run as a points card (CSV).

    Args:
        mlruns: Folder of MLflow's store.
        out: File to write.
        experiment: Experiment whose latest ``scorecard`` run is taken when none is named.
        run_id: The run.

    Raises:
        ExportError: the run is no scorecard, or the experiment has none.
        TrackingError: the run is not there, or one of its files was altered.
    """
    store = Store(require_folder(mlruns, "Name the folder of MLflow's store, or run `bamboo train` first."))
    run = load_run(store, run_id or _latest_scorecard(store, experiment))
    if not isinstance(run.fitted, FittedScorecard):
        raise ExportError(
            f"run {run.run_id!r} is a {run.record.candidate!r}; only a 'scorecard' becomes a points card. "
            "Export the champion of another kind with `bamboo export sql`"
        )
    text = card_csv(points_card(run.fitted, run.record.calibration))
    write_text(out, text)
    return Exported(path=out, what="points card", model=run.run_id, lines=text.count("\n") - 1)


def card_csv(card: tuple[CardRow, ...]) -> str:
    """Return a card as CSV: one line per bin, numbers with all their digits, empty where there is no bound."""
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, CARD_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in card:
        cells = asdict(row)
        writer.writerow({name: escape_cell(cell) if isinstance(cell, str) else cell for name, cell in cells.items()})
    return written.getvalue()


def _latest_scorecard(store: Store, experiment: str) -> str:
    latest = latest_runs(store, experiment)
    if "scorecard" not in latest:
        raise ExportError(
            f"experiment {experiment!r} holds no scorecard, only {', '.join(latest)}: train one with "
            "`bamboo train … --candidate scorecard`"
        )
    return latest["scorecard"]
