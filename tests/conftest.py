"""A small flat table whose truth is known, shared by the tests of training, export and promotion."""

import os

import hypothesis
import numpy as np
import polars as pl
import pytest
from scipy import special

from modelling.flat import FlatContract
from modelling.from_flat import dataset_from_flat
from modelling.gradient_boosting import GradientBoosting
from modelling.mlflow_store import Store
from modelling.tracking import log_run
from modelling.training import train

# A change is judged on the same examples each time; at a desk every run tries new ones, and what it finds is mended.
# No example has a deadline: the machine may have something else to do.
hypothesis.settings.register_profile("ci", derandomize=True, print_blob=True, deadline=None)
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")

START = np.datetime64("2023-01-01", "us")


def make_small_table(rows: int = 2600, seed: int = 5) -> pl.DataFrame:
    """Return cases of 14 months: income, inquiries, channel and a flag matter, noise does not, some are missing."""
    random = np.random.default_rng(seed)
    moments = START + np.sort(random.integers(0, 420 * 86400, rows)).astype("timedelta64[s]").astype("timedelta64[us]")
    income = random.lognormal(9, 0.5, rows)
    inquiries = random.poisson(2, rows).astype(float)
    channel = random.choice(["agent", "app", "search", "rare"], rows, p=[0.25, 0.45, 0.29, 0.01])
    returning = random.random(rows) < 0.2
    logit = -2.4 - 1.7 * (np.log(income) - 9) + 0.6 * (inquiries - 2) + 0.7 * (channel == "agent") - 0.6 * returning
    inquiries[random.random(rows) < 0.1] = np.nan
    return pl.DataFrame(
        {
            "id": [f"c{number:05d}" for number in range(rows)],
            "when": moments,
            "income": income,
            "inquiries": inquiries,
            "channel": channel,
            "returning": returning,
            "noise": random.normal(size=rows),
            "asked": random.uniform(1000, 9000, rows),
            "gender": random.choice(["female", "male"], rows),
            "bad": (random.random(rows) < special.expit(logit)).astype(np.int64),
        }
    ).with_columns(pl.col("inquiries").fill_nan(None))


@pytest.fixture(scope="session")
def small_table():
    return make_small_table()


@pytest.fixture(scope="session")
def small_contract():
    return FlatContract(
        target="bad",
        bad_value=1,
        bad_definition="bad within a year",
        id_column="id",
        time_column="when",
        protected=("gender",),
        directions={"income": -1, "inquiries": 1},
        amount_column="asked",
    )


@pytest.fixture(scope="session")
def small_dataset(small_table, small_contract):
    return dataset_from_flat(small_table, small_contract, seed=1, sources={"table": "ab" * 32})


@pytest.fixture(scope="session")
def small_trained(small_dataset):
    """Return a model of trees, trained on the small table."""
    return train(small_dataset, GradientBoosting(), seed=3, resamples=100)


@pytest.fixture(scope="session")
def small_store(tmp_path_factory):
    """Return an MLflow store; making one takes seconds, so that tests share it under names of their own."""
    return Store(tmp_path_factory.mktemp("mlruns"))


@pytest.fixture(scope="session")
def small_run(small_store, small_trained, small_dataset):
    """Return the id of the run of `small_trained` in the experiment ``small``."""
    return log_run(
        small_store,
        "small",
        small_trained,
        small_dataset,
        now=1_700_000_000_000,
        code={"version": "1.2.3", "package.lightgbm": "4"},
        figures={"roc.png": b"\x89PNG"},
    )
