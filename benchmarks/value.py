"""What features are worth: LightGBM's out-of-time Gini as a share of the Gini of the true default probability.

Run ``python -m benchmarks.value`` at the top of the repository. It makes synthetic lenders whose truth is known, or
takes cleaned tables with ``--tables``, builds all features once, and trains the project's LightGBM on parts of them:
the features there were before the breadth was added (``value_before.txt``), all there are now, and the groups added one
by one. No model sees the truth; it judges alone.

Each figure is a mean over training seeds. Two Ginis are given for each set, both on the same out-of-time cases: against
what became of them, and against their true probability as a soft label, which leaves out the luck of each case and so
tells small differences from noise. Intervals (95 %) draw applicants, the same draws for all sets.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.build import build
from features.catalogue import CATALOGUE
from modelling.dataset import Dataset
from modelling.from_features import dataset_from_features
from modelling.gradient_boosting import GradientBoosting
from modelling.labels import BadDefinition
from pipelines.store import read_tables
from pipelines.synthesise import synthesise
from pipelines.validate import validate

Real = NDArray[np.float64]

TRUE = "true probability"
BEFORE = "before"
ALL = "all"
NAMES_BEFORE = tuple((Path(__file__).parent / "value_before.txt").read_text().split())


def lender(folder: Path, seed: int, applicants: int | None) -> Path:
    """Return the folder of the cleaned tables of a synthetic lender."""
    synthesise("default", folder / "tables", seed=seed, applicants=applicants)
    validate(folder / "tables", folder / "clean")
    return folder / "clean"


def dataset_of(clean: Path) -> tuple[Dataset, pl.DataFrame]:
    """Return the cases with all features, and the true probability of each."""
    tables = read_tables(clean)
    truth = tables.pop("truth").select(case_id="application_id", probability="default_probability")
    features = build(tables)
    return dataset_from_features(features, tables["outcomes"], tables["applications"], BadDefinition()), truth


def sets() -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the sets of features to compare, each with its name."""
    if lost := sorted(set(NAMES_BEFORE) - set(CATALOGUE)):
        raise SystemExit(f"features of value_before.txt are not in the catalogue any more: {', '.join(lost)}")
    yield BEFORE, frozenset(NAMES_BEFORE)
    yield ALL, frozenset(CATALOGUE)
    added: frozenset[str] = frozenset()
    for group, members in CATALOGUE.groups.items():
        added |= {feature.name for feature in members}
        yield f"+ {group}", added
    for group, members in CATALOGUE.groups.items():
        new = {feature.name for feature in members} - set(NAMES_BEFORE)
        if new:
            yield f"before + new {group}", frozenset({*NAMES_BEFORE, *new})


def margins(dataset: Dataset, names: frozenset[str], seeds: Sequence[int]) -> list[Real]:
    """Return the out-of-time margins of models trained on some of the features, one for each training seed."""
    chosen = replace(dataset, features=tuple(spec for spec in dataset.features if spec.name in names))
    held_out = chosen.part("out_of_time")
    return [GradientBoosting().fit(chosen, seed).margin(held_out) for seed in seeds]


def ginis(score: Real, bad: Real, weights: Real) -> Real:
    """Return the Gini for each row of case weights; ``bad`` may be a probability, then cases are bad in part."""
    order = np.argsort(score, kind="stable")
    ends = np.flatnonzero(np.diff(score[order], append=np.inf))
    starts = np.concatenate([[0], ends[:-1] + 1])
    bads = np.add.reduceat(weights[:, order] * bad[order], starts, axis=1)
    goods = np.add.reduceat(weights[:, order] * (1 - bad[order]), starts, axis=1)
    below = np.cumsum(goods, axis=1) - goods / 2
    areas: Real = (bads * below).sum(axis=1) / (bads.sum(axis=1) * goods.sum(axis=1))
    return 2 * areas - 1


def draws(applicants: pl.Series, resamples: int, seed: int) -> Real:
    """Return case weights: every case once in the first row, then drawn applicant by applicant."""
    who = applicants.rank("dense").to_numpy() - 1
    people = int(who.max()) + 1
    drawn = np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), size=resamples)
    return np.concatenate([np.ones((1, len(who))), drawn[:, who]]).astype(np.float64)


def over_seeds(by_seed: Real, drawn: np.random.Generator) -> Real:
    """Return the mean over the training seeds, in the first column; over seeds drawn with replacement in the others."""
    seeds, columns = by_seed.shape
    picked = drawn.integers(0, seeds, (seeds, columns))
    picked[:, 0] = np.arange(seeds)
    means: Real = np.take_along_axis(by_seed, picked, axis=0).mean(axis=0)
    return means


def shares(
    clean: Path, training_seeds: Sequence[int], resamples: int
) -> tuple[Mapping[str, tuple[int, Real, Real]], tuple[float, float]]:
    """Return for each set how many features it has and its draws of both shares, observed and expected; and truth's."""
    dataset, truth = dataset_of(clean)
    cases = dataset.part("out_of_time").join(truth, on="case_id", how="left", maintain_order="left")
    true = cases["probability"].to_numpy()
    seen = cases["label"].cast(pl.Float64).to_numpy()
    weights = draws(cases["applicant_id"], resamples, 7)
    best = {id(bad): ginis(true, bad, weights) for bad in (seen, true)}
    present = {spec.name for spec in dataset.features}
    drawn = np.random.default_rng(8)
    found: dict[str, tuple[int, Real, Real]] = {}
    for name, names in sets():
        scores = margins(dataset, names, training_seeds)
        observed, expected = (
            over_seeds(np.array([ginis(score, bad, weights) for score in scores]), drawn) / best[id(bad)]
            for bad in (seen, true)
        )
        found[name] = (len(names & present), observed, expected)
    print(f"{len(cases):,} out-of-time cases, {int(seen.sum())} bad; {len(present)} of {len(CATALOGUE)} features used")
    return found, (float(best[id(seen)][0]), float(best[id(true)][0]))


def told(values: Real) -> str:
    low, high = np.quantile(values[1:], (0.025, 0.975))
    return f"{values[0]:7.1%} [{low:6.1%}, {high:6.1%}]"


def table(found: Mapping[str, tuple[int, Real, Real]], best: tuple[float, float]) -> None:
    """Print each set's shares, and how far the expected one lies above that of the features before."""
    print(f"Gini of the {TRUE}: {best[0]:.3f} on what became of the cases, {best[1]:.3f} expected")
    print(f"{'features':<26} {'number':>6}  {'share of Gini, observed':<25}  {'expected':<25}  above before, expected")
    for name, (number, observed, expected) in found.items():
        above = expected - found[BEFORE][2]
        print(f"{name:<26} {number:>6}  {told(observed):<25}  {told(expected):<25}  {told(above)}")


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="seed of the synthetic lender")
    parser.add_argument("--applicants", type=int, default=None, help="how many persons; default: the recipe's 40,000")
    parser.add_argument("--tables", type=Path, help="cleaned tables to take instead of making a lender")
    parser.add_argument("--training-seeds", type=int, default=6)
    parser.add_argument("--resamples", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clean = given.tables or lender(Path(folder), given.seed, given.applicants)
        table(*shares(clean, range(given.training_seeds), given.resamples))


if __name__ == "__main__":
    main()
