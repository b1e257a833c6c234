"""Synthetic lenders shared by the tests; every statistical test states its alpha and uses these fixed seeds."""

import pytest

from pipelines.recipes import read_recipe
from synthetic.cases import cases, sound
from synthetic.lender import synthesise
from synthetic.plan import make_plan


@pytest.fixture(scope="session")
def alpha():
    """Chance with which a statistical test would fail on a right program with another seed."""
    return 1e-4


@pytest.fixture(scope="session")
def recipe():
    return read_recipe("default")


@pytest.fixture(scope="session")
def tiny_recipe():
    return read_recipe("tiny")


@pytest.fixture(scope="session")
def tiny(tiny_recipe):
    return synthesise(tiny_recipe, 11)


@pytest.fixture(scope="session")
def lender(recipe):
    return synthesise(recipe, 12, applicants=15_000)


@pytest.fixture(scope="session")
def plan(recipe):
    return make_plan(recipe, 12, 15_000)


@pytest.fixture(scope="session")
def tables(lender):
    """The tables of the lender without plainly bad rows."""
    return sound(lender.tables, lender.extract_at)


@pytest.fixture(scope="session")
def rows(tables, lender):
    """One row per application with its truth and outcome."""
    return cases(tables, lender.extract_at)
