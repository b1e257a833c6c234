"""Planted bad rows are found by an obvious count, no more and no less."""

import polars as pl
import pytest

from features.tables import TABLES
from synthetic.dirt import KINDS, SOILS, kinds_of

every_table = pytest.mark.parametrize("name", SOILS)


@every_table
def test_every_table_got_the_dirt_of_the_recipe(name, tiny, tiny_recipe):
    wanted = {kind: getattr(tiny_recipe.dirt, kind) for kind in kinds_of(name)}

    assert tiny.planted.dirt[name] == wanted


@every_table
def test_duplicates_are_found_exactly(name, tiny):
    frame = tiny.tables[name]

    assert frame.height - frame.unique().height == tiny.planted.dirt[name]["duplicate"]


@every_table
def test_conflicts_are_found_exactly(name, tiny):
    key = TABLES[name].key
    contents = tiny.tables[name].unique().group_by(key).len()

    assert (contents["len"] == 2).sum() == tiny.planted.dirt[name]["conflict"]
    assert contents["len"].max() == 2


def test_the_truth_stays_clean(tiny):
    assert "truth" not in tiny.planted.dirt
    assert tiny.tables["truth"]["application_id"].is_unique().all()


def test_setting_bad_rows_aside_breaks_no_reference(tiny):
    """Nothing but the rows planted for it refers to a bad application or loan."""
    for name in ("applications", "loans"):
        key = TABLES[name].key
        frame = tiny.tables[name].unique()
        bad = frame.filter(frame[key].is_duplicated() | (pl.col("amount") < 0))[key]
        if name == "loans":
            bad = pl.concat([bad, frame.filter(pl.col("known_at") < pl.col("happened_at"))[key]])
        for child, table in TABLES.items():
            for column, parent in table.parents.items():
                if parent == name:
                    assert not tiny.tables[child][column].is_in(bad.implode()).any(), child


def test_a_table_says_what_dirt_it_can_hold():
    assert kinds_of("applications") == ("duplicate", "conflict", "impossible")
    assert set(kinds_of("instalments")) < set(KINDS)


def test_dirt_is_spread_over_the_blocks(tiny, tiny_recipe):
    frame = tiny.tables["bureau_inquiries"]
    copies = frame.filter(frame["inquiry_id"].is_duplicated())
    blocks = copies["inquiry_id"].str.slice(0, 5).n_unique()

    assert blocks == tiny_recipe.applicants // tiny_recipe.block_applicants
