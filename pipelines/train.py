"""The job behind ``bamboo train``: cases in, one MLflow run per candidate out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from features.catalogue import Catalogue
from modelling.candidates import CANDIDATES, candidate
from modelling.dataset import Dataset
from modelling.evaluation import Evaluation
from modelling.flat import FlatColumn
from modelling.from_features import dataset_from_features
from modelling.from_flat import dataset_from_flat
from modelling.gradient_boosting import FittedTrees
from modelling.labels import LabelCounts
from modelling.mlflow_store import Store
from modelling.plots import BEESWARM_CASES, evaluation_figures, shap_figures
from modelling.tracking import log_run
from modelling.training import TrainedModel, train
from pipelines.code_facts import code_facts
from pipelines.contract import TablesContract, read_flat_contract
from pipelines.errors import DamagedFileError
from pipelines.feature_files import manifest_path, read_features, sha256_features
from pipelines.flat import read_flat
from pipelines.own_modules import check_modules, load_catalogue
from pipelines.progress import Progress, part_of, silent
from pipelines.store import read_json, read_tables, sha256_file, sha256_table
from scoring.spec import Economics

SEED: Final = 20240601


@dataclass(frozen=True, kw_only=True)
class TrainedRun:
    """One candidate, trained and logged.

    Attributes:
        candidate: Name of the candidate.
        run_id: MLflow's id of the run.
        evaluation: The model measured on every split.
        approved_tiers: Tiers that pay.
        notices: What the reader should know of the fit.
    """

    candidate: str
    run_id: str
    evaluation: Evaluation
    approved_tiers: tuple[str, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """What the job made.

    Attributes:
        experiment: Experiment that the runs are in.
        store: Folder of MLflow's store.
        runs: One per candidate, in the order asked for.
        labels: Label statuses of all cases; ``unknown`` are the rejects.
        features: Features given to the models.
        columns: What each column of a flat table was taken to be; empty for the lender's own tables.
        dataset_sha256: Hash of cases, labels and encoded features.
        notices: What the reader should know of the data.
    """

    experiment: str
    store: Path
    runs: tuple[TrainedRun, ...]
    labels: LabelCounts
    features: int
    columns: tuple[FlatColumn, ...]
    dataset_sha256: str
    notices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Job:
    """What is asked for, whatever the cases come from."""

    mlruns: Path
    experiment: str
    now: datetime
    candidates: Sequence[str]
    seed: int
    economics: Economics | None
    resamples: int


def train_on_features(
    features_folder: Path,
    tables_folder: Path,
    *,
    mlruns: Path,
    experiment: str,
    now: datetime,
    contract: TablesContract | None = None,
    candidates: Sequence[str] = tuple(CANDIDATES),
    seed: int = SEED,
    resamples: int = 500,
    progress: Progress = silent,
) -> TrainResult:
    """Train on a feature table and the outcomes of the tables it was built from.

    Args:
        features_folder: What ``bamboo features`` wrote.
        tables_folder: The raw tables; ``applications`` and ``outcomes`` are read.
        mlruns: Folder of MLflow's store.
        experiment: Name of the experiment.
        now: Time of the runs, timezone-aware.
        contract: What the lender says of its tables: what bad means, and what decisions earn.
        candidates: Names of the candidates to train.
        seed: Seed of everything that is drawn.
        resamples: Draws of each bootstrap.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        MissingFileError: a folder or file is not there.
        DamagedFileError: a file is not what its manifest says, or the features were built from other tables or modules.
        OwnModuleError: a module of the contract cannot be used.
        ModellingError: no model can be trained on these cases; the message says why.
    """
    contract = contract or TablesContract()
    progress("reading cases", 0.0)
    tables = read_tables(tables_folder, only=("applications", "outcomes"))
    catalogue = load_catalogue(contract)
    sources = _feature_sources(features_folder, tables_folder, catalogue)
    dataset = dataset_from_features(
        read_features(features_folder),
        tables["outcomes"],
        tables["applications"],
        contract.bad,
        sources=sources,
        catalogue=catalogue,
        time_zone=contract.time_zone,
        currency=contract.currency,
    )
    job = _Job(
        mlruns=mlruns,
        experiment=experiment,
        now=now,
        candidates=candidates,
        seed=seed,
        economics=contract.economics,
        resamples=resamples,
    )
    return _train_all(dataset, (), job, progress)


def train_on_table(
    table: Path,
    contract_path: Path,
    *,
    mlruns: Path,
    now: datetime,
    experiment: str | None = None,
    candidates: Sequence[str] = tuple(CANDIDATES),
    seed: int = SEED,
    resamples: int = 500,
    progress: Progress = silent,
) -> TrainResult:
    """Train on a flat table of one row per case.

    Args:
        table: CSV or Parquet.
        contract_path: Its ``contract.yaml``.
        mlruns: Folder of MLflow's store.
        now: Time of the runs, timezone-aware.
        experiment: Name of the experiment; the contract's name when None.
        candidates: Names of the candidates to train.
        seed: Seed of everything that is drawn, the stratified split included.
        resamples: Draws of each bootstrap.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        ContractError: the contract cannot be used, or the table does not fit it.
        FlatTableError: the table cannot be used.
        ModellingError: no model can be trained on these cases; the message says why.
    """
    progress("reading cases", 0.0)
    contract = read_flat_contract(contract_path)
    flat = read_flat(table, contract)
    sources = {"table": flat.sha256, "contract": sha256_file(contract_path)}
    dataset = dataset_from_flat(flat.frame, contract.columns, seed=seed, sources=sources, currency=contract.currency)
    job = _Job(
        mlruns=mlruns,
        experiment=experiment or contract.name,
        now=now,
        candidates=candidates,
        seed=seed,
        economics=contract.economics,
        resamples=resamples,
    )
    return _train_all(dataset, flat.columns, job, progress)


def _train_all(dataset: Dataset, columns: tuple[FlatColumn, ...], job: _Job, progress: Progress) -> TrainResult:
    chosen = [candidate(name) for name in job.candidates]
    store, code = Store(job.mlruns), code_facts()
    runs = []
    for place, one in enumerate(chosen):
        part = part_of(progress, 0.05 + 0.95 * place / len(chosen), 0.95 / len(chosen))
        trained = train(dataset, one, seed=job.seed, economics=job.economics, resamples=job.resamples, progress=part)
        part(f"logging {one.name}", 0.7)
        figures = figures_of(trained, dataset)
        # One millisecond apart, so that the order in which they were asked for is kept.
        moment = int(job.now.timestamp() * 1000) + place
        run_id = log_run(store, job.experiment, trained, dataset, now=moment, code=code, figures=figures)
        runs.append(_trained_run(trained, run_id))
    progress("trained", 1.0)
    return TrainResult(
        experiment=job.experiment,
        store=job.mlruns,
        runs=tuple(runs),
        labels=dataset.counts(),
        features=len(dataset.features),
        columns=columns,
        dataset_sha256=dataset.sha256(),
        notices=dataset.notices,
    )


def figures_of(trained: TrainedModel, dataset: Dataset) -> dict[str, bytes]:
    """Draw the figures of a run: of its evaluation, and of SHAP contributions where the model is made of trees."""
    figures = evaluation_figures(trained.evaluation)
    if isinstance(trained.fitted, FittedTrees):
        late = dataset.part("out_of_time")
        matrix = dataset.matrix(late[:: max(1, -(-len(late) // BEESWARM_CASES))])
        figures |= shap_figures(dataset.features, matrix, trained.fitted.contributions_of(matrix))
    return figures


def _feature_sources(features_folder: Path, tables_folder: Path, catalogue: Catalogue) -> dict[str, str]:
    """Hashes of the feature table, and of the raw tables and own modules behind it.

    Raises:
        DamagedFileError: the raw tables or modules are not those that the features were built from.
    """
    manifest = read_json(manifest_path(features_folder))
    told = manifest if isinstance(manifest, Mapping) else {}
    built_from, modules = told.get("sources", {}), told.get("modules", {})
    check_modules(modules, catalogue, features_folder)
    applications = sha256_table(tables_folder, "applications")
    if built_from.get("applications", applications) != applications:
        raise DamagedFileError(
            features_folder,
            f"was built from other applications than those in {str(tables_folder)!r}",
            "Run `bamboo features` again",
        )
    own = {"features": sha256_features(features_folder), "outcomes": sha256_table(tables_folder, "outcomes")}
    ours = {f"module {name}": digest for name, digest in modules.items()}
    return {**{str(name): str(digest) for name, digest in built_from.items()}, **ours, **own}


def _trained_run(trained: TrainedModel, run_id: str) -> TrainedRun:
    return TrainedRun(
        candidate=trained.candidate,
        run_id=run_id,
        evaluation=trained.evaluation,
        approved_tiers=trained.approved_tiers,
        notices=trained.notices,
    )
