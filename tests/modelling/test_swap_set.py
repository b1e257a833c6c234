"""Swap set: cells by definition, equal approval rates whatever the ties, amounts known or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelling.errors import MetricError
from modelling.measure_sample import Cases
from modelling.swap_set import swap_set

NAMES = ("in_in", "in_out", "out_in", "out_out")


def scored(margin, bad):
    n = len(margin)
    return Cases(
        bad=np.array(bad, dtype=bool),
        margin=np.array(margin, dtype=float),
        pd=np.full(n, 0.1),
        applicant=np.arange(n).astype(object),
    )


def test_cells_by_hand():
    bad = [0, 1, 0, 1]
    old, new = scored([1, 2, 3, 4], bad), scored([1, 4, 2, 3], bad)

    found = swap_set(
        old, new, labelled=np.array([True, True, True, False]), approval_rate=0.5, amount=np.array([10.0, 20, 40, 80])
    )

    told = {
        cell.cell: (cell.n, cell.labelled, cell.bads, cell.bad_rate, cell.amount, cell.bad_amount)
        for cell in found.cells
    }
    assert told == {
        "in_in": (1, 1, 0, 0.0, 10.0, 0.0),
        "in_out": (1, 1, 1, 1.0, 20.0, 20.0),
        "out_in": (1, 1, 0, 0.0, 40.0, 0.0),
        "out_out": (1, 0, 0, None, 80.0, 0.0),
    }


margins = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), min_size=1, max_size=60)


@given(margins, st.floats(0.01, 0.99))
def test_both_models_approve_equally_many_whatever_the_ties(cases, rate):
    old, new, bad = zip(*cases, strict=True)
    n = len(cases)

    found = swap_set(scored(old, bad), scored(new, bad), labelled=np.ones(n, dtype=bool), approval_rate=rate)

    cells = {cell.cell: cell for cell in found.cells}
    assert tuple(cells) == NAMES
    assert sum(cell.n for cell in found.cells) == n
    assert sum(cell.bads for cell in found.cells) == sum(bad)
    assert cells["in_out"].n == cells["out_in"].n
    assert cells["in_in"].n + cells["in_out"].n == round(rate * n)


@given(margins)
def test_a_model_swaps_nobody_with_itself(cases):
    old, _, bad = zip(*cases, strict=True)

    found = swap_set(scored(old, bad), scored(old, bad), labelled=np.ones(len(cases), dtype=bool), approval_rate=0.5)

    assert [cell.n for cell in found.cells[1:3]] == [0, 0]


def test_a_better_model_takes_in_safer_cases_than_it_puts_out():
    random = np.random.default_rng(0)
    logit = random.normal(size=4000)
    bad = random.random(4000) < 1 / (1 + np.exp(2 - 2 * logit))
    old = scored(logit + random.normal(size=4000), bad)

    cells = swap_set(old, scored(logit, bad), labelled=np.ones(4000, dtype=bool), approval_rate=0.6).cells

    assert cells[2].upper < cells[1].lower


def test_an_unknown_amount_leaves_its_cell_without_sum():
    cases = scored([1, 2], [0, 1])

    found = swap_set(cases, cases, labelled=np.array([True, True]), approval_rate=0.5, amount=np.array([5.0, np.nan]))

    assert [(cell.cell, cell.amount) for cell in found.cells if cell.n] == [("in_in", 5.0), ("out_out", None)]


@pytest.mark.parametrize("rate", [0, 1, 60])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(MetricError, match=f"approval_rate == {rate}, must be strictly between 0 and 1"):
        swap_set(scored([1], [0]), scored([1], [0]), labelled=np.array([True]), approval_rate=rate)
