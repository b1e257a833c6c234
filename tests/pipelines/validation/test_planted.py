"""The synthetic lender plants bad rows and counts them; validation must find exactly those."""

from __future__ import annotations

import pytest

from pipelines import validate as job
from pipelines.recipes import read_recipe
from pipelines.store import write_frame, write_json
from pipelines.validate import validate
from synthetic.lender import synthesise

REASONS = {
    "conflict": lambda reasons: reasons.get("conflicting_duplicate", 0) / 2,
    "future": lambda reasons: reasons.get("happened_at_in_future", 0),
    "known_before_happened": lambda reasons: reasons.get("known_before_happened", 0),
    "broken_reference": lambda reasons: sum(count for id_, count in reasons.items() if id_.startswith("unknown_")),
    "impossible": lambda reasons: sum(count for id_, count in reasons.items() if id_.endswith("_out_of_bounds")),
}
"""Kind of planted dirt to the rows that validation sets aside for it; a conflict is a pair of rows."""


@pytest.fixture(scope="module", params=[7])
def lender(request, tmp_path_factory, suites):
    """A tiny lender and what validation says of it."""
    folder = tmp_path_factory.mktemp("tiny")
    made = synthesise(read_recipe("tiny"), request.param)
    for name, frame in made.tables.items():
        write_frame(folder / "raw" / f"{name}.parquet", frame)
    write_json(folder / "raw" / "synthesis.json", {"extract_at": made.extract_at})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "Suites", lambda: suites)
        return made, validate(folder / "raw", folder / "out")


def test_every_kind_of_planted_dirt_is_found_exactly(lender):
    made, result = lender
    found = {
        table: {
            kind: result.table(table).exact_duplicates
            if kind == "duplicate"
            else REASONS[kind](result.table(table).by_reason)
            for kind in kinds
        }
        for table, kinds in made.planted.dirt.items()
    }

    assert found == made.planted.dirt


def test_nothing_else_is_set_aside(lender):
    made, result = lender

    for report in result.tables:
        planted = made.planted.dirt.get(report.name, {})
        pairs = planted.get("conflict", 0)
        assert report.quarantined == sum(planted.values()) - planted.get("duplicate", 0) + pairs, report.by_reason
        assert report.parent_quarantined == 0
