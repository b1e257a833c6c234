"""`bamboo replay` makes decisions again from what they hold, and names what is not as on file."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pipelines.decisions import read_decisions, write_decisions
from pipelines.errors import CaseNotFoundError, DamagedFileError
from pipelines.replay import NotEqual, replay
from pipelines.route import RouteError
from pipelines.score import score
from scoring.bundle import write_bundle
from scoring.scorer import Scorer
from scoring.spec import ConcentrationLimit


@pytest.fixture(scope="module", params=["decisions.parquet", "decisions.jsonl"])
def scored(small, tmp_path_factory, request):
    """Every 17th case lacks its income, some cities were never seen, and flags are bools: all must come back."""
    folder = tmp_path_factory.mktemp("scored")
    small.cases.write_parquet(folder / "cases.parquet")
    score(folder / "cases.parquet", small.folder, folder / request.param)
    return folder / request.param


def altered(scored, folder, row, **change):
    """The file with one decision changed."""
    decisions = read_decisions(scored)
    decisions[row] = replace(decisions[row], **change)
    write_decisions(folder / scored.name, decisions)
    return folder / scored.name


def test_every_decision_is_made_again_bit_for_bit(small, scored):
    found = replay(scored, bundle_folder=small.folder)

    assert found.holds
    assert found.cases == found.equal == len(small.cases)
    assert found.bundle == small.scorer.sha256


def test_one_bit_on_file_is_named_with_both_values(small, scored, tmp_path):
    kept = read_decisions(scored)[3]
    moved = math.nextafter(kept.points, math.inf)

    found = replay(altered(scored, tmp_path, 3, points=moved), bundle_folder=small.folder)

    told = f"points is {moved!r} on file, and the bundle gives {kept.points!r}"
    assert found.not_equal == (NotEqual(case_id=kept.case_id, row=4, found=told),)
    assert (found.cases, found.equal) == (len(small.cases), len(small.cases) - 1)


def test_a_number_of_another_kind_is_told_though_it_is_equal(small, scored, tmp_path):
    kept = read_decisions(scored)[2]
    whole = tuple(
        replace(each, value=int(each.value)) if each.feature == "loans_open" else each for each in kept.contributions
    )

    found = replay(altered(scored, tmp_path, 2, contributions=whole), bundle_folder=small.folder)

    assert [each.row for each in found.not_equal] == [3]
    assert found.not_equal[0].found.startswith("contributions[loans_open].value is ")


def test_a_value_on_file_that_was_not_what_was_scored_shows(small, scored, tmp_path):
    kept = read_decisions(scored)[0]
    other = tuple(replace(each, value=12.5) if each.feature == "income" else each for each in kept.contributions)

    found = replay(altered(scored, tmp_path, 0, contributions=other), bundle_folder=small.folder)

    assert found.not_equal[0].case_id == kept.case_id
    assert "on file, and the bundle gives" in found.not_equal[0].found


def test_a_decision_that_lacks_a_value_is_told_and_the_others_are_still_replayed(small, scored, tmp_path):
    short = read_decisions(scored)[1].contributions[1:]

    found = replay(altered(scored, tmp_path, 1, contributions=short), bundle_folder=small.folder)

    assert [each.row for each in found.not_equal] == [2]
    assert "cannot be decided from what it holds: The model needs 1 feature(s)" in found.not_equal[0].found


def test_cases_are_chosen_by_id_and_one_that_is_not_there_is_named(small, scored):
    found = replay(scored, bundle_folder=small.folder, case_ids=["case-00005", "case-00002"])

    assert (found.cases, found.holds) == (2, True)
    with pytest.raises(CaseNotFoundError, match=r"'Case-00005' is not among .* Did you mean 'case-00005'\?"):
        replay(scored, bundle_folder=small.folder, case_ids=["Case-00005"])


def test_decisions_of_another_bundle_are_refused(small, scored, tmp_path):
    decisions = [replace(decision, bundle="0" * 64) for decision in read_decisions(scored)]
    write_decisions(tmp_path / scored.name, decisions)

    with pytest.raises(RouteError, match="holds decisions of bundle 000000000000"):
        replay(tmp_path / scored.name, bundle_folder=small.folder)


def test_a_limit_that_the_portfolio_had_reached_needs_the_portfolio_again(small, tmp_path):
    limit = ConcentrationLimit(feature="city", limit=0.5, outcome="phone_review")
    policy = replace(small.bundle.spec.policy, concentration_limits=(limit,))
    write_bundle(tmp_path / "bundle", replace(small.bundle, spec=replace(small.bundle.spec, policy=policy)))
    scorer, portfolio = Scorer.load(tmp_path / "bundle"), {"city": {"Wuhan": 0.6}}
    rows = small.cases.head(20).to_dicts()
    decided = [scorer.decide(row, case_id=row.pop("application_id"), portfolio=portfolio) for row in rows]
    write_decisions(tmp_path / "decisions.parquet", decided)

    with_it = replay(tmp_path / "decisions.parquet", bundle_folder=tmp_path / "bundle", portfolio=portfolio)
    without = replay(tmp_path / "decisions.parquet", bundle_folder=tmp_path / "bundle")

    assert with_it.holds
    assert len(without.not_equal) == sum(row["city"] == "Wuhan" for row in rows) > 0
    assert all(each.found.endswith("give the portfolio's state of then (--portfolio)") for each in without.not_equal)


def test_a_file_without_decisions_is_refused(small, scored, tmp_path):
    write_decisions(tmp_path / scored.name, [])

    with pytest.raises(DamagedFileError, match=r"holds no decision\. Name a file in which"):
        replay(tmp_path / scored.name, bundle_folder=small.folder)
