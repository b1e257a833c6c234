"""The job behind ``bamboo prove-no-leak``: whether any feature of a lender's tables saw what was not known by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.build import build
from features.catalogue import Catalogue
from features.leak import Proof, moved_bits, prove
from features.manifest import definitions_hash
from features.tables import APPLICATIONS
from pipelines.contract import TablesContract
from pipelines.errors import DamagedFileError
from pipelines.feature_files import FEATURES_FILE, MANIFEST_FILE
from pipelines.own_modules import check_modules, load_catalogue
from pipelines.progress import Progress, part_of, silent
from pipelines.store import manifest_hashes, read_frame, read_json, read_tables, sha256_file

APPLICATIONS_DRAWN = 200
"""Applications that are attacked unless the caller says otherwise."""


@dataclass(frozen=True, kw_only=True)
class LeakReport:
    """What the job found.

    Attributes:
        tables: Folder of the raw tables.
        modules: Own modules of features that were watched, with the SHA-256 of their source.
        seed: Seed of the draw.
        feature_table: Feature table that was held against the tables; None when none was given.
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
    if features_folder is not None:
        _check_origin(features_folder, tables_folder, catalogue)
    proof = prove(
        tables,
        applications=applications,
        seed=seed,
        catalogue=catalogue,
        features=names,
        time_zone=contract.time_zone,
        tell=part_of(progress, 0.05, 0.85),
    )
    if features_folder is not None:
        progress("holding the feature table against the tables", 0.9)
        _check_values(features_folder, tables, catalogue, proof.applications, contract.time_zone)
    progress("done", 1.0)
    return LeakReport(
        tables=tables_folder,
        modules=catalogue.modules,
        seed=seed,
        feature_table=features_folder / FEATURES_FILE if features_folder else None,
        holds=proof.holds,
        proof=proof,
    )


def _check_origin(features_folder: Path, tables_folder: Path, catalogue: Catalogue) -> None:
    """Refuse a feature table that other tables or other declarations made."""
    path, manifest = features_folder / FEATURES_FILE, read_json(features_folder / MANIFEST_FILE)
    told = manifest if isinstance(manifest, Mapping) else {}
    check_modules(told.get("modules", {}), catalogue, path)
    if told.get("definitions") != definitions_hash(catalogue.values(), catalogue.modules):
        raise DamagedFileError(path, "was built by other declarations of features", "Run `bamboo features` again")
    for name, sha256 in told.get("sources", {}).items():
        if sha256_file(tables_folder / f"{name}.parquet") != sha256:
            raise DamagedFileError(
                path, f"was built from another table {name!r} than that in {str(tables_folder)!r}", "Build it again"
            )


def _check_values(
    folder: Path, tables: Mapping[str, pl.DataFrame], catalogue: Catalogue, ids: Sequence[str], time_zone: str
) -> None:
    path = folder / FEATURES_FILE
    table = read_frame(path, sha256=manifest_hashes(folder).get(FEATURES_FILE))
    kept = table.filter(pl.col(APPLICATIONS.key).is_in(list(ids))).sort(APPLICATIONS.key)
    again = build(tables, only=ids, catalogue=catalogue, time_zone=time_zone).sort(APPLICATIONS.key)
    other = moved_bits(again, kept, tuple(catalogue))
    if other:
        name, cases = next(iter(other.items()))
        raise DamagedFileError(
            path,
            f"holds other values than the tables give, such as {name!r} of application {min(cases)!r}",
            "Run `bamboo features` again",
        )
