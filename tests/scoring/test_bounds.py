"""One row alone meets the conditions that it meets among many, whatever the conditions are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.bounds import Answers, Limits, bounds_of
from scoring.cells import Block, Feature

LARGEST = float(np.finfo(np.float64).max)
WIDTH = 3


@st.composite
def answers(draw):
    """Answers of two features, each with conditions of any kind: some hold up to a bound, some beyond, some anyhow."""
    bits = draw(st.permutations(range(8 * WIDTH)))
    taken = sorted(bits[:9]), sorted(bits[9:15])
    found = []
    for feature, mine in zip((1, 4), taken, strict=True):
        bounds = draw(st.lists(st.floats(-5, 5).map(lambda bound: bound + 0.0), min_size=1, max_size=6, unique=True))
        breaks = np.array([*sorted(bounds), LARGEST, np.inf])
        holds = np.array(draw(st.lists(held(len(breaks)), min_size=len(mine), max_size=len(mine))), dtype=np.uint8)
        found.append(Answers(feature, breaks, np.array(mine, dtype=np.intp), holds))
    return found


def held(cells):
    """What a condition says in each cell; the last is that of missing values."""
    up_to = st.integers(0, cells - 1).map(lambda end: [1] * end + [0] * (cells - 1 - end))
    beyond = up_to.map(lambda way: [1 - each for each in way])
    anyhow = st.lists(st.integers(0, 1), min_size=cells - 1, max_size=cells - 1)
    return st.tuples(up_to | beyond | anyhow, st.integers(0, 1)).map(lambda parts: [*parts[0], parts[1]])


@given(found=answers(), seed=st.integers(0, 1000))
def test_a_row_alone_has_the_patterns_that_it_has_among_many(found, seed):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(40, 6)) * 4
    borders = [each for one in found for bound in one.breaks[:-1] for each in (bound, np.nextafter(bound, -9))]
    rows[:, (1, 4)] = rng.choice([*borders, np.nan, 0.0, -0.0, *rows[:5, 0]], size=(40, 2))
    features = tuple(Feature(each.feature, each.breaks, *each.packed()) for each in found)
    block = Block(width=WIDTH, features=features, bounds=bounds_of(found, WIDTH, 6))

    together = block.of_rows(np.ascontiguousarray(rows.T))

    for row, patterns in zip(rows, together.T, strict=True):
        assert block.bounds.of_row(row).tolist() == patterns.tolist()


@given(found=answers(), seed=st.integers(0, 1000))
def test_a_row_within_its_limits_has_its_patterns_and_any_other_has_none(found, seed):
    rng = np.random.default_rng(seed)
    least = rng.choice([-LARGEST, 0.0, -1.5], size=6)
    most = rng.choice([LARGEST, 0.0, 1.5], size=6)
    bounds, unlimited = bounds_of(found, WIDTH, 6, Limits(least, most)), bounds_of(found, WIDTH, 6)
    rows = np.where(rng.random((60, 6)) < 0.2, np.nan, rng.uniform(least.clip(-2), most.clip(max=2), size=(60, 6)))
    with np.errstate(over="ignore"):
        borders = np.array([least, most, np.nextafter(least, -np.inf), np.nextafter(most, np.inf)])
    for row in rows[20:]:
        place = rng.integers(6)
        row[place] = rng.choice([*borders[:, place], np.inf, -np.inf, 0.0, -0.0])

    inside = [bool((np.isnan(row) | ((least <= row) & (row <= most))).all()) for row in rows]

    assert True in inside
    assert False in inside
    for row, legal in zip(rows, inside, strict=True):
        patterns = bounds.of_row_within(row)
        assert (patterns is not None) == legal
        if patterns is not None:
            assert patterns.tolist() == bounds.of_row(row).tolist() == unlimited.of_row(row).tolist()


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_a_bit_without_a_condition_is_never_set(value):
    only = Answers(0, np.array([0.0, LARGEST, np.inf]), np.array([2]), np.array([[1, 0, 1]], dtype=np.uint8))
    first, second = bounds_of([only], 2, 1).of_row(np.array([value])).tolist()
    assert first in {0, 4}
    assert second == 0


def test_only_what_no_bound_tells_becomes_a_set():
    breaks = np.array([-1.0, 1.0, LARGEST, np.inf])
    ways = np.array([[1, 0, 0, 0], [1, 0, 0, 1], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1], [1, 1, 1, 0]])
    plain = Answers(0, breaks, np.arange(6), ways.astype(np.uint8))
    assert bounds_of([plain], 1, 1).sets == ()
    odd = Answers(0, breaks, np.arange(1), np.array([[1, 0, 1, 0]], dtype=np.uint8))
    (kept,) = bounds_of([odd], 1, 1).sets
    assert kept.patterns == [1, 0, 1, 0]
