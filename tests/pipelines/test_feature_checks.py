"""Checks of a feature table by Great Expectations: a page and a record, or a list of what is wrong and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from features.catalogue import CATALOGUE, Catalogue
from modelling.records import from_plain
from pipelines.errors import DamagedFileError, FailedFeaturesError, ForeignFolderError, MissingFileError
from pipelines.feature_checks import check_features
from pipelines.feature_checks_result import PAGE, RESULT, FeatureChecks
from pipelines.features import build_features
from pipelines.report_checks import checks_of
from pipelines.report_errors import OtherFeaturesError
from pipelines.store import read_json, sha256_file, write_frame, write_json

NAMES = (
    "application_amount",
    "application_channel",
    "application_declared_income",
    "inquiries_count_30d",
    "inquiries_count_90d",
    "inquiries_days_ago_min",
    "network_device_applicants",
)
FEW = Catalogue(groups={"few": tuple(CATALOGUE[name] for name in NAMES)})
"""Great Expectations takes a hundredth of a second per expectation: a few features of each kind are enough here."""


@pytest.fixture(scope="module")
def built(lender, tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "features"
    build_features(lender, folder, catalogue=FEW)
    return folder


@pytest.fixture
def copied(built, tmp_path):
    """Copy the feature table with other values, under a manifest that agrees with them."""

    def copy(*changes, name="changed"):
        folder = tmp_path / name
        folder.mkdir()
        write_frame(folder / "features.parquet", pl.read_parquet(built / "features.parquet").with_columns(*changes))
        manifest = read_json(built / "manifest.json")
        manifest["files"] = {"features.parquet": sha256_file(folder / "features.parquet")}
        write_json(folder / "manifest.json", manifest)
        return folder

    return copy


@pytest.fixture(scope="module")
def checks(built, tmp_path_factory):
    out = tmp_path_factory.mktemp("checks") / "out"
    return check_features(built, out, catalogue=FEW), out


def test_a_sound_table_gives_a_record_and_a_page(built, checks):
    found, out = checks

    assert sorted(path.name for path in out.iterdir()) == [PAGE, RESULT]
    assert from_plain(FeatureChecks, read_json(out / RESULT)) == found
    assert found.table_sha256 == sha256_file(built / "features.parquet")
    assert all(one.passed for one in found.expectations)
    assert {one.feature for one in found.drift} == set(NAMES)
    assert found.summary in (out / PAGE).read_text(encoding="utf-8")
    assert found.development_rows + found.later_rows == found.rows


def test_the_same_table_gives_the_same_bytes(built, checks, tmp_path):
    check_features(built, tmp_path / "again", catalogue=FEW)

    for name in (PAGE, RESULT):
        assert (tmp_path / "again" / name).read_bytes() == (checks[1] / name).read_bytes()


def test_broken_promises_are_listed_with_examples_and_nothing_is_written(copied, tmp_path):
    negative = (
        pl.when(pl.int_range(pl.len()) < 2).then(-5.0).otherwise("application_amount").alias("application_amount")
    )
    folder = copied(negative, pl.lit("carrier pigeon").alias("application_channel"))

    with pytest.raises(FailedFeaturesError, match=r"(?s)breaks 2 promise.*amount lies in .*\(2 rows\)") as e:
        check_features(folder, tmp_path / "out", catalogue=FEW)

    assert "application_amount=-5.0" in str(e.value)
    assert "application_channel is one of" in str(e.value)
    assert not (tmp_path / "out").exists()


def test_a_column_of_another_type_is_told_before_anything_is_read_off_it(copied, tmp_path):
    folder = copied(pl.col("inquiries_count_30d").cast(pl.String))

    with pytest.raises(FailedFeaturesError, match="'inquiries_count_30d' has the type String, must be Float64"):
        check_features(folder, tmp_path / "out", catalogue=FEW)


def test_a_column_in_another_unit_stops_the_path(built, copied, tmp_path):
    cents = copied(pl.col("application_declared_income") / 100)

    with pytest.raises(FailedFeaturesError, match=r"application_declared_income has a PSI of .*, more than 1"):
        check_features(cents, tmp_path / "out", development=built, catalogue=FEW)


def test_drift_that_may_be_is_shown_and_goes_on(built, copied, tmp_path):
    richer = copied(pl.col("application_declared_income") * 1.4)

    found = check_features(richer, tmp_path / "out", development=built, catalogue=FEW)

    assert [one.feature for one in found.moved] == ["application_declared_income"]
    assert "1 of 7 moved beyond a PSI of 0.1" in found.summary
    assert found.development_rows == found.later_rows == found.rows


@pytest.fixture
def older(lender, tmp_path):
    """A feature table of an earlier version, which had one feature less."""
    fewer = Catalogue(groups={"few": tuple(CATALOGUE[name] for name in NAMES[:-1])})
    build_features(lender, tmp_path / "older", catalogue=fewer)
    return tmp_path / "older"


def test_what_the_development_sample_lacks_is_told(built, older, tmp_path):
    found = check_features(built, tmp_path / "out", development=older, catalogue=FEW)

    assert "the development sample lacks network_device_applicants; their drift was not measured" in found.notices
    assert "the development sample was built by other declarations; drift may be theirs" in found.notices


def test_a_declared_column_that_is_missing_is_named(older, tmp_path):
    with pytest.raises(
        DamagedFileError, match=r"older' lacks 1 column\(s\) that declarations promise: 'network_device_applicants'\."
    ):
        check_features(older, tmp_path / "out", catalogue=FEW)
    assert not (tmp_path / "out").exists()


def test_a_column_of_another_name_is_told_with_what_is_there_instead(copied, tmp_path):
    folder = copied()
    frame = pl.read_parquet(folder / "features.parquet").rename({"application_amount": "amount"})
    write_frame(folder / "features.parquet", frame)
    files = {"features.parquet": sha256_file(folder / "features.parquet")}
    write_json(folder / "manifest.json", {**read_json(folder / "manifest.json"), "files": files})

    with pytest.raises(
        DamagedFileError,
        match=r"changed' lacks 1 column\(s\) that its manifest names: 'application_amount', and holds 'amount'",
    ):
        check_features(folder, tmp_path / "out", catalogue=FEW)


def test_a_table_of_other_declarations_is_refused(built, tmp_path):
    changed = replace(CATALOGUE[NAMES[0]], upper=2e6)
    other = Catalogue(groups={"few": (changed, *(CATALOGUE[name] for name in NAMES[1:]))})

    with pytest.raises(DamagedFileError, match=r"was built by other declarations of features\. Run `bamboo features`"):
        check_features(built, tmp_path / "out", catalogue=other)
    assert not (tmp_path / "out").exists()


def test_a_damaged_table_is_no_table(copied, tmp_path):
    folder = copied()
    path = folder / "features.parquet"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(DamagedFileError, match="its manifest says"):
        check_features(folder, tmp_path / "out", catalogue=FEW)
    with pytest.raises(MissingFileError, match="nowhere"):
        check_features(tmp_path / "nowhere", tmp_path / "out", catalogue=FEW)


def test_other_results_are_not_replaced(built, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(ForeignFolderError, match=r"mine\.txt"):
        check_features(built, tmp_path, catalogue=FEW)


def test_the_report_of_a_model_links_the_checks_of_its_own_table_alone(checks, tmp_path):
    found, out = checks

    linked = checks_of(out, out.parent / "reports" / "model.html", {"features": found.table_sha256})

    assert (linked.page, linked.summary) == (f"../{out.name}/{PAGE}", found.summary)
    assert ((out.parent / "reports") / Path(linked.page)).resolve() == (out / PAGE).resolve()
    with pytest.raises(OtherFeaturesError, match="but the model was trained on 0000"):
        checks_of(out, tmp_path / "model.html", {"features": "0" * 64})
    spaced = tmp_path / "a folder"
    spaced.mkdir()
    (spaced / RESULT).write_text(json.dumps(read_json(out / RESULT)))
    assert checks_of(spaced, tmp_path / "m.html", {"features": found.table_sha256}).page == f"a%20folder/{PAGE}"
