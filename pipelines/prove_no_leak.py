"""The job behind ``bamboo prove-no-leak``: whether any feature of a lender's tables saw what was not known by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from features.build import build
from features.leak import moved_bits, prove
from features.leak_proof import Proof
from features.tables import APPLICATIONS
from pipelines.contract import TablesContract
from pipelines.errors import DamagedFileError
from pipelines.feature_table import read_declared_table
from pipelines.own_modules import load_catalogue
from pipelines.progress import Progress, part_of, silent
from pipelines.store import read_tables

_AGAIN: Final = "Run `bamboo features` again on these tables"

APPLICATIONS_DRAWN: Final = 200
"""Applications that are attacked unless the caller says otherwise."""


@dataclass(frozen=True, kw_only=True)
class LeakReport:
    """What the job found.

    Attributes:
        tables: Folder of the raw tables.
        modules: Own modules of features that were watched, with the SHA-256 of their source.
        seed: Seed of the draw.
        feature_table: Folder of the feature table that was held against the tables; None when none was given.
        holds: Whether nothing moved.
        proof: What was attacked, and what moved.
    """

    tables: Path
    modules: Mapping[str, str]
    seed: int
    feature_table: Path | None
    holds: bool
    proof: Proof


def prove_no_leak(
    tables_folder: Path,
    *,
    contract: TablesContract | None = None,
    applications: int = APPLICATIONS_DRAWN,
    seed: int = 0,
    names: Sequence[str] | None = None,
    features_folder: Path | None = None,
    progress: Progress = silent,
) -> LeakReport:
    """Attack everything that sampled applications could not know, and watch the built-in and the own features.

    With a feature table, the proof is one of that table: it must have been built from these tables by these
    declarations, and the sampled rows in it must be those that are built again, bit for bit.

    Args:
        tables_folder: Validated raw tables; ``truth`` and ``calls`` are attacked with the rest.
        contract: What the lender says of its tables, its own modules among that.
        applications: How many applications to draw; all when there are fewer.
        seed: Seed of the draw and of shuffles.
        names: Features to watch; None means all.
        features_folder: Folder that ``bamboo features`` wrote from these tables.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        MissingFileError: a folder or file is not there.
        DamagedFileError: a file is not what its manifest says, or the feature table was built from something else.
        OwnModuleError: a module of the contract cannot be used.
        FeaturesError: a table does not fit its contract, a name is no feature's, or there is no application.
    """
    contract = contract or TablesContract()
    progress("reading tables", 0.0)
    catalogue = load_catalogue(contract)
    tables = read_tables(tables_folder)
    table = None if features_folder is None else read_declared_table(features_folder, catalogue)
    proof = prove(
        tables,
        applications=applications,
        seed=seed,
        catalogue=catalogue,
        features=names,
        time_zone=contract.time_zone,
        tell=part_of(progress, 0.05, 0.85),
    )
    if features_folder is not None and table is not None:
        progress("holding the feature table against the tables", 0.9)
        again = build(tables, only=proof.applications, catalogue=catalogue, time_zone=contract.time_zone)
        _refuse_other_values(features_folder, table.frame, again, tuple(catalogue))
    progress("done", 1.0)
    return LeakReport(
        tables=tables_folder,
        modules=catalogue.modules,
        seed=seed,
        feature_table=features_folder,
        holds=proof.holds,
        proof=proof,
    )


def _refuse_other_values(folder: Path, table: pl.DataFrame, again: pl.DataFrame, names: Sequence[str]) -> None:
    """Refuse a feature table whose rows differ from those built again by a single bit."""
    ids = again.select(APPLICATIONS.key).sort(APPLICATIONS.key)
    kept = ids.join(table, on=APPLICATIONS.key, how="left", maintain_order="left")
    other = moved_bits(again.sort(APPLICATIONS.key), kept, names)
    if other:
        name, cases = next(iter(other.items()))
        found = f"holds other values than the tables give, such as {name!r} of application {min(cases)!r}"
        raise DamagedFileError(folder, found, _AGAIN)
