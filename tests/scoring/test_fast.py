"""Compiled, spread over threads or neither: the same bits, and a named error where the compiler is missing."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from modelling.export_trees import trees_from_booster
from scoring import Scorer, write_bundle
from scoring.errors import AcceleratorError, ShapeError
from scoring.fast import FastKernel, accelerated
from scoring.kernel import Kernel, prepare


@pytest.fixture(scope="module")
def many(scorer, columns):
    return np.tile(scorer.matrix(columns), (11, 1))[:4100]


@pytest.mark.parametrize("threads", [1, 3])
def test_compiled_and_spread_rows_have_the_bits_of_each_alone(booster, many, threads):
    kernel = prepare(trees_from_booster(booster))
    alone = [kernel.explain(row) for row in many[:400]]
    for whole in (kernel, accelerated(kernel)):
        each = replace(whole, at_once=2000)
        margins, contributions = each.explain_many(many, threads=threads)
        assert margins[:400].tolist() == [margin for margin, _ in alone]
        assert contributions[:400].tobytes() == b"".join(found.tobytes() for _, found in alone)
        assert contributions[4000:].tobytes() == contributions[:100].tobytes()
        assert each.margins(many, threads=threads).tobytes() == margins.tobytes()
        assert whole.explain_many(many, threads=threads)[1].tobytes() == contributions.tobytes()


@pytest.mark.parametrize(
    "shared",
    [(0, 2, []), (300, 2, [300]), (901, 1, [226, 226, 226, 223]), (900, 2, [225] * 4), (900, 16, [300] * 3)],
)
def test_rows_are_shared_evenly_among_threads(booster, many, monkeypatch, shared):
    rows, threads, pieces = shared
    kernel, seen = replace(prepare(trees_from_booster(booster)), at_once=300, few=0), []
    fill = Kernel._fill_many

    def told(self, matrix, margins, contributions):
        seen.append(len(matrix))
        fill(self, matrix, margins, contributions)

    monkeypatch.setattr(Kernel, "_fill_many", told)
    kernel.explain_many(many[:rows], threads=threads)
    assert sorted(seen, reverse=True) == pieces


def test_rows_that_lie_otherwise_or_may_not_be_written_are_the_same(booster, many):
    kernel = accelerated(prepare(trees_from_booster(booster)))
    frozen = np.asfortranarray(many[:300])
    frozen.flags.writeable = False
    contributions = kernel.explain_many(many[:300])[1]
    assert kernel.explain_many(frozen)[1].tobytes() == contributions.tobytes()
    assert kernel.explain(frozen[7])[1].tobytes() == contributions[7].tobytes()


def test_an_accelerated_scorer_decides_the_same_also_after_reload(bundle, scorer, cases, columns, tmp_path):
    write_bundle(tmp_path / "b", bundle)
    plain = [decision.to_json() for decision in scorer.decide_many(columns)]
    fast = Scorer.load(tmp_path / "b", accelerate=True)
    for _ in range(2):
        assert type(fast._model.kernel) is FastKernel
        assert [decision.to_json() for decision in fast.decide_many(columns, threads=2)] == plain
        assert [fast.decide(case).to_json() for case in cases[:100]] == plain[:100]
        fast.reload(tmp_path / "b")


def test_without_numba_true_is_refused_and_none_does_without(bundle, cases, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(AcceleratorError, match=r"pip install 'bamboo-credit\[fast\]', or load with accelerate=False"):
        Scorer(bundle, accelerate=True)
    without = Scorer(bundle, accelerate=None)
    assert type(without._model.kernel) is Kernel
    assert without.decide(cases[0]) == Scorer(bundle, accelerate=False).decide(cases[0])


def test_none_compiles_where_numba_is(bundle):
    assert type(Scorer(bundle, accelerate=None)._model.kernel) is FastKernel


@pytest.mark.parametrize("threads", [0, -1, 1.0, True, "2"])
def test_threads_are_a_positive_whole_number(scorer, columns, threads):
    with pytest.raises(ShapeError, match=r"threads == .*, must be a whole number of at least 1"):
        scorer.decide_many(columns, threads=threads)
    with pytest.raises(ShapeError, match="threads =="):
        scorer.margins(scorer.matrix(columns), threads=threads)
