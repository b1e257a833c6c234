"""Drift is told from a bound on, and stops from a larger one; both beyond chance."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from modelling.errors import MetricError
from modelling.feature_drift import DRIFT_FAILURE, DRIFT_WARNING, FEWEST, measure_drift
from modelling.stability import psi


@dataclass(frozen=True)
class Named:
    name: str
    kind: str


MONEY = (Named("money", "number"),)


def money(rows, seed, scale=1.0):
    return pl.DataFrame({"money": np.random.default_rng(seed).lognormal(9, 0.5, rows) * scale})


def verdict(before, after):
    return measure_drift(before, after, MONEY)[0].verdict


def test_another_sample_of_the_same_population_is_as_before():
    assert verdict(money(5000, 1), money(5000, 2)) == "as before"


def test_a_moved_population_is_told_and_another_unit_is_broken():
    assert verdict(money(5000, 1), money(5000, 2, 1.3)) == "moved"
    assert verdict(money(5000, 1), money(5000, 2, 100)) == "broken"


def test_losing_half_of_the_values_is_broken():
    after = money(5000, 2).with_columns(pl.when(pl.int_range(5000) % 2 == 0).then("money"))

    assert verdict(money(5000, 1), after) == "broken"


def test_few_cases_are_not_judged_however_far_they_seem_to_have_moved():
    found = measure_drift(money(5000, 1), money(FEWEST - 1, 5, 100), MONEY)[0]

    assert found.psi.value > DRIFT_FAILURE
    assert found.verdict == "too few cases"
    assert verdict(money(5000, 1), money(FEWEST, 5, 100)) == "broken"


@pytest.mark.parametrize("seed", range(20))
def test_as_few_cases_as_are_judged_are_never_broken_by_chance(seed):
    assert verdict(money(FEWEST, seed), money(FEWEST, 100 + seed)) in {"as before", "moved"}


def test_it_is_the_psi_of_the_metric_and_the_farthest_comes_first():
    before = money(2000, 1).with_columns(other=pl.col("money"), kind=pl.lit("a"))
    after = money(2000, 2, 1.5).with_columns(other=pl.col("money") / 1.5, kind=pl.lit("b"))
    features = (Named("other", "number"), Named("money", "number"), Named("kind", "category"))

    found = measure_drift(before, after, features)

    assert [one.feature for one in found] == ["kind", "money", "other"]
    assert found[1].psi == psi(before["money"].to_numpy(), after["money"].to_numpy())
    assert found[1].psi.value > DRIFT_WARNING


def test_a_table_without_rows_is_refused():
    with pytest.raises(MetricError, match="must hold at least one each"):
        measure_drift(money(10, 1), money(10, 1).clear(), MONEY)
