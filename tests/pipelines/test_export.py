"""Models written for elsewhere: read back from the file alone, they score as they did."""

import csv
import math
import shutil

import duckdb
import pytest

from modelling.errors import ExportError
from modelling.scorecard import Scorecard
from modelling.tracking import log_run
from modelling.training import train
from pipelines.export import export_card, export_sql
from review.cells import unescape_cell
from scoring.errors import BundleError
from scoring.points import PointsMap
from scoring.spec import Scale


@pytest.fixture(scope="module")
def scorecard(small_dataset):
    return train(small_dataset, Scorecard(), seed=3, resamples=100)


@pytest.fixture(scope="module")
def card(small_store, small_dataset, scorecard, tmp_path_factory):
    """Return the lines of the card that was written for the latest scorecard of an experiment."""
    log_run(small_store, "cards", scorecard, small_dataset, now=1, code={})
    out = tmp_path_factory.mktemp("card") / "card.csv"
    export_card(small_store.folder, out, experiment="cards")
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_hand(card, case):
    """Add a case's points up as a clerk would, line by line."""
    total = 0.0
    for line in card:
        value, kind = case.get(line["feature"]), line["kind"]
        words = {unescape_cell(one["word"]) for one in card if one["feature"] == line["feature"] and one["word"]}
        counts = {
            "base": lambda: True,
            "missing": lambda value=value: value is None,
            "word": lambda value=value, line=line: value == unescape_cell(line["word"]),
            "other": lambda value=value, words=words: value is not None and value not in words,
            "range": lambda value=value, line=line: (
                value is not None
                and (not line["lower"] or value >= float(line["lower"]))
                and (not line["upper"] or value < float(line["upper"]))
            ),
        }[kind]()
        total += float(line["points"]) if counts else 0.0
    return total


def test_a_card_adds_up_to_the_scorecards_points_on_ten_thousand_cases(card, scorecard, small_dataset, small_table):
    cases = small_table.select(spec.name for spec in small_dataset.features).sample(
        10_000, with_replacement=True, seed=1
    )
    # Shuffled column by column: combinations of values that the scorecard never saw.
    cases = cases.select(column.shuffle(seed=place) for place, column in enumerate(cases))
    line = PointsMap.of(scorecard.calibration, Scale())
    points = [line.points(margin) for margin in scorecard.fitted.margin(cases).tolist()]

    found = [by_hand(card, case) for case in cases.iter_rows(named=True)]

    assert max(abs(one - other) for one, other in zip(found, points, strict=True)) < 1e-9


def test_only_a_scorecard_becomes_a_card(small_store, small_trained, small_dataset, tmp_path):
    run = log_run(small_store, "no-cards", small_trained, small_dataset, now=1, code={})

    with pytest.raises(ExportError, match=r"is a 'lightgbm'; only a 'scorecard' becomes a points card"):
        export_card(small_store.folder, tmp_path / "card.csv", experiment="no-cards", run_id=run)
    with pytest.raises(ExportError, match=r"holds no scorecard, only lightgbm: train one"):
        export_card(small_store.folder, tmp_path / "card.csv", experiment="no-cards")
    assert not (tmp_path / "card.csv").exists()


def test_the_statement_scores_as_the_bundle_that_it_names(small, tmp_path):
    made = export_sql(small.folder, tmp_path / "champion.sql", table="cases", case_id="application_id")
    sql = made.path.read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        connection.register("cases", small.cases.to_arrow())
        rows = connection.execute(sql).fetchall()

    ids = small.cases["application_id"].to_list()
    columns = {spec.name: small.cases[spec.name].to_list() for spec in small.bundle.spec.features}
    decisions = small.scorer.decide_many(columns, case_ids=ids)
    by_id = {one.case_id: one for one in decisions}
    assert sql.startswith(f"-- Points of {small.bundle.spec.name} 1, bundle {small.scorer.sha256}.")
    assert made.model == small.scorer.sha256
    assert sorted((row[0], row[1], row[3], row[4], row[5]) for row in rows) == sorted(
        (one.case_id, one.margin, one.points, one.tier, one.provisional) for one in decisions
    )
    assert all(math.isclose(row[2], by_id[row[0]].pd, rel_tol=1e-14) for row in rows)


def test_an_altered_bundle_becomes_no_statement(small, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(small.folder, folder)
    (folder / "bundle.json").write_bytes((folder / "bundle.json").read_bytes() + b" ")

    with pytest.raises(BundleError, match=r"bundle\.json"):
        export_sql(folder, tmp_path / "champion.sql", table="cases", case_id="id")
    assert not (tmp_path / "champion.sql").exists()
