"""The job behind ``bamboo evaluate-routing``: what calls are worth on a synthetic lender, whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from features.catalogue import CATALOGUE, Catalogue
from modelling.call_evaluation import check_truth, evaluate_calls
from modelling.from_features import dataset_from_features
from modelling.labels import BadDefinition
from modelling.out_of_time import out_of_time_start
from modelling.routing_records import RoutingEvaluation
from modelling.simulated_calls import PERSON_FINDS
from pipelines.feature_files import read_features
from pipelines.progress import Progress, silent
from pipelines.store import read_tables, write_json
from scoring.bundle import read_bundle

EVALUATION: Final = "routing.json"
"""Usual name of the file that the job writes."""


def evaluate_routing(
    tables_folder: Path,
    features_folder: Path,
    bundle_folder: Path,
    out: Path,
    *,
    capacity_share: float = 0.10,
    seed: int = 0,
    finds: float = PERSON_FINDS,
    definition: BadDefinition | None = None,
    time_zone: str = "Asia/Shanghai",
    catalogue: Catalogue = CATALOGUE,
    public_key: bytes | None = None,
    progress: Progress = silent,
) -> RoutingEvaluation:
    """Simulate a call on every out-of-time case and compare rules for choosing whom to call.

    Out of time begins where it did for training: the tables are labelled and split again by the same rules, so nothing
    that was learned, the value of a call included, saw a case that is judged here. The truth is read here and in
    `synthetic` alone.

    Args:
        tables_folder: Validated raw tables of a synthetic lender, ``truth`` among them.
        features_folder: Folder that ``bamboo features`` wrote from them.
        bundle_folder: The bundle to judge.
        out: File to write: JSON of the evaluation.
        capacity_share: Share of the callable cases that the desk can call.
        seed: Seed of calls and resamples.
        finds: Probability with which a call finds a true value.
        definition: What makes a loan bad, as in training.
        time_zone: Zone of local hours and days of the features.
        catalogue: Declarations of the features, the lender's own ones among them.
        public_key: Key that the bundle must be signed by.
        progress: Called with what is being done and the share done, from 0 to 1.

    Raises:
        MetricError: there is no truth, no past call, or nothing is out of time.
        StoreError: a file is absent or damaged.
        BundleError: the bundle cannot be trusted.
    """
    progress("reading tables", 0.0)
    bundle = read_bundle(bundle_folder, public_key=public_key)
    tables = read_tables(tables_folder)
    check_truth(tables)
    features = read_features(features_folder)
    dataset = dataset_from_features(features, tables["outcomes"], tables["applications"], definition or BadDefinition())
    progress("simulating calls", 0.2)
    found = evaluate_calls(
        tables,
        features,
        bundle,
        start=out_of_time_start(dataset.frame),
        capacity_share=capacity_share,
        seed=seed,
        finds=finds,
        time_zone=time_zone,
        catalogue=catalogue,
    )
    progress("writing", 0.95)
    write_json(out, found)
    progress("done", 1.0)
    return found
