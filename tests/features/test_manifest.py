"""Hashes tell what changed, and nothing else."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from features.catalogue import CATALOGUE
from features.manifest import content_hash, definitions_hash
from features.windowed import Windowed

FRAME = pl.DataFrame(
    {
        "id": ["a", "b", None],
        "at": pl.Series([datetime(2024, 1, 1, tzinfo=UTC)] * 3, dtype=pl.Datetime("us", "UTC")),
        "number": [0.0, None, math.nan],
        "flag": [True, None, False],
    }
)


def test_equal_values_hash_alike_whatever_the_chunks():
    chunked = pl.concat([FRAME[:1], FRAME[1:]], rechunk=False)

    assert content_hash(chunked) == content_hash(FRAME)


def test_the_hash_is_the_same_in_every_version():
    assert content_hash(FRAME) == "746ee3ecef12856bdb248908a18d64115bdd07a076419a0f3e51b70f87d9834e"


@pytest.mark.parametrize(
    "changed",
    [
        FRAME.with_columns(number=pl.Series([0.0, 0.0, math.nan])),
        FRAME.with_columns(number=pl.Series([-0.0, None, math.nan])),
        FRAME.with_columns(number=pl.Series([5e-324, None, math.nan])),
        FRAME.with_columns(number=pl.Series([0.0, math.nan, None])),
        FRAME.with_columns(id=pl.Series(["a", "b", ""])),
        FRAME.with_columns(flag=pl.Series([True, False, False])),
        FRAME.with_columns(pl.col("at") + timedelta(microseconds=1)),
        FRAME.with_columns(pl.col("flag").cast(pl.Int64)),
        FRAME.rename({"id": "key"}),
        FRAME.select("at", "id", "number", "flag"),
        FRAME.reverse(),
    ],
    ids=["null to 0", "sign of 0", "smallest number", "null and NaN", "null to empty", "null to false", "time", "type",
         "name", "order of columns", "order of rows"],
)  # fmt: skip
def test_any_change_changes_the_hash(changed):
    assert content_hash(changed) != content_hash(FRAME)


def test_definitions_hash_alike_again():
    assert definitions_hash(CATALOGUE.values()) == definitions_hash(tuple(CATALOGUE.values()))


def redefined(name, **changes):
    feature = CATALOGUE[name]
    assert not changes or isinstance(feature, Windowed)
    return definitions_hash([replace(feature, **changes)])


@pytest.mark.parametrize(
    "changes",
    [
        {"window": timedelta(days=31)},
        {"where": ("bank",)},
        {"lower": None},
        {"meaning": replace(CATALOGUE["inquiries_count_30d"].meaning, direction=0)},
        {"meaning": replace(CATALOGUE["inquiries_count_30d"].meaning, en="other words")},
    ],
    ids=str,
)
def test_any_change_of_a_declaration_changes_their_hash(changes):
    assert redefined("inquiries_count_30d", **changes) != redefined("inquiries_count_30d")


def test_a_change_of_an_expression_changes_their_hash():
    share = CATALOGUE["application_amount_to_income"]
    other = replace(share, expression=share.value + 1)

    assert definitions_hash([other]) != definitions_hash([share])


def test_every_feature_has_its_own_definition():
    assert len({definitions_hash([feature]) for feature in CATALOGUE.values()}) == len(CATALOGUE)
