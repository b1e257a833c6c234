"""One case and many: the same bits whatever the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import numpy as np
import pytest

from scoring import Decision, Scorer, golden_of, write_bundle
from scoring.errors import AlteredBundleError, CaseIdError, ShapeError


def test_points_and_contributions_add_up_and_agree_with_lightgbm(scorer, booster, cases):
    for case in cases[:50]:
        decision = scorer.decide(case)
        row = scorer.matrix({name: [value] for name, value in case.items()})
        assert decision.margin == booster.predict(row, raw_score=True)[0]
        total = decision.start_points + sum(each.points for each in decision.contributions)
        assert total == pytest.approx(decision.points, abs=1e-9, rel=0)


def test_many_is_each_alone(scorer, columns, cases):
    ids = [f"case-{place}" for place in range(len(cases))]
    many = scorer.decide_many(columns, case_ids=ids, portfolio={"region": {"west": 0.5}})
    alone = [
        scorer.decide(case, case_id=name, portfolio={"region": {"west": 0.5}})
        for case, name in zip(cases, ids, strict=True)
    ]
    assert [each.to_json() for each in many] == [each.to_json() for each in alone]


def test_sixteen_threads_give_the_bits_of_one(scorer, cases):
    once = [scorer.decide(case, case_id="a").to_json() for case in cases]
    with ThreadPoolExecutor(16) as pool:
        again = list(pool.map(lambda case: scorer.decide(case, case_id="a").to_json(), cases * 2))
    assert again == once * 2


def test_a_written_bundle_decides_as_the_one_in_memory(scorer, bundle, cases, tmp_path):
    name = write_bundle(tmp_path / "b", bundle)
    loaded = Scorer.load(tmp_path / "b")
    assert loaded.sha256 == name == scorer.sha256
    assert [loaded.decide(case) for case in cases[:20]] == [scorer.decide(case) for case in cases[:20]]


def test_a_decision_survives_the_way_through_json(scorer, cases):
    for case in cases[:50]:
        decision = scorer.decide(case, case_id="x")
        assert Decision.from_json(decision.to_json()) == decision
        assert Decision.from_dict(decision.to_dict()) == decision
        assert list(decision.to_dict()) == list(Decision.__dataclass_fields__)


def test_reload_keeps_the_old_bundle_when_the_new_one_is_refused(bundle, tmp_path):
    write_bundle(tmp_path / "b", bundle)
    scorer = Scorer.load(tmp_path / "b")
    (tmp_path / "b" / "golden.json").unlink()
    with pytest.raises(AlteredBundleError, match=r"missing golden\.json"):
        scorer.reload(tmp_path / "b")
    assert scorer.sha256 == Scorer(bundle).sha256


def test_every_decision_under_reloads_is_wholly_of_one_bundle(bundle, spec, cases, tmp_path):
    dearer = replace(
        spec, policy=replace(spec.policy, conflict_points=5.0), calibration=replace(spec.calibration, slope=0.7)
    )
    names = {write_bundle(tmp_path / "a", bundle), write_bundle(tmp_path / "b", _golden_again(bundle, dearer))}
    wanted = {
        scorer.sha256: [scorer.decide(case).to_json() for case in cases[:40]]
        for scorer in (Scorer.load(tmp_path / "a"), Scorer.load(tmp_path / "b"))
    }
    assert wanted.keys() == names
    shared = Scorer.load(tmp_path / "a")
    done = Event()

    def decide(_):
        found = []
        while not done.is_set() or not found:
            found += [(place, shared.decide(case)) for place, case in enumerate(cases[:40])]
        return found

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(decide, each) for each in range(4)]
        for turn in range(10):
            shared.reload(tmp_path / ("b" if turn % 2 == 0 else "a"))
        done.set()
        found = [each for one in running for each in one.result()]
    assert {decision.bundle for _, decision in found} == names
    assert all(decision.to_json() == wanted[decision.bundle][place] for place, decision in found)


def _golden_again(bundle, spec):
    requests = [case.features for case in bundle.golden.cases]
    return replace(bundle, spec=spec, golden=golden_of(spec, bundle.trees, bundle.reference, requests))


def test_ids_must_fit_the_cases(scorer, columns):
    with pytest.raises(ShapeError, match="1 entries for 400 cases"):
        scorer.decide_many(columns, case_ids=["only"])
    with pytest.raises(CaseIdError, match=r"case_ids\[399\] == 17.0, must be a string"):
        scorer.decide_many(columns, case_ids=[*map(str, range(399)), 17.0])


@pytest.mark.parametrize("kind", [set, dict.fromkeys, "".join], ids=["set", "dict", "str"])
def test_ids_must_say_which_is_of_which_case(scorer, columns, kind):
    with pytest.raises(ShapeError, match=r"case_ids is a (set|dict|str), must be a list"):
        scorer.decide_many(columns, case_ids=kind(chr(0x4E00 + place) for place in range(400)))


@pytest.mark.parametrize(
    ("case_id", "says"),
    [
        (17.0, "must be a string"),
        (17, "must be a string"),
        ("", "at least one"),
        ("a" * 1001, "1000"),
        ("a\0", r"U\+0000"),
    ],
)
def test_an_id_is_a_short_plain_string(scorer, cases, case_id, says):
    with pytest.raises(CaseIdError, match=says):
        scorer.decide(cases[0], case_id=case_id)


def test_a_row_is_explained_as_in_its_matrix(scorer, columns):
    matrix = scorer.matrix(columns)
    margins, contributions = scorer.explain(matrix)
    for place, row in enumerate(matrix[:40]):
        margin, contribution = scorer.explain_row(row)
        alone, explanation = scorer.explain(matrix[place : place + 1])
        assert margin == margins[place] == alone[0]
        assert contribution.tobytes() == contributions[place].tobytes() == explanation[0].tobytes()
        assert (alone.shape, explanation.shape) == ((1,), (1, matrix.shape[1]))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (np.zeros(7), r"row has shape \(7,\), must be \(8,\)"),
        (np.zeros((1, 8)), r"row has shape \(1, 8\), must be \(8,\)"),
        (np.full(8, -np.inf), "row holds an infinite number"),
    ],
)
def test_a_row_is_one_finite_number_or_nan_per_feature(scorer, row, says):
    with pytest.raises(ShapeError, match=says):
        scorer.explain_row(row)
