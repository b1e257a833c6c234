"""The job behind ``bamboo validate-features``: a feature table held against its declarations and its past."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from features.catalogue import Catalogue
from features.feature import Feature
from features.tables import Table
from modelling.feature_drift import DRIFT_FAILURE, DRIFT_WARNING, FeatureDrift, measure_drift
from modelling.periods import months
from modelling.reference_period import reference_months
from pipelines.contract import TablesContract
from pipelines.contract_rules import tables_of
from pipelines.drift import silent_columns
from pipelines.errors import FailedFeaturesError, Problem
from pipelines.examples import examples
from pipelines.expectations import Outcome, Suites, agree
from pipelines.feature_checks_page import feature_checks_page
from pipelines.feature_checks_result import PAGE, RESULT, DriftFound, FeatureChecks
from pipelines.feature_rules import feature_contract, feature_rules, with_laws
from pipelines.feature_table import FeatureTable, read_declared_table, read_feature_table
from pipelines.own_modules import load_catalogue
from pipelines.progress import Progress, silent
from pipelines.quarantine import broken_rules
from pipelines.rules import Between, Rule
from pipelines.store import write_json, write_text
from pipelines.swap import folder_aside, refuse_foreign
from reports.page import render


def check_features(
    folder: Path,
    out: Path,
    *,
    development: Path | None = None,
    contract: TablesContract | None = None,
    catalogue: Catalogue | None = None,
    progress: Progress = silent,
) -> FeatureChecks:
    """Check that a feature table is what its declarations promise, and that it is still the table it was.

    Written are ``feature_checks.json`` and ``feature_checks.html``. Nothing of it depends on the clock.

    Args:
        folder: What ``bamboo features`` wrote.
        out: Folder for the results; earlier ones in it are replaced.
        development: Feature table that the model was developed on; None holds the later months of the table against
            the earliest that have half of its applications.
        contract: What the lender says of its tables: own modules, categories, time zone.
        catalogue: Declarations; None loads those of the contract.
        progress: Told what is being done.

    Raises:
        FailedFeaturesError: a promise is broken, or a feature has moved so far that it must be another; every such
            problem is listed, and nothing was written.
        StoreError: a table or manifest is absent or damaged; the table lacks a declared column, or was built by other
            declarations.
        ForeignFolderError: ``out`` holds something else than earlier checks.
        ArgumentError: ``out`` ends in no name.
    """
    given = contract or TablesContract()
    refuse_foreign(out, {RESULT, PAGE})
    progress("reading the feature table", 0.0)
    declared = catalogue or load_catalogue(given)
    table = read_declared_table(folder, declared)
    older = None if development is None else read_feature_table(development, declared)
    before, later, words = _samples(table, older, given.time_zone)
    progress("loading Great Expectations", 0.05)
    suites = Suites()
    progress("checking promises", 0.25)
    allowed = {column.name: column.allowed for column in tables_of(given)["applications"].columns}
    held = _held(suites, table, feature_contract(table.features, allowed))
    progress("measuring drift", 0.75)
    drift = () if before is None else measure_drift(before, later, _shared(table.features, before))
    found = FeatureChecks(
        table_sha256=table.sha256,
        content=table.content,
        definitions=table.definitions,
        rows=len(table.frame),
        features=len(table.features),
        development=words,
        development_rows=0 if before is None else len(before),
        later_rows=len(later),
        warning=DRIFT_WARNING,
        failure=DRIFT_FAILURE,
        expectations=(*held, *_drift_held(suites, drift)),
        drift=tuple(_told(one) for one in drift),
        notices=_notices(table, older, before),
    )
    progress("writing", 0.95)
    _write(out, found)
    return found


def _samples(
    table: FeatureTable, older: FeatureTable | None, time_zone: str
) -> tuple[pl.DataFrame | None, pl.DataFrame, str]:
    """Return the development sample, what is held against it, and the former in words; None where there is none."""
    if older is not None:
        return older.frame, table.frame, "the development sample"
    month = months(table.frame["applied_at"], time_zone)
    counted = month.value_counts(sort=False, name="n").sort(month.name)
    names = counted[month.name].to_list()
    if len(names) < 2:
        return None, table.frame, ""
    reference = reference_months(names, counted["n"].to_list())
    early = month <= reference[-1]
    span = reference[0] if len(reference) == 1 else f"{reference[0]} to {reference[-1]}"
    return table.frame.filter(early), table.frame.filter(~early), f"the months {span}"


def _shared(features: Sequence[Feature], before: pl.DataFrame) -> tuple[Feature, ...]:
    return tuple(feature for feature in features if feature.name in before.columns)


def _held(suites: Suites, table: FeatureTable, contract: Table) -> tuple[Outcome, ...]:
    """Evaluate every promise, schema first: rules are read off columns of the right types alone."""
    schema = suites.run_schema(contract, table.frame)
    broken = [Problem(table="features", what=f"not so: {one.says}") for one in schema if not one.passed]
    if broken:
        raise FailedFeaturesError([*broken, *_wrong_types(contract, table.frame)])
    rules = feature_rules(table.features, contract, table.absent)
    frame = with_laws(table.frame, table.features, contract)
    flags = broken_rules(frame, rules)
    outcomes = suites.run_rules("features", frame, rules)
    agree(contract, outcomes, flags)
    if problems := _problems(frame, rules, flags):
        raise FailedFeaturesError(problems)
    return (*schema, *outcomes)


def _wrong_types(contract: Table, frame: pl.DataFrame) -> list[Problem]:
    found = frame.schema
    return [
        Problem(table="features", what=f"column {c.name!r} has the type {found[c.name]}, must be {c.dtype}")
        for c in contract.columns
        if c.name in found and found[c.name] != c.dtype
    ]


def _problems(frame: pl.DataFrame, rules: Sequence[Rule], flags: pl.DataFrame) -> list[Problem]:
    return [
        Problem(
            table="features",
            what=f"not so: {rule.says}",
            rows=int(flags[rule.id].sum()),
            examples=examples(frame, flags[rule.id], ("application_id", *rule.check.columns)),
        )
        for rule in rules
        if flags[rule.id].any()
    ]


def _drift_held(suites: Suites, drift: Sequence[FeatureDrift]) -> tuple[Outcome, ...]:
    """Let Great Expectations judge drift, on one row of every feature's PSI, 0 where it is not beyond chance."""
    if not drift:
        return ()
    rules = [
        Rule(
            id=f"{one.feature}_drift",
            says=f"the PSI of {one.feature} is at most {DRIFT_FAILURE:g}, or not beyond chance",
            check=Between(one.feature, None, DRIFT_FAILURE),
        )
        for one in drift
    ]
    frame = pl.DataFrame({one.feature: [one.psi.value if one.verdict in {"moved", "broken"} else 0.0] for one in drift})
    outcomes = suites.run_rules("drift of features", frame, rules)
    gone = [one for one, outcome in zip(drift, outcomes, strict=True) if not outcome.passed]
    if gone:
        raise FailedFeaturesError([Problem(table="features", what=_gone(one)) for one in gone])
    return outcomes


