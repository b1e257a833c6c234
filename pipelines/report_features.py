"""The job behind ``bamboo report features``: every feature of a table described on the lender's own cases."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from modelling.describe_features import describe
from modelling.labels import label
from modelling.splits import in_mature_periods
from pipelines.contract import TablesContract
from pipelines.feature_table import read_feature_table
from pipelines.own_modules import load_catalogue
from pipelines.progress import Progress, part_of, silent
from pipelines.report import Report, write_page
from pipelines.store import read_tables
from reports.catalogue import CatalogueOrigin, catalogue_report


def report_features(
    folder: Path,
    out: Path,
    *,
    tables: Path | None = None,
    contract: TablesContract | None = None,
    made_at: datetime,
    progress: Progress = silent,
) -> Report:
    """Write the catalogue of features as it looks on a feature table.

    Args:
        folder: What ``bamboo features`` wrote.
        out: File to write.
        tables: Folder of the raw tables, for the outcomes; None, or a lender without outcomes, leaves out bad rates.
        contract: What the lender says of its tables: own modules, what bad means, time zone.
        made_at: When the page is made.
        progress: Told what is being done.

    Raises:
        StoreError: a table or manifest is absent or damaged.
        MetricError: the feature table has no row.
        LabelError: the outcomes cannot be labelled.
    """
    given = contract or TablesContract()
    progress("reading the feature table", 0.0)
    catalogue = load_catalogue(given)
    table = read_feature_table(folder, catalogue)
    outcomes = read_tables(tables, only=("outcomes",)).get("outcomes") if tables else None
    described = describe(
        table.frame,
        table.features,
        labels=None if outcomes is None else _labels(table.frame, outcomes, given),
        time_zone=given.time_zone,
        progress=part_of(progress, 0.05, 0.75),
    )
    progress("writing", 0.8)
    origin = CatalogueOrigin(
        name=given.name,
        table_sha256=table.sha256,
        definitions=table.definitions,
        bad_definition="" if outcomes is None else given.bad.describe(),
        absent=table.absent,
        undeclared=table.undeclared,
        currency=given.currency,
    )
    return write_page(out, catalogue_report(catalogue.groups, described, origin, made_at=made_at))


def _labels(features: pl.DataFrame, outcomes: pl.DataFrame, contract: TablesContract) -> pl.DataFrame:
    """Label the applications, but for those of months in which loans are still pending: their bad ones show first."""
    told = features.select("application_id", time="applied_at").join(
        label(outcomes, contract.bad), on="application_id", how="left", maintain_order="left"
    )
    mature = in_mature_periods(told, time_zone=contract.time_zone)
    return told.select("application_id", pl.when(mature).then("label").alias("label"))