def _gone(one: FeatureDrift) -> str:
    bins = sorted(one.psi.bins, key=lambda part: -part.part)[:2]
    most = "; ".join(f"{part.label}: {part.expected:.1%} before, {part.actual:.1%} now" for part in bins)
    return f"{one.feature} has a PSI of {one.psi.value:.2f}, more than {DRIFT_FAILURE:g} ({most})"


def _told(one: FeatureDrift) -> DriftFound:
    return DriftFound(feature=one.feature, psi=one.psi.value, chance=one.psi.threshold, verdict=one.verdict)


def _notices(table: FeatureTable, older: FeatureTable | None, before: pl.DataFrame | None) -> tuple[str, ...]:
    missing = {name for names in table.absent.values() for name in names}
    names = [feature.name for feature in table.features if feature.name not in missing]
    notices = [f"no table {name}: {len(features)} features are null" for name, features in table.absent.items()]
    notices += silent_columns(table.frame, names)
    if table.undeclared:
        notices.append(f"no declaration describes {', '.join(table.undeclared)}; nothing was checked there")
    fresh = [] if before is None else [one.name for one in table.features if one.name not in before.columns]
    if fresh:
        notices.append(f"the development sample lacks {', '.join(fresh)}; their drift was not measured")
    if older is not None and older.definitions != table.definitions:
        notices.append("the development sample was built by other declarations; drift may be theirs")
    return tuple(notices)


def _write(out: Path, found: FeatureChecks) -> None:
    with folder_aside(out) as part:
        write_text(part / PAGE, render(feature_checks_page(found)))
        write_json(part / RESULT, found)
